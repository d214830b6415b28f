// Ten minutes of prints through the built-in detector and the decision core, as the table of docs/performance.md.
//
//   npx tsx scripts/sequence-table.ts                         drawn scenes
//   npx tsx scripts/sequence-table.ts GOOD.jpg CROP.jpg …     on a webcam's picture; crops of real spaghetti are laid onto it
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import sharp from 'sharp';
import { createDetectors } from '../src/backends/builtin/detectors.ts';
import { createBuiltin } from '../src/backends/builtin.ts';
import { systemClock } from '../src/lib/clock.ts';
import { aJob, aStore } from '../test/support/parts.ts';
import {
  createSequencePlayer,
  type DrawLook,
  drawLook,
  putBefore,
  sequences,
} from '../test/support/picture-sequences.ts';
import { createQuietLog } from '../test/support/quiet-log.ts';

const size = { width: 1280, height: 720 };
/** Share of the picture's height that the whole heap takes. */
const fullHeap = 0.5;

const log = createQuietLog();
const deps = { clock: systemClock, log, random: Math.random };
const backend = createBuiltin(
  { model: null, runtime: 'auto' },
  {
    ...{ ...deps, store: aStore(), bootId: 'boot', onNotice: () => {}, detectors: createDetectors(deps) },
  },
);
const [scene, ...crops] = process.argv.slice(2);
const places: readonly (readonly [string, DrawLook])[] =
  scene === undefined
    ? [['drawn', drawLook]]
    : crops.map((crop) => [`${basename(scene)} with ${basename(crop).slice(0, 24)}`, onWebcam(scene, crop)]);
console.log('| scene | sequence | highest score | not judged | warning | pause |');
try {
  for (const [name, draw] of places) {
    const play = createSequencePlayer(draw, backend);
    for (const sequence of sequences) {
      const { warnedAt, pausedAt, highest, unseen } = await play(sequence);
      const say = (second: number | null) => (second === null ? '-' : `${second} s`);
      const row = [name, sequence.name, highest.toFixed(2), String(unseen), say(warnedAt), say(pausedAt)];
      console.log(`| ${row.join(' | ')} |`);
    }
  }
} finally {
  backend.printEnded?.(aJob());
}

/** A webcam's picture, a little different each time as one is, with a piece of another picture laid onto its middle. */
function onWebcam(sceneFile: string, cropFile: string): DrawLook {
  return async ({ turn, spaghetti, isDark, front }) => {
    const light = (isDark ? 0.02 : 1) * (0.95 + 0.05 * turn);
    const base = sharp(readFileSync(sceneFile)).resize({ ...size, fit: 'cover' });
    const heap = spaghetti === 0 ? [] : [await heapOf(cropFile, spaghetti)];
    const picture = await base.composite(heap).png().toBuffer();
    const jpeg = await sharp(picture).linear(light, 0).jpeg({ quality: 75 }).toBuffer();
    return putBefore(jpeg, front);
  };
}

/** The crop with soft edges, as large as so much spaghetti is. */
async function heapOf(file: string, amount: number) {
  const side = Math.max(16, Math.round(size.height * fullHeap * Math.sqrt(amount)));
  const mask = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}"><defs><radialGradient id="m"><stop offset="0.7" stop-color="#fff"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient></defs><rect width="${side}" height="${side}" fill="url(#m)"/></svg>`;
  const input = await sharp(file)
    .resize(side, side, { fit: 'cover' })
    .ensureAlpha()
    .composite([{ input: Buffer.from(mask), blend: 'dest-in' }])
    .png()
    .toBuffer();
  return { input, left: Math.round((size.width - side) / 2), top: Math.round(size.height * 0.55 - side / 2) };
}
