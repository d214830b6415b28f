// Points about Klipper's configuration: the sections and macros that pausing, resuming, cancelling and alerts need.
import * as v from 'valibot';
import { objectListSchema } from '../../moonraker/messages.ts';
import type { Composed } from '../compose.ts';
import { fail, type Outcome, ok, type Points, point, warn } from '../finding.ts';
import { klipperState, readCommands } from '../printer-points.ts';
import type { Settings } from '../settings.ts';

const settingsSchema = v.object({
  status: v.object({
    configfile: v.optional(v.object({ settings: v.record(v.string(), v.unknown()) })),
  }),
});
const macroSchema = v.object({
  gcode: v.fallback(v.string(), ''),
  rename_existing: v.optional(v.string()),
});

/** What Klipper has. */
interface Klipper {
  /** null where it does not list them. */
  readonly commands: ReadonlySet<string> | null;
  readonly objects: ReadonlySet<string>;
  /** The configuration as read, by section. */
  readonly sections: Readonly<Record<string, unknown>>;
}

const includeHint = 'Include mainsail.cfg or fluidd.cfg in printer.cfg, or add the section yourself.';

/** Looks at Klipper. What it cannot say while it is not ready is left out. */
export async function lookAtKlipper(
  { connection, printer }: Pick<Composed, 'connection' | 'printer'>,
  settings: Settings,
  points: Points,
): Promise<void> {
  await point(points, 'Klipper', (limit) => klipperState(printer, limit));
  if (printer.print.kind === 'not-ready') return;
  await point(
    points,
    'printer.cfg',
    async (signal) => {
      const { objects } = await connection.call('printer.objects.list', {}, objectListSchema, { signal });
      const params = { objects: { configfile: ['settings'] } };
      const answer = await connection.call('printer.objects.query', params, settingsSchema, { signal });
      const klipper: Klipper = {
        objects: new Set(objects),
        commands: await readCommands(connection, signal),
        sections: answer.status.configfile?.settings ?? {},
      };
      reportSections(klipper, settings, points);
      return ok(`read, ${Object.keys(klipper.sections).length} sections`);
    },
    { atWorst: warn },
  );
}

function reportSections(klipper: Klipper, { action, alerts }: Settings, { report }: Points): void {
  const isPausing = action.onFailure === 'pause' || action.onFailure === 'confirm';
  const worst = isPausing ? fail : warn;
  report.add(
    '[pause_resume]',
    klipper.objects.has('pause_resume')
      ? ok('is there')
      : worst('is missing: a failing print could not be paused', includeHint),
  );
  const needsRespond = alerts.prompt || alerts.console;
  report.add('[respond]', respondOutcome(klipper, needsRespond));
  report.add('macro PAUSE', macroOutcome('PAUSE', klipper, worst));
  report.add('macro RESUME', macroOutcome('RESUME', klipper, warn));
  report.add(
    'macro CANCEL_PRINT',
    macroOutcome('CANCEL_PRINT', klipper, action.onFailure === 'cancel' ? fail : warn),
  );
}

function respondOutcome({ commands, sections }: Klipper, isNeeded: boolean): Outcome {
  if (commands?.has('RESPOND') === true || 'respond' in sections) return ok('is there');
  if (!isNeeded) return ok('is missing, and not needed: [alerts] prompt and console are off');
  return warn(
    'is missing: neither dialog nor console line would be shown',
    'Add an empty [respond] section to printer.cfg.',
  );
}

/** A command that may be Klipper's own, or a macro that has to call Klipper's own under its new name. */
export function macroOutcome(
  name: string,
  { commands, objects, sections }: Klipper,
  worst: typeof fail,
): Outcome {
  const macro = v.safeParse(macroSchema, sections[`gcode_macro ${name.toLowerCase()}`]);
  if (macro.success) {
    const { gcode, rename_existing: renamed } = macro.output;
    if (renamed !== undefined && gcode !== '' && !callsIt(gcode, renamed)) {
      return worst(
        `your macro never calls ${renamed}, so that nothing may come of it`,
        `Call ${renamed} in [gcode_macro ${name}], as mainsail.cfg and fluidd.cfg do.`,
      );
    }
    return ok('a macro');
  }
  const isThere = commands === null ? objects.has('pause_resume') : commands.has(name);
  if (!isThere) return worst('is missing', includeHint);
  return name === 'PAUSE'
    ? warn(
        "Klipper's own: the nozzle stays on the print while it is paused",
        'Include mainsail.cfg or fluidd.cfg: their PAUSE parks it.',
      )
    : ok("Klipper's own");
}

function callsIt(gcode: string, command: string): boolean {
  return gcode
    .toUpperCase()
    .split(/[^A-Z0-9_]+/)
    .includes(command.toUpperCase());
}
