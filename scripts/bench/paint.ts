// What painting ignored areas out of a picture costs.
import { rectangle } from '../../src/core/regions.ts';
import { paintAreas } from '../../src/lib/paint-areas.ts';
import { drawScene } from '../../src/virtual/scene.ts';

/** One size of picture. Medians. */
export interface PaintRow {
  readonly picture: string;
  readonly 'ms of CPU': number;
  readonly 'ms of the event loop': number;
  readonly 'KB before': number;
  readonly 'KB after': number;
  /** Of the process, after all pictures of this size. */
  readonly 'RSS, MiB': number;
}

const rounds = 25;
const areas = [
  rectangle({ x: 0, y: 0 }, { x: 0.3, y: 0.3 }),
  [
    { x: 0.6, y: 0 },
    { x: 1, y: 0 },
    { x: 1, y: 0.5 },
  ],
];

/** Paints a rectangle and a triangle out of pictures of three sizes. */
export async function benchPaint(): Promise<readonly PaintRow[]> {
  const rows: PaintRow[] = [];
  const view = { isPrinting: true, grown: 0.5, spaghetti: 0.3, gantry: 0.5, isDark: false };
  for (const [width, height] of [
    [640, 480],
    [1280, 720],
    [1920, 1080],
  ] as const) {
    const jpeg = await drawScene(view, { width, height });
    const [cpu, loop]: number[][] = [[], []];
    let after = 0;
    for (let round = 0; round < rounds; round += 1) {
      const before = process.cpuUsage();
      const idle = performance.eventLoopUtilization();
      after = (await paintAreas(jpeg, areas)).length;
      const { user, system } = process.cpuUsage(before);
      cpu?.push((user + system) / 1_000);
      loop?.push(performance.eventLoopUtilization(idle).active);
    }
    rows.push({
      picture: `${width} × ${height}`,
      'ms of CPU': median(cpu ?? []),
      'ms of the event loop': median(loop ?? []),
      'KB before': Math.round(jpeg.length / 1_000),
      'KB after': Math.round(after / 1_000),
      'RSS, MiB': Math.round(process.memoryUsage.rss() / 1024 / 1024),
    });
  }
  return rows;
}

function median(values: readonly number[]): number {
  return Math.round((values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0) * 10) / 10;
}
