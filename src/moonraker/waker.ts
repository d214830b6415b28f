// Waiting until something has become true, looked at again whenever there is news.
import type { Clock } from '../core/ports.ts';

/** Wakes those who wait. */
export interface Waker {
  /** There is news: all who wait look again. */
  wake(): void;
  /**
   * Waits until `isSo`. Looks at once, at each wake and at the end of the time.
   * @param ms how long at most; null for no limit
   * @returns false when the time has passed in vain
   * @throws the signal's reason
   */
  wait(isSo: () => boolean, ms: number | null, signal: AbortSignal): Promise<boolean>;
}

/** Makes a waker on which nobody waits. */
export function createWaker(clock: Clock): Waker {
  const waiting = new Set<() => void>();
  return {
    wake: () => {
      for (const look of [...waiting]) look();
    },
    wait: (isSo, ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        if (isSo()) return resolve(true);
        const over = new AbortController();
        const finish = () => {
          waiting.delete(look);
          over.abort();
          signal.removeEventListener('abort', onAbort);
        };
        const look = () => {
          if (!isSo()) return;
          finish();
          resolve(true);
        };
        const onAbort = () => {
          finish();
          reject(signal.reason);
        };
        waiting.add(look);
        signal.addEventListener('abort', onAbort, { once: true });
        if (ms === null) return;
        clock.sleep(ms, over.signal).then(
          () => {
            finish();
            resolve(isSo());
          },
          () => undefined,
        );
      }),
  };
}
