// A queue of one place: work that must never overlap, done in the order in which it was asked for.

/** Runs `work` when everything asked for before has ended. Rejects with the signal's reason as soon as that aborts. */
export type Turn = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/**
 * Makes a queue. Work whose signal aborts before its turn is never started; work that is aborted while it runs still
 * holds the place until it has really ended.
 */
export function oneAtATime(): Turn {
  let last: Promise<unknown> = Promise.resolve();
  return (work, signal) => {
    const turn = last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    last = turn.catch(() => {});
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      turn.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  };
}
