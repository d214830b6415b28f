// Signs of life for systemd, given only while the watch makes progress: a hang of any part ends them, and systemd helps.
import type { Clock } from '../core/ports.ts';
import type { SystemdNotify } from '../service/systemd.ts';
import { liveLine } from './live-line.ts';
import type { Watch } from './watch.ts';

/** The slowest single step (a picture, a service with its own limit of two minutes, a fallback) ends within this time. */
const stuckAfterMs = 300_000;
/** Without a watchdog the status line is still renewed. */
const usualEveryMs = 60_000;

/** Says that the service is up, then gives signs of life until the signal aborts. */
export async function beat(
  watch: Pick<Watch, 'status'>,
  systemd: SystemdNotify,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const everyMs = Math.min((systemd.watchdogMs ?? 2 * usualEveryMs) / 2, usualEveryMs);
  systemd.ready(liveLine(watch.status(), clock.now().tickMs));
  try {
    for (;;) {
      await clock.sleep(everyMs, signal);
      const { tickMs } = clock.now();
      const status = watch.status();
      if (tickMs - status.steppedTickMs <= stuckAfterMs) systemd.alive(liveLine(status, tickMs));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    systemd.stopping();
  }
}
