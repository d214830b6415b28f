// What printers of one file do to each other: names that are too much alike, one Moonraker twice, one folder for two.
import { basename } from 'node:path';
import type { ConfFile } from './conf-file.ts';
import { twins } from './printers.ts';
import type { SectionKeys } from './schema.ts';
import type { Setting } from './settings.ts';
import { originText, settingId } from './sources.ts';

/** Where the printers come from. */
export interface PrintersContext {
  readonly file: string;
  readonly conf: ConfFile;
  /** What is written, by `settingId`. */
  readonly written: ReadonlyMap<string, Setting>;
  /** The common sections. */
  readonly sections: readonly SectionKeys[];
}

/** A printer with its settings by the `settingId` of the common section. */
export interface PrinterSettings {
  readonly name: string | null;
  readonly settings: ReadonlyMap<string, Setting>;
}

/** Two printers must not have these in common. */
const mustDiffer = [
  { id: settingId('moonraker', 'url'), why: 'a printer is watched once, by its own Moonraker' },
  { id: settingId('records', 'path'), why: 'what they remember would get mixed up' },
];

/** One finished line for each. Nothing for a file of one printer without a name. */
export function printerConflicts(
  context: PrintersContext,
  printers: readonly PrinterSettings[],
): readonly string[] {
  const lines: string[] = [];
  const words = new Set(context.sections.map(({ name }) => name.split(' ')[0] ?? ''));
  const names = new Map<string, string>();
  const taken = new Map<string, string>();
  for (const { name, settings } of printers) {
    if (name === null) continue;
    const header = context.conf.sections.find((section) => section.name === `printer ${name}`);
    const where = `${basename(context.file)}:${header?.line ?? 1}: [printer ${name}]:`;
    if (words.has(name)) {
      lines.push(
        `${where} ${name} is the name of a section; write [printer NAME ${name}], or name it otherwise`,
      );
    }
    // Case makes no difference to some file systems, and - is _ in a variable.
    const key = name.toLowerCase().replaceAll('-', '_');
    const like = names.get(key);
    names.set(key, name);
    if (like !== undefined) {
      lines.push(`${where} is too much like [printer ${like}]; use two names that differ`);
    }
    for (const { id, why } of mustDiffer) {
      const value = `${id} ${comparable(settings.get(id)?.value)}`;
      const other = taken.get(value);
      if (other === undefined) taken.set(value, name);
      else lines.push(`${where} has the same ${id} as [printer ${other}]: ${why}`);
    }
    for (const id of exclusiveIds(context.sections, settings)) {
      const value = `${id} ${settings.get(id)?.value}`;
      const other = taken.get(value);
      if (other === undefined) taken.set(value, name);
      else lines.push(`${where} has the same ${id} as [printer ${other}]: only one of them can have it`);
    }
    for (const [own, short] of twins(name)) {
      const [first, second] = [context.written.get(own), context.written.get(short)];
      if (first === undefined || second === undefined) continue;
      lines.push(`${originText(second.origin)}: ${short}: is also set as ${own}; keep one of the two`);
    }
  }
  return lines;
}

/** What of the host this printer wants for itself; backends that are not used want nothing. */
function exclusiveIds(
  sections: readonly SectionKeys[],
  settings: ReadonlyMap<string, Setting>,
): readonly string[] {
  const used = settings.get(settingId('backend', 'use'))?.value;
  return sections.flatMap(({ name, keys }) => {
    const backend = /^backend (.+)$/.exec(name)?.[1];
    if (backend !== undefined && !(Array.isArray(used) && used.includes(backend))) return [];
    return Object.entries(keys)
      .filter(([, key]) => key.kind === 'number' && key.isExclusive)
      .map(([keyName]) => settingId(name, keyName))
      .filter((id) => settings.get(id)?.value !== 0);
  });
}

/** This host has two names. */
function comparable(value: unknown): string {
  return String(value).replace(/^(wss?:\/\/)(localhost|\[::1\])(?=[:/])/, '$1127.0.0.1');
}
