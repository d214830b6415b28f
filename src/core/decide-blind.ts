// What it means for the watch that there is no assessment: nothing for the print, one notice an outage for the user.
import { explainBlind, explainSighted } from './explain.ts';
import { isHeld } from './hold.ts';
import type { Fault, Moment } from './types.ts';
import type { Blindness, DecideOptions, Decision, Effect, WatchState } from './watch-state.ts';

/** A frame that could not be had or judged. Verdict, incident and print stay as they are. */
export function frameMissed(state: WatchState, fault: Fault, now: Moment, options: DecideOptions): Decision {
  // Nobody is to look: not to see is no outage then.
  if (isHeld(state.hold, state.job, now)) return { state, effects: [] };
  return tellIfBlind({ ...state, blind: blindBy(state.blind, fault, now) }, now, options);
}

function blindBy(before: Blindness | null, fault: Fault, now: Moment): Blindness {
  if (before === null) return { since: now, fault, isTold: false };
  // A passing fault on top does not mend what waits for a person, and must not hide it.
  if (before.fault.isPermanent && !fault.isPermanent) return before;
  // "It will mend itself" was told and is no longer true.
  const isTold = before.isTold && before.fault.isPermanent === fault.isPermanent;
  return { ...before, fault, isTold };
}

/** Tells of an outage that has lasted, or that will last until a person acts; once. */
export function tellIfBlind(state: WatchState, now: Moment, options: DecideOptions): Decision {
  const { blind } = state;
  if (blind === null || blind.isTold) return { state, effects: [] };
  // A print that Moonraker cannot be asked of is taken to go on.
  if (!state.isPrinting && blind.fault.side !== 'moonraker') return { state, effects: [] };
  const isLong = now.tickMs - blind.since.tickMs >= options.blindAfterMs;
  if (!isLong && !blind.fault.isPermanent) return { state, effects: [] };
  const told = { ...state, blind: { ...blind, isTold: true } };
  return { state: told, effects: [{ kind: 'tell', notice: explainBlind(blind, now) }] };
}

/** Told when there is an assessment again after an outage that was told. */
export function tellIfSighted({ blind }: WatchState, now: Moment): Effect[] {
  return blind?.isTold === true ? [{ kind: 'tell', notice: explainSighted(blind, now) }] : [];
}

/**
 * What is to be said of a print that was watched until Moonraker went away: Klipper prints on without it. Its restarts take
 * seconds and are never told; an outage is told where that does not take Moonraker, and afterwards in its UIs.
 */
export function moonrakerGone(state: WatchState, message: string, now: Moment): Blindness | null {
  const { blind, job } = state;
  if (blind?.fault.side === 'moonraker') return blind;
  const isWatched = state.isPrinting && state.last !== null && !isHeld(state.hold, job, now);
  if (!isWatched) return afterBreak(blind);
  const hint = 'It is tried again every few seconds. Look at the printer, and whether Moonraker runs.';
  const fault: Fault = {
    side: 'moonraker',
    code: 'MOONRAKER_UNREACHABLE',
    message,
    hint,
    isPermanent: false,
  };
  return blindBy(blind, fault, now);
}

/** Moonraker is back: what nobody was told of is over. What was told is over when there is an assessment again. */
export function moonrakerBack(blind: Blindness | null): Blindness | null {
  return blind?.fault.side === 'moonraker' ? afterBreak(blind) : blind;
}

/** An outage that was told is remembered until there is an assessment again; the time of another starts anew. */
export function afterBreak(blind: Blindness | null): Blindness | null {
  return blind?.isTold === true ? blind : null;
}
