// Random numbers that come out the same for the same seed, so that a drawn scene can be drawn again.

/** Uniform in 0..1 without 1. */
export type Random = () => number;

/** Starts the sequence of this seed. Mulberry32: tiny, and good enough for pictures. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
