// A host with too much to do: pictures are judged less often until it has less, the user is told once (design rule 6).
import { explainBusy, explainNotBusy } from './explain-busy.ts';
import type { Moment } from './types.ts';
import type { DecideOptions, Decision, Effect, WatchState } from './watch-state.ts';

/** A host that is overloaded. JSON. */
export interface Busy {
  readonly since: Moment;
  /** Processes that run or wait, for each core, over a minute. */
  readonly load: number;
  readonly isTold: boolean;
}

/** It counts as over when the load has sunk below this part of the limit: not with each breath. */
const overBelow = 0.8;
/** At the limit twice the time, at three times the limit this many times the time. */
const maxFactor = 6;
/** No longer than this because of the host, ms: a failing print must still be seen. */
const maxSlowedMs = 120_000;

/**
 * True where a measured load changes anything, so that a quiet host makes no inputs.
 * @param busyLoad `[detection] busy_load`; 0 is never
 */
export function isLoadNews(busy: Busy | null, load: number | null, busyLoad: number): boolean {
  if (busyLoad === 0) return false;
  return busy !== null || (load !== null && load > busyLoad);
}

/** What a measured load means. One that is not known is no overload. */
export function loadMeasured(
  state: WatchState,
  load: number | null,
  now: Moment,
  options: DecideOptions,
): Decision {
  const { busy } = state;
  const known = load ?? 0;
  if (options.busyLoad === 0) return { state: { ...state, busy: null }, effects: [] };
  if (busy === null) {
    if (known <= options.busyLoad) return { state, effects: [] };
    return { state: { ...state, busy: { since: now, load: known, isTold: false } }, effects: [] };
  }
  if (known >= options.busyLoad * overBelow) {
    return tellIfBusy({ ...state, busy: { ...busy, load: known } }, now, options);
  }
  const effects: Effect[] = busy.isTold ? [{ kind: 'tell', notice: explainNotBusy(busy, now) }] : [];
  return { state: { ...state, busy: null }, effects };
}

/** Told once it has lasted as long as being blind may: what is watched less is never so in silence. */
export function tellIfBusy(state: WatchState, now: Moment, options: DecideOptions): Decision {
  const { busy } = state;
  if (busy === null || busy.isTold || !state.isPrinting) return { state, effects: [] };
  if (now.tickMs - busy.since.tickMs < options.blindAfterMs) return { state, effects: [] };
  const told = { ...state, busy: { ...busy, isTold: true } };
  return { state: told, effects: [{ kind: 'tell', notice: explainBusy(busy, now) }] };
}

/** Nothing is measured while nothing is looked at, so that what was measured before says nothing. */
export function forgetBusy({ state, effects }: Decision): Decision {
  return state.busy === null || state.isPrinting
    ? { state, effects }
    : { state: { ...state, busy: null }, effects };
}

/**
 * The time between two pictures on a host as it is now, ms; never less than planned.
 * @param plannedMs what the settings and the backend ask for
 */
export function slowedMs(plannedMs: number, busy: Busy | null, busyLoad: number): number {
  if (busy === null || busyLoad === 0) return plannedMs;
  const factor = Math.min(Math.max(2, (2 * busy.load) / busyLoad), maxFactor);
  return Math.max(plannedMs, Math.min(plannedMs * factor, maxSlowedMs));
}
