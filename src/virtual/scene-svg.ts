// Writes what the virtual camera sees as an SVG: a room, a printer, a part that grows, and strands where it went wrong.
import { createProjection, type Point3 } from './perspective.ts';
import type { VirtualScene } from './scene.ts';
import { heapOf, type Path } from './strands.ts';

/** All shapes are drawn for this size and scaled by the renderer. */
export const drawnWidth = 1280;
export const drawnHeight = 720;

const project = createProjection({
  eye: { x: 232, y: -236, z: 196 },
  target: { x: 110, y: 112, z: 30 },
  focalPx: 1_080,
  centreX: drawnWidth / 2,
  centreY: drawnHeight / 2,
});

/** Millimetres. The part stands in the middle of a bed of 220 × 220. */
const bedSide = 220;
const part = { x: 82, y: 82, side: 56, height: 78 };
/** The nozzle stays at this depth; on such printers the bed moves to and fro under it. */
const nozzleY = 110;
const strandColours = ['#d9682a', '#f08b42', '#b9531b'];

/** Everything but the room, on a clear ground. Equal scenes give equal texts. */
export function printerSvg(scene: VirtualScene): string {
  const height = Math.max(part.height * scene.grown, scene.grown > 0 ? 0.4 : 0);
  // A failed print goes on in the air: the head rises from the strands that it leaves.
  const nozzleZ = scene.isPrinting ? height + 0.4 + scene.spaghetti * 14 : Math.max(height + 25, 40);
  const nozzle = { x: 20 + 180 * scene.gantry, y: nozzleY, z: nozzleZ };
  // What lies behind the head is drawn before it, what hangs from it or lies in front after it.
  return svg([
    frameBack(),
    uprights(),
    bed(),
    shadows(height, nozzle, scene),
    partShapes(height),
    strands(scene.spaghetti, 'back'),
    gantry(nozzle),
    strands(scene.spaghetti, 'front'),
    scene.isPrinting && scene.spaghetti > 0 ? hanging(nozzle, scene.spaghetti) : '',
    cable,
  ]);
}

/** What stands behind the printer and never changes. */
export function roomSvg(): string {
  return svg([room]);
}

function svg(shapes: readonly string[]): string {
  const box = `width="${drawnWidth}" height="${drawnHeight}" viewBox="0 0 ${drawnWidth} ${drawnHeight}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${box}>${defs}${shapes.join('')}</svg>`;
}

const defs = `<defs>
<linearGradient id="wall" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#8d97a1"/><stop offset="0.55" stop-color="#5d6670"/><stop offset="1" stop-color="#343a42"/></linearGradient>
<linearGradient id="desk" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#4b3d31"/><stop offset="1" stop-color="#6e5a46"/></linearGradient>
<linearGradient id="front" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#e8762c"/><stop offset="1" stop-color="#b9551a"/></linearGradient>
<linearGradient id="brass" x1="0" y1="0" x2="1" y2="0"><stop offset="0" stop-color="#8a6a2c"/><stop offset="0.4" stop-color="#f0d68a"/><stop offset="1" stop-color="#6b4f1d"/></linearGradient>
<radialGradient id="glow" cx="0.46" cy="0.58" r="0.6"><stop offset="0" stop-color="#fff4dc" stop-opacity="0.20"/><stop offset="0.5" stop-color="#fff4dc" stop-opacity="0.05"/><stop offset="1" stop-color="#000" stop-opacity="0.38"/></radialGradient>
<radialGradient id="lamp" cx="0.45" cy="0.4" r="0.6"><stop offset="0" stop-color="#fff1d6" stop-opacity="0.22"/><stop offset="0.55" stop-color="#fff1d6" stop-opacity="0.04"/><stop offset="1" stop-color="#000" stop-opacity="0.35"/></radialGradient>
<radialGradient id="window" cx="0.5" cy="0.5" r="0.5"><stop offset="0" stop-color="#eef4fb" stop-opacity="0.75"/><stop offset="1" stop-color="#eef4fb" stop-opacity="0"/></radialGradient>
<radialGradient id="soft" cx="0.5" cy="0.5" r="0.5"><stop offset="0" stop-color="#000" stop-opacity="0.55"/><stop offset="1" stop-color="#000" stop-opacity="0"/></radialGradient>
</defs>`;

const room = `<rect width="1280" height="720" fill="url(#wall)"/>
<ellipse cx="210" cy="60" rx="330" ry="210" fill="url(#window)"/>
<rect x="905" y="40" width="300" height="215" fill="#2e343b" fill-opacity="0.55"/><rect x="925" y="62" width="70" height="95" fill="#6d4a3a" fill-opacity="0.6"/><rect x="1005" y="80" width="40" height="77" fill="#3f5d6b" fill-opacity="0.6"/><rect x="1060" y="70" width="90" height="87" fill="#7b7440" fill-opacity="0.5"/>
<rect y="300" width="1280" height="420" fill="url(#desk)"/><rect y="296" width="1280" height="10" fill="#241d18" fill-opacity="0.6"/>
<rect width="1280" height="720" fill="url(#glow)"/>`;

function bed(): string {
  const slab = box({ x: -4, y: -4, z: -9 }, { x: 224, y: 224, z: 0 }, ['#17181a', '#1d1f22', '#34373c']);
  const lines: string[] = [];
  for (let at = 0; at <= bedSide; at += 20) {
    lines.push(
      path([
        { x: at, y: 0, z: 0 },
        { x: at, y: bedSide, z: 0 },
      ]),
      path([
        { x: 0, y: at, z: 0 },
        { x: bedSide, y: at, z: 0 },
      ]),
    );
  }
  const lamp = polygon(
    [
      { x: 0, y: 0, z: 0 },
      { x: bedSide, y: 0, z: 0 },
      { x: bedSide, y: bedSide, z: 0 },
      { x: 0, y: bedSide, z: 0 },
    ],
    'url(#lamp)',
  );
  const grid = `<path d="${lines.join('')}" stroke="#5a5f66" stroke-opacity="0.5" stroke-width="1.1" fill="none"/>`;
  const sheen = polygon(
    [
      { x: 0, y: 150, z: 0 },
      { x: 70, y: 220, z: 0 },
      { x: 150, y: 220, z: 0 },
      { x: 0, y: 60, z: 0 },
    ],
    '#dfe9f2',
    0.07,
  );
  return slab + sheen + grid + lamp;
}

function frameBack(): string {
  // The bed slides on a rail; two uprights carry the beam.
  const rail = box({ x: 92, y: -60, z: -34 }, { x: 128, y: 300, z: -14 }, ['#0f1011', '#17191b', '#2b2e33']);
  const foot = box({ x: -62, y: 118, z: -56 }, { x: 282, y: 142, z: -34 }, ['#141517', '#1b1d20', '#33373c']);
  return foot + rail;
}

function uprights(): string {
  return [-62, 258]
    .map((x) => box({ x, y: 122, z: -36 }, { x: x + 22, y: 140, z: 340 }, ['#2b2e32', '#44494f', '#5a6067']))
    .join('');
}

/** A cable that hangs before the lens, out of focus. */
const cable =
  '<path d="M1195 0C1150 190 1265 330 1280 420" stroke="#0c0d0e" stroke-width="15" stroke-opacity="0.8" fill="none"/>';

function shadows(height: number, nozzle: Point3, scene: VirtualScene): string {
  const ellipse = (at: Point3, rx: number, opacity: number) => {
    const { x, y, scale } = project(at);
    return `<ellipse cx="${n(x)}" cy="${n(y)}" rx="${n(rx * scale)}" ry="${n(rx * 0.42 * scale)}" fill="url(#soft)" fill-opacity="${opacity}"/>`;
  };
  const centre = part.side / 2;
  const out: string[] = [];
  if (height > 0)
    out.push(ellipse({ x: part.x + centre + 12, y: part.y + centre - 6, z: 0 }, 46 + height * 0.35, 0.9));
  if (scene.spaghetti > 0) out.push(ellipse({ x: 108, y: 84, z: 0 }, 55 + 40 * scene.spaghetti, 0.7));
  out.push(ellipse({ x: nozzle.x + 8, y: nozzleY, z: 0 }, 26, Math.max(0.15, 0.6 - nozzle.z / 150)));
  return out.join('');
}

function partShapes(height: number): string {
  if (height <= 0) return '';
  const low = { x: part.x, y: part.y, z: 0 };
  const high = { x: part.x + part.side, y: part.y + part.side, z: height };
  const body = box(low, high, ['url(#front)', '#8f400f', '#f59a55']);
  const layers: string[] = [];
  for (let z = 1.6; z < height; z += 1.6) {
    layers.push(
      path([
        { x: low.x, y: low.y, z },
        { x: high.x, y: low.y, z },
        { x: high.x, y: high.y, z },
      ]),
    );
  }
  const lines = `<path d="${layers.join('')}" stroke="#7c350b" stroke-opacity="0.38" stroke-width="1" fill="none"/>`;
  // Infill shows on top while it is printed.
  const hatch: string[] = [];
  for (let at = 6; at < part.side; at += 6) {
    hatch.push(
      path([
        { x: low.x + at, y: low.y + 2, z: height },
        { x: low.x + 2, y: low.y + at, z: height },
      ]),
    );
    hatch.push(
      path([
        { x: high.x - 2, y: low.y + at, z: height },
        { x: low.x + at, y: high.y - 2, z: height },
      ]),
    );
  }
  const top = `<path d="${hatch.join('')}" stroke="#c9651f" stroke-opacity="0.8" stroke-width="1.6" fill="none"/>`;
  return body + lines + top;
}

function gantry(nozzle: Point3): string {
  const left = project({ x: -62, y: 120, z: nozzle.z + 54 });
  const right = project({ x: 280, y: 120, z: nozzle.z + 54 });
  const beam = `<path d="M${n(left.x)} ${n(left.y)}L${n(right.x)} ${n(right.y)}v${n(20 * right.scale)}L${n(left.x)} ${n(left.y + 20 * left.scale)}Z" fill="#2d3034"/><path d="M${n(left.x)} ${n(left.y)}L${n(right.x)} ${n(right.y)}" stroke="#70767d" stroke-width="3"/><path d="M${n(left.x)} ${n(left.y + 10 * left.scale)}L${n(right.x)} ${n(right.y + 10 * right.scale)}" stroke="#0d0e0f" stroke-width="${n(4 * left.scale)}"/>`;
  const tip = project(nozzle);
  const s = tip.scale;
  const at = (dx: number, dy: number) => `${n(tip.x + dx * s)} ${n(tip.y - dy * s)}`;
  const cone = `<path d="M${at(-1, 0)}L${at(1, 0)}L${at(4, 6)}L${at(-4, 6)}Z" fill="url(#brass)"/>`;
  const heater = `<path d="M${at(-9, 6)}L${at(9, 6)}L${at(9, 16)}L${at(-9, 16)}Z" fill="#8e9297"/><path d="M${at(-9, 6)}L${at(9, 6)}L${at(9, 8)}L${at(-9, 8)}Z" fill="#b3b8bd"/><path d="M${at(9, 11)}L${at(15, 15)}" stroke="#b63a2b" stroke-width="${n(1.6 * s)}"/>`;
  const shroud = `<path d="M${at(-21, 17)}L${at(21, 17)}L${at(23, 62)}L${at(-23, 62)}Z" fill="#1c1e21"/><path d="M${at(-21, 17)}L${at(-9, 9)}L${at(-15, 8)}L${at(-23, 15)}Z" fill="#26292d"/><path d="M${at(-23, 62)}L${at(23, 62)}L${at(21, 65)}L${at(-21, 65)}Z" fill="#3a3e44"/>`;
  const fan = project({ x: nozzle.x, y: nozzle.y, z: nozzle.z + 40 });
  const ring = (r: number, fill: string) =>
    `<circle cx="${n(fan.x)}" cy="${n(fan.y)}" r="${n(r * s)}" fill="${fill}"/>`;
  const cable = `<path d="M${at(5, 64)}C${at(16, 120)} ${at(80, 150)} ${at(70, 260)}" stroke="#111214" stroke-width="${n(4 * s)}" fill="none"/>`;
  return `${cable}${beam}${shroud}${ring(15.5, '#3c4046')}${ring(14, '#0d0e0f')}${ring(5, '#2d3035')}${heater}${cone}`;
}

function strands(amount: number, side: 'back' | 'front'): string {
  const heap = heapOf(amount).filter((points) => (points[0]?.y ?? 0) < part.y === (side === 'front'));
  // Two heaps on each other, so that the upper one casts its shadow on the lower one.
  const middle = Math.ceil(heap.length / 2);
  return drawHeap(heap.slice(0, middle)) + drawHeap(heap.slice(middle));
}

/** Few long paths: a renderer spends more on many short ones. */
function drawHeap(heap: readonly Path[]): string {
  const [first] = heap;
  if (first === undefined) return '';
  const { scale } = project(first[0] ?? { x: part.x, y: part.y, z: 0 });
  const lines = heap.map(smooth);
  const stroke = (line: string, colour: string, width: number, more = '') =>
    `<path d="${line}" stroke="${colour}" stroke-width="${n(width * scale)}" fill="none" stroke-linecap="round"${more}/>`;
  const shadow = stroke(lines.join(''), '#140a04', 1.3, ' stroke-opacity="0.5" transform="translate(2 4)"');
  const coloured = strandColours.map((colour, turn) =>
    stroke(lines.filter((_, index) => index % strandColours.length === turn).join(''), colour, 0.95),
  );
  return shadow + coloured.join('');
}

/** Filament that comes from the nozzle and finds nothing beneath. */
function hanging(nozzle: Point3, amount: number): string {
  const drop = Math.min(nozzle.z, 14);
  const points = [0, 1, 2, 3, 4].map((step) => ({
    x: nozzle.x + Math.sin(step * 1.7 + amount * 9) * step * 1.3,
    y: nozzle.y - step * 1.5,
    z: nozzle.z - (drop * step) / 4,
  }));
  return drawHeap([points]);
}

/** Front, right and top of a box; the colours in this order. */
function box(low: Point3, high: Point3, colours: readonly [string, string, string]): string {
  const front = [low, { ...low, x: high.x }, { ...low, x: high.x, z: high.z }, { ...low, z: high.z }];
  const right = [{ ...low, x: high.x }, { ...high, z: low.z }, high, { ...high, y: low.y }];
  const top = [{ ...low, z: high.z }, { ...high, y: low.y }, high, { ...high, x: low.x }];
  return [polygon(right, colours[1]), polygon(front, colours[0]), polygon(top, colours[2])].join('');
}

function polygon(points: Path, fill: string, opacity = 1): string {
  return `<path d="${path(points)}Z" fill="${fill}" fill-opacity="${opacity}"/>`;
}

function path(points: Path): string {
  return points.map((point, index) => `${index === 0 ? 'M' : 'L'}${at(point)}`).join('');
}

/** A curve through the middles between the points. */
function smooth(points: Path): string {
  const [first, ...rest] = points.map((point) => project(point));
  if (first === undefined) return '';
  let text = `M${n(first.x)} ${n(first.y)}`;
  let last = first;
  for (const point of rest) {
    text += `Q${n(last.x)} ${n(last.y)} ${n((last.x + point.x) / 2)} ${n((last.y + point.y) / 2)}`;
    last = point;
  }
  return text;
}

function at(point: Point3): string {
  const { x, y } = project(point);
  return `${n(x)} ${n(y)}`;
}

/** A tenth of a pixel is enough. */
function n(value: number): string {
  return value.toFixed(1);
}
