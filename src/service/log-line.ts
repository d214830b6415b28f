// One log record as a line for people: `2026-11-21 12:00:00 INFO  camera/mjpeg: message key=value`.

/** What a line is made of. */
export interface LogRecord {
  /** Wall clock, Unix ms. */
  readonly atMs: number;
  readonly level: string;
  readonly component: string;
  readonly message: string;
  /** Plain JSON values. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Characters in a line; what is longer is cut. */
const maxLength = 4_096;

/**
 * Writes a record as one line, in local time, without the newline. Control characters are shown as `\n` and `\x1b`, so that what came from
 * outside can neither forge a line nor steer a terminal.
 * @param hide takes secrets out; called with the whole line before it is cut
 */
export function formatLine(record: LogRecord, hide: (text: string) => string): string {
  const head = `${localTime(record.atMs)} ${record.level.toUpperCase().padEnd(5)}`;
  const source = record.component === '' ? '' : ` ${record.component}:`;
  const fields = Object.entries(record.fields).map(([name, value]) => ` ${name}=${valueText(value)}`);
  const line = hide(visible(`${head}${source} ${record.message}${fields.join('')}`));
  return line.length > maxLength ? `${line.slice(0, maxLength)}…` : line;
}

function valueText(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=\\]+$/.test(value)) return value;
  return JSON.stringify(value) ?? '';
}

function visible(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
    return short ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

function localTime(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  return `${day} ${[two(at.getHours()), two(at.getMinutes()), two(at.getSeconds())].join(':')}`;
}
