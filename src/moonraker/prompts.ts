// Keeps our alert on the users' screens as a macro prompt, without ever trampling another program's.
import { MoonrakerError } from '../core/errors.ts';
import type { Answered, Clock, Log, Printer } from '../core/ports.ts';
import type { Alert } from '../core/types.ts';
import type { MoonrakerConnection } from './connection.ts';
import { createListeners } from './listeners.ts';
import { gcodeStoreSchema } from './messages.ts';
import { nextOpenPrompt, type OpenPrompt, readPromptHistory } from './open-prompt.ts';
import {
  endPromptScript,
  type PromptLine,
  promptScript,
  readPromptLine,
  toPromptId,
} from './prompt-script.ts';
import { createWaker } from './waker.ts';

/** Lines of the past that are read after connecting; Mainsail replays as many. */
const storeLines = 500;
/** A prompt that was begun and not shown within this time never will be. */
const unshownLimitMs = 10_000;
/** A prompt of ours from before our start that nobody has wanted again within this time is left over. */
const leftOverMs = 15_000;
/** Closed prompts remembered, for one that still stands in Klipper's queue and is shown late. */
const maxClosed = 20;

/** Our alert as a macro prompt. */
export interface Prompts {
  /** Keeps the prompt as wanted until the signal aborts; what is shown then stays. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Wants this alert on the screens, instead of any other of ours. Waits for Klipper's G-code lock.
   * @returns `waiting` while another program's prompt is open: ours follows it
   * @throws MoonrakerError MOONRAKER_REFUSED without `[respond]` in printer.cfg, and others; the signal's reason
   */
  raise(alert: Alert, signal: AbortSignal): Promise<'shown' | 'waiting'>;
  /** Takes the prompt of this incident away; does nothing if it is not there. Throws the signal's reason. */
  close(incidentId: string, signal: AbortSignal): Promise<void>;
  /** Called when somebody presses one of our buttons, or closes our prompt: that is `seen`. */
  onAnswered(listener: (answered: Answered) => void): () => void;
}

/** What prompts need. The connection and the printer must run. */
export interface PromptsDeps {
  readonly connection: Pick<MoonrakerConnection, 'state' | 'onState' | 'call'>;
  readonly printer: Pick<Printer, 'runGcode' | 'onGcodeResponse'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Makes the prompts. Nothing is sent before `run`. */
export function createPrompts({ connection, printer, clock, log: parentLog }: PromptsDeps): Prompts {
  const log = parentLog.child('moonraker/prompts');
  const waker = createWaker(clock);
  const answerListeners = createListeners<Answered>(log);
  const closedIds = new Set<string>();
  let wanted: Alert | null = null;
  let shown: Alert | null = null;
  let failure: { readonly alert: Alert; readonly error: unknown } | null = null;
  let open: OpenPrompt | null = null;
  let openedMs = 0;
  let isSending = false;
  /** Ends that we have sent and not yet heard. */
  let endsUnderWay = 0;
  let isPastKnown = false;
  /** Lines heard while the past is asked for: they may be newer than the answer. */
  let heardMeanwhile: PromptLine[] = [];
  let isRespondUnknown = false;
  let wakeLater: () => void = () => undefined;

  const isForeignOpen = () => {
    if (open === null || open.promptId !== null || isSending) return false;
    return open.isShown || clock.now().tickMs - openedMs < unshownLimitMs;
  };
  const isClosedOpen = () => open !== null && open.promptId !== null && closedIds.has(open.promptId);
  const failureOf = (alert: Alert) => (failure?.alert === alert ? failure : null);
  const canShow = () => wanted !== null && wanted !== shown && failureOf(wanted) === null && !isForeignOpen();
  const isUp = () => connection.state.kind === 'up';
  const hasWork = () => isUp() && (!isPastKnown || isClosedOpen() || canShow());

  const onLine = (text: string) => {
    if (/^\/\/ Unknown command:"RESPOND"/.test(text)) isRespondUnknown = true;
    const line = readPromptLine(text);
    if (line === null) return;
    if (!isPastKnown && heardMeanwhile.length < storeLines) heardMeanwhile.push(line);
    if (line.kind === 'answer') tellAnswer(line.answer, line.promptId);
    const before = open;
    open = nextOpenPrompt(open, line);
    if (line.kind === 'begin') {
      openedMs = clock.now().tickMs;
      wakeLater();
      if (!isSending) shown = null;
    }
    if (line.kind === 'end') onEnd(before);
    waker.wake();
  };

  const onEnd = (ended: OpenPrompt | null) => {
    if (ended === null || ended.promptId === null) return;
    if (endsUnderWay > 0) endsUnderWay -= 1;
    else onClosedByUser(ended.promptId);
    shown = null;
  };

  const onClosedByUser = (promptId: string) => {
    tellAnswer('seen', promptId);
    if (wanted !== null && toPromptId(wanted.incidentId) === promptId) wanted = null;
  };

  const tellAnswer = (answer: Answered['answer'], promptId: string) => {
    const isOfWanted = wanted !== null && toPromptId(wanted.incidentId) === promptId;
    const incidentId = isOfWanted && wanted !== null ? wanted.incidentId : promptId;
    answerListeners.tell({ answer, incidentId, through: 'prompt' });
  };

  /** While we were away somebody may have closed our prompt, or opened another. */
  const learnPast = async (signal: AbortSignal) => {
    const params = { count: storeLines };
    const answer = await connection.call('server.gcode_store', params, gcodeStoreSchema, { signal });
    const lines = answer.gcode_store.flatMap(({ message }) => message.split('\n'));
    const past = readPromptHistory([
      ...lines.flatMap((text) => readPromptLine(text) ?? []),
      ...heardMeanwhile,
    ]);
    open = past.open;
    openedMs = clock.now().tickMs;
    if (open?.isShown === false) wakeLater();
    if (shown === null) {
      if (typeof open?.promptId === 'string') closeIfLeftOver(open.promptId, signal);
      return;
    }
    const shownId = toPromptId(shown.incidentId);
    if (open?.promptId === shownId) return;
    shown = null;
    if (past.endedIds.has(shownId)) onClosedByUser(shownId);
  };

  /** Whoever was killed could not close its prompt; a print that ended meanwhile will never ask for it again. */
  const closeIfLeftOver = (promptId: string, signal: AbortSignal) => {
    const onTime = () => {
      const isWanted = wanted !== null && toPromptId(wanted.incidentId) === promptId;
      if (isWanted || open?.promptId !== promptId) return;
      closedIds.add(promptId);
      waker.wake();
    };
    clock.sleep(leftOverMs, signal).then(onTime, () => undefined);
  };

  const show = async (alert: Alert, signal: AbortSignal) => {
    isSending = true;
    isRespondUnknown = false;
    try {
      await printer.runGcode(promptScript(alert), signal);
      if (isRespondUnknown) throw respondMissing();
      shown = alert;
    } catch (error) {
      signal.throwIfAborted();
      failure = { alert, error };
    } finally {
      isSending = false;
    }
    if (isForeignOpen()) shown = null;
  };

  const end = async (signal: AbortSignal) => {
    endsUnderWay += 1;
    try {
      await printer.runGcode(endPromptScript, signal);
    } catch (error) {
      signal.throwIfAborted();
      endsUnderWay = 0;
      log.warn('the prompt could not be closed', { error: String(error) });
    }
    // Heard or not: it is not sent again.
    open = null;
  };

  const work = async (signal: AbortSignal) => {
    if (!isPastKnown) {
      heardMeanwhile = [];
      await learnPast(signal).catch((error) => log.debug('no G-code store', { error: String(error) }));
      isPastKnown = true;
    } else if (isClosedOpen()) await end(signal);
    else if (wanted !== null && canShow()) await show(wanted, signal);
    waker.wake();
  };

  return {
    run: async (signal) => {
      wakeLater = () => {
        clock.sleep(unshownLimitMs, signal).then(waker.wake, () => undefined);
      };
      const unlisten = [
        printer.onGcodeResponse(onLine),
        connection.onState(() => {
          isPastKnown = false;
          failure = null;
          endsUnderWay = 0;
          waker.wake();
        }),
      ];
      try {
        while (!signal.aborted) {
          await waker.wait(hasWork, null, signal);
          await work(signal);
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        for (const stop of unlisten) stop();
      }
    },
    raise: async (alert, signal) => {
      wanted = alert;
      failure = null;
      closedIds.delete(toPromptId(alert.incidentId));
      waker.wake();
      const isSettled = () =>
        shown === alert || failureOf(alert) !== null || wanted !== alert || (isPastKnown && isForeignOpen());
      await waker.wait(isSettled, null, signal);
      const failed = failureOf(alert);
      if (failed !== null) throw failed.error;
      return isForeignOpen() ? 'waiting' : 'shown';
    },
    close: async (incidentId, signal) => {
      const promptId = toPromptId(incidentId);
      closedIds.delete(promptId);
      closedIds.add(promptId);
      for (const oldest of [...closedIds].slice(0, -maxClosed)) closedIds.delete(oldest);
      if (wanted !== null && toPromptId(wanted.incidentId) === promptId) wanted = null;
      waker.wake();
      await waker.wait(() => !isUp() || (isPastKnown && !isSending && !isClosedOpen()), null, signal);
    },
    onAnswered: (listener) => answerListeners.add(listener),
  };
}

function respondMissing(): MoonrakerError {
  return new MoonrakerError('Klipper does not know RESPOND, so that no prompt can be shown', {
    code: 'MOONRAKER_REFUSED',
    retry: 'never',
    hint: 'Add an empty [respond] section to printer.cfg (mainsail.cfg and fluidd.cfg have one).',
  });
}
