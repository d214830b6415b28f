// Several printers in one file: which there are, which sections are theirs, and what of the common sections holds for each.
import type { ConfSection } from './conf-file.ts';
import { nearestName } from './nearest.ts';
import type { SectionKeys } from './schema.ts';
import { settingId } from './sources.ts';

/** Sections whose most needed keys may stand in `[printer NAME]` itself, by those keys. */
const shortKeys: Readonly<Record<string, string>> = {
  url: 'moonraker',
  api_key: 'moonraker',
  webcam: 'camera',
};

/** A folder, a part of the log's components and of a variable is named after the printer. */
const namePattern = /^[a-z0-9][a-z0-9_-]{0,29}$/i;

/** The printers that the file names, in its order; empty for a file of one printer, without a name. */
export function printerNames(sections: readonly ConfSection[]): readonly string[] {
  return sections.flatMap(({ name }) => {
    const [word, printer, ...rest] = name.split(' ');
    return word === 'printer' && printer !== undefined && rest.length === 0 && namePattern.test(printer)
      ? [printer]
      : [];
  });
}

/** `sections` and, for each printer, `[printer NAME]` and `[printer NAME SECTION]` for all that may differ. */
export function withPrinters(
  sections: readonly SectionKeys[],
  printers: readonly string[],
): readonly SectionKeys[] {
  const own = sections.filter(({ isShared }) => !isShared);
  return [
    ...sections,
    ...printers.flatMap((printer) => [
      { name: `printer ${printer}`, isShared: false, keys: keysOfPrinter(sections) },
      ...own.map((section) => ({ ...section, name: `printer ${printer} ${section.name}` })),
    ]),
  ];
}

function keysOfPrinter(sections: readonly SectionKeys[]): SectionKeys['keys'] {
  return Object.fromEntries(
    Object.entries(shortKeys).flatMap(([keyName, section]) => {
      const key = sections.find(({ name }) => name === section)?.keys[keyName];
      return key === undefined ? [] : [[keyName, key]];
    }),
  );
}

/** `settingId`s of the places where this key may be written for this printer; the first that is written holds. */
export function placesOf(printer: string | null, section: SectionKeys, keyName: string): readonly string[] {
  const common = settingId(section.name, keyName);
  if (printer === null || section.isShared) return [common];
  const own = settingId(`printer ${printer} ${section.name}`, keyName);
  const short = shortKeys[keyName] === section.name ? [settingId(`printer ${printer}`, keyName)] : [];
  return [own, ...short, common];
}

/** What is wrong with the name of a section that begins with the word printer, or nearly so; null for any other. */
export function explainPrinterSection(
  name: string,
  printers: readonly string[],
  sections: readonly SectionKeys[],
): string | null {
  const [word = '', printer, ...rest] = name.split(' ');
  if (word !== 'printer') {
    if (nearestName(word, ['printer']) === null || printer === undefined) return null;
    return `unknown section [${shown(name)}], did you mean [${shown(['printer', printer, ...rest].join(' '))}]?`;
  }
  if (printer === undefined) return 'needs the name of the printer, as in [printer left]';
  const section = rest.join(' ');
  if (!namePattern.test(printer)) {
    return `${shown(printer)} cannot be the name of a printer: letters, digits, - and _, at most 30`;
  }
  if (sections.some((each) => each.name === section && each.isShared)) {
    return `[${section}] holds for all printers and cannot be set for one`;
  }
  if (section !== '' && !printers.includes(printer)) {
    const nearest = nearestName(printer, printers);
    const known = printers.map((each) => `[printer ${each}]`).join(', ');
    const help =
      nearest !== null
        ? `did you mean [${shown(['printer', nearest, section].join(' '))}]?`
        : known === ''
          ? `write a section [printer ${printer}] with its url`
          : `there are: ${known}`;
    return `there is no [printer ${printer}]; ${help}`;
  }
  if (section === '') return `there is no [printer ${printer}] in the configuration file`;
  const names = sections.filter(({ isShared }) => !isShared).map((each) => each.name);
  const nearest = nearestName(section, names);
  const help =
    nearest === null
      ? `known: ${names.map((each) => `[printer ${printer} ${each}]`).join(', ')}`
      : `did you mean [printer ${printer} ${nearest}]?`;
  return `unknown section [${shown(name)}], ${help}`;
}

/** A key that may be written in two places for one printer, as `settingId`s. */
export function twins(printer: string): readonly (readonly [own: string, short: string])[] {
  return Object.entries(shortKeys).map(([keyName, section]) => [
    settingId(`printer ${printer} ${section}`, keyName),
    settingId(`printer ${printer}`, keyName),
  ]);
}

function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
