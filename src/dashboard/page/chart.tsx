// The course of the whole print: scores and what has built up, times without judgement as bands, what happened as marks.
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Track } from '../view.ts';
import { sayMoment } from './words.ts';

interface ChartProps {
  readonly track: Track;
  /** Evidence at which something is done, ms; null where there is none. */
  readonly failMs: number | null;
  readonly nowMs: number;
}

const height = 220;
const markWords = { warning: 'Warning', failing: 'Called failing', closed: 'Alert closed' } as const;
const markColors = { warning: '--warn', failing: '--bad', closed: '--good' } as const;

/** The chart. Dragging zooms in, a double click or the button shows everything again. */
export function Chart({ track, failMs, nowMs }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const drawn = useRef(track);
  const [isZoomed, setZoomed] = useState(false);
  drawn.current = track;

  useEffect(() => {
    const target = place.current;
    if (target === null) return;
    const color = (name: string) => getComputedStyle(target).getPropertyValue(name).trim();
    const made = new uPlot(optionsOf(target.clientWidth, color, drawn, setZoomed), [[], [], []], target);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: target.clientWidth, height }));
    resized.observe(target);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const repaint = () => made.redraw();
    scheme.addEventListener('change', repaint);
    return () => {
      scheme.removeEventListener('change', repaint);
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, []);

  useEffect(() => {
    if (!isZoomed) plot.current?.setData(dataOf(track, failMs));
  }, [track, failMs, isZoomed]);

  const text = summary(track, nowMs);
  return (
    <section class="card chart" aria-label="Course of the print">
      <header>
        <h3>Course of the print</h3>
        <ul class="legend">
          <li class="score">failure score</li>
          {failMs !== null && <li class="built">built up</li>}
          <li class="band">not judged</li>
        </ul>
        <button
          type="button"
          class="small"
          disabled={!isZoomed}
          onClick={() => {
            setZoomed(false);
            plot.current?.setData(dataOf(track, failMs));
          }}
        >
          Show all
        </button>
      </header>
      <div ref={place} class="plot" role="img" aria-label={text} />
      {track.points.length === 0 && <p class="none">The chart begins with the first look at a print.</p>}
      {track.marks.length > 0 && (
        <ol class="marks">
          {track.marks.slice(-6).map(({ atMs, kind }) => (
            <li key={`${atMs}${kind}`} class={kind}>
              <time>{sayMoment(atMs)}</time> {markWords[kind]}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function dataOf({ points }: Track, failMs: number | null): uPlot.AlignedData {
  return [
    points.map(({ atMs }) => atMs / 1000),
    points.map(({ score }) => Math.round(score * 100)),
    points.map(({ evidenceMs }) => (failMs === null ? null : Math.min(100, (evidenceMs / failMs) * 100))),
  ];
}

function summary({ points, marks }: Track, nowMs: number): string {
  const last = points.at(-1);
  if (last === undefined) return 'No picture has been judged yet.';
  const worst = Math.max(...points.map(({ score }) => score));
  const minutes = Math.round((nowMs - (points[0]?.atMs ?? nowMs)) / 60_000);
  return `${points.length} pictures judged in ${minutes} minutes. Last failure score ${Math.round(last.score * 100)}, highest ${Math.round(worst * 100)} of 100. ${marks.length} incidents and their ends.`;
}

function optionsOf(
  width: number,
  color: (name: string) => string,
  drawn: { readonly current: Track },
  onZoom: (isZoomed: boolean) => void,
): uPlot.Options {
  const axis = {
    stroke: () => color('--muted'),
    grid: { stroke: () => color('--line'), width: 1 },
    ticks: { show: false },
  };
  const line = (name: string, stroke: string, fill?: string): uPlot.Series => ({
    label: name,
    stroke: () => color(stroke),
    width: 2,
    points: { show: false },
    ...(fill === undefined ? {} : { fill: () => color(fill) }),
  });
  return {
    width,
    height,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: {
      x: { range: ({ data: [times] }, from, to) => timeRange(times?.[0] ?? null, from, to) },
      y: { range: [0, 105] },
    },
    axes: [
      { ...axis, font: '12px system-ui' },
      { ...axis, font: '12px system-ui', size: 36 },
    ],
    series: [{}, line('failure score', '--score', '--score-fill'), line('built up', '--built')],
    hooks: {
      drawClear: [(plot) => drawBands(plot, drawn.current, color)],
      draw: [(plot) => drawMarks(plot, drawn.current, color)],
      setSelect: [({ select }) => onZoom(select.width > 0)],
    },
  };
}

/** A print that has just begun is shown in its first minute, not as one dot in a year; what was chosen, as it was. Seconds. */
function timeRange(first: number | null, from: number | null, to: number | null): [number, number] {
  if (from === null || to === null) return [Date.now() / 1000 - 60, Date.now() / 1000];
  if (first !== null && from > first) return [from, to];
  return [from, Math.max(to, from + 60)];
}

/** Where a moment lies in the drawing, kept within it. */
function across(plot: uPlot, atMs: number): number {
  const { left, width } = plot.bbox;
  return Math.min(left + width, Math.max(left, plot.valToPos(atMs / 1000, 'x', true)));
}

function drawBands(plot: uPlot, { bands, points }: Track, color: (name: string) => string): void {
  const { ctx, bbox } = plot;
  const endMs = points.at(-1)?.atMs ?? 0;
  ctx.save();
  for (const { fromMs, toMs, kind } of bands) {
    const from = across(plot, fromMs);
    const to = across(plot, Math.max(toMs ?? endMs, fromMs));
    ctx.fillStyle = color(kind === 'blind' ? '--blind-fill' : '--band');
    ctx.fillRect(from, bbox.top, Math.max(1, to - from), bbox.height);
  }
  ctx.restore();
}

function drawMarks(plot: uPlot, { marks }: Track, color: (name: string) => string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.lineWidth = 2;
  for (const { atMs, kind } of marks) {
    const x = across(plot, atMs);
    ctx.strokeStyle = color(markColors[kind]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
