// The panel for a webcam frame in Mainsail and Fluidd: the picture, the verdict, and what can be done about it.
import { render } from 'preact';
import { useCallback, useState } from 'preact/hooks';
import { useAction } from './actions.tsx';
import { MoodSign } from './glance.tsx';
import { useHostTime, useLive } from './live.ts';
import { Overlay, Picture, usePicture } from './picture.tsx';
import { sayAgo, sayLook } from './words.ts';

function Panel() {
  const live = useLive(false);
  const nowMs = useHostTime(live.aheadMs);
  const [said, setSaid] = useState('');
  const say = useCallback((text: string) => setSaid(text), []);
  const { busy, run } = useAction(say);
  const { session, state } = live;
  const { shown, problem } = usePicture(session !== null && session.token !== null);
  if (session !== null && session.token === null) {
    return (
      <p class="panel-note">
        <a href="/" target="_blank" rel="noreferrer">
          Log in to Lookout
        </a>
      </p>
    );
  }
  if (state === null)
    return <p class="panel-note">{live.isConnected ? 'Connecting.' : 'Lookout cannot be reached.'}</p>;
  const { glance, print, evidence, look, incident } = state;
  const share = evidence === null ? 0 : Math.min(1, evidence.ms / evidence.failMs);
  const isPaused = print.kind === 'paused';
  const isGoing = print.kind === 'printing' || print.kind === 'heating';
  const act = (name: string, body: object = {}) => run(name, `actions/${name}`, body);
  const canSayFalse =
    incident !== null && incident.answer === null && incident.answers.includes('false-alarm');
  return (
    <main class="panel-body">
      <Picture shown={shown} problem={problem} alt="The print as the camera sees it">
        <Overlay
          regions={look !== null && nowMs - look.atMs < 60_000 ? look.regions : []}
          masks={state.masks}
        />
      </Picture>
      <div class={`strip ${glance.mood}`} style={{ '--share': `${share * 100}%` }}>
        <MoodSign mood={glance.mood} />
        <p role="status" aria-live="polite">
          <strong>{glance.title}</strong>
          <span>
            {said !== ''
              ? said
              : look === null
                ? glance.text
                : `${sayLook(state)}, ${sayAgo(nowMs - look.atMs)}`}
          </span>
        </p>
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
          {canSayFalse ? (
            <button
              type="button"
              disabled={busy !== null}
              onClick={() => act('answer', { answer: 'false-alarm', incident_id: incident.id })}
            >
              False alarm
            </button>
          ) : (
            state.can.includes('mute') && (
              <button type="button" disabled={busy !== null} onClick={() => act('mute', { minutes: 10 })}>
                Mute 10 min
              </button>
            )
          )}
          <a class="button" href={location.href.replace('/panel', '/')} target="_blank" rel="noreferrer">
            Open
          </a>
        </div>
      </div>
    </main>
  );
}

const place = document.getElementById('app');
if (place !== null) render(<Panel />, place);
