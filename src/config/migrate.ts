// Writes a file of an older version as one of today: every line that need not change stays, with its comments and in its order.
import { type ConfFile, parseConf } from './conf-file.ts';
import { isSectionRenamed, type Move, newPlace, type Place } from './moves.ts';

/**
 * The text with the names of today. A key that belongs into another section goes to its end, with the comment right above it.
 * `text` must be without problems and must not hold both names of a key.
 */
export function migrateText(text: string, table: readonly Move[]): string {
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const conf = parseConf(text);
  const lines = new Lines(text.split(/\r\n|\n|\r/), conf);
  for (const section of conf.sections) {
    const places = section.entries.map(
      ({ key }) => newPlace({ section: section.name, key }, table)?.place ?? { section: section.name, key },
    );
    const name = nameOfSection(section.name, places, conf);
    if (name !== section.name) lines.renameSection(section.line, name);
    for (const [index, entry] of section.entries.entries()) {
      const place = places[index];
      if (place === undefined) continue;
      if (place.key !== entry.key) lines.renameKey(entry.line, place.key);
      if (place.section !== name) lines.moveEntry(entry.line, place.section);
    }
    const isEmpty = places.every((place) => place.section !== name);
    if (isEmpty && isSectionRenamed(section.name, table)) lines.removeHeader(section.line);
  }
  return lines.text(lineEnd);
}

/** The name that the whole section takes where all of its keys go to one that is not there yet; else its own. */
function nameOfSection(name: string, places: readonly Place[], { sections }: ConfFile): string {
  const target = places[0]?.section ?? name;
  const isWhole = places.every((place) => place.section === target);
  return isWhole && !sections.some((each) => each.name === target) ? target : name;
}

/** The lines of a file, kept by where they were first. */
class Lines {
  readonly #lines: string[];
  /** First lines of keys and headers, from 1, in order. */
  readonly #marks: readonly number[];
  /** By name. */
  readonly #headers: Map<string, number>;
  /** Lines that have gone to the end of another section, by its name. */
  readonly #moved = new Map<string, string[][]>();
  readonly #gone = new Set<number>();

  constructor(lines: string[], { sections }: ConfFile) {
    this.#lines = lines;
    this.#headers = new Map(sections.map(({ name, line }) => [name, line]));
    this.#marks = sections
      .flatMap(({ line, entries }) => [line, ...entries.map((entry) => entry.line)])
      .sort((a, b) => a - b);
  }

  renameSection(line: number, name: string): void {
    this.#change(line, (text) => text.replace(/\[[^\]]*\]/, () => `[${name}]`));
    for (const [old, at] of this.#headers) if (at === line) this.#headers.delete(old);
    this.#headers.set(name, line);
  }

  renameKey(line: number, key: string): void {
    this.#change(line, (text) =>
      text.replace(/^(\s*)[^:=]*?(?=\s*[:=])/, (_, indent: string) => indent + key),
    );
  }

  /** What is said beside it stays. */
  removeHeader(line: number): void {
    this.#change(line, (text) => text.replace(/^\s*\[[^\]]*\]\s*/, ''));
    if (this.#at(line) === '') this.#gone.add(line);
  }

  moveEntry(line: number, section: string): void {
    const from = this.#commentAbove(line);
    const to = this.#lastLineOf(line);
    const block: string[] = [];
    for (let at = from; at <= to; at += 1) {
      block.push(this.#at(at));
      this.#gone.add(at);
    }
    this.#moved.set(section, [...(this.#moved.get(section) ?? []), block]);
  }

  text(lineEnd: string): string {
    const out: string[] = [];
    const endings = new Map(
      [...this.#moved].flatMap(([name, blocks]) => {
        const header = this.#headers.get(name);
        return header === undefined ? [] : [[this.#lastLineOfSection(header), blocks] as const];
      }),
    );
    for (const [index, text] of this.#lines.entries()) {
      if (!this.#gone.has(index + 1)) out.push(text);
      out.push(...(endings.get(index + 1) ?? []).flat());
    }
    for (const [name, blocks] of this.#moved) {
      if (this.#headers.has(name)) continue;
      while (out.at(-1)?.trim() === '') out.pop();
      out.push('', `[${name}]`, ...blocks.flat(), '');
    }
    return out.join(lineEnd);
  }

  #at(line: number): string {
    return this.#lines[line - 1] ?? '';
  }

  #change(line: number, change: (text: string) => string): void {
    this.#lines[line - 1] = change(this.#at(line));
  }

  #isContent(line: number): boolean {
    return /^\s*[^\s#;]/.test(this.#at(line));
  }

  #isComment(line: number): boolean {
    return /^\s*[#;]/.test(this.#at(line));
  }

  #commentAbove(line: number): number {
    let first = line;
    while (this.#isComment(first - 1)) first -= 1;
    return first;
  }

  /** The last line of a value: comments and blank lines behind it belong to what follows. */
  #lastLineOf(line: number): number {
    const next = this.#marks.find((mark) => mark > line) ?? this.#lines.length + 1;
    let last = next - 1;
    while (last > line && !this.#isContent(last)) last -= 1;
    return last;
  }

  /** The last line of the last key of a section; of its header where it has none. */
  #lastLineOfSection(header: number): number {
    const headers = [...this.#headers.values()];
    const next = headers.filter((each) => each > header).sort((a, b) => a - b)[0] ?? this.#lines.length + 1;
    return this.#lastLineOf(this.#marks.filter((mark) => mark < next).at(-1) ?? header);
  }
}
