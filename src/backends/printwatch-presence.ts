// What PrintWatch hears between pictures: that the printer is there, and what becomes of a print.
import { BackendError } from '../core/errors.ts';
import { isSameJob } from '../core/job.ts';
import type { Clock, Log, PrintView } from '../core/ports.ts';
import type { Job, Print } from '../core/types.ts';
import { createBell } from '../lib/bell.ts';
import { startDeadline } from '../lib/deadline.ts';
import type { Identity, PrintEvent, PrinterState, PrintWatchApi } from './printwatch-api.ts';
import { withSecondTry } from './printwatch-errors.ts';

/** What the presence works with. */
export interface PresenceDeps {
  readonly api: PrintWatchApi;
  readonly clock: Clock;
  readonly log: Log;
  /** Who we are now; the ids are on disk. */
  readonly who: () => Promise<Identity>;
  /** What is known of this print at the service; null for a print that it has not judged. */
  readonly knownOf: (job: Job) => { readonly who: Identity; readonly level: number } | null;
  /** False while no request is to be made at all. */
  readonly mayAsk: () => boolean;
  /** Takes what came back with a heartbeat. */
  readonly hear: (action: unknown, print: Print) => void;
  /** Takes an error, and says how long to keep away after this many in a row. */
  readonly onFailure: (error: BackendError, failures: number) => number;
}

const heartbeatMs = 30_000;
const goodbyeMs = 3_000;
/** Events waiting for the network; the oldest is dropped past this. */
const maxQueued = 10;
/** Nothing to do before somebody rings. */
const restMs = 3_600_000;

/** Sends heartbeats while nothing prints, and an event when a print stops, goes on or ends. Until the signal aborts; then says that we are off. */
export async function keepPresence(
  printer: PrintView,
  deps: PresenceDeps,
  signal: AbortSignal,
): Promise<void> {
  const { api, clock, log } = deps;
  const bell = createBell(clock);
  const queue: { readonly who: Identity; readonly event: PrintEvent }[] = [];
  let seen = printer.print;
  let dueTickMs = 0;
  let failures = 0;
  // The service thinks so of a printer that it has not heard of for long.
  let isOffSaid = true;

  const off = printer.onPrint((print) => {
    const type = eventOf(seen, print);
    if (type !== null && 'job' in print) note(type, print.job);
    if (print.kind !== 'not-ready') seen = print;
    bell.ring();
  });

  function note(type: PrintEvent['type'], job: Job): void {
    const known = deps.knownOf(job);
    if (known === null) return;
    queue.push({ who: known.who, event: { type, job, level: known.level, atMs: clock.now().atMs } });
    if (queue.length > maxQueued) queue.shift();
  }

  async function sendEvents(): Promise<void> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (!deps.mayAsk()) continue;
      const { who, event } = next;
      await api.event(who, event, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        log.info('PrintWatch was not told of an event', { type: event.type, error });
      });
    }
  }

  /** Sends a heartbeat if one is due. Returns the ms until the next. */
  async function beat(): Promise<number> {
    const state = stateOf(printer.print);
    if (state !== 500) isOffSaid = false;
    if (state === 0 || (state === 500 && isOffSaid) || !deps.mayAsk()) return restMs;
    const leftMs = dueTickMs - clock.now().tickMs;
    if (leftMs > 0) return leftMs;
    let waitMs = heartbeatMs;
    try {
      const who = await deps.who();
      const { action } = await withSecondTry(() => api.heartbeat(who, state, signal));
      failures = 0;
      isOffSaid = state === 500;
      deps.hear(action, printer.print);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BackendError)) throw error;
      failures += 1;
      waitMs = Math.max(heartbeatMs, deps.onFailure(error, failures));
      if (failures === 1) log.info('a heartbeat failed', { error });
    }
    dueTickMs = clock.now().tickMs + waitMs;
    return waitMs;
  }

  async function sayGoodbye(): Promise<void> {
    if (isOffSaid || !deps.mayAsk()) return;
    const deadline = startDeadline(goodbyeMs, new AbortController().signal);
    try {
      await api.heartbeat(await deps.who(), 500, deadline.signal);
    } catch (error) {
      log.debug('PrintWatch was not told that we stop', { error });
    } finally {
      deadline.done();
    }
  }

  try {
    while (!signal.aborted) {
      await sendEvents();
      await bell.wait(await beat(), signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    off();
    await sayGoodbye();
  }
}

function stateOf({ kind }: Print): PrinterState {
  switch (kind) {
    case 'heating':
    case 'printing':
      return 0;
    case 'paused':
      return 1;
    case 'idle':
    case 'ended':
      return 2;
    case 'not-ready':
      return 500;
  }
}

const ends = { complete: 'done', cancelled: 'cancelled', error: 'failed' } as const;

/** What happened to a print between two looks at it; null for nothing that PrintWatch wants to hear. */
function eventOf(before: Print, after: Print): PrintEvent['type'] | null {
  if (!('job' in before) || !('job' in after) || !isSameJob(before.job, after.job)) return null;
  if (before.kind === 'ended') return null;
  if (after.kind === 'ended') return ends[after.how];
  if (after.kind === before.kind) return null;
  if (after.kind === 'paused') return 'paused';
  return before.kind === 'paused' ? 'resumed' : null;
}
