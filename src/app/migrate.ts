// The command `migrate`: gives the settings their names of today in the files, and keeps a copy of each as it was.
import { basename, dirname, resolve } from 'node:path';
import { parseConf } from '../config/conf-file.ts';
import { migrateText } from '../config/migrate.ts';
import { applyMoves, type Move, moves } from '../config/moves.ts';
import { readText, settingId } from '../config/sources.ts';
import { ConfigError } from '../core/errors.ts';
import { rewriteFile } from './rewrite-file.ts';
import { loadSettings } from './settings.ts';

/** What the command line gives. */
export interface MigrateOptions {
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What else it works with; a test gives its own. */
export interface MigrateDeps {
  readonly table: readonly Move[];
  /** Wall clock, for the names of the copies. */
  readonly now: Date;
  readonly say: (line: string) => void;
}

/**
 * Rewrites the configuration file and the secrets file where one of their names has changed. Exit code 0.
 * @throws ConfigError for a configuration that cannot be used, before anything is changed; CONFIG_NOT_WRITTEN
 */
export async function migrate(
  { file, env }: MigrateOptions,
  deps: MigrateDeps = {
    table: moves,
    now: new Date(),
    say: (line) => process.stdout.write(`${line}\n`),
  },
): Promise<number> {
  const loaded = loadSettings(file, env, { moves: deps.table });
  const secretsFile = loaded.shared.secrets.file;
  let isChanged = false;
  for (const each of [loaded.file, ...(secretsFile === null ? [] : [secretsFile])]) {
    isChanged = (await migrateFile(each, deps)) || isChanged;
  }
  if (!isChanged) deps.say('Every name is the one of today: nothing to change.');
  return 0;
}

/** True when it was changed. */
async function migrateFile(file: string, { table, now, say }: MigrateDeps): Promise<boolean> {
  const read = readText(file);
  if (read === null) return false;
  const { renamed } = applyMoves(parseConf(read.text), table);
  if (renamed.length === 0) return false;
  const next = migrateText(read.text, table);
  if (meaning(next, []) !== meaning(read.text, table)) {
    throw new ConfigError(`${file} was not changed: it would have meant something else`, {
      code: 'CONFIG_NOT_WRITTEN',
      retry: 'never',
      hint: 'Please report this with the file. Rename the keys by hand meanwhile, as the warnings say.',
    });
  }
  let copy: string;
  try {
    copy = await rewriteFile(file, next, read.mode, now);
  } catch (cause) {
    throw new ConfigError(
      `${file} could not be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        code: 'CONFIG_NOT_WRITTEN',
        retry: 'never',
        hint: `It is as it was. Check that this user may write to ${dirname(file)}: ls -ld ${dirname(file)}`,
        cause,
      },
    );
  }
  for (const { line, from, to } of renamed) {
    say(
      `${basename(file)}:${line}: ${settingId(from.section, from.key)} is now ${settingId(to.section, to.key)}`,
    );
  }
  say(`${resolve(file)} is written; as it was: ${copy}`);
  return true;
}

/** What a file says, whatever its order and comments. */
function meaning(text: string, table: readonly Move[]): string {
  const { sections, problems } = applyMoves(parseConf(text), table).conf;
  const values = sections.flatMap(({ name, entries }) =>
    entries.map(({ key, value }) => `${settingId(name, key)} ${value}`),
  );
  return JSON.stringify([values.sort(), problems.map(({ message }) => message)]);
}
