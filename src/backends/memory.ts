// What a backend must not forget when the process is started again: one document, in memory and in the store.
import type { Moment } from '../core/types.ts';
import type { BackendDeps } from './deps.ts';

/** One backend's document. */
export interface MemoryOptions<Memory> {
  /** In the store. */
  readonly name: string;
  /** What a restart loses while it cannot be saved, for the log: `context and call count`. */
  readonly holds: string;
  /** Reads what was stored, unvalidated; anything else than a document of ours is an empty memory. */
  readonly read: (stored: unknown, now: Moment) => Memory;
}

/** The document in memory and on disk. */
export interface MemoryKeeper<Memory> {
  /** As it is now; read from disk at the first call. */
  now(): Memory;
  /** Changes it here only, for what the next `save` may write as well. */
  change(change: Partial<Memory>): void;
  /** Changes it and writes it. Never rejects: a disk that is full must not end the watch (logged once). */
  save(change: Partial<Memory>): Promise<void>;
}

/** Keeps a document in the store. */
export function createMemoryKeeper<Memory extends object>(
  { name, holds, read }: MemoryOptions<Memory>,
  deps: Pick<BackendDeps, 'store' | 'clock' | 'log'>,
): MemoryKeeper<Memory> {
  let memory: Memory | null = null;
  let isFailing = false;
  const now = () => {
    memory ??= read(deps.store.load(name), deps.clock.now());
    return memory;
  };
  const change = (next: Partial<Memory>) => {
    memory = { ...now(), ...next };
  };
  return {
    now,
    change,
    save: async (next) => {
      change(next);
      try {
        await deps.store.save(name, memory);
        isFailing = false;
      } catch (error) {
        if (!isFailing) deps.log.error(`${holds} cannot be saved: a restart loses them`, { error });
        isFailing = true;
      }
    },
  };
}
