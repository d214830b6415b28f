// Who has logged in: a cookie for each browser, and what Moonraker said of keys and tokens that programs send.
import { createHash, randomBytes } from 'node:crypto';

/** Something that proves who asks. */
export type Credential =
  | { readonly kind: 'user'; readonly username: string; readonly password: string }
  | { readonly kind: 'api-key'; readonly apiKey: string }
  /** A Moonraker access token. */
  | { readonly kind: 'token'; readonly token: string };

/** Asks Moonraker whether the credential is good. Rejects when Moonraker cannot be asked. */
export type CheckCredential = (credential: Credential, signal: AbortSignal) => Promise<boolean>;

/** Sessions of browsers and the memory of what was checked. */
export interface Sessions {
  /** Opens a session. Returns the value of its cookie. */
  open(tickMs: number): string;
  isOpen(cookie: string, tickMs: number): boolean;
  close(cookie: string): void;
  /** Checks a credential of a program, asking Moonraker at most once a minute for each. */
  check(credential: Credential, tickMs: number, signal: AbortSignal): Promise<boolean>;
}

const lifeMs = 12 * 3_600_000;
const rememberMs = 60_000;
const maxKept = 50;
const checkLimitMs = 10_000;

/** Nobody has logged in yet. */
export function createSessions(ask: CheckCredential): Sessions {
  const open = new Map<string, number>();
  const known = new Map<string, number>();
  const keep = (map: Map<string, number>, key: string, untilMs: number) => {
    map.set(key, untilMs);
    const [oldest] = map.keys();
    if (map.size > maxKept && oldest !== undefined) map.delete(oldest);
  };
  const isAlive = (map: Map<string, number>, key: string, tickMs: number) => (map.get(key) ?? 0) > tickMs;
  return {
    open: (tickMs) => {
      const cookie = randomBytes(32).toString('base64url');
      // The cookie itself is kept nowhere.
      keep(open, digest(cookie), tickMs + lifeMs);
      return cookie;
    },
    isOpen: (cookie, tickMs) => isAlive(open, digest(cookie), tickMs),
    close: (cookie) => {
      open.delete(digest(cookie));
    },
    check: async (credential, tickMs, signal) => {
      const key = digest(JSON.stringify(credential));
      if (isAlive(known, key, tickMs)) return true;
      const isGood = await ask(credential, AbortSignal.any([signal, AbortSignal.timeout(checkLimitMs)]));
      if (isGood) keep(known, key, tickMs + rememberMs);
      return isGood;
    },
  };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
