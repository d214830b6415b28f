// A clock that stands still until a test moves it.
import type { Clock } from '../../src/core/ports.ts';

/** A clock with `advance`. Sleepers due within the step wake in the order of their time. */
export interface FakeClock extends Clock {
  /** Moves both clocks by `ms`, waking sleepers on the way and letting their promises run. */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock, as NTP or a person does; the monotonic one goes on. */
  setWall(atMs: number): void;
  /** How many sleepers wait now. */
  sleepers(): number;
}

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** Makes a clock that starts at `atMs` on the wall and `tickMs` on the monotonic side. */
export function createFakeClock(atMs = 1_700_000_000_000, tickMs = 1_000_000): FakeClock {
  let wall = atMs;
  let tick = tickMs;
  const waiting = new Set<Sleeper>();
  const settle = async () => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    now: () => ({ atMs: wall, tickMs: tick }),
    setWall: (atMs) => {
      wall = atMs;
    },
    sleepers: () => waiting.size,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const sleeper: Sleeper = {
          dueMs: tick + Math.max(ms, 0),
          wake: () => {
            waiting.delete(sleeper);
            signal.removeEventListener('abort', onAbort);
            resolve();
          },
        };
        const onAbort = () => {
          waiting.delete(sleeper);
          reject(signal.reason);
        };
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.add(sleeper);
      }),
    advance: async (ms) => {
      const endMs = tick + ms;
      await settle();
      for (;;) {
        const next = [...waiting].filter((s) => s.dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0];
        if (next === undefined) break;
        wall += next.dueMs - tick;
        tick = next.dueMs;
        next.wake();
        await settle();
      }
      wall += endMs - tick;
      tick = endMs;
      await settle();
    },
  };
}
