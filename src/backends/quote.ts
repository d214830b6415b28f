// Makes text that came from outside fit for a message of ours.

/** Longest quotation, in characters. */
const maxQuoteLength = 160;

/** Turns anything a service sent into a short, single, harmless line. */
export type Quote = (text: unknown) => string;

/**
 * Makes a Quote that masks these secrets, also where they come back percent-encoded or in base64.
 * Control characters become blanks and everything past 160 characters is cut off.
 */
export function createQuote(secrets: readonly string[]): Quote {
  const hidden = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
    // The longer form first: the shorter one may be a part of it.
    .sort((a, b) => b.length - a.length);
  return (text) => {
    let line = typeof text === 'string' ? text : '';
    for (const secret of hidden) line = line.replaceAll(secret, '***');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal or a log
    line = line.replace(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
    return line.length > maxQuoteLength ? `${line.slice(0, maxQuoteLength)}…` : line;
  };
}
