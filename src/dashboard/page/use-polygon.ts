// Draws a polygon: keeps what is drawn of it, and hands it over when it is closed.
import { useState } from 'preact/hooks';
import type { Area, Point } from '../../core/regions.ts';
import type { Say } from './actions.tsx';
import {
  closePolygon,
  type Draft,
  type Drawn,
  emptyDraft,
  moveCross,
  placeCorner,
  undoCorner,
} from './polygon.ts';

/** `onClosed` gets the polygon. */
export function usePolygon(say: Say, onClosed: (area: Area) => void) {
  const [draft, setDraft] = useState<Draft | null>(null);
  const take = (drawn: Drawn) => {
    switch (drawn.kind) {
      case 'going-on':
        return setDraft(drawn.draft);
      case 'refused':
        return say(drawn.why, true);
      case 'closed':
        setDraft(null);
        onClosed(drawn.area);
    }
  };
  const place = (at: Point) => draft !== null && take(placeCorner(draft, at));
  const undo = () => draft !== null && setDraft(undoCorner(draft));
  const leave = () => setDraft(null);
  return {
    /** null while none is drawn. */
    draft,
    ...{ place, undo, leave },
    begin: () => setDraft(emptyDraft),
    close: () => draft !== null && take(closePolygon(draft)),
    /** The cross goes with the pointer. */
    point: (cross: Point) => draft !== null && setDraft({ ...draft, cross }),
    /** Takes a key; false for one that means nothing here. */
    key: (key: string, isFine: boolean): boolean => {
      if (draft === null) return false;
      const moved = moveCross(draft, key, isFine);
      if (moved !== null) setDraft(moved);
      else if (key === 'Enter' || key === ' ') place(draft.cross);
      else if (key === 'Backspace' || key === 'Delete') undo();
      else if (key === 'Escape') leave();
      else return false;
      return true;
    },
  };
}
