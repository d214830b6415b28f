// The token that a page of ours carries with every action, so that no foreign page can act in a user's name (CSRF).
import { createHmac, randomBytes } from 'node:crypto';
import { isSameText } from '../lib/same-text.ts';

/** Gives tokens and knows them again. They end with this process. */
export interface PageTokens {
  /** A token for a page that this client has opened. */
  issue(client: string, tickMs: number): string;
  /** True for a token that was given to this client within the last day. */
  isValid(token: string, client: string, tickMs: number): boolean;
}

const lifeMs = 24 * 3_600_000;

/** Makes the tokens of this process, with a secret of its own. */
export function createPageTokens(secret: Buffer = randomBytes(32)): PageTokens {
  const sign = (issued: string, client: string) =>
    createHmac('sha256', secret).update(`${issued}\n${client}`).digest('base64url');
  return {
    issue: (client, tickMs) => {
      const issued = Math.round(tickMs).toString(36);
      return `${issued}.${sign(issued, client)}`;
    },
    isValid: (token, client, tickMs) => {
      const [, issued, signature] = /^([0-9a-z]{1,12})\.([\w-]{43})$/.exec(token) ?? [];
      if (issued === undefined || signature === undefined) return false;
      const ageMs = tickMs - Number.parseInt(issued, 36);
      return ageMs < lifeMs && isSameText(signature, sign(issued, client));
    },
  };
}
