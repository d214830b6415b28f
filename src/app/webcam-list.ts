// Keeps the list of webcams as Moonraker has it: read after each connect, and renewed when somebody changes it.
import type { Log } from '../core/ports.ts';
import type { WebcamEntry } from '../core/types.ts';
import type { MoonrakerConnection } from '../moonraker/connection.ts';
import type { WebcamSource } from '../moonraker/webcams.ts';

/** The list and what keeps it. */
export interface WebcamList {
  /** null until it has been read once. */
  current(): readonly WebcamEntry[] | null;
  /** Follows Moonraker until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Reads the list now. Rejects with a MoonrakerError. */
  read(signal: AbortSignal): Promise<readonly WebcamEntry[]>;
}

/** Makes the list. Nothing is read before `run` or `read`. */
export function keepWebcams(
  source: WebcamSource,
  connection: Pick<MoonrakerConnection, 'state' | 'onState'>,
  log: Log,
): WebcamList {
  let entries: readonly WebcamEntry[] | null = null;
  const read = async (signal: AbortSignal) => {
    entries = await source.list(signal);
    return entries;
  };
  return {
    current: () => entries,
    read,
    run: (signal) =>
      new Promise((resolve) => {
        const renew = () => {
          if (connection.state.kind !== 'up') return;
          read(signal).catch((error: unknown) => {
            if (!signal.aborted) log.warn('the list of webcams could not be read', { error });
          });
        };
        const offs = [
          connection.onState(renew),
          source.onChanged((changed) => {
            entries = changed;
          }),
        ];
        renew();
        const stop = () => {
          for (const off of offs) off();
          resolve();
        };
        if (signal.aborted) stop();
        else signal.addEventListener('abort', stop, { once: true });
      }),
  };
}
