// The user's own sections [webhook NAME]: which there are, and what a wrong name is told.
import type { ConfSection } from './conf-file.ts';

/** Part of an error message, of the name of a document and of a variable. */
const namePattern = /^[a-z0-9][a-z0-9_-]{0,29}$/i;

/** Names of the webhooks in the file, in its order; one that only a printer has counts as well. */
export function webhookNames(sections: readonly ConfSection[]): readonly string[] {
  const names = sections.flatMap(({ name }) => {
    const words = name.split(' ');
    const [word, webhook = '', ...rest] = words[0] === 'printer' ? words.slice(2) : words;
    return word === 'webhook' && rest.length === 0 && namePattern.test(webhook) ? [webhook] : [];
  });
  return [...new Set(names)];
}

/** What is wrong with the name of a section that begins with the word webhook; null for any other. */
export function explainWebhookSection(name: string): string | null {
  const [word, ...rest] = name.split(' ');
  if (word !== 'webhook') return null;
  if (rest.length === 0) return 'needs a name of your own, as in [webhook phone]';
  return `${rest.join(' ').slice(0, 40)} cannot be the name of a webhook: letters, digits, - and _, at most 30`;
}

/** True for `[webhook NAME]`, also of one printer: with some services its address is the key. */
export function isWebhook(section: string): boolean {
  return /^(printer \S+ )?webhook /.test(section);
}
