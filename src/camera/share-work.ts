// Lets everybody who asks for a picture while one is on its way share that one.

/** A piece of work in flight and how many wait for it. */
interface Flight<T> {
  readonly result: Promise<T>;
  readonly abort: AbortController;
  waiting: number;
}

/**
 * Wraps `work` so that at most one runs. Each caller leaves at its own signal; when the last has left, the work is aborted.
 * Rejects with the caller's own abort reason or with what the work rejects with.
 */
export function shareWork<T>(work: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let running: Flight<T> | null = null;
  const start = (): Flight<T> => {
    const abort = new AbortController();
    const flight: Flight<T> = {
      abort,
      waiting: 0,
      result: work(abort.signal).finally(() => {
        if (running === flight) running = null;
      }),
    };
    return flight;
  };
  return async (signal) => {
    signal.throwIfAborted();
    running ??= start();
    const flight = running;
    flight.waiting += 1;
    let onAbort = () => {};
    const left = new Promise<never>((_resolve, reject) => {
      onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([flight.result, left]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      flight.waiting -= 1;
      if (flight.waiting === 0 && running === flight) {
        running = null;
        flight.abort.abort(signal.reason);
      }
    }
  };
}
