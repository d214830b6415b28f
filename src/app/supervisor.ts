// The life of one watched printer: everything starts with it, and ends in the order that leaves nothing behind.
import { setMaxListeners } from 'node:events';
import type { Watch } from './watch.ts';

/** What a life needs of a printer's parts. */
export interface SupervisedParts {
  readonly watch: Pick<Watch, 'run'>;
  /** Everything beside the watch. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Runs the connection and the watch until the signal aborts. The watch ends first, because closing its prompt needs
 * the connection. Rejects when either ends by itself: that is a bug, and a fresh process is the cure.
 */
export async function supervise(parts: SupervisedParts, signal: AbortSignal): Promise<void> {
  const connection = new AbortController();
  // Every part listens to it once; Node takes more than ten for a leak.
  setMaxListeners(100, connection.signal);
  const watching = new AbortController();
  const onAbort = () => watching.abort(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  const connected = parts.run(connection.signal).then(
    () => {
      if (!signal.aborted) watching.abort(new Error('the connection to Moonraker ended by itself'));
    },
    (error: unknown) => {
      watching.abort(error);
      throw error;
    },
  );
  try {
    await parts.watch.run(watching.signal);
  } finally {
    signal.removeEventListener('abort', onAbort);
    connection.abort(signal.reason);
    await connected;
  }
  if (!signal.aborted) throw watching.signal.reason;
}
