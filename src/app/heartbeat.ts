// Signs of life for systemd, given only while every watch makes progress: a hang of any part ends them, and systemd helps.
import type { Clock } from '../core/ports.ts';
import type { SystemdNotify } from '../service/systemd.ts';
import type { Pulse } from './pulse.ts';

/** Without a watchdog the status line is still renewed. */
const usualEveryMs = 60_000;

/** Says that the service is up, then gives signs of life until the signal aborts. */
export async function beat(
  pulse: () => Pulse,
  systemd: SystemdNotify,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const everyMs = Math.min((systemd.watchdogMs ?? 2 * usualEveryMs) / 2, usualEveryMs);
  systemd.ready(pulse().line);
  try {
    for (;;) {
      await clock.sleep(everyMs, signal);
      const { isStuck, line } = pulse();
      if (!isStuck) systemd.alive(line);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    systemd.stopping();
  }
}
