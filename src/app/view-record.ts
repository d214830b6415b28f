// Keeps on disk where the camera looks, so that a move between two prints or while we were away is noticed.
import * as v from 'valibot';
import type { Log, Store } from '../core/ports.ts';
import { isSceneGrid } from '../core/scene-grid.ts';
import type { SceneView } from '../core/scene-view.ts';

/** The view as loaded and the way to keep it. */
export interface ViewRecord {
  readonly view: SceneView | null;
  /** Writes the view where its grid is another one: every half an hour at most. Returns at once. */
  keep(view: SceneView | null): void;
  /** Resolves when what was given to `keep` is on disk, or could not be written (logged). */
  saved(): Promise<void>;
}

const documentName = 'view';
const version = 1;

const savedView = v.object({
  version: v.literal(version),
  camera: v.pipe(v.string(), v.maxLength(1_000)),
  grid: v.pipe(v.string(), v.check(isSceneGrid, 'no scene grid')),
});

/** Loads what is known; a document that cannot be used is left aside. */
export function loadView({ store, log }: { store: Store; log: Log }): ViewRecord {
  const view = read(store.load(documentName), log);
  let lastKept = view?.grid;
  let writing = Promise.resolve();
  return {
    view,
    keep: (next) => {
      if (next === null || next.grid === lastKept) return;
      lastKept = next.grid;
      const { camera, grid } = next;
      writing = store.save(documentName, { version, camera, grid }).catch((error: unknown) => {
        log.error('where the camera looks could not be saved', { error });
      });
    },
    saved: () => writing,
  };
}

function read(document: unknown, log: Log): SceneView | null {
  if (document === null) return null;
  const result = v.safeParse(savedView, document);
  if (result.success) {
    const { camera, grid } = result.output;
    return { camera, grid, takenTickMs: null, other: null, toldTickMs: null };
  }
  log.warn('the saved view of the camera cannot be used and is left aside', {
    problem: v.summarize(result.issues),
  });
  return null;
}
