// `npx tsx scripts/picture-quality.ts FOLDER…`: which JPEGs below these folders the camera check refuses, how near the others come, and what it costs.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLookOver } from '../src/camera/look-over.ts';
import { measureQuality, type QualityFigures } from '../src/camera/quality.ts';
import { readSmall } from '../src/camera/small-picture.ts';
import { LookoutError } from '../src/core/errors.ts';

const files = process.argv.slice(2).flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.jpe?g$/i.test(name))
    .map((name) => join(folder, name)),
);
const least = new Map<keyof QualityFigures, number>();
const times: number[] = [];
let refused = 0;
let unread = 0;
for (const file of files) {
  const jpeg = readFileSync(file);
  const startedMs = performance.now();
  try {
    const grid = createLookOver().look(
      jpeg,
      { rotation: 0, flipHorizontal: false, flipVertical: false },
      { atMs: 0, tickMs: 0 },
    );
    if (grid === null) unread += 1;
  } catch (error) {
    if (!(error instanceof LookoutError)) throw error;
    refused += 1;
    console.log(`${error.code.padEnd(22)} ${file}`);
  }
  times.push(performance.now() - startedMs);
  const small = readSmall(jpeg);
  if (small === null) continue;
  const figures = measureQuality(small);
  for (const key of ['lit', 'unblinded', 'contrast', 'edges'] as const) {
    least.set(key, Math.min(least.get(key) ?? Number.POSITIVE_INFINITY, figures[key]));
  }
}
times.sort((a, b) => a - b);
console.log(
  `${files.length} pictures, ${refused} refused, ${unread} not read; median ${times[times.length >> 1]?.toFixed(1)} ms`,
);
console.log('least of each figure:', Object.fromEntries(least));
