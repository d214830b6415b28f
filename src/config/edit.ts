// Sets one key in the text of a configuration file: every other line stays as it is, comments and order included.
import { parseConf } from './conf-file.ts';
import { settingId } from './sources.ts';

/** The key that is to be set. */
export interface Edit {
  readonly section: string;
  readonly key: string;
  /** One line for each; empty takes the key out. */
  readonly lines: readonly string[];
}

/**
 * The text with the key set: where it stands already, else at the end of its section, else in a section of its own at
 * the end of the file. Null where the text has mistakes, or cannot be changed without changing what else it says.
 */
export function editConf(text: string, edit: Edit): string | null {
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text.split(/\r\n|\n|\r/);
  const { sections, problems } = parseConf(text);
  if (problems.length > 0) return null;
  const section = sections.find(({ name }) => name === edit.section);
  const entry = section?.entries.find(({ key }) => key === edit.key);
  const written = edit.lines.length === 0 ? [] : [`${edit.key}:`, ...edit.lines.map((line) => `    ${line}`)];
  if (entry !== undefined) {
    const from = entry.line - 1;
    const count = lastLineOf(lines, from) - from + 1;
    // Notes that are indented go with the value that they are about; others between its lines stay, below it.
    const indent = indentOf(lines[from] ?? '');
    const notes = lines.slice(from, from + count).filter((line) => isNote(line) && indentOf(line) <= indent);
    lines.splice(from, count, ...written, ...notes);
  } else if (section !== undefined) {
    const last = section.entries.at(-1);
    const at = last === undefined ? section.line - 1 : lastLineOf(lines, last.line - 1);
    lines.splice(at + 1, 0, ...written);
  } else if (written.length > 0) {
    while (lines.at(-1)?.trim() === '') lines.pop();
    lines.push(...(lines.length === 0 ? [] : ['']), `[${edit.section}]`, ...written, '');
  }
  const next = lines.join(lineEnd);
  return isOnlyChange(text, next, edit) ? next : null;
}

/** Index of the last line that belongs to the key on this line: what is indented deeper continues it. */
function lastLineOf(lines: readonly string[], from: number): number {
  const indent = indentOf(lines[from] ?? '');
  let last = from;
  for (let at = from + 1; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (line.trim() === '' || isNote(line)) continue;
    if (indentOf(line) <= indent) break;
    last = at;
  }
  return last;
}

function isNote(line: string): boolean {
  return /^\s*[#;]/.test(line);
}

function indentOf(line: string): number {
  let indent = 0;
  for (const character of /^\s*/.exec(line)?.[0] ?? '') indent += character === '\t' ? 4 - (indent % 4) : 1;
  return indent;
}

/** A second reading says the same but for this key. */
function isOnlyChange(before: string, after: string, { section, key, lines }: Edit): boolean {
  const [was, is] = [valuesOf(before), valuesOf(after)];
  const id = settingId(section, key);
  if ((is.values.get(id) ?? '') !== lines.join('\n') || was.problems !== is.problems) return false;
  was.values.delete(id);
  is.values.delete(id);
  return JSON.stringify([...was.values]) === JSON.stringify([...is.values]);
}

function valuesOf(text: string): { values: Map<string, string>; problems: number } {
  const { sections, problems } = parseConf(text);
  const values = sections.flatMap(({ name, entries }) =>
    entries.map(({ key, value }) => [settingId(name, key), value] as const),
  );
  return { values: new Map(values), problems: problems.length };
}
