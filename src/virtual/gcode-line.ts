// Reads one line of G-code the way Klipper does: the command, its parameters, and the shell-like quoting.

/** A command that Klipper refused. `message` is Klipper's text, which may have several lines. */
export class VirtualGcodeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'VirtualGcodeError';
  }
}

/** One line, taken apart. */
export interface GcodeCommand {
  /** Upper case, such as `G1` or `SET_IDLE_TIMEOUT`; '' for an empty line or a comment. */
  readonly name: string;
  /** The whole line as it came, without the blanks around it. */
  readonly line: string;
  /** What follows the name, verbatim, comments included: M117 and M118 show it as it is. */
  readonly raw: string;
  /** `X10 E2` as `{X: '10', E: '2'}`; for a named command `KEY=value` pairs with upper-case keys. */
  readonly params: Readonly<Record<string, string>>;
}

const word = /([A-Z_]+|[A-Z*])([^A-Z_*]*)/g;
const firstWord = /^(?:N[^A-Z_*]+)?([A-Z_]+|[A-Z*])([^A-Z_*]*)/;

/**
 * Takes a line apart. A `;` starts a comment even inside quotes, as in the Klipper releases that most printers
 * run; newer ones keep it, so what passes here passes everywhere.
 * @throws VirtualGcodeError `Malformed command '…'` for an open quote or a word without `=` in a named command
 */
export function parseGcodeLine(text: string): GcodeCommand {
  const line = text.trim();
  const cut = (line.split(';', 1)[0] ?? '').trimEnd();
  const head = firstWord.exec(cut.toUpperCase());
  const spelled = head === null ? '' : `${head[1]}${head[2]}`.trim();
  // `M117 5 apples` reads as the command "M117 5": these three take free text.
  const name = /^(M117|M118|M23) /.exec(`${spelled} `)?.[1] ?? spelled;
  const raw = rawParams(line, name);
  if (name === '') return { name, line, raw: '', params: {} };
  if (isTraditional(name)) return { name, line, raw, params: letterParams(cut) };
  return { name, line, raw, params: namedParams(rawParams(cut, name), line) };
}

/** A letter and a number, such as `M600`. */
function isTraditional(name: string): boolean {
  return /^[A-Z]\d/.test(name) && Number.isFinite(Number(name.slice(1)));
}

function rawParams(line: string, name: string): string {
  const start = line.toUpperCase().indexOf(name);
  const rest = line.slice(Math.max(start, 0) + name.length);
  return rest.startsWith(' ') ? rest.slice(1) : rest;
}

function letterParams(cut: string): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [, key = '', value = ''] of cut.toUpperCase().matchAll(word)) params[key] = value.trim();
  return params;
}

function namedParams(raw: string, line: string): Record<string, string> {
  const params: Record<string, string> = {};
  for (const token of splitShellWords(raw, line)) {
    const at = token.indexOf('=');
    if (at < 0) throw malformed(line);
    params[token.slice(0, at).toUpperCase()] = token.slice(at + 1);
  }
  return params;
}

const malformed = (line: string) => new VirtualGcodeError(`Malformed command '${line}'`);

/** POSIX shell words: `"…"` with `\"` and `\\`, `'…'` verbatim, `#` starts a comment outside quotes. */
function splitShellWords(raw: string, line: string): string[] {
  const words: string[] = [];
  let current: string | null = null;
  let quote = '';
  for (let at = 0; at < raw.length; at += 1) {
    const char = raw.charAt(at);
    const next = raw.charAt(at + 1);
    if (quote !== '') {
      if (char === quote) quote = '';
      else if (char === '\\' && quote === '"' && (next === '"' || next === '\\')) {
        current = `${current ?? ''}${next}`;
        at += 1;
      } else current = `${current ?? ''}${char}`;
    } else if (char === '"' || char === "'") {
      quote = char;
      current ??= '';
    } else if (char === '\\') {
      if (next === '') throw malformed(line);
      current = `${current ?? ''}${next}`;
      at += 1;
    } else if (char === '#') {
      break;
    } else if (/\s/.test(char)) {
      if (current !== null) words.push(current);
      current = null;
    } else current = `${current ?? ''}${char}`;
  }
  if (quote !== '') throw malformed(line);
  if (current !== null) words.push(current);
  return words;
}

/**
 * A text parameter.
 * @throws VirtualGcodeError when it is missing and there is no fallback
 */
export function textParam(command: GcodeCommand, key: string, fallback?: string): string {
  const value = command.params[key] ?? fallback;
  if (value === undefined) throw new VirtualGcodeError(`Error on '${command.line}': missing ${key}`);
  return value;
}

/**
 * A number parameter.
 * @param limits `min` itself is allowed, `above` is not
 * @throws VirtualGcodeError when it is missing, unreadable or out of range
 */
export function numberParam(
  command: GcodeCommand,
  key: string,
  fallback?: number,
  limits: { min?: number; above?: number } = {},
): number {
  const text = command.params[key];
  if (text === undefined && fallback !== undefined) return fallback;
  const value = Number(textParam(command, key));
  const fail = (what: string) => new VirtualGcodeError(`Error on '${command.line}': ${what}`);
  if (text === '' || !Number.isFinite(value)) throw fail(`unable to parse ${text}`);
  if (limits.min !== undefined && value < limits.min)
    throw fail(`${key} must have minimum of ${limits.min.toFixed(1)}`);
  if (limits.above !== undefined && value <= limits.above)
    throw fail(`${key} must be above ${limits.above.toFixed(1)}`);
  return value;
}
