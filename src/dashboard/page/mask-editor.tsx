// Draws areas that are not judged: with the mouse or a finger, or with the keyboard.
import { useEffect, useRef, useState } from 'preact/hooks';
import { areaLimits } from '../../core/areas.ts';
import { type Area, type Point, rectangle } from '../../core/regions.ts';
import type { Say } from './actions.tsx';
import { ApiError, get, post } from './api.ts';
import { within } from './polygon.ts';
import { PolygonDraft, PolygonTools } from './polygon-draft.tsx';
import { usePolygon } from './use-polygon.ts';

interface Masks {
  readonly areas: readonly Area[];
  readonly version: string;
}

/** How far an arrow key moves an area. */
const stepBy = 0.02;
/** A smaller rectangle is a slip of the hand. */
const smallest = 0.01;

/** What is being drawn, and the buttons for it. */
export function useMaskEditor(say: Say) {
  const [masks, setMasks] = useState<Masks | null>(null);
  const [areas, setAreas] = useState<readonly Area[]>([]);
  const [chosen, setChosen] = useState<number | null>(null);
  const [isSaving, setSaving] = useState(false);
  const tell = (error: unknown) => {
    const { message, hint } = error instanceof ApiError ? error : { message: String(error), hint: '' };
    say(`${message}. ${hint}`, true);
  };
  const load = async () => {
    try {
      const read = await get<Masks>('/api/v1/masks');
      setMasks(read);
      setAreas(read.areas);
      setChosen(null);
    } catch (error) {
      tell(error);
    }
  };
  const save = async () => {
    if (masks === null) return;
    setSaving(true);
    try {
      const { text } = await post<{ readonly text: string }>('/api/v1/masks', {
        areas,
        version: masks.version,
      });
      say(text);
      setMasks(null);
    } catch (error) {
      tell(error);
    } finally {
      setSaving(false);
    }
  };
  const add = (area: Area) => {
    if (areas.length >= areaLimits.areas) return say(`${areaLimits.areas} areas are the most.`, true);
    setAreas([...areas, area]);
    setChosen(areas.length);
  };
  const polygon = usePolygon(say, add);
  const change = (index: number, area: Area) =>
    setAreas(areas.map((each, at) => (at === index ? area : each)));
  const remove = () => {
    if (chosen === null) return;
    setAreas(areas.filter((_, at) => at !== chosen));
    setChosen(null);
  };
  return {
    isOpen: masks !== null,
    ...{ areas, chosen, setChosen, isSaving, load, save, add, change, remove, polygon },
    close: () => {
      polygon.leave();
      setMasks(null);
    },
  };
}

/** The editor as `useMaskEditor` gives it. */
export type MaskEditor = ReturnType<typeof useMaskEditor>;

/** The layer over the picture on which is drawn. */
export function MaskLayer({ editor }: { readonly editor: MaskEditor }) {
  const { areas, chosen, setChosen, add, change, remove, polygon } = editor;
  const isDrawing = polygon.draft !== null;
  const layer = useRef<SVGSVGElement>(null);
  const [from, setFrom] = useState<Point | null>(null);
  const [to, setTo] = useState<Point | null>(null);

  const pointOf = (event: PointerEvent): Point => {
    const box = layer.current?.getBoundingClientRect();
    if (box === undefined) return { x: 0, y: 0 };
    const { clientX, clientY } = event;
    return { x: within((clientX - box.left) / box.width), y: within((clientY - box.top) / box.height) };
  };
  const finish = () => {
    if (
      from !== null &&
      to !== null &&
      Math.abs(to.x - from.x) > smallest &&
      Math.abs(to.y - from.y) > smallest
    )
      add(rectangle(from, to));
    setFrom(null);
    setTo(null);
  };
  const onKey = (event: KeyboardEvent, index: number) => {
    const area = areas[index];
    if (area === undefined) return;
    if (event.key === 'Delete' || event.key === 'Backspace') remove();
    else {
      const moved = moveBy(area, event.key, event.shiftKey);
      if (moved === null) return;
      change(index, moved);
    }
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot lie in a drawing.
    <svg
      ref={layer}
      class="overlay"
      viewBox="0 0 1 1"
      preserveAspectRatio="none"
      role="group"
      aria-label="Areas that are not judged"
      onPointerDown={(event) => {
        if (isDrawing) {
          polygon.place(pointOf(event));
          return;
        }
        (event.currentTarget as SVGSVGElement).setPointerCapture(event.pointerId);
        setChosen(null);
        setFrom(pointOf(event));
        setTo(null);
      }}
      onMouseDown={(event) => {
        // The cross keeps the focus: whoever clicks may go on with the keys.
        if (isDrawing) event.preventDefault();
      }}
      onPointerMove={(event) => {
        if (isDrawing) polygon.point(pointOf(event));
        else if (from !== null) setTo(pointOf(event));
      }}
      onPointerUp={finish}
    >
      {areas.map((area, index) => (
        // biome-ignore lint/a11y/useSemanticElements: there is no button inside of a drawing.
        <polygon
          key={index}
          class={index === chosen ? 'mask chosen' : 'mask'}
          points={area.map(({ x, y }) => `${x},${y}`).join(' ')}
          tabindex={0}
          role="button"
          aria-label={`Area ${index + 1}${index === chosen ? ', chosen' : ''}`}
          onFocus={() => setChosen(index)}
          onPointerDown={(event) => {
            if (isDrawing) return;
            event.stopPropagation();
            setChosen(index);
          }}
          onKeyDown={(event) => onKey(event, index)}
        />
      ))}
      <PolygonDraft editor={editor} />
      {from !== null && to !== null && (
        <polygon
          class="draft"
          points={rectangle(from, to)
            .map(({ x, y }) => `${x},${y}`)
            .join(' ')}
        />
      )}
    </svg>
  );
}

/** The buttons below the picture while areas are drawn. */
export function MaskTools({ editor }: { readonly editor: MaskEditor }) {
  const { isSaving, chosen } = editor;
  const first = useRef<HTMLButtonElement>(null);
  const isDrawing = editor.polygon.draft !== null;
  // Also after a polygon, whose cross had the focus.
  useEffect(() => {
    if (!isDrawing) first.current?.focus();
  }, [isDrawing]);
  if (isDrawing) return <PolygonTools editor={editor} />;
  return (
    <>
      <p>
        Drag over what shall not be judged, such as a lamp or a wall. With the keyboard: add an area, then
        move it with the arrow keys and size it with Shift and the arrow keys.
      </p>
      <div class="tools">
        <button
          ref={first}
          type="button"
          class="small"
          onClick={() => editor.add(rectangle({ x: 0.4, y: 0.4 }, { x: 0.6, y: 0.6 }))}
        >
          Add area
        </button>
        <button type="button" class="small" onClick={editor.polygon.begin}>
          Draw polygon
        </button>
        <button type="button" class="small" disabled={chosen === null} onClick={editor.remove}>
          Remove area
        </button>
        <button type="button" class="small" onClick={editor.load}>
          Load anew
        </button>
        <button type="button" class="small" onClick={editor.close}>
          Leave
        </button>
        <button type="button" class="small primary" disabled={isSaving} onClick={editor.save}>
          Save areas
        </button>
      </div>
    </>
  );
}

/** The area moved, or with `isSizing` its right and lower edge; null for a key that does neither. */
function moveBy(area: Area, key: string, isSizing: boolean): Area | null {
  const [dx, dy] =
    { ArrowLeft: [-stepBy, 0], ArrowRight: [stepBy, 0], ArrowUp: [0, -stepBy], ArrowDown: [0, stepBy] }[
      key
    ] ?? [];
  if (dx === undefined || dy === undefined) return null;
  if (!isSizing) return area.map(({ x, y }) => ({ x: within(x + dx), y: within(y + dy) }));
  const [left, top] = [Math.min(...area.map(({ x }) => x)), Math.min(...area.map(({ y }) => y))];
  const [right, bottom] = [Math.max(...area.map(({ x }) => x)), Math.max(...area.map(({ y }) => y))];
  const [across, down] = [(right - left + dx) / (right - left), (bottom - top + dy) / (bottom - top)];
  if (right - left + dx < smallest || bottom - top + dy < smallest) return area;
  return area.map(({ x, y }) => ({
    x: within(left + (x - left) * across),
    y: within(top + (y - top) * down),
  }));
}
