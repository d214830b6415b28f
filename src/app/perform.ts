// Carries out what the core orders: actions on the printer, alerts on every channel, none of it blocking the loop.
import { LookoutError } from '../core/errors.ts';
import type { Backend, Clock, Log, Printer } from '../core/ports.ts';
import type { ActionOutcome, Answer, FailureAction, Frame } from '../core/types.ts';
import type { Effect, WatchInput } from '../core/watch-state.ts';
import type { Announcer } from './announce.ts';

/** What the performer works with. */
export interface PerformDeps {
  readonly printer: Printer;
  readonly backend: Backend;
  readonly announcer: Announcer;
  readonly clock: Clock;
  readonly log: Log;
  /** `[action] failure_gcode`; '' where it is not used. */
  readonly failureGcode: string;
}

/** Performs effects in order. */
export interface Performer {
  /**
   * Starts the effect and returns at once; what came of it is heard as an input.
   * @param picture the last frame, for alerts; null where there is none
   */
  perform(effect: Effect, picture: Frame | null): void;
  /** Takes the open alert away and waits for what is under way, at most 3 s. */
  shutDown(openIncidentId: string | null): Promise<void>;
}

/** A performer; `hear` takes the outcomes, `saved` resolves when the state is on disk. */
export function createPerformer(
  deps: PerformDeps,
  hear: (input: WatchInput) => void,
  saved: () => Promise<void>,
): Performer {
  const { printer, backend, announcer, log } = deps;
  const stop = new AbortController();

  async function takeAction(incidentId: string, action: FailureAction): Promise<void> {
    // On disk first: whoever starts after us must know that it was asked for, or it would be done twice.
    await saved();
    const onDelay = (outcome: ActionOutcome) => hear({ kind: 'action-finished', incidentId, outcome });
    log.warn('acting on a failing print', { action, incidentId });
    const outcome = await attempt(() => act(action, onDelay));
    if (stop.signal.aborted) return;
    log.warn('action ended', { action, incidentId, ...outcome });
    hear({ kind: 'action-finished', incidentId, outcome });
  }

  async function act(
    action: FailureAction,
    onDelay: (outcome: ActionOutcome) => void,
  ): Promise<ActionOutcome> {
    switch (action) {
      case 'pause':
        return printer.pause(onDelay, stop.signal);
      case 'cancel':
        return printer.cancel(stop.signal);
      case 'gcode': {
        const startedTickMs = deps.clock.now().tickMs;
        await printer.runGcode(deps.failureGcode, stop.signal);
        return { kind: 'done', tookMs: deps.clock.now().tickMs - startedTickMs, idleTimeoutBeforeS: null };
      }
      case 'alert':
        return { kind: 'done', tookMs: 0, idleTimeoutBeforeS: null };
    }
  }

  async function doAnswer(
    incidentId: string,
    answer: Extract<Answer, 'pause' | 'resume' | 'cancel'>,
  ): Promise<void> {
    const outcome = await attempt(() => {
      if (answer === 'resume') return printer.resume(stop.signal);
      return answer === 'cancel' ? printer.cancel(stop.signal) : printer.pause(() => {}, stop.signal);
    });
    if (stop.signal.aborted) return;
    log.info('answer carried out', { answer, incidentId, ...outcome });
    hear({ kind: 'answer-finished', incidentId, answer, outcome });
  }

  async function readObjects(incidentId: string): Promise<void> {
    const objects = await printer.bedObjects(stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) log.info('the objects of the print could not be read', { error });
      return null;
    });
    if (!stop.signal.aborted) hear({ kind: 'objects-read', incidentId, objects });
  }

  async function skipObject(incidentId: string, object: string): Promise<void> {
    const outcome = await attempt(() => printer.skipObject(object, stop.signal));
    if (stop.signal.aborted) return;
    log.info('answer carried out', { answer: 'skip-object', object, incidentId, ...outcome });
    hear({ kind: 'answer-finished', incidentId, answer: 'skip-object', outcome });
  }

  function runInBackground(what: string, work: () => Promise<void>): void {
    work().catch((error: unknown) => log.error(`${what} failed`, { error }));
  }

  return {
    perform: (effect, picture) => {
      switch (effect.kind) {
        case 'take-action':
          return runInBackground('the action', () => takeAction(effect.incidentId, effect.action));
        case 'do-answer':
          return runInBackground('the answer', () => doAnswer(effect.incidentId, effect.answer));
        case 'note-would-have':
          return log.info('shadow mode: this would be done now', { ...effect });
        case 'read-objects':
          return runInBackground('reading the objects', () => readObjects(effect.incidentId));
        case 'skip-object':
          return runInBackground('the answer', () => skipObject(effect.incidentId, effect.object));
        case 'set-idle-timeout':
          return runInBackground('restoring the idle timeout', () =>
            printer.runGcode(`SET_IDLE_TIMEOUT TIMEOUT=${effect.seconds}`, stop.signal),
          );
        case 'lengthen-idle-timeout':
          return runInBackground('lengthening the idle timeout', async () => {
            const beforeS = await printer.lengthenIdleTimeout(stop.signal);
            if (beforeS !== null) hear({ kind: 'idle-timeout-lengthened', beforeS });
          });
        case 'raise-alert':
          log.warn('alert', { ...effect.alert });
          return announcer.raise(effect.alert, picture);
        case 'close-alert':
          return announcer.close(effect.incidentId);
        case 'tell':
          log[effect.notice.level === 'warning' ? 'warn' : effect.notice.level](effect.notice.text);
          return announcer.tell(effect.notice);
        case 'end-print':
          backend.printEnded?.(effect.job);
          return;
      }
    },
    shutDown: async (openIncidentId) => {
      stop.abort(new DOMException('moonraker-lookout stops', 'AbortError'));
      await announcer.shutDown(openIncidentId);
    },
  };
}

async function attempt(work: () => Promise<ActionOutcome>): Promise<ActionOutcome> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof LookoutError ? error.code : 'MOONRAKER_REFUSED';
    return { kind: 'failed', code, message: error instanceof Error ? error.message : String(error) };
  }
}
