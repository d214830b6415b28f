// Takes secrets out of text, in every spelling in which they are likely to get there.

/** What stands in place of a secret. */
const mask = '****';

/** Secrets that are kept for good: those of the configuration come first. */
const keptSecrets = 32;

/** Secrets beyond those; the oldest makes room for the newest, because session tokens are renewed for ever. */
const recentSecrets = 16;

/** Below this length a secret is masked only where it stands alone: it would be found inside common words. */
const minLengthInside = 4;

/** Takes registered secrets out of text. */
export interface Mask {
  /** Registers secrets; empty ones and ones already known change nothing. */
  add(values: readonly string[]): void;
  /**
   * The text with `****` for each secret: as it is, and in JSON, URL (percent) and base64 form, also in the middle of a longer
   * base64 text such as `user:password`.
   */
  hide(text: string): string;
}

/** Makes a mask that knows no secret yet. */
export function createMask(): Mask {
  const patterns = new Map<string, RegExp>();
  return {
    add: (values) => {
      for (const value of values.flatMap((each) => [each, each.trim()])) {
        // A secret of asterisks is already masked, and would be found in its own mask for ever.
        if (/^\**$/.test(value) || patterns.has(value)) continue;
        const oldestRecent = [...patterns.keys()][keptSecrets];
        if (patterns.size >= keptSecrets + recentSecrets && oldestRecent !== undefined) {
          patterns.delete(oldestRecent);
        }
        patterns.set(value, toPattern(value));
      }
    },
    hide: (text) => {
      let hidden = text;
      let before: string;
      // What is left after one secret has gone may spell another. Each round takes away a letter, so this ends.
      do {
        before = hidden;
        for (const pattern of patterns.values()) hidden = hidden.replace(pattern, mask);
      } while (hidden !== before);
      return hidden;
    },
  };
}

function toPattern(secret: string): RegExp {
  const plain = [...secret].map(spellings).join('');
  if (secret.length < minLengthInside) {
    return new RegExp(`(?<![\\p{L}\\p{N}])(?:${plain})(?![\\p{L}\\p{N}])`, 'gu');
  }
  const encodings = [Buffer.from(secret, 'utf8'), Buffer.from(secret, 'latin1')];
  const base64 = new Set(encodings.flatMap(base64Cores));
  const inBase64 = [...base64].map(
    (core) => `[\\w+/-]{0,2}${[...core].map(base64Spellings).join('')}[\\w+/-]{0,2}={0,2}`,
  );
  return new RegExp([plain, ...inBase64].join('|'), 'gu');
}

/** One character as it is, in JSON (up to three deep), and in a URL. Letters and digits are never escaped by anybody. */
function spellings(character: string): string {
  if (/^[A-Za-z0-9]$/.test(character)) return character;
  const percent = [...Buffer.from(character, 'utf8')].map((byte) => `%(?:25){0,2}${hex(byte, 2)}`).join('');
  const unicode = character
    .split('')
    .map((unit) => `\\\\{1,7}u${hex(unit.charCodeAt(0), 4)}`)
    .join('');
  const ways = [literal(character), percent, unicode];
  const inJson = JSON.stringify(character).slice(1, -1);
  if (character === '\\') ways.push('\\\\{2,8}');
  else if (inJson.length === 2) ways.push(`\\\\{1,7}${literal(inJson.slice(1))}`);
  if (character === ' ') ways.push('\\+');
  if (character === '/') ways.push('\\\\/');
  return `(?:${ways.join('|')})`;
}

/** The characters of base64 that hold nothing but bits of `bytes`, for each of the three ways they can fall on its grid. */
function base64Cores(bytes: Buffer): string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  });
}

function base64Spellings(character: string): string {
  if (character === '+') return '(?:\\+|-|%2[Bb])';
  if (character === '/') return '(?:\\\\?/|_|%2[Ff])';
  return character;
}

/** A number in hexadecimal of that many digits, as a pattern for both cases. */
function hex(value: number, digits: number): string {
  const text = value.toString(16).padStart(digits, '0');
  return text.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}

function literal(character: string): string {
  return /^[\\^$.*+?()[\]{}|/]$/.test(character) ? `\\${character}` : character;
}
