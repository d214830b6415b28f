// Prints as a detector sees them, second by second: the tracks on which rules of decision are compared.
import type { Region } from '../../src/core/types.ts';
import { toScore } from '../../src/core/types.ts';

/** What a detector that gives boxes says of one picture; null where there is no picture that could be judged. */
export type Sight = readonly Region[] | null;

/** One print from its first extrusion on. */
export interface ScoreTrack {
  readonly name: string;
  readonly seconds: number;
  /** The same second always looks the same, whatever the cadence. */
  at(second: number): Sight;
  /** When the print starts to fail, s; null: it does not. */
  readonly failsAt: number | null;
  /** The mean score of this printer's earlier prints. */
  readonly usual: number;
}

/** A number in 0..1 that looks random and is the same for the same arguments. */
function noise(seed: number, second: number): number {
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(Math.floor(second) + 1, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3ca1);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0x297a2d39);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}

/** A box of this size around a middle; nothing for a score at which a detector stays silent. */
export function boxAt(x: number, y: number, size: number, score: number): Region[] {
  if (score <= 0.08) return [];
  const [halfWidth, halfHeight] = [size / 2, (size * 4) / 6];
  return [
    {
      x1: Math.max(0, x - halfWidth),
      y1: Math.max(0, y - halfHeight),
      x2: Math.min(1, x + halfWidth),
      y2: Math.min(1, y + halfHeight),
      score: toScore(Math.min(1, score)),
    },
  ];
}

/** What a detector makes of a good print: now and then a weak box on the part. */
export function clean(seed: number, second: number): Region[] {
  const [isSeen, x, y, score] = [1, 2, 3, 4].map((part) => noise(seed + part, second)) as Four;
  return isSeen < 0.12 ? boxAt(0.4 + 0.2 * x, 0.4 + 0.2 * y, 0.08, 0.08 + 0.2 * score) : [];
}
type Four = [number, number, number, number];

/** A bed clip, a wire, a logo: always there, in one place, at 0.45 give or take 0.12. */
export function dirt(seed: number, second: number): Region[] {
  const shift = (noise(seed + 5, second) - 0.5) * 0.02;
  return boxAt(0.12 + shift, 0.85 - shift, 0.12, 0.45 + 0.24 * (noise(seed + 6, second) - 0.5));
}

/** Spaghetti that began at `since`: grows for a minute and a half to one large box and a small one; one frame in ten misses it. */
export function spaghetti(seed: number, second: number, since: number, x = 0.55, y = 0.5): Region[] {
  const grown = Math.min(1, (second - since) / 90);
  if (grown <= 0 || noise(seed + 7, second) < 0.1) return [];
  const shake = 0.3 * (noise(seed + 8, second) - 0.5);
  return [
    ...boxAt(x, y, 0.08 + 0.2 * grown, grown * (0.75 + shake)),
    ...boxAt(x + 0.18, y, 0.05 + 0.1 * grown, grown * (0.3 + shake)),
  ];
}

const hour = 3_600;

function track(
  name: string,
  at: (second: number) => Sight,
  more: Partial<Omit<ScoreTrack, 'name' | 'at'>> = {},
): ScoreTrack {
  return { name, at, seconds: 2 * hour, failsAt: null, usual: 0.02, ...more };
}

const failing = (minute: number) =>
  track(
    `spaghetti at minute ${minute}`,
    (second) => [...clean(minute, second), ...spaghetti(minute, second, minute * 60)],
    { failsAt: minute * 60 },
  );

/** The tracks of the comparison, in the order of its table. */
export const scoreTracks: readonly ScoreTrack[] = [
  track('good print', (second) => clean(11, second)),
  track('good print, dirty background', (second) => [...clean(12, second), ...dirt(12, second)], {
    usual: 0.45,
  }),
  track('good print, flicker: one frame in six at 0.9', (second) =>
    Math.floor(second / 10) % 6 === 5 ? boxAt(0.5, 0.5, 0.2, 0.9) : clean(13, second),
  ),
  track('good print, a hand in the picture for 40 s every 10 min', (second) =>
    second % 600 >= 540 && second % 600 < 580 ? boxAt(0.6, 0.6, 0.5, 0.75) : clean(14, second),
  ),
  track('good print, a part that looks like 0.5 from minute 8 on', (second) =>
    second < 480 ? clean(15, second) : boxAt(0.5, 0.5, 0.15, 0.5 + 0.1 * (noise(15, second) - 0.5)),
  ),
  track('good print, lamp switched off at minute 20', (second) =>
    second < 1_200 ? clean(16, second) : null,
  ),
  track(
    'spaghetti from the first frame on',
    (second) => [...clean(17, second), ...spaghetti(17, second, -90)],
    { failsAt: 0 },
  ),
  ...[1, 5, 20, 52].map(failing),
  track(
    'dirty background, spaghetti at minute 20 beside it',
    (second) => [...clean(18, second), ...dirt(18, second), ...spaghetti(18, second, 1_200)],
    { failsAt: 1_200, usual: 0.45 },
  ),
  track(
    'dirty background, spaghetti at minute 20 on top of it',
    (second) => {
      const failed = spaghetti(19, second, 1_200, 0.16, 0.82);
      return [...clean(19, second), ...(failed.length > 0 ? failed : dirt(19, second))];
    },
    { failsAt: 1_200, usual: 0.45 },
  ),
  track(
    'slow growth from minute 10 to 40',
    (second) => {
      const grown = Math.min(1, Math.max(0, (second - 600) / 1_800));
      const shake = 0.2 * (noise(20, second) - 0.5);
      return [...clean(20, second), ...boxAt(0.5, 0.55, 0.06 + 0.2 * grown, grown * (0.95 + shake))];
    },
    { failsAt: 600 },
  ),
  track(
    'lamp switched off at minute 20, spaghetti at 25, lamp on at 30',
    (second) => {
      if (second >= 1_200 && second < 1_800) return null;
      return [...clean(21, second), ...spaghetti(21, second, 1_500)];
    },
    { failsAt: 1_500 },
  ),
];
