// Loads the configuration: defaults, file, secrets file and environment become one checked object a printer, or one error with every mistake.
import { basename, dirname, resolve } from 'node:path';
import { ConfigError } from '../core/errors.ts';
import { fieldName } from '../core/keys.ts';
import { parseConf } from './conf-file.ts';
import { findConflicts } from './conflicts.ts';
import { readValues, settingsInForce } from './in-force.ts';
import { asConfSections, type MoonrakerSettings, readMoonrakerConf, twoPlaces } from './moonraker-conf.ts';
import { applyMoves, type Move, moves, renamedText } from './moves.ts';
import { printerConflicts } from './printer-conflicts.ts';
import { explainPrinterSection, printerNames, withPrinters } from './printers.ts';
import { type BackendKeys, type Config, type SectionKeys, type SharedConfig, sectionKeys } from './schema.ts';
import { quoted, readSecretsFile } from './secrets-file.ts';
import type { Setting } from './settings.ts';
import {
  originText,
  readEnvironment,
  readSource,
  readText,
  type Source,
  settingId,
  variableName,
  writtenAs,
} from './sources.ts';
import { longParts, secretsInUrl } from './urls.ts';
import type { Folders } from './values.ts';
import { explainWebhookSection, isWebhook, webhookNames } from './webhooks.ts';

/** What `loadConfig` needs from outside. */
export interface LoadOptions<Backends extends BackendKeys> {
  /** The configuration file; relative to the working directory. */
  readonly file: string;
  /** The environment, for secrets: `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The keys of every backend by name; the first is the default backend. */
  readonly backendKeys: Backends;
  /** Names that keys have had; those of this program unless a test says otherwise. */
  readonly moves?: readonly Move[];
  /** What stands in moonraker.conf; null where nothing is known of it. */
  readonly moonraker?: MoonrakerSettings | null;
}

const nothingThere: MoonrakerSettings = { sections: {}, problems: [] };

/** One printer that is to be watched. */
export interface PrinterConfig<Backends extends BackendKeys> {
  /** As in `[printer NAME]`; null for the only printer of a file without such sections. */
  readonly name: string | null;
  readonly config: Config<Backends>;
}

/** A configuration that can be used. */
export interface LoadedConfig<Backends extends BackendKeys> {
  /** In the order of the file; at least one. */
  readonly printers: readonly [PrinterConfig<Backends>, ...PrinterConfig<Backends>[]];
  /** What holds for the whole process. */
  readonly shared: SharedConfig;
  /** The file as an absolute path; it may be absent. */
  readonly file: string;
  /**
   * Every key in the order of the tables, then what is written for single printers. Holds secrets: show it through
   * `describeSettings` only.
   */
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
  const table = options.moves ?? moves;

  const text = readText(file);
  const { conf: parsed, renamed } = applyMoves(parseConf(text?.text ?? ''), table);
  const given = options.moonraker ?? nothingThere;
  const named = [...parsed.sections, ...asConfSections(given)];
  const common = sectionKeys(options.backendKeys, webhookNames(named));
  const printers = printerNames(parsed.sections);
  const sections = withPrinters(common, printers);
  const explain = (name: string) =>
    explainWebhookSection(name) ?? explainPrinterSection(name, printers, common);
  const conf = readSource(file, parsed, 'file', sections, explain);
  const secrets = readSecretsFile({ conf, folders, sections, common, printers, moves: table });
  const environment = readEnvironment(options.env, sections, table);
  const moonraker = readMoonrakerConf(given, common);
  const find = (id: string) =>
    environment.values.get(id) ?? secrets.values.get(id) ?? conf.values.get(id) ?? moonraker.values.get(id);
  const read = readValues(sections, find, folders);

  const inForce = (name: string | null) => {
    const settings = settingsInForce(name, common, read.settings, folders);
    return { name, settings, config: assemble<Backends>(common, settings) };
  };
  const [first = null, ...others] = printers;
  const all = [inForce(first), ...others.map(inForce)] as const;

  const problems = [...secrets.problems, ...conf.problems, ...moonraker.problems, ...read.problems];
  if (moonraker.values.size > 0) problems.push(...twoPlaces(file, parsed, common));
  problems.push(...printerConflicts({ file, conf: parsed, written: read.settings, sections: common }, all));
  const warnings = text === null ? [`${file} is not there: every setting has its default.`] : [];
  warnings.push(...renamed.map((each) => renamedText(file, each)));
  warnings.push(...secrets.warnings, ...environment.warnings);
  warnings.push(...openSecrets(file, conf, sections));
  const isBroken = ({ section, key, kind }: Setting) =>
    read.broken.has(settingId(section, key)) || (secrets.isMissing && kind === 'secret');
  for (const { name, settings, config } of all) {
    for (const conflict of findConflicts(config, settings, common)) {
      const involved = conflict.ids.flatMap((id) => settings.get(id) ?? []);
      // What a broken value would have been is not known.
      if (involved.some(isBroken)) continue;
      const line = conflictLine(file, name, conflict.message, involved);
      const lines = conflict.isFatal ? problems : warnings;
      // What is common to several printers is said once.
      if (!lines.includes(line)) lines.push(line);
    }
  }
  if (problems.length > 0) throw invalid(problems, secrets.openFile);
  const { settings: commonSettings } = inForce(null);
  const ownSettings = [...read.settings].filter(([id]) => !commonSettings.has(id));
  const settings = [...commonSettings.values(), ...ownSettings.map(([, setting]) => setting)];
  const [{ config }] = all;
  return {
    printers: all,
    shared: config,
    file,
    settings,
    warnings,
    secrets: secretValues(settings),
  };
}

/** Secrets that whoever opens Mainsail can read. */
function openSecrets(file: string, conf: Source, sections: readonly SectionKeys[]): string[] {
  return sections.flatMap(({ name, keys }) =>
    Object.entries(keys).flatMap(([keyName, key]) => {
      const id = settingId(name, keyName);
      if (key.kind !== 'secret' || !conf.values.has(id)) return [];
      return [
        `${basename(file)}: ${id}: whoever may open Mainsail or Fluidd can download this file and read the secret. ` +
          `Move it into a file of its own, named by [secrets] file, or into $${variableName(name, keyName)}.`,
      ];
    }),
  );
}

/** @param involved the settings of the conflict; the first is where to look */
function conflictLine(
  file: string,
  printer: string | null,
  message: string,
  involved: readonly Setting[],
): string {
  const isOwn = ({ section }: Setting) => section.startsWith('printer ');
  const [first] = involved;
  const origin = first?.origin ?? { kind: 'default' };
  const where = origin.kind === 'default' ? basename(file) : originText(origin);
  const id = first === undefined ? '' : writtenAs(origin, settingId(first.section, first.key));
  const whose = involved.some(isOwn) && !(first !== undefined && isOwn(first)) ? ` (printer ${printer})` : '';
  return `${where}: ${id}: ${message}${whose}`;
}

/** Puts the values where their names in code say. */
function assemble<Backends extends BackendKeys>(
  sections: readonly SectionKeys[],
  settings: ReadonlyMap<string, Setting>,
): Config<Backends> {
  const config: Record<string, unknown> = {};
  const backends: Record<string, unknown> = {};
  const webhooks: Record<string, unknown> = {};
  for (const { name, keys } of sections) {
    const values = Object.fromEntries(
      Object.entries(keys).map(([keyName, key]) => [
        fieldName(keyName, key),
        settings.get(settingId(name, keyName))?.value,
      ]),
    );
    if (name.startsWith('backend ')) backends[name.slice('backend '.length)] = values;
    else if (isWebhook(name)) webhooks[name.slice('webhook '.length)] = values;
    else config[name] = values;
  }
  // The types are made from the same tables as the values.
  return { ...config, backends, webhooks } as unknown as Config<Backends>;
}

function secretValues(settings: readonly Setting[]): string[] {
  const values = settings.flatMap(({ kind, value, section }) => {
    if (typeof value !== 'string') return [];
    if (kind === 'url' && isWebhook(section)) return [...secretsInUrl(value), ...longParts(value)];
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
