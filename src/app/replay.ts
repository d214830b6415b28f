// The command `replay`: takes the decisions of a recorded incident again and shows both side by side.
import { RecordError } from '../core/errors.ts';
import { explainReplay, explainReplayResult } from '../core/explain-replay.ts';
import { type ReplayRow, replay } from '../core/replay.ts';
import type { DecideOptions } from '../core/watch-state.ts';
import { type IncidentFile, readIncidentFile } from '../records/incident-file.ts';
import { decideOptionsOf } from './decide-options.ts';
import { choosePrinters, loadSettings } from './settings.ts';

/** What the command line gives. */
export interface ReplayOptions {
  /** The zip or the folder. */
  readonly incident: string;
  /** Its settings decide; null: those of the record. */
  readonly config: string | null;
  /** Whose settings of it, where it is for several printers; null: those of the first. */
  readonly printer: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Exit code 0 when every decision is the same, 1 when one differs; rejects with a RecordError or a ConfigError. */
export async function replayIncident({ incident, config, printer, env }: ReplayOptions): Promise<number> {
  // An empty file: the defaults of this version.
  const defaults = optionsIn('/dev/null', {}, null);
  const chosen = config === null ? null : optionsIn(config, env, printer);
  const file = await readIncidentFile(incident);
  const rows = decideAgain(file, (recorded) => chosen ?? { ...defaults, ...recorded }, chosen === null);
  const { header } = file;
  const openedAtMs = header.incident.openedAt.atMs;
  const say = (line: string) => process.stdout.write(`${line}\n`);
  say(
    `Incident ${header.incident.id} of ${JSON.stringify(header.incident.job.filename)}, recorded by ${header.program}.`,
  );
  say(config === null ? 'Settings: as recorded.\n' : `Settings: ${config}, beside those of the record.\n`);
  for (const line of explainReplay(rows, openedAtMs)) say(line);
  say(`\n${explainReplayResult(rows, openedAtMs)}`);
  return rows.every(({ isSame }) => isSame) ? 0 : 1;
}

function optionsIn(file: string, env: ReplayOptions['env'], printer: string | null): DecideOptions {
  return decideOptionsOf(choosePrinters(loadSettings(file, env), printer)[0].config);
}

function decideAgain(
  { trace }: IncidentFile,
  optionsOf: (recorded: Partial<DecideOptions>) => DecideOptions,
  isDrawnKept: boolean,
): ReplayRow[] {
  try {
    return replay(trace, optionsOf, isDrawnKept);
  } catch (cause) {
    throw new RecordError('this record cannot be replayed: the decision core stumbled over it', {
      code: 'RECORD_UNREADABLE',
      retry: 'never',
      hint: 'It may be from another version of moonraker-lookout.',
      cause,
    });
  }
}
