// A set of listeners where one that throws does not keep the others from hearing.
import type { Log } from '../core/ports.ts';

/** Listeners of one kind of event. */
export interface Listeners<T> {
  /** Adds a listener; returns the way to remove it. */
  add(listener: (value: T) => void): () => void;
  /** Calls all listeners now, in the order they were added. */
  tell(value: T): void;
  /** How many there are. */
  readonly size: number;
}

/** Makes an empty set; what a listener throws is logged. */
export function createListeners<T>(log: Log): Listeners<T> {
  const listeners = new Set<(value: T) => void>();
  return {
    add: (listener) => {
      // Wrapped, so that the same function added twice is heard twice and removed once.
      const own = (value: T) => listener(value);
      listeners.add(own);
      return () => listeners.delete(own);
    },
    tell: (value) => {
      for (const listener of [...listeners]) {
        try {
          listener(value);
        } catch (error) {
          log.error('a listener failed', { error: String(error) });
        }
      }
    },
    get size() {
      return listeners.size;
    },
  };
}
