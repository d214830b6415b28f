// The settings that stand in moonraker.conf, as our component in Moonraker hands them over: `[lookout camera]` is `[camera]`.
import { basename } from 'node:path';
import type { ConfFile, ConfSection } from './conf-file.ts';
import type { SectionKeys } from './schema.ts';
import { findKey } from './schema.ts';
import { type Source, settingId, unknownKey, unknownSection, type Written } from './sources.ts';

/** What moonraker.conf has for us. */
export interface MoonrakerSettings {
  /** Option names and values by the whole name of the section, such as `lookout camera`. */
  readonly sections: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Options whose templates Moonraker could not render. */
  readonly problems: readonly {
    readonly section: string;
    readonly option: string;
    readonly message: string;
  }[];
}

/** The sections by the names that they would have in our own file, for what only looks at names. */
export function asConfSections({ sections }: MoonrakerSettings): readonly ConfSection[] {
  return Object.keys(sections).map((name) => ({ name: name.replace(/^lookout /, ''), line: 0, entries: [] }));
}

/** How Moonraker is reached has to be known before it can be asked. */
const ownPlace = new Set(['moonraker']);

/** Reads them against the known sections. What holds for the whole process stays in our own file. */
export function readMoonrakerConf(given: MoonrakerSettings, known: readonly SectionKeys[]): Source {
  const values = new Map<string, Written>();
  const problems = given.problems.map(
    ({ section, option, message }) => `moonraker.conf: ${settingId(section, option)}: ${message}`,
  );
  const usable = known
    .filter(({ name, isShared }) => !isShared && !ownPlace.has(name))
    .map((section) => ({ ...section, name: `lookout ${section.name}` }));
  for (const [name, options] of Object.entries(given.sections)) {
    const section = usable.find((each) => each.name === name);
    const complain = (message: string) => problems.push(`moonraker.conf: ${message}`);
    if (section === undefined) {
      const isTop = name === 'lookout';
      if (isTop && Object.keys(options).length === 0) continue;
      const place = known.find((each) => name === `lookout ${each.name}`);
      if (isTop) complain('[lookout] takes no keys itself; they go under [lookout camera] and so on');
      else if (place !== undefined)
        complain(`[${name}] belongs into moonraker-lookout.conf, as [${place.name}]`);
      else complain(unknownSection(name, usable));
      continue;
    }
    const common = name.slice('lookout '.length);
    for (const [option, text] of Object.entries(options)) {
      if (findKey(usable, name, option) === undefined) {
        complain(`${settingId(name, option)}: ${unknownKey(option, section, usable)}`);
      } else {
        // A value of several lines begins with an empty one there.
        values.set(settingId(common, option), { text: text.trim(), origin: { kind: 'moonraker-conf' } });
      }
    }
  }
  return { values, problems };
}

/** What our own file may not hold beside settings in moonraker.conf: one line that names both, or none. */
export function twoPlaces(file: string, conf: ConfFile, known: readonly SectionKeys[]): readonly string[] {
  const isAllowed = (name: string) =>
    ownPlace.has(name) || known.some((section) => section.name === name && section.isShared);
  const found = conf.sections.find(({ name, entries }) => entries.length > 0 && !isAllowed(name));
  if (found === undefined) return [];
  const allowed = [...ownPlace, ...known.filter(({ isShared }) => isShared).map(({ name }) => name)];
  return [
    `${basename(file)}:${found.line}: [${found.name}] stands here, and moonraker.conf has [lookout …] settings as well. ` +
      `Keep them all in one of the two; only ${allowed.map((name) => `[${name}]`).join(', ')} may stay here beside those.`,
  ];
}
