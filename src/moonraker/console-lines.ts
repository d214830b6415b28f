// G-code that says something in the console of Mainsail and Fluidd, with text that is safe inside a command.

/** Longest text of a console line. */
const maxLineChars = 300;

/**
 * Makes text safe between the quotes of a G-code parameter: Klipper cuts a line at `;` even inside quotes, prompts
 * cut at `|`, a backslash or a quote would end the text early, and half a surrogate pair cannot be encoded.
 * @param maxChars longer text is cut and ends in `…`
 */
export function toGcodeText(text: string, maxChars: number): string {
  const plain = text
    .replace(/"/g, "'")
    .replace(/;/g, ',')
    .replace(/[|\\]/g, '/')
    // Control characters, line ends, marks that turn the direction, lone surrogates, private use.
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const chars = [...plain];
  return chars.length <= maxChars
    ? plain
    : `${chars
        .slice(0, maxChars - 1)
        .join('')
        .trimEnd()}…`;
}

/** A command that shows `text` in red; Mainsail adds a toast on pages other than the dashboard and the console. */
export function redLine(text: string): string {
  return `RESPOND TYPE=error MSG="${toGcodeText(text, maxLineChars)}"`;
}

/** A command that shows `text` as an ordinary line. */
export function echoLine(text: string): string {
  return `RESPOND TYPE=echo MSG="${toGcodeText(text, maxLineChars)}"`;
}
