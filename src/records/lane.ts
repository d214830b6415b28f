// One writer for one disk: things are done in order, one at a time, and a queue that is full takes nothing more.
import type { Clock } from '../core/ports.ts';

/** A queue of things to be done. */
export interface Lane<Item> {
  /** Queues an item of this size. False when there is no room for it: it is gone. */
  add(item: Item, bytes: number): boolean;
  /** Resolves when everything queued is done, or when `limitMs` have passed. */
  drain(limitMs: number): Promise<void>;
}

/** Limits of a lane. */
export interface LaneOptions {
  /** Items waiting at most, and their bytes. An empty lane takes an item of any size. */
  readonly maxItems: number;
  readonly maxBytes: number;
  /** Work on one item that takes longer than this is told as stuck. */
  readonly stuckAfterMs: number;
}

/** What a lane works with. */
export interface LaneDeps<Item> {
  readonly clock: Clock;
  /** Never rejects. Cannot be called off: Node gives no way to abort a call to a disk that hangs. */
  readonly work: (item: Item) => Promise<void>;
  /** Told when one item takes too long, and when it has ended after all. */
  readonly onStuck: (isStuck: boolean) => void;
}

/** Makes a lane. A disk that hangs holds one of Node's four worker threads, never more. */
export function createLane<Item>(options: LaneOptions, deps: LaneDeps<Item>): Lane<Item> {
  const waiting: { readonly item: Item; readonly bytes: number }[] = [];
  let waitingBytes = 0;
  let running: Promise<void> | null = null;

  const workOn = async (item: Item): Promise<void> => {
    const done = new AbortController();
    let isStuck = false;
    deps.clock.sleep(options.stuckAfterMs, done.signal).then(
      () => {
        isStuck = true;
        deps.onStuck(true);
      },
      () => {},
    );
    await deps.work(item);
    done.abort();
    if (isStuck) deps.onStuck(false);
  };

  const run = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      waitingBytes -= next.bytes;
      await workOn(next.item);
    }
    running = null;
  };

  return {
    add: (item, bytes) => {
      const isFull = waiting.length >= options.maxItems || waitingBytes + bytes > options.maxBytes;
      if (isFull && running !== null) return false;
      waiting.push({ item, bytes });
      waitingBytes += bytes;
      running ??= run();
      return true;
    },
    drain: async (limitMs) => {
      if (running === null) return;
      const done = new AbortController();
      const limit = deps.clock.sleep(limitMs, done.signal).catch(() => {});
      await Promise.race([running, limit]);
      done.abort();
    },
  };
}
