// Which value holds: what is written is read with its key's schema, and each printer gets what is nearest to it.
import { join } from 'node:path';
import * as v from 'valibot';
import type { Key } from '../core/keys.ts';
import { placesOf } from './printers.ts';
import type { SectionKeys } from './schema.ts';
import type { Setting } from './settings.ts';
import { originText, settingId, type Written, writtenAs } from './sources.ts';
import { maskUrl } from './urls.ts';
import { allowedText, type Folders, fallbackText, type Value, valueSchema } from './values.ts';

/** Every value that is written somewhere, read. */
export interface ReadValues {
  /** By `settingId` of where it is written. A value that cannot be used stands here as its default. */
  readonly settings: ReadonlyMap<string, Setting>;
  /** `settingId`s of values that cannot be used. */
  readonly broken: ReadonlySet<string>;
  readonly problems: readonly string[];
}

/** Reads what `find` gives for the keys of these sections. */
export function readValues(
  sections: readonly SectionKeys[],
  find: (id: string) => Written | undefined,
  folders: Folders,
): ReadValues {
  const settings = new Map<string, Setting>();
  const broken = new Set<string>();
  const problems: string[] = [];
  for (const { name, keys } of sections) {
    for (const [keyName, key] of Object.entries(keys)) {
      const id = settingId(name, keyName);
      const found = find(id);
      if (found === undefined) continue;
      const result = v.safeParse(valueSchema(key, folders), found.text);
      if (!result.success) {
        const as = writtenAs(found.origin, id);
        problems.push(`${originText(found.origin)}: ${as}: ${complaint(key, found.text, result.issues)}`);
        broken.add(id);
      }
      const value = result.success ? result.output : fallbackValue(key, folders);
      settings.set(id, { section: name, key: keyName, kind: key.kind, value, origin: found.origin });
    }
  }
  return { settings, broken, problems };
}

/** Every key of `sections` as it holds for one printer, by the `settingId` of the common section. */
export function settingsInForce(
  printer: string | null,
  sections: readonly SectionKeys[],
  written: ReadonlyMap<string, Setting>,
  folders: Folders,
): ReadonlyMap<string, Setting> {
  const settings = new Map<string, Setting>();
  for (const section of sections) {
    for (const [keyName, key] of Object.entries(section.keys)) {
      const id = settingId(section.name, keyName);
      const place = placesOf(printer, section, keyName).find((each) => written.has(each));
      const setting = place === undefined ? undefined : written.get(place);
      settings.set(
        id,
        setting ?? {
          section: section.name,
          key: keyName,
          kind: key.kind,
          value: fallbackValue(key, folders),
          origin: { kind: 'default' },
        },
      );
    }
  }
  return printer === null ? settings : inOwnFolder(printer, settings);
}

const recordsPath = settingId('records', 'path');

/** What two printers remember must not end in one folder. */
function inOwnFolder(printer: string, settings: ReadonlyMap<string, Setting>): ReadonlyMap<string, Setting> {
  const setting = settings.get(recordsPath);
  if (setting?.section !== 'records' || typeof setting.value !== 'string') return settings;
  return new Map([...settings, [recordsPath, { ...setting, value: join(setting.value, printer) }]]);
}

function fallbackValue(key: Key, folders: Folders): Value {
  return v.parse(valueSchema(key, folders), fallbackText(key));
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
