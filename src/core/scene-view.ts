// Where a camera looks, and the moment when it has been moved: told once, then the new view is the view.
import { isSameView, type SceneGrid } from './scene-grid.ts';
import type { Moment } from './types.ts';

/** What one camera shows. JSON. */
export interface SceneView {
  readonly camera: string;
  readonly grid: SceneGrid;
  /** When the grid was taken; null: by an earlier process. */
  readonly takenTickMs: number | null;
  /** Another view that has come instead, and since when; it may still be a hand, or a person in front. */
  readonly other: { readonly grid: SceneGrid; readonly sinceTickMs: number; readonly looks: number } | null;
  /** When a move was last told. */
  readonly toldTickMs: number | null;
}

/** A frame, as far as its view matters. */
export interface ViewGlance {
  readonly camera: string;
  readonly grid?: SceneGrid | null;
}

/** What a frame means for the view. */
export interface ViewStep {
  readonly view: SceneView | null;
  /** The camera looks elsewhere from now on. */
  readonly hasMoved: boolean;
  /** And a person should be told. */
  readonly isNews: boolean;
}

/** Another view has to last this long, over so many looks, all of which show the same. */
const movedAfterMs = 60_000;
const movedAfterLooks = 4;
/** The grid is renewed after this much time, so that what grows and what is put down beside it never adds up to another view. */
const renewAfterMs = 30 * 60_000;
/** A camera that is carried along by the head or the bed is not told about each time. */
const tellEveryMs = 60 * 60_000;

/** One look. A frame without a grid leaves the view as it is; a frame of another camera begins a view anew. */
export function seeView(view: SceneView | null, { camera, grid }: ViewGlance, now: Moment): ViewStep {
  const asBefore = (next: SceneView | null): ViewStep => ({ view: next, hasMoved: false, isNews: false });
  if (grid === null || grid === undefined) return asBefore(view);
  const { tickMs } = now;
  if (view === null || view.camera !== camera) {
    return asBefore({ camera, grid, takenTickMs: tickMs, other: null, toldTickMs: null });
  }
  if (isSameView(view.grid, grid)) {
    const isFresh = view.takenTickMs !== null && tickMs - view.takenTickMs < renewAfterMs;
    return asBefore(isFresh ? withOther(view, null) : { ...view, grid, takenTickMs: tickMs, other: null });
  }
  const { other } = view;
  if (other === null || !isSameView(other.grid, grid)) {
    return asBefore(withOther(view, { grid, sinceTickMs: tickMs, looks: 1 }));
  }
  const looks = other.looks + 1;
  if (looks < movedAfterLooks || tickMs - other.sinceTickMs < movedAfterMs) {
    return asBefore(withOther(view, { ...other, looks }));
  }
  const isNews = view.toldTickMs === null || tickMs - view.toldTickMs >= tellEveryMs;
  const toldTickMs = isNews ? tickMs : view.toldTickMs;
  return { view: { camera, grid, takenTickMs: tickMs, other: null, toldTickMs }, hasMoved: true, isNews };
}

function withOther(view: SceneView, other: SceneView['other']): SceneView {
  return view.other === other ? view : { ...view, other };
}
