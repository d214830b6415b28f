// Points about the ways to reach a person: whether what they need is there. Nothing is sent.
import * as v from 'valibot';
import { notifyMacro } from '../alerts/notifier.ts';
import { holdsResume, noHold } from '../moonraker/after-pause.ts';
import type { MoonrakerConnection } from '../moonraker/connection.ts';
import { type Outcome, ok, type Points, point, warn } from './finding.ts';
import { readCommands } from './printer-points.ts';
import type { Settings } from './settings.ts';

/** Looks whether a resume, by anybody, would wait for the hotend: only then it is cooled. */
export async function lookAtStandby(
  connection: MoonrakerConnection,
  { action }: Settings,
  points: Points,
): Promise<void> {
  if (action.hotendStandby === 0) return;
  await point(points, 'hotend_standby', async (limit) => {
    const help = await connection.call('printer.gcode.help', {}, v.unknown(), { signal: limit });
    if (holdsResume(help)) return ok('RESUME waits for the hotend');
    const hint =
      'Put [include lookout.cfg] into printer.cfg, below the include of mainsail.cfg or fluidd.cfg.';
    return warn(`the hotend will stay hot: ${noHold}`, hint);
  });
}

/** Looks at the channels that are switched on. Prints are watched without them too. */
export async function lookAtAlerts(
  connection: MoonrakerConnection,
  { alerts }: Settings,
  points: Points,
): Promise<void> {
  if (alerts.m117) {
    await point(points, 'm117', async (limit) => {
      const commands = await readCommands(connection, limit);
      if (commands === null || commands.has('M117')) return ok('M117 is there');
      return warn('there is no M117', 'Add [display_status] to printer.cfg.');
    });
  }
  const { notifier } = alerts;
  if (notifier !== null) {
    await point(points, 'notifier', (limit) => checkNotifier(connection, notifier, limit));
  }
}

const configSchema = v.object({ config: v.record(v.string(), v.unknown()) });

async function checkNotifier(
  connection: MoonrakerConnection,
  name: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const commands = await readCommands(connection, signal);
  if (commands !== null && !commands.has(notifyMacro)) {
    return warn(`printer.cfg has no macro ${notifyMacro}`, 'Add [include lookout.cfg] to printer.cfg.');
  }
  // Not server.notifiers.list: that one is never answered where a notifier has an attachment.
  const { config } = await connection.call('server.config', {}, configSchema, { signal });
  if (config[`notifier ${name}`] !== undefined) return ok(`[notifier ${name}] and ${notifyMacro} are there`);
  return warn(
    `Moonraker has no [notifier ${name}]`,
    'Add it to moonraker.conf (moonraker.conf.example shows how), or correct [alerts] notifier.',
  );
}
