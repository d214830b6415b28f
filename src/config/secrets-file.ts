// The second file, with keys and passwords: found by `[secrets] file`, and to be read by its owner only.
import { join, sep } from 'node:path';
import * as v from 'valibot';
import { ConfigError } from '../core/errors.ts';
import { parseConf } from './conf-file.ts';
import { applyMoves, type Move, renamedText } from './moves.ts';
import { explainPrinterSection } from './printers.ts';
import type { SectionKeys } from './schema.ts';
import { originText, readSource, readText, type Source, settingId } from './sources.ts';
import { type Folders, valueSchema } from './values.ts';

/** What the secrets file holds. */
export interface SecretsSource extends Source {
  readonly warnings: readonly string[];
  /** The file that others may read; null when all is well. */
  readonly openFile: string | null;
  /** A file is named but could not be read. */
  readonly isMissing: boolean;
}

/** What there is to know before it is read. */
export interface SecretsContext {
  /** The configuration file as read. */
  readonly conf: Source;
  readonly folders: Folders;
  /** Every section there is, those of the printers included. */
  readonly sections: readonly SectionKeys[];
  /** Without those of the printers. */
  readonly common: readonly SectionKeys[];
  readonly printers: readonly string[];
  readonly moves: readonly Move[];
}

/** Reads the file that the configuration names; nothing at all where it names none. */
export function readSecretsFile(context: SecretsContext): SecretsSource {
  const { conf, folders, sections, common, printers, moves } = context;
  const none = { values: new Map(), problems: [], warnings: [], openFile: null, isMissing: false };
  const named = conf.values.get(settingId('secrets', 'file'));
  if (named === undefined) return none;
  const path = v.safeParse(
    valueSchema({ kind: 'path', fallback: null, mayBeNone: false, about: '' }, folders),
    named.text,
  );
  // A path that cannot be one is reported with all other bad values.
  if (!path.success || typeof path.output !== 'string') return none;
  const file = path.output;
  const where = `${originText(named.origin)}: ${settingId('secrets', 'file')}`;
  let text: ReturnType<typeof readText>;
  try {
    text = readText(file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { ...none, isMissing: true, problems: [`${where}: ${error.message}`] };
  }
  if (text === null) {
    return { ...none, isMissing: true, problems: [`${where}: ${file} does not exist`] };
  }
  const explain = (name: string) => explainPrinterSection(name, printers, common);
  const { conf: parsed, renamed } = applyMoves(parseConf(text.text), moves);
  const source = readSource(file, parsed, 'secrets-file', sections, explain);
  const isOpen = (text.mode & 0o077) !== 0;
  const mode = text.mode.toString(8).padStart(3, '0');
  return {
    values: source.values,
    problems: [
      ...(isOpen ? [`${where}: others may read ${file} (mode ${mode}); run: chmod 600 ${quoted(file)}`] : []),
      ...source.problems,
    ],
    warnings: [...renamed.map((each) => renamedText(file, each)), ...openFolders(file, where, folders)],
    openFile: isOpen ? file : null,
    isMissing: false,
  };
}

/** What everybody who opens Mainsail can download. */
function openFolders(file: string, where: string, folders: Folders): string[] {
  return ['config', 'logs', 'gcodes']
    .map((folder) => (folder === 'config' ? folders.config : join(folders.printerData, folder)))
    .filter((folder) => file.startsWith(folder + sep))
    .map(
      (folder) =>
        `${where}: ${file} can be downloaded through Moonraker, as everything in ${folder}. ` +
        `Move it out of there, such as to ${join(folders.printerData, 'moonraker-lookout.secrets')}.`,
    );
}

/** A path as one word for a shell. */
export function quoted(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
