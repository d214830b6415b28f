// Reads Klipper-style text into sections and keys with their line numbers; never throws, whatever the text is.

/** One key as written. */
export interface ConfEntry {
  /** In lower case: key names do not care about case. */
  readonly key: string;
  /** Without comments and outer whitespace; continuation lines are joined with `\n`. */
  readonly value: string;
  /** Of the key, from 1. */
  readonly line: number;
}

/** One section as written. A section that is written twice appears once, with the entries of both. */
export interface ConfSection {
  /** Between the brackets, with single spaces: `backend octoeverywhere`. */
  readonly name: string;
  /** Of the header, from 1. */
  readonly line: number;
  readonly entries: readonly ConfEntry[];
}

/** Something in the text that cannot be understood. */
export interface ConfProblem {
  /** From 1. */
  readonly line: number;
  /** Says what was found and what to do; holds no value of a key. */
  readonly message: string;
}

/** The text as read. */
export interface ConfFile {
  readonly sections: readonly ConfSection[];
  readonly problems: readonly ConfProblem[];
}

/**
 * Reads a configuration file as Moonraker reads its own: `[section]` or `[section name]`, `key: value` or `key = value`,
 * more-indented lines continue the value above. `#` and `;` start a comment at the start of a line and after whitespace;
 * ` \#` and ` \;` stand for the characters themselves. Blank lines and comments inside a value are left out.
 */
export function parseConf(text: string): ConfFile {
  const problems: ConfProblem[] = [];
  const sections = new Map<string, Section>();
  let section: Section | null = null;
  let entry: Entry | null = null;
  /** Indentation of the key that may be continued; null right after a header. */
  let keyIndent: number | null = null;

  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  for (const [index, raw] of lines.entries()) {
    const line = index + 1;
    const report = (message: string) => problems.push({ line, message });
    if (raw.includes('\uFFFD')) report('holds bytes that are not UTF-8; save the file as UTF-8');
    const { indent, content } = uncomment(raw);
    if (content === '') continue;

    if (keyIndent !== null && indent > keyIndent) {
      // Without an entry the key above was unusable and has been reported: its continuation goes with it.
      if (entry !== null) entry.values.push(content);
      continue;
    }
    keyIndent = null;
    entry = null;

    if (content.startsWith('[')) {
      section = openSection(content, line, sections, report);
      continue;
    }
    keyIndent = indent;
    const delimiter = content.search(/[:=]/);
    const key = content.slice(0, Math.max(delimiter, 0)).trim();
    const value = content.slice(delimiter + 1).trim();
    if (key === '') {
      report('is neither a [section] nor a "key: value"');
    } else if (section === null) {
      report(`"${shorten(key)}" stands before the first [section]; put it under one`);
    } else {
      entry = addEntry(section, key.toLowerCase(), value, line, report);
    }
  }

  return {
    problems,
    sections: [...sections.values()]
      .filter((each) => !each.isUnusable)
      .map((each) => ({
        name: each.name,
        line: each.line,
        entries: [...each.entries.values()].map(({ key, values, line }) => ({
          key,
          line,
          value: values.filter((value) => value !== '').join('\n'),
        })),
      })),
  };
}

interface Entry {
  readonly key: string;
  readonly values: string[];
  readonly line: number;
}

interface Section {
  readonly name: string;
  readonly line: number;
  readonly isUnusable: boolean;
  readonly entries: Map<string, Entry>;
}

type Report = (message: string) => void;

/** Splits a line into its indentation (a tab counts to the next multiple of four) and what is left without comment. */
function uncomment(raw: string): { indent: number; content: string } {
  const start = raw.search(/\S/);
  if (start === -1 || raw[start] === '#' || raw[start] === ';') return { indent: 0, content: '' };
  let indent = 0;
  for (const character of raw.slice(0, start)) indent += character === '\t' ? 4 - (indent % 4) : 1;
  const comment = raw.slice(start).search(/[ \t][#;]/);
  const kept = comment === -1 ? raw.slice(start) : raw.slice(start, start + comment);
  return { indent, content: kept.trimEnd().replace(/([ \t])\\([#;])/g, '$1$2') };
}

function openSection(content: string, line: number, sections: Map<string, Section>, report: Report): Section {
  const inner = /^\[([^\][]*)\]$/.exec(content)?.[1];
  const name = inner?.trim().replace(/\s+/g, ' ') ?? '';
  const isInclude = /^include\b/i.test(name);
  if (name === '') report('is not a section header; write it as [section]');
  if (isInclude) report('[include] is not supported; put all settings into this one file');
  if (name === '' || isInclude) {
    // Keys below are collected where nobody reads them: one mistake, one report.
    const unusable = { name, line, isUnusable: true, entries: new Map<string, Entry>() };
    sections.set(`unusable ${line}`, unusable);
    return unusable;
  }
  const known = sections.get(`usable ${name}`);
  if (known !== undefined) {
    report(`section [${shorten(name)}] is already on line ${known.line}; put its keys together`);
    return known;
  }
  const section = { name, line, isUnusable: false, entries: new Map<string, Entry>() };
  sections.set(`usable ${name}`, section);
  return section;
}

function addEntry(section: Section, key: string, value: string, line: number, report: Report): Entry | null {
  const known = section.entries.get(key);
  if (known !== undefined) {
    if (!section.isUnusable)
      report(`"${shorten(key)}" is already set on line ${known.line}; keep one of the two`);
    return null;
  }
  const entry = { key, values: [value], line };
  section.entries.set(key, entry);
  return entry;
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
