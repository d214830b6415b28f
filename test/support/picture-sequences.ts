// Ten minutes of a print in pictures, through a real detector and the whole decision core: what is seen, and what is done about it.
import sharp from 'sharp';
import { checkQuality } from '../../src/camera/quality.ts';
import { readSmall } from '../../src/camera/small-picture.ts';
import type { Backend } from '../../src/core/ports.ts';
import type { Assessment, Region } from '../../src/core/types.ts';
import { drawScene } from '../../src/virtual/scene.ts';
import { aJob } from './parts.ts';
import { type Decided, playTrack } from './play-track.ts';

/** What there is to see in one picture. */
export interface Look {
  /** Where the head is: 0, 1, 2, in turns. */
  readonly turn: number;
  /** 0..1 of the part's height. */
  readonly grown: number;
  /** 0..1 of the most that lies about. */
  readonly spaghetti: number;
  readonly isDark: boolean;
  /** What is in front of the printer, and where, 0..1 from the left. */
  readonly front: { readonly what: 'hand' | 'gantry'; readonly at: number } | null;
}

/** One print from its first extrusion on. */
export interface Sequence {
  readonly name: string;
  /** When it begins to fail, s; null: it does not. */
  readonly failsAt: number | null;
  look(second: number): Look;
}

/** Makes the picture of a look: a JPEG of 1280 × 720. */
export type DrawLook = (look: Look) => Promise<Uint8Array>;

const minutes = 10;
const every = 10;
const failsAt = 240;
/** From the first strand to the most, s. */
const growth = 180;
const size = { width: 1280, height: 720 };

const good = (second: number): Look => ({
  turn: (second / every) % 3,
  grown: 0.1 + 0.15 * Math.floor(second / 120),
  spaghetti: 0,
  isDark: false,
  front: null,
});
const isWithin = (second: number, from: number, lengthS: number) => second >= from && second < from + lengthS;

/** The sequences, ten minutes each. */
export const sequences: readonly Sequence[] = [
  { name: 'a good print', failsAt: null, look: good },
  {
    name: 'spaghetti from minute 4 on, growing for 3 minutes',
    failsAt,
    look: (second) => ({
      ...good(second),
      grown: good(Math.min(second, failsAt)).grown,
      spaghetti: Math.min(1, Math.max(0, (second - failsAt) / growth)),
    }),
  },
  {
    name: 'a hand in the picture for 40 s, three times',
    failsAt: null,
    look: (second) => {
      const isIn = [120, 300, 480].some((from) => isWithin(second, from, 40));
      return {
        ...good(second),
        front: isIn ? { what: 'hand', at: 0.2 + 0.2 * good(second).turn } : null,
      };
    },
  },
  {
    name: 'the lamp off from minute 4 to 7',
    failsAt: null,
    look: (second) => ({ ...good(second), isDark: isWithin(second, 240, 180) }),
  },
  {
    name: 'a gantry passing close before the camera',
    failsAt: null,
    look: (second) => ({
      ...good(second),
      front: { what: 'gantry', at: good(second).turn / 2 },
    }),
  },
];

/** What was decided, and the highest score on the way; seconds count from where the print began to fail. */
export interface Played extends Decided {
  readonly highest: number;
  /** Pictures in which nothing could be seen. */
  readonly unseen: number;
}

/** Plays sequences at the default cadence, with the default settings. A look that comes again is not judged again. */
export function createSequencePlayer(
  draw: DrawLook,
  backend: Pick<Backend, 'assess'>,
): (sequence: Sequence) => Promise<Played> {
  const known = new Map<string, Promise<Assessment | null>>();
  const see = (look: Look): Promise<Assessment | null> => {
    const key = JSON.stringify(look);
    const judged = known.get(key) ?? draw(look).then((jpeg) => judge(jpeg, backend));
    known.set(key, judged);
    return judged;
  };
  return async ({ name, failsAt: since, look }) => {
    // A sight is told by its identity: the track plays regions, the core hears the whole assessment.
    const assessments = new Map<readonly Region[], Assessment>();
    const sights: (readonly Region[] | null)[] = [];
    for (let second = 0; second <= minutes * 60; second += every) {
      const assessment = await see(look(second));
      if (assessment !== null) assessments.set(assessment.regions, assessment);
      sights.push(assessment?.regions ?? null);
    }
    const track = {
      ...{ name, seconds: minutes * 60, failsAt: since, usual: 0 },
      at: (second: number) => sights[second / every] ?? null,
    };
    const played = playTrack(track, { every, assess: (sight) => assessments.get(sight) ?? {} });
    const after = (second: number | null) => (second === null ? null : second - (since ?? 0));
    return {
      warnedAt: after(played.warnedAt),
      pausedAt: after(played.pausedAt),
      highest: Math.max(0, ...[...assessments.values()].map(({ score }) => score)),
      unseen: sights.filter((sight) => sight === null).length,
    };
  };
}

/** null where nothing can be seen. */
async function judge(jpeg: Uint8Array, backend: Pick<Backend, 'assess'>): Promise<Assessment | null> {
  const picture = readSmall(jpeg);
  try {
    if (picture !== null) checkQuality(picture, false);
  } catch {
    return null;
  }
  const frame = { jpeg, ...size, camera: 'bed', atMs: 0, tickMs: 0 };
  const assessment = await backend.assess(frame, aJob(), new AbortController().signal);
  return { ...assessment, regions: [...assessment.regions] };
}

/** Draws a look as the virtual webcam sees it. */
export const drawLook: DrawLook = async ({ turn, grown, spaghetti, isDark, front }) => {
  const scene = { isPrinting: true, grown, spaghetti, gantry: 0.2 + 0.3 * turn, isDark };
  return putBefore(await drawScene(scene, size, 1 + turn), front);
};

/** The picture with a hand, or something dark and blurred, in front of it. */
export async function putBefore(jpeg: Uint8Array, front: Look['front']): Promise<Uint8Array> {
  if (front === null) return jpeg;
  const svg = front.what === 'hand' ? hand(front.at * size.width) : gantry(front.at * size.width);
  const over = await sharp(Buffer.from(svg))
    .blur(front.what === 'hand' ? 1.2 : 8)
    .png()
    .toBuffer();
  return sharp(jpeg)
    .composite([{ input: over }])
    .jpeg({ quality: 80 })
    .toBuffer();
}

const canvas = (shapes: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">${shapes}</svg>`;

/** A forearm from the lower edge, and five fingers. */
function hand(x: number): string {
  const fingers = [-70, -32, 6, 42].map(
    (dx, at) =>
      `<path d="M${x + dx} 400L${x + dx * 1.25 + 10} ${230 + Math.abs(at - 1.5) * 30}" stroke="#c98f70" stroke-width="34" stroke-linecap="round"/>`,
  );
  const thumb = `<path d="M${x + 70} 470L${x + 150} 380" stroke="#bd8465" stroke-width="38" stroke-linecap="round"/>`;
  return canvas(
    `<path d="M${x - 60} 720L${x - 90} 470Q${x} 340 ${x + 80} 450L${x + 70} 720Z" fill="#c58a6b"/>${fingers.join('')}${thumb}`,
  );
}

/** A beam and its carriage, far too close to be sharp. */
function gantry(x: number): string {
  return canvas(
    `<rect y="120" width="1280" height="150" fill="#15171a"/><rect y="180" width="1280" height="16" fill="#4a4f55"/><rect x="${x - 160}" y="60" width="320" height="430" rx="20" fill="#1d2024"/>`,
  );
}
