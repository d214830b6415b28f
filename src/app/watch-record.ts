// Keeps the watch's state on disk so that a restart in the middle of a print goes on where it was.
import * as v from 'valibot';
import { holdAfterBoot } from '../core/hold.ts';
import type { Clock, Log, Store } from '../core/ports.ts';
import type { Moment } from '../core/types.ts';
import { initialWatchState, type WatchState } from '../core/watch-state.ts';
import { stateFields } from '../records/core-schemas.ts';

/** The state as loaded and the way to keep it. */
export interface WatchRecord {
  readonly state: WatchState;
  /** Writes the state if anything changed that must survive. Returns at once. */
  keep(state: WatchState): void;
  /** Resolves when the last state given to `keep` is on disk, or could not be written (logged), at the latest after 3 s. */
  saved(): Promise<void>;
}

const documentName = 'watch';
const version = 1;
/** A failing print must not wait for a disk that hangs. */
const maxSaveMs = 3_000;

const savedState = v.object({
  version: v.literal(version),
  bootId: v.string(),
  /** When it was written: the way from the ticks of that boot to those of another. */
  savedAt: v.optional(v.nullable(v.object({ atMs: v.number(), tickMs: v.number() })), null),
  state: v.object({
    job: stateFields.job,
    wasPaused: stateFields.wasPaused,
    filePauseTickMs: stateFields.filePauseTickMs,
    trouble: stateFields.trouble,
    incident: stateFields.incident,
    incidentCount: stateFields.incidentCount,
    accepted: stateFields.accepted,
    quietUntilTickMs: stateFields.quietUntilTickMs,
    hold: stateFields.hold,
    shadow: stateFields.shadow,
    idleTimeoutBeforeS: stateFields.idleTimeoutBeforeS,
  }),
});

/** Loads the state of this boot; of another, only what a person has asked for until further notice, or is still to be asked. */
export function loadWatchState(deps: { store: Store; clock: Clock; log: Log; bootId: string }): WatchRecord {
  const { store, clock, log, bootId } = deps;
  const state = read(store.load(documentName), { bootId, log, now: clock.now() });
  let lastKept = JSON.stringify(lasting(state));
  let writing = Promise.resolve();
  return {
    state,
    keep: (next) => {
      const kept = lasting(next);
      const text = JSON.stringify(kept);
      if (text === lastKept) return;
      lastKept = text;
      const document = { version, bootId, savedAt: clock.now(), state: kept };
      writing = store.save(documentName, document).catch((error: unknown) => {
        log.error('the state of this print could not be saved', { error });
      });
    },
    saved: async () => {
      const done = new AbortController();
      const limit = clock.sleep(maxSaveMs, done.signal).then(
        () => log.warn('the disk does not answer; going on without it'),
        () => {},
      );
      await Promise.race([writing, limit]);
      done.abort();
    },
  };
}

/** What must survive a restart; the rest is seen again within one interval, and an SD card wears out. */
function lasting(state: WatchState) {
  const { job: jobRef, wasPaused, filePauseTickMs, trouble, incident: open, incidentCount } = state;
  const { accepted, quietUntilTickMs, hold, shadow, idleTimeoutBeforeS } = state;
  // The moment it was last seen changes with every frame and only serves to close a warning.
  const steady = open === null ? null : { ...open, lastSeenTickMs: open.openedAt.tickMs };
  return {
    job: jobRef,
    wasPaused,
    filePauseTickMs,
    trouble,
    incident: steady,
    incidentCount,
    accepted,
    quietUntilTickMs,
    hold,
    // It is taken away when we stop, and asked again.
    shadow: { ...shadow, isAsked: false },
    idleTimeoutBeforeS,
  };
}

function read(
  document: unknown,
  { bootId, log, now }: { readonly bootId: string; readonly log: Log; readonly now: Moment },
): WatchState {
  if (document === null) return initialWatchState;
  const result = v.safeParse(savedState, document);
  if (!result.success) {
    log.warn('the saved state of the last print cannot be used and is left aside', {
      problem: v.summarize(result.issues),
    });
    return initialWatchState;
  }
  const { state, savedAt } = result.output;
  if (result.output.bootId === bootId) return { ...initialWatchState, ...state };
  // A host that is switched off after the print still owes its questions.
  const { hold, shadow } = state;
  return { ...initialWatchState, hold: holdAfterBoot(hold, savedAt, now), shadow };
}
