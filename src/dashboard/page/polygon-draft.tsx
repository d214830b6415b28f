// The polygon that is being drawn: its corners and the cross over the picture, and its buttons below.
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { MaskEditor } from './mask-editor.tsx';
import { sayDraft } from './polygon.ts';

/** Corners so far, the outline as it would be, and the cross, which takes the keys. */
export function PolygonDraft({ editor }: { readonly editor: MaskEditor }) {
  const { draft, key } = editor.polygon;
  const cross = useRef<SVGPathElement>(null);
  const isDrawing = draft !== null;
  // Before the picture is painted: the very next key belongs to the cross.
  useLayoutEffect(() => {
    if (isDrawing) cross.current?.focus();
  }, [isDrawing]);
  if (draft === null) return null;
  const { x, y } = draft.cross;
  return (
    <>
      <polygon
        class="draft"
        points={[...draft.corners, draft.cross].map((at) => `${at.x},${at.y}`).join(' ')}
      />
      {draft.corners.map((corner, index) => (
        <rect
          key={index}
          class="corner"
          x={corner.x - 0.006}
          y={corner.y - 0.01}
          width={0.012}
          height={0.02}
        />
      ))}
      {/* biome-ignore lint/a11y/useSemanticElements: there is no button inside of a drawing. */}
      <path
        ref={cross}
        class="cross"
        d={`M${x - 0.03},${y}H${x + 0.03}M${x},${y - 0.05}V${y + 0.05}`}
        tabindex={0}
        role="button"
        aria-label="Place a corner here"
        onKeyDown={(event) => {
          // A key that is held down must not close the polygon by its repetition.
          const isHeld = event.repeat && (event.key === 'Enter' || event.key === ' ');
          if (isHeld || key(event.key, event.shiftKey)) event.preventDefault();
        }}
      />
    </>
  );
}

/** What to do, for as long as a polygon is drawn. */
export function PolygonTools({ editor }: { readonly editor: MaskEditor }) {
  const { draft, close, undo, leave } = editor.polygon;
  if (draft === null) return null;
  return (
    <>
      <p>
        Click corner after corner, and the first one again to close it. With the keyboard: the arrow keys move
        the cross (Shift: finely), Enter places a corner, twice closes, Backspace takes one back, Escape
        leaves.
      </p>
      <p role="status">{sayDraft(draft)}</p>
      <div class="tools">
        <button type="button" class="small" disabled={draft.corners.length < 3} onClick={close}>
          Close polygon
        </button>
        <button type="button" class="small" disabled={draft.corners.length === 0} onClick={undo}>
          Undo corner
        </button>
        <button type="button" class="small" onClick={leave}>
          Leave polygon
        </button>
      </div>
    </>
  );
}
