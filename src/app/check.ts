// The command `check`: tries everything once, as a print would, and says in plain words what to mend.
import { describeSettings } from '../config/settings.ts';
import type { MoonrakerConnection } from '../moonraker/connection.ts';
import { lookAtAlerts, lookAtStandby } from './alert-points.ts';
import { lookBeside } from './beside.ts';
import type { Composed } from './compose.ts';
import { createReport, fail, type Outcome, ok, type Points, point, warn } from './finding.ts';
import { loadWithMoonrakerConf } from './moonraker-conf.ts';
import { connected, klipperState, readCommands } from './printer-points.ts';
import type { RunOptions } from './run.ts';
import { choosePrinters, type Settings } from './settings.ts';
import { lookAtWatching } from './watching-points.ts';

/** What the command line gives besides the configuration. */
export interface CheckOptions extends RunOptions {
  /** As in `[printer NAME]`; null checks every printer. */
  readonly printer: string | null;
}

/** Checks everything. Exit code 0 only if every print would be watched, else 1; rejects with a ConfigError. */
export async function check(options: CheckOptions, signal: AbortSignal): Promise<number> {
  const loaded = await loadWithMoonrakerConf(options);
  const printers = choosePrinters(loaded, options.printer);
  const say = (line: string) => process.stdout.write(`${line}\n`);
  for (const line of describeSettings(loaded.settings)) say(line);
  say('');
  const report = createReport(say);
  for (const warning of loaded.warnings) report.add('configuration', warn(warning));
  for (const { name, config } of printers) {
    if (name !== null) say(`\nprinter ${name}`);
    await lookBeside(config, loaded, options.version, (parts) =>
      lookAtAll(parts, config, { report, signal }),
    );
  }
  say(
    report.isGood
      ? '\nA print would be watched.'
      : '\nA print would NOT be watched. Mend what says FAIL, then check again.',
  );
  return report.isGood ? 0 : 1;
}

async function lookAtAll(parts: Composed, settings: Settings, points: Points): Promise<void> {
  const { connection, webcams, printer } = parts;
  if (!settings.detection.enabled) {
    points.report.add('detection', fail('switched off', 'Set [detection] enabled: True.'));
  }
  const isUp = await point(points, 'Moonraker', async (limit) => {
    const info = await connected(connection, limit);
    return ok(`connected, version ${info.moonraker_version}`);
  });
  if (isUp) {
    await point(points, 'Klipper', (limit) => klipperState(printer, limit));
    await point(points, 'commands', (limit) => checkCommands(connection, settings, limit));
    await lookAtStandby(connection, settings, points);
    await lookAtAlerts(connection, settings, points);
    await point(points, 'webcams', async (limit) => {
      const names = (await webcams.read(limit)).map(({ name, isEnabled }) =>
        isEnabled ? name : `${name} (disabled)`,
      );
      return ok(names.length === 0 ? 'Moonraker knows none' : names.join(', '));
    });
  }
  await lookAtWatching(parts, points);
}

/** Looks for the commands that pausing and alerts need. */
async function checkCommands(
  connection: MoonrakerConnection,
  { action, alerts }: Settings,
  signal: AbortSignal,
): Promise<Outcome> {
  const commands = await readCommands(connection, signal);
  if (commands === null) return warn('this Klipper does not list its commands');
  if ((action.onFailure === 'pause' || action.onFailure === 'confirm') && !commands.has('PAUSE')) {
    const hint = 'Add [pause_resume] to printer.cfg, or include mainsail.cfg or fluidd.cfg.';
    return fail('there is no PAUSE: a failing print could not be paused', hint);
  }
  if ((alerts.prompt || alerts.console) && !commands.has('RESPOND')) {
    return warn('there is no RESPOND: alerts would not be shown', 'Add [respond] to printer.cfg.');
  }
  return ok('PAUSE and RESPOND are there');
}
