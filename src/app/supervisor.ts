// The life of one watched printer: everything starts with it, and ends in the order that leaves nothing behind.
import type { Composed } from './compose.ts';

/**
 * Runs the connection and the watch until the signal aborts. The watch ends first, because closing its prompt needs
 * the connection. Rejects when either ends by itself: that is a bug, and a fresh process is the cure.
 */
export async function supervise(parts: Pick<Composed, 'run' | 'watch'>, signal: AbortSignal): Promise<void> {
  const connection = new AbortController();
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
