// Keys and sections that have had another name: a file of an older version means the same, with a warning.
import { basename } from 'node:path';
import type { ConfEntry, ConfFile, ConfSection } from './conf-file.ts';

/** One renaming. Both hold for `[printer NAME …]` as well; the section `printer` stands for `[printer NAME]` itself. */
export type Move =
  | {
      readonly kind: 'key';
      readonly section: string;
      readonly key: string;
      readonly to: { readonly section: string; readonly key: string };
      /** The version that renamed it. */
      readonly since: string;
    }
  | { readonly kind: 'section'; readonly section: string; readonly to: string; readonly since: string };

/** Every renaming since the first release, oldest first: a key may be renamed again. */
export const moves: readonly Move[] = [];

/** Where something is written today. */
export interface Place {
  readonly section: string;
  readonly key: string;
}

/** Something written under its former name. */
export interface Renamed {
  readonly line: number;
  readonly from: Place;
  readonly to: Place;
  readonly since: string;
}

/** A sentence for the log. */
export function renamedText(file: string, { line, from, to, since }: Renamed): string {
  const place = from.section === to.section ? to.key : `[${to.section}] ${to.key}`;
  return (
    `${basename(file)}:${line}: [${from.section}] ${from.key}: is called ${place} since version ${since}. It is understood as it is; ` +
    'moonraker-lookout migrate writes it so, and keeps a copy of the file.'
  );
}

/** Where this key belongs today, and since when; null where its name is as it was. */
export function newPlace(place: Place, table: readonly Move[]): { place: Place; since: string } | null {
  let found: { place: Place; since: string } | null = null;
  for (const move of table) {
    const { section, key }: Place = found?.place ?? place;
    const { printer, bare } = split(section);
    if (move.section !== bare || (move.kind === 'key' && move.key !== key)) continue;
    const to: Place = move.kind === 'section' ? { section: move.to, key } : move.to;
    found = { place: { ...to, section: join(printer, to.section) }, since: move.since };
  }
  return found;
}

/** True for a section that is no more under this name. */
export function isSectionRenamed(section: string, table: readonly Move[]): boolean {
  const { bare } = split(section);
  return table.some((move) => move.kind === 'section' && move.section === bare);
}

/** Secrets whose variables have had other names are found under those too. */
export function moveVariables(
  env: Readonly<Record<string, string | undefined>>,
  places: readonly Place[],
  table: readonly Move[],
  variableName: (section: string, key: string) => string,
): { readonly env: Readonly<Record<string, string | undefined>>; readonly warnings: readonly string[] } {
  const next: Record<string, string | undefined> = { ...env };
  const warnings: string[] = [];
  for (const place of places) {
    for (const former of formerPlaces(place, table)) {
      const [old, now] = [variableName(former.section, former.key), variableName(place.section, place.key)];
      if (old === now || (next[old] ?? '') === '') continue;
      if ((next[now] ?? '') === '') next[now] = next[old];
      delete next[old];
      warnings.push(`$${old}: is now $${now}; the old name is understood.`);
    }
  }
  return { env: next, warnings };
}

function formerPlaces(place: Place, table: readonly Move[]): Place[] {
  const { printer, bare } = split(place.section);
  let names: Place[] = [{ section: bare, key: place.key }];
  const all: Place[] = [];
  for (const move of table.toReversed()) {
    const before = names.flatMap(({ section, key }): Place[] => {
      if (move.kind === 'section') return move.to === section ? [{ section: move.section, key }] : [];
      return move.to.section === section && move.to.key === key
        ? [{ section: move.section, key: move.key }]
        : [];
    });
    all.push(...before);
    names = [...names, ...before];
  }
  return all.map(({ section, key }) => ({ section: join(printer, section), key }));
}

/** The file as it would be written today. What stands there under both names is a problem. */
export function applyMoves(
  conf: ConfFile,
  table: readonly Move[],
): { readonly conf: ConfFile; readonly renamed: readonly Renamed[] } {
  const renamed: Renamed[] = [];
  const problems = [...conf.problems];
  const entriesOf = new Map<string, { line: number; entries: ConfEntry[] }>();
  for (const { name, line, entries } of conf.sections) {
    const kept: ConfEntry[] = [];
    for (const entry of entries) {
      const moved = newPlace({ section: name, key: entry.key }, table);
      if (moved === null) kept.push(entry);
      else {
        const from = { section: name, key: entry.key };
        renamed.push({ line: entry.line, from, to: moved.place, since: moved.since });
      }
    }
    // A section that is no more, and holds nothing but what has moved, is no mistake.
    const isPrinter = split(name).bare === 'printer';
    const isOnlyEmpty = entries.length === 0 && !isSectionRenamed(name, table);
    const isLeft = kept.length > 0 || isPrinter || isOnlyEmpty;
    if (isLeft) entriesOf.set(name, { line, entries: kept });
  }
  for (const { line, from, to } of renamed) {
    const entry = conf.sections
      .find(({ name }) => name === from.section)
      ?.entries.find(({ key }) => key === from.key);
    const target = entriesOf.get(to.section) ?? { line, entries: [] };
    const other = target.entries.find(({ key }) => key === to.key);
    if (other !== undefined) {
      const message = `[${from.section}] ${from.key}: is now [${to.section}] ${to.key}, which is set on line ${other.line}; keep that one`;
      problems.push({ line, message });
    } else if (entry !== undefined) {
      target.entries.push({ ...entry, key: to.key });
      entriesOf.set(to.section, target);
    }
  }
  const sections: ConfSection[] = [...entriesOf].map(([name, section]) => ({ name, ...section }));
  return { conf: { sections, problems }, renamed };
}

function split(section: string): { printer: string | null; bare: string } {
  const [word, printer, ...rest] = section.split(' ');
  if (word !== 'printer' || printer === undefined) return { printer: null, bare: section };
  return { printer, bare: rest.length === 0 ? 'printer' : rest.join(' ') };
}

function join(printer: string | null, bare: string): string {
  if (printer === null) return bare;
  return bare === 'printer' ? `printer ${printer}` : `printer ${printer} ${bare}`;
}
