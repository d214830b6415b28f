// A look at everything beside the running service: the same parts, without its name, its voice and its log.
import { systemClock } from '../lib/clock.ts';
import { createLogService } from '../service/log.ts';
import { type Composed, compose } from './compose.ts';
import { readBootId } from './host.ts';
import type { LoadedSettings, Settings } from './settings.ts';

/**
 * Makes the parts, runs the connection to Moonraker while `look` looks, and ends both. Rejects with what `look` rejects with,
 * and with a ConfigError.
 */
export async function lookBeside(
  settings: Settings,
  { secrets }: Pick<LoadedSettings, 'secrets'>,
  version: string,
  look: (parts: Composed) => Promise<void>,
): Promise<void> {
  const silent = createLogService(
    { level: 'error', file: null },
    { clock: systemClock, stdout: { write: () => true } },
  );
  silent.registerSecrets(secrets);
  const parts = compose(settings, {
    clock: systemClock,
    log: silent.log,
    random: Math.random,
    version,
    bootId: readBootId(),
    runtimeFolder: null,
    printerName: null,
    clientType: 'other',
  });
  const stop = new AbortController();
  const running = parts.run(stop.signal);
  try {
    // The connection outlives an abort until the look has ended: what it has shown it may have to take away.
    await look(parts);
  } finally {
    stop.abort(new DOMException('the look is over', 'AbortError'));
    await running;
  }
}
