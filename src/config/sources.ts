// Where values come from: the configuration file, the secrets file and the environment, each value with its origin.
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { ConfigError } from '../core/errors.ts';
import type { ConfFile } from './conf-file.ts';
import { type Move, moveVariables } from './moves.ts';
import { nearestName } from './nearest.ts';
import { findKey, type SectionKeys } from './schema.ts';

/** Where a value was found. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly file: string; readonly line: number }
  | { readonly kind: 'secrets-file'; readonly file: string; readonly line: number }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'moonraker-conf' };

/** The text of one key and where it was found. */
export interface Written {
  readonly text: string;
  readonly origin: Origin;
}

/** Texts by `settingId`. */
export type WrittenValues = ReadonlyMap<string, Written>;

/** What a source holds, and one finished line for each mistake in it. */
export interface Source {
  readonly values: WrittenValues;
  readonly problems: readonly string[];
}

/** Names a key across sections: `[detection] blind_after`. */
export function settingId(section: string, key: string): string {
  return `[${section}] ${key}`;
}

/** Where a person has to look: `moonraker-lookout.conf:12`, `moonraker.conf`, `$LOOKOUT_MOONRAKER_API_KEY`, `default`. */
export function originText(origin: Origin): string {
  switch (origin.kind) {
    case 'default':
      return 'default';
    case 'file':
    case 'secrets-file':
      return `${basename(origin.file)}:${origin.line}`;
    case 'environment':
      return `$${origin.variable}`;
    case 'moonraker-conf':
      return 'moonraker.conf';
  }
}

/** A key as it is written there: in moonraker.conf all of our sections begin with the word lookout. */
export function writtenAs(origin: Origin, id: string): string {
  return origin.kind === 'moonraker-conf' ? id.replace('[', '[lookout ') : id;
}

/** A file's text and permissions; null when there is no such file. */
export interface FileText {
  readonly text: string;
  /** Permission bits, such as 0o600. */
  readonly mode: number;
}

/** A configuration larger than this is a mistake. */
const maxFileBytes = 256 * 1024;

/**
 * Reads a small text file.
 * @throws ConfigError CONFIG_UNREADABLE when it is there but cannot be read
 */
export function readText(file: string): FileText | null {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(file, 'r');
    // Asked of the open file, so that mode and text belong to the same one.
    const { mode, size } = fstatSync(descriptor);
    if (size > maxFileBytes) throw new Error(`it is larger than ${maxFileBytes} bytes`);
    return { text: readFileSync(descriptor, 'utf8'), mode: mode & 0o777 };
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw new ConfigError(
      `${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        code: 'CONFIG_UNREADABLE',
        retry: 'never',
        hint: `Check that ${file} is a text file that this user may read: ls -l ${file}`,
        cause,
      },
    );
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

/**
 * Reads Klipper-style text against the known sections.
 * @param kind `file` takes every key, `secrets-file` only those of kind secret
 * @param explain what is wrong with a section that is not known; null leaves it to say that it is not
 */
export function readSource(
  file: string,
  conf: ConfFile,
  kind: 'file' | 'secrets-file',
  sections: readonly SectionKeys[],
  explain: (section: string) => string | null,
): Source {
  const values = new Map<string, Written>();
  const found: { line: number; message: string }[] = [...conf.problems];
  for (const section of conf.sections) {
    const known = sections.find(({ name }) => name === section.name);
    if (known === undefined) {
      found.push({
        line: section.line,
        message: explain(section.name) ?? unknownSection(section.name, sections),
      });
      continue;
    }
    for (const entry of section.entries) {
      const key = findKey(sections, section.name, entry.key);
      const id = settingId(section.name, entry.key);
      if (key === undefined) {
        found.push({ line: entry.line, message: `${id}: ${unknownKey(entry.key, known, sections)}` });
      } else if (kind === 'secrets-file' && key.kind !== 'secret') {
        found.push({
          line: entry.line,
          message: `${id}: is not a secret; it belongs into the configuration file`,
        });
      } else {
        values.set(id, { text: entry.value, origin: { kind, file, line: entry.line } });
      }
    }
  }
  found.sort((a, b) => a.line - b.line);
  return { values, problems: found.map(({ line, message }) => `${basename(file)}:${line}: ${message}`) };
}

/** The variable that can hold a secret: `LOOKOUT_BACKEND_OCTOEVERYWHERE_API_KEY`. */
export function variableName(section: string, key: string): string {
  return `LOOKOUT_${section}_${key}`.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
}

/** Secrets from the environment; empty variables count as not set. One that looks misspelt is worth a warning. */
export function readEnvironment(
  given: Readonly<Record<string, string | undefined>>,
  sections: readonly SectionKeys[],
  moves: readonly Move[],
): { readonly values: WrittenValues; readonly warnings: readonly string[] } {
  const secretKeys = sections.flatMap(({ name, keys }) =>
    Object.entries(keys).flatMap(([key, { kind }]) => (kind === 'secret' ? [{ section: name, key }] : [])),
  );
  const { env, warnings: renamed } = moveVariables(given, secretKeys, moves, variableName);
  const values = new Map<string, Written>();
  const variables: string[] = [];
  for (const { section, key } of secretKeys) {
    const variable = variableName(section, key);
    variables.push(variable);
    const text = env[variable]?.trim() ?? '';
    if (text !== '') values.set(settingId(section, key), { text, origin: { kind: 'environment', variable } });
  }
  const warnings = Object.keys(env)
    .filter((name) => /^LOOKOUT_.*(KEY|PASSWORD|TOKEN|SECRET)$/.test(name) && !variables.includes(name))
    .map((name) => `$${name}: unknown variable, ${suggestion(name, variables, (each) => `$${each}`)}`);
  return { values, warnings: [...renamed, ...warnings] };
}

/** What is wrong with the name of a section. */
export function unknownSection(name: string, sections: readonly SectionKeys[]): string {
  const names = sections.map((section) => section.name).filter((each) => !each.startsWith('printer '));
  return `unknown section [${cut(name)}], ${suggestion(name, [...names, 'printer NAME'], (each) => `[${each}]`)}`;
}

/** What is wrong with the name of a key. */
export function unknownKey(name: string, section: SectionKeys, sections: readonly SectionKeys[]): string {
  const names = Object.keys(section.keys);
  // What belongs to one printer is looked for among what is its own.
  const family = /^printer \S+/.exec(section.name)?.[0] ?? '';
  const elsewhere = sections.filter(
    (each) => Object.hasOwn(each.keys, name) && (/^printer \S+/.exec(each.name)?.[0] ?? '') === family,
  );
  if (nearestName(name, names) === null && elsewhere.length === 1) {
    return `unknown key here, it belongs under [${elsewhere[0]?.name}]`;
  }
  return `unknown key, ${suggestion(name, names, (each) => each)}`;
}

function suggestion(written: string, names: readonly string[], show: (name: string) => string): string {
  const nearest = nearestName(written, names);
  return nearest === null ? `known: ${names.map(show).join(', ')}` : `did you mean ${show(nearest)}?`;
}

function cut(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
