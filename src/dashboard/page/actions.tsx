// The buttons: what can be done now, one at a time, with the answer said aloud; what cannot be undone asks first.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Answer } from '../../core/types.ts';
import type { PrinterState } from '../view.ts';
import { ApiError, post } from './api.ts';
import { answerLabels, reallyFailed } from './words.ts';

/** Says one sentence at the bottom of the page. */
export type Say = (text: string, isBad?: boolean) => void;

/** Carries out actions one at a time. `busy` names the one under way. */
export function useAction(say: Say) {
  const [busy, setBusy] = useState<string | null>(null);
  const run = async (name: string, path: string, body: object) => {
    if (busy !== null) return;
    setBusy(name);
    try {
      const result = await post<{ readonly text?: string } | null>(`/api/v1/${path}`, body);
      say(result?.text ?? 'Done.');
    } catch (error) {
      const { message, hint } = error instanceof ApiError ? error : { message: String(error), hint: '' };
      say(`${message}. ${hint}`.replace(/\.\.? ?$/, '.'), true);
    } finally {
      setBusy(null);
    }
  };
  return { busy, run };
}

/** What is done with the print, and with the watching of it. */
export function Actions({ state, say }: { readonly state: PrinterState; readonly say: Say }) {
  const { busy, run } = useAction(say);
  const [asks, setAsks] = useState(false);
  const { print, incident, question } = state;
  const isGoing = print.kind === 'printing' || print.kind === 'heating';
  const isPaused = print.kind === 'paused';
  const { isMuted } = state;
  const act = (name: string, body: object = {}) => run(name, `actions/${name}`, body);
  const answer = (value: Answer) =>
    run(value, 'actions/answer', {
      answer: value,
      ...(incident === null ? {} : { incident_id: incident.id }),
    });
  const can = (name: string) => state.can.includes(name);
  const canAnswer = incident !== null && incident.answer === null;
  const others = canAnswer
    ? incident.answers.filter((each) => !['pause', 'resume', 'cancel'].includes(each))
    : [];
  return (
    <section class="card actions" aria-label="Actions">
      {state.mode === 'shadow' && (
        <p>
          <span class="tag">Shadow</span> Nothing is paused and nobody is alerted.
        </p>
      )}
      {question !== null && (
        <section aria-label={question.title}>
          <h3>{question.title}</h3>
          {question.lines.map((line) => (
            <p key={line}>{line}</p>
          ))}
          <div class="buttons">
            {question.answers.map((each) => (
              <button
                key={each}
                type="button"
                disabled={busy !== null}
                onClick={() => run(each, 'actions/answer', { answer: each, incident_id: question.id })}
              >
                {answerLabels[each]}
              </button>
            ))}
          </div>
        </section>
      )}
      <div class="buttons">
        {isPaused && (
          <button type="button" class="primary" disabled={busy !== null} onClick={() => act('resume')}>
            Resume
          </button>
        )}
        {isGoing && (
          <button type="button" class="primary" disabled={busy !== null} onClick={() => act('pause')}>
            Pause
          </button>
        )}
        {(isGoing || isPaused) && (
          <button type="button" class="danger" disabled={busy !== null} onClick={() => setAsks(true)}>
            Cancel print
          </button>
        )}
        {others.map((each) => (
          <button key={each} type="button" disabled={busy !== null} onClick={() => answer(each)}>
            {answerLabels[each]}
          </button>
        ))}
        {incident !== null && !incident.answers.includes('right') && (
          <button type="button" disabled={busy !== null} onClick={() => answer('right')}>
            {reallyFailed}
          </button>
        )}
      </div>
      <div class="buttons quiet">
        {can('mute') &&
          (isMuted ? (
            <button type="button" disabled={busy !== null} onClick={() => act('unmute')}>
              End mute
            </button>
          ) : (
            <>
              <button type="button" disabled={busy !== null} onClick={() => act('mute', { minutes: 10 })}>
                Mute 10 min
              </button>
              {(['print', 'file'] as const).map((scope) => (
                <button
                  key={scope}
                  type="button"
                  disabled={busy !== null || print.filename === null}
                  onClick={() => act('mute', { scope })}
                >
                  Mute this {scope}
                </button>
              ))}
            </>
          ))}
        {can('watch') && (
          <button
            type="button"
            role="switch"
            aria-checked={state.isOn}
            class="switch"
            disabled={busy !== null}
            onClick={() => act('watch', { enable: !state.isOn })}
          >
            <span class="knob" aria-hidden="true" />
            {state.isOn ? 'Watching on' : 'Watching off'}
          </button>
        )}
      </div>
      {asks && (
        <Confirm
          title="Cancel the print?"
          text="What is printed so far stays on the bed. A cancelled print cannot go on."
          yes="Cancel the print"
          no="Keep printing"
          onAnswer={(isYes) => {
            setAsks(false);
            if (isYes) void act('cancel');
          }}
        />
      )}
    </section>
  );
}

/** A question that keeps everything else waiting. Escape means no. */
function Confirm(props: {
  readonly title: string;
  readonly text: string;
  readonly yes: string;
  readonly no: string;
  readonly onAnswer: (isYes: boolean) => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const asked = document.activeElement;
    const question = dialog.current;
    question?.showModal();
    // Whoever works with the keyboard goes on where the question came up. While it is open nothing else takes the focus.
    return () => {
      question?.close();
      if (asked instanceof HTMLElement) asked.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="question" onCancel={() => props.onAnswer(false)}>
      <h2 id="question">{props.title}</h2>
      <p>{props.text}</p>
      <div class="buttons">
        <button type="button" onClick={() => props.onAnswer(false)}>
          {props.no}
        </button>
        <button type="button" class="danger" onClick={() => props.onAnswer(true)}>
          {props.yes}
        </button>
      </div>
    </dialog>
  );
}
