// Keeps the learned background on disk, over prints, restarts and reboots, without writing at every frame.
import * as v from 'valibot';
import { type Background, restoredBackground } from '../core/background.ts';
import type { Heat } from '../core/heat.ts';
import type { Log, Store } from '../core/ports.ts';

/** The background as loaded and the way to keep it. */
export interface BackgroundRecord {
  readonly backgrounds: readonly Background[];
  /** Writes what is known if it has changed enough. Returns at once. */
  keep(backgrounds: readonly Background[]): void;
  /** Resolves when what was given to `keep` is on disk, or could not be written (logged). */
  saved(): Promise<void>;
}

const documentName = 'background';
const version = 1;

const heat = v.record(
  v.pipe(v.string(), v.regex(/^(all|\d{1,3})$/)),
  v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
);
const savedBackgrounds = v.object({
  version: v.literal(version),
  backgrounds: v.pipe(
    v.array(
      v.object({
        camera: v.pipe(v.string(), v.maxLength(1_000)),
        backend: v.pipe(v.string(), v.maxLength(100)),
        kept: heat,
        fresh: heat,
        teachMs: v.pipe(v.number(), v.minValue(0), v.maxValue(3_600_000)),
      }),
    ),
    v.maxLength(16),
  ),
});

/** A level has to move by this much to be worth a write: an SD card wears out. */
const worthWriting = 0.1;

/** Loads what is known; a document that cannot be used is left aside. */
export function loadBackgrounds(deps: { store: Store; log: Log }): BackgroundRecord {
  const { store, log } = deps;
  const backgrounds = read(store.load(documentName), log);
  let lastKept = backgrounds;
  let writing = Promise.resolve();
  return {
    backgrounds,
    keep: (next) => {
      if (next === lastKept || !hasChanged(lastKept, next)) return;
      lastKept = next;
      const document = { version, backgrounds: next.map(lasting) };
      writing = store.save(documentName, document).catch((error: unknown) => {
        log.error('what this camera always shows could not be saved', { error });
      });
    },
    saved: () => writing,
  };
}

function lasting({ camera, backend, kept, fresh, teachMs }: Background) {
  return { camera, backend, kept, fresh, teachMs };
}

function hasChanged(before: readonly Background[], after: readonly Background[]): boolean {
  if (before.length !== after.length)
    return after.some(({ kept, fresh }) => !isEmpty(kept) || !isEmpty(fresh));
  return after.some((each) => {
    const old = before.find(({ camera, backend }) => camera === each.camera && backend === each.backend);
    if (old === undefined) return true;
    const isTaught = old.teachMs > 0 !== each.teachMs > 0;
    return isTaught || hasMoved(old.kept, each.kept) || hasMoved(old.fresh, each.fresh);
  });
}

function hasMoved(before: Heat, after: Heat): boolean {
  const places = [...Object.keys(before), ...Object.keys(after)];
  return places.some((place) => Math.abs((before[place] ?? 0) - (after[place] ?? 0)) >= worthWriting);
}

function isEmpty(known: Heat): boolean {
  return Object.keys(known).length === 0;
}

function read(document: unknown, log: Log): readonly Background[] {
  if (document === null) return [];
  const result = v.safeParse(savedBackgrounds, document);
  if (result.success) return result.output.backgrounds.map(restoredBackground);
  log.warn('what was known of the camera cannot be used and is learned anew', {
    problem: v.summarize(result.issues),
  });
  return [];
}
