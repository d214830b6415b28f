// The command `run`: loads the settings, starts the log, watches every printer until the signal comes.
import { createDetectors } from '../backends/builtin/detectors.ts';
import { LookoutError } from '../core/errors.ts';
import type { Clock, Log } from '../core/ports.ts';
import { systemClock } from '../lib/clock.ts';
import { isJournal } from '../service/journal.ts';
import { createLogService } from '../service/log.ts';
import { createSystemdNotify } from '../service/systemd.ts';
import { type Composed, compose } from './compose.ts';
import type { DashboardHostOptions } from './dashboard-host.ts';
import { beat } from './heartbeat.ts';
import { readBootId } from './host.ts';
import { switchLevelOnSignal } from './log-level.ts';
import { followMoonrakerConf } from './moonraker-conf.ts';
import { createPrinterLife } from './printer-life.ts';
import { printerLog } from './printer-log.ts';
import { pulseOf } from './pulse.ts';
import { createSeat } from './seat.ts';
import { loadSettings } from './settings.ts';

/** What the command line gives. */
export interface RunOptions {
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
}

/** What the service needs beyond that. */
export interface ServiceOptions extends RunOptions {
  /** Where the build has put the dashboard's page. */
  readonly pageFolder: string;
}

/** Watches the printers. Resolves with exit code 0 after the signal; rejects with a ConfigError, or for a bug. */
export async function run(
  { file, env, version, pageFolder }: ServiceOptions,
  signal: AbortSignal,
): Promise<number> {
  const loaded = loadSettings(file, env);
  const { log: logSettings } = loaded.shared;
  const service = createLogService(
    { ...logSettings, isJournal: isJournal(env, process.stdout.fd) },
    { clock: systemClock, stdout: process.stdout },
  );
  service.registerSecrets(loaded.secrets);
  const log = service.log.child('app/run');
  const stopSwitching = switchLevelOnSignal(service, logSettings.level);
  log.info('moonraker-lookout starts', { version, node: process.versions.node, config: loaded.file });
  for (const warning of loaded.warnings) log.warn(warning);
  // Whoever read our output has gone; that is no reason to leave a print alone.
  process.stdout.on('error', () => {});
  // A stray rejection is a bug: say so and let systemd start a fresh process, which goes on with the same print.
  process.on('unhandledRejection', (error) => {
    log.error('a bug: please report it with this log', { error });
    process.exitCode = 1;
    process.exit();
  });
  const deps = {
    ...{ clock: systemClock, random: Math.random, version, bootId: readBootId() },
    detectors: createDetectors({ clock: systemClock, log: service.log, random: Math.random }),
    // systemd gives several folders with colons between them; ours is one.
    runtimeFolder: env['RUNTIME_DIRECTORY']?.split(':')[0] ?? null,
  };
  const life = new AbortController();
  try {
    const followed = followMoonrakerConf(loaded, {
      load: (moonraker) => loadSettings(file, env, { moonraker }),
      registerSecrets: service.registerSecrets,
      log,
    });
    const printers = loaded.printers.map((each) => ({ ...each, seat: createSeat<Composed>() }));
    const lives = printers.map(({ name, seat }, index) => {
      const ownLog = printerLog(service.log, name);
      const make = () => {
        const { config } = followed.current().printers[index] ?? loaded.printers[0];
        const parts = compose(config, { ...deps, log: ownLog, printerName: name, clientType: 'agent' });
        followed.attach(parts.component, () => printerLife.renew());
        return seat.take(parts);
      };
      const isAlone = loaded.printers.length === 1;
      const lifeDeps = { ...deps, log: ownLog.child('app/printer-life') };
      const printerLife = createPrinterLife({ name, isAlone }, make(), make, lifeDeps);
      return printerLife;
    });
    const page = { loaded, printers, version, pageFolder };
    const dashboard = await openDashboard(page, { clock: systemClock, log: service.log });
    const systemd = createSystemdNotify({ env, log: service.log });
    const beating = beat(() => pulseOf(lives, systemClock.now().tickMs), systemd, systemClock, life.signal);
    await Promise.all(lives.map((each) => each.run(signal)));
    await dashboard?.close();
    life.abort();
    await beating;
    log.info('moonraker-lookout has stopped', { reason: String(signal.reason) });
    return 0;
  } catch (error) {
    log.error('moonraker-lookout ends', { error, code: error instanceof LookoutError ? error.code : 'BUG' });
    throw error;
  } finally {
    life.abort();
    stopSwitching();
    service.flush();
  }
}

/** Loaded only where it is wanted: its server and its parts cost memory. */
async function openDashboard(options: DashboardHostOptions, deps: { clock: Clock; log: Log }) {
  if (!options.loaded.shared.dashboard.enabled) return null;
  const { startDashboard } = await import('./dashboard-host.ts');
  return startDashboard(options, deps);
}
