// Carries out what the core orders: actions on the printer, alerts on every channel, none of it blocking the loop.
import { LookoutError } from '../core/errors.ts';
import type { Backend, Channel, Clock, Log, Printer } from '../core/ports.ts';
import type { ActionOutcome, Answer, FailureAction } from '../core/types.ts';
import type { Effect, WatchInput } from '../core/watch-state.ts';
import { startDeadline } from '../lib/deadline.ts';

/** What the performer works with. */
export interface PerformDeps {
  readonly printer: Printer;
  readonly backend: Backend;
  readonly channels: readonly Channel[];
  readonly clock: Clock;
  readonly log: Log;
  /** `[action] failure_gcode`; '' where it is not used. */
  readonly failureGcode: string;
}

/** Performs effects in order. */
export interface Performer {
  /** Starts the effect and returns at once; what came of it is heard as an input. */
  perform(effect: Effect): void;
  /** Takes the open alert away and waits for what is under way, at most 3 s. */
  shutDown(openIncidentId: string | null): Promise<void>;
}

/** An alert waits behind whatever G-code runs: heating can take this long, longer is not worth waiting for. */
const alertDeadlineMs = 15 * 60_000;
/** systemd gives a service seconds to stop; the prompt gets this long. */
const shutDownMs = 3_000;
/** Alerts waiting for one channel; the oldest is dropped past this. */
const maxQueued = 20;

/** A performer; `hear` takes the outcomes, `saved` resolves when the state is on disk. */
export function createPerformer(
  deps: PerformDeps,
  hear: (input: WatchInput) => void,
  saved: () => Promise<void>,
): Performer {
  const { printer, backend, log } = deps;
  const stop = new AbortController();
  const queues = deps.channels.map((channel) => createChannelQueue(channel, deps.log, stop.signal));

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
    answer: Exclude<Answer, 'seen' | 'false-alarm'>,
  ): Promise<void> {
    const outcome = await attempt(() => {
      if (answer === 'resume') return printer.resume(stop.signal);
      return answer === 'cancel' ? printer.cancel(stop.signal) : printer.pause(() => {}, stop.signal);
    });
    if (stop.signal.aborted) return;
    log.info('answer carried out', { answer, incidentId, ...outcome });
    hear({ kind: 'answer-finished', incidentId, answer, outcome });
  }

  function runInBackground(what: string, work: () => Promise<void>): void {
    work().catch((error: unknown) => log.error(`${what} failed`, { error }));
  }

  return {
    perform: (effect) => {
      switch (effect.kind) {
        case 'take-action':
          return runInBackground('the action', () => takeAction(effect.incidentId, effect.action));
        case 'do-answer':
          return runInBackground('the answer', () => doAnswer(effect.incidentId, effect.answer));
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
          for (const queue of queues) queue((channel, signal) => channel.raise(effect.alert, signal));
          return;
        case 'close-alert':
          for (const queue of queues) queue((channel, signal) => channel.close(effect.incidentId, signal));
          return;
        case 'tell':
          log[effect.notice.level === 'warning' ? 'warn' : effect.notice.level](effect.notice.text);
          for (const queue of queues) queue((channel, signal) => channel.tell(effect.notice, signal));
          return;
        case 'end-print':
          backend.printEnded?.(effect.job);
          return;
      }
    },
    shutDown: async (openIncidentId) => {
      // Whatever still waits in a queue would come too late.
      stop.abort(new DOMException('moonraker-lookout stops', 'AbortError'));
      if (openIncidentId === null) return;
      const deadline = startDeadline(shutDownMs, new AbortController().signal);
      const closing = deps.channels.map((channel) => channel.close(openIncidentId, deadline.signal));
      await Promise.allSettled(closing);
      deadline.done();
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

type Job = (channel: Channel, signal: AbortSignal) => Promise<void>;

/** One thing at a time per channel, in order; a channel that hangs delays no other. */
function createChannelQueue(channel: Channel, log: Log, stop: AbortSignal): (job: Job) => void {
  const waiting: Job[] = [];
  let isRunning = false;
  const drain = async () => {
    isRunning = true;
    for (let job = waiting.shift(); job !== undefined && !stop.aborted; job = waiting.shift()) {
      const deadline = startDeadline(alertDeadlineMs, stop);
      try {
        await job(channel, deadline.signal);
      } catch (error) {
        if (!stop.aborted) log.warn('an alert did not go out', { channel: channel.name, error });
      } finally {
        deadline.done();
      }
    }
    isRunning = false;
  };
  return (job) => {
    waiting.push(job);
    if (waiting.length > maxQueued) waiting.shift();
    if (!isRunning) void drain();
  };
}
