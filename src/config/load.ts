// Loads the configuration: defaults, file, secrets file and environment become one checked object, or one error with every mistake.
import { basename, dirname, join, resolve, sep } from 'node:path';
import * as v from 'valibot';
import { ConfigError } from '../core/errors.ts';
import { fieldName, type Key } from '../core/keys.ts';
import { findConflicts } from './conflicts.ts';
import { type BackendKeys, type Config, type SectionKeys, sectionKeys } from './schema.ts';
import { bySettingId, type Setting } from './settings.ts';
import {
  originText,
  readEnvironment,
  readSource,
  readText,
  type Source,
  settingId,
  variableName,
} from './sources.ts';
import { maskUrl, secretsInUrl } from './urls.ts';
import { allowedText, type Folders, fallbackText, valueSchema } from './values.ts';

/** What `loadConfig` needs from outside. */
export interface LoadOptions<Backends extends BackendKeys> {
  /** The configuration file; relative to the working directory. */
  readonly file: string;
  /** The environment, for secrets: `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The keys of every backend by name; the first is the default backend. */
  readonly backendKeys: Backends;
}

/** A configuration that can be used. */
export interface LoadedConfig<Backends extends BackendKeys> {
  readonly config: Config<Backends>;
  /** The file as an absolute path; it may be absent. */
  readonly file: string;
  /** Every key in the order of the tables. Holds secrets: show it through `describeSettings` only. */
  readonly settings: readonly Setting[];
  /** Sentences for the log and for `check`. */
  readonly warnings: readonly string[];
  /** Every secret value, to be registered with the log before anything is logged. */
  readonly secrets: readonly string[];
}

/**
 * Loads and checks the configuration. A missing file is the defaults, with a warning.
 * @throws ConfigError CONFIG_INVALID with one line for every mistake; CONFIG_SECRETS_OPEN (the same lines, the secrets
 *   file first) when others may read the secrets file; CONFIG_UNREADABLE
 */
export function loadConfig<const Backends extends BackendKeys>(
  options: LoadOptions<Backends>,
): LoadedConfig<Backends> {
  const file = resolve(options.file);
  const folders: Folders = { config: dirname(file), printerData: dirname(dirname(file)) };
  const sections = sectionKeys(options.backendKeys);

  const text = readText(file);
  const conf = readSource(file, text?.text ?? '', 'file', sections);
  const secrets = readSecretsFile(conf, folders, sections);
  const environment = readEnvironment(options.env, sections);
  const problems = [...secrets.problems, ...conf.problems];
  const warnings = text === null ? [`${file} is not there: every setting has its default.`] : [];
  warnings.push(...secrets.warnings, ...environment.warnings);

  const settings: Setting[] = [];
  const broken = new Set<string>();
  for (const { name, keys } of sections) {
    for (const [keyName, key] of Object.entries(keys)) {
      const id = settingId(name, keyName);
      const read = (written: string) => v.safeParse(valueSchema(key, folders), written);
      const found = environment.values.get(id) ?? secrets.values.get(id) ?? conf.values.get(id);
      const result = read(found?.text ?? fallbackText(key));
      if (found !== undefined && !result.success) {
        problems.push(`${originText(found.origin)}: ${id}: ${complaint(key, found.text, result.issues)}`);
        broken.add(id);
      }
      if (secrets.isMissing && key.kind === 'secret') broken.add(id);
      const value = result.success ? result.output : v.parse(valueSchema(key, folders), fallbackText(key));
      settings.push({
        section: name,
        key: keyName,
        kind: key.kind,
        value,
        origin: found?.origin ?? { kind: 'default' },
      });
      if (key.kind === 'secret' && conf.values.has(id)) {
        warnings.push(
          `${basename(file)}: ${id}: whoever may open Mainsail or Fluidd can download this file and read the secret. ` +
            `Move it into a file of its own, named by [secrets] file, or into $${variableName(name, keyName)}.`,
        );
      }
    }
  }

  const config = assemble<Backends>(sections, settings);
  const byId = bySettingId(settings);
  for (const { ids, message, isFatal } of findConflicts(config, byId, sections)) {
    // What a broken value would have been is not known.
    if (ids.some((id) => broken.has(id))) continue;
    const origin = byId.get(ids[0])?.origin ?? { kind: 'default' };
    const where = origin.kind === 'default' ? basename(file) : originText(origin);
    (isFatal ? problems : warnings).push(`${where}: ${ids[0]}: ${message}`);
  }
  if (problems.length > 0) throw invalid(problems, secrets.openFile);
  return { config, file, settings, warnings, secrets: secretValues(settings) };
}

interface SecretsSource extends Source {
  readonly warnings: readonly string[];
  /** The file that others may read; null when all is well. */
  readonly openFile: string | null;
  /** A file is named but could not be read. */
  readonly isMissing: boolean;
}

function readSecretsFile(conf: Source, folders: Folders, sections: readonly SectionKeys[]): SecretsSource {
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
  const source = readSource(file, text.text, 'secrets-file', sections);
  const isOpen = (text.mode & 0o077) !== 0;
  const mode = text.mode.toString(8).padStart(3, '0');
  return {
    values: source.values,
    problems: [
      ...(isOpen ? [`${where}: others may read ${file} (mode ${mode}); run: chmod 600 ${quoted(file)}`] : []),
      ...source.problems,
    ],
    warnings: ['config', 'logs', 'gcodes']
      .map((folder) => (folder === 'config' ? folders.config : join(folders.printerData, folder)))
      .filter((folder) => file.startsWith(folder + sep))
      .map(
        (folder) =>
          `${where}: ${file} can be downloaded through Moonraker, as everything in ${folder}. ` +
          `Move it out of there, such as to ${join(folders.printerData, 'moonraker-lookout.secrets')}.`,
      ),
    openFile: isOpen ? file : null,
    isMissing: false,
  };
}

function complaint(key: Key, text: string, issues: readonly { readonly message: string }[]): string {
  const more = issues.map((issue) => issue.message).find((message) => message !== '');
  const found = key.kind === 'secret' ? 'a value that is not shown here' : `"${excerpt(maskUrl(text))}"`;
  return `found ${found}, allowed: ${allowedText(key)}${more === undefined ? '' : `; ${more}`}`;
}

function excerpt(text: string): string {
  const line = text.replaceAll('\n', ' ⏎ ');
  return line.length > 60 ? `${line.slice(0, 60)}…` : line;
}

/** Puts the values where their names in code say. */
function assemble<Backends extends BackendKeys>(
  sections: readonly SectionKeys[],
  settings: readonly Setting[],
): Config<Backends> {
  const config: Record<string, unknown> = {};
  const backends: Record<string, unknown> = {};
  for (const { name, keys } of sections) {
    const values = Object.fromEntries(
      settings
        .filter((setting) => setting.section === name)
        .map(({ key: keyName, value }) => {
          const key = keys[keyName];
          return [key === undefined ? keyName : fieldName(keyName, key), value];
        }),
    );
    if (name.startsWith('backend ')) backends[name.slice('backend '.length)] = values;
    else config[name] = values;
  }
  // The types are made from the same tables as the values.
  return { ...config, backends } as unknown as Config<Backends>;
}

function secretValues(settings: readonly Setting[]): string[] {
  const values = settings.flatMap(({ kind, value }) => {
    if (typeof value !== 'string') return [];
    return kind === 'secret' ? [value] : kind === 'url' ? secretsInUrl(value) : [];
  });
  return [...new Set(values)];
}

/** Lines in one error; more would hide the first. */
const maxProblems = 50;

function invalid(problems: readonly string[], openFile: string | null): ConfigError {
  const more = problems.length - maxProblems;
  const lines = [...problems.slice(0, maxProblems), ...(more > 0 ? [`… and ${more} more`] : [])];
  return new ConfigError(lines.join('\n'), {
    code: openFile === null ? 'CONFIG_INVALID' : 'CONFIG_SECRETS_OPEN',
    retry: 'never',
    hint:
      openFile === null
        ? 'Mend the lines above, then start again; moonraker-lookout check tries a configuration without watching.'
        : `Run: chmod 600 ${quoted(openFile)}`,
  });
}

function quoted(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
