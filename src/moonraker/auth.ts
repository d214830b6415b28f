// Gets a fresh connection let in and identified: trusted, by API key, or by user and password.
import * as v from 'valibot';
import { MoonrakerError } from '../core/errors.ts';
import { readAnswer } from './rpc-errors.ts';
import type { Session } from './session.ts';

/** Who we say we are (`server.connection.identify`). */
export interface Identity {
  /** Unique among the connected agents. */
  readonly name: string;
  readonly version: string;
  /** Only an `agent` may send events and answer requests; `other` leaves the agent's name to the running service. */
  readonly type: 'agent' | 'other';
  readonly url: string;
}

/** What lets us in. A Unix socket needs none of it. */
export type Credentials =
  /** This host is in `trusted_clients`. */
  | { readonly kind: 'trusted' }
  | { readonly kind: 'api-key'; readonly apiKey: string }
  /** `source` is `moonraker` or `ldap`; null takes Moonraker's default. */
  | {
      readonly kind: 'user';
      readonly username: string;
      readonly password: string;
      readonly source: string | null;
    };

/** What is kept between connections: a login hashes the password at Moonraker, a refresh does not. */
export interface LoginMemory {
  refreshToken: string | null;
}

const identifiedSchema = v.object({ connection_id: v.number() });
const loginSchema = v.object({ token: v.string(), refresh_token: v.string() });
const refreshSchema = v.object({ token: v.string() });

/**
 * Identifies a connection that has just opened. Succeeds at most once per connection; after a failure the
 * connection is of no use and must be closed.
 * @throws MoonrakerError MOONRAKER_UNAUTHORIZED, MOONRAKER_NAME_TAKEN and those of `Session.call`
 */
export async function identify(
  session: Session,
  identity: Identity,
  credentials: Credentials,
  memory: LoginMemory,
  signal: AbortSignal,
): Promise<void> {
  const as = async (proof: Readonly<Record<string, string>>) => {
    const params = {
      client_name: identity.name,
      version: identity.version,
      type: identity.type,
      url: identity.url,
      ...proof,
    };
    const method = 'server.connection.identify';
    readAnswer(method, identifiedSchema, await session.call(method, params, { signal }));
  };
  switch (credentials.kind) {
    case 'trusted':
      return as({});
    case 'api-key':
      return as({ api_key: credentials.apiKey });
    case 'user': {
      const token = await refresh(session, memory, signal);
      if (token !== null && (await accepts(() => as({ access_token: token })))) return;
      await login(session, credentials, memory, signal);
      // The login has let this connection in: a token on top could only fail.
      return as({});
    }
  }
}

async function refresh(session: Session, memory: LoginMemory, signal: AbortSignal): Promise<string | null> {
  if (memory.refreshToken === null) return null;
  const params = { refresh_token: memory.refreshToken };
  memory.refreshToken = null;
  try {
    const method = 'access.refresh_jwt';
    const answer = readAnswer(method, refreshSchema, await session.call(method, params, { signal }));
    memory.refreshToken = params.refresh_token;
    return answer.token;
  } catch (error) {
    // Whatever is wrong with the token or with refreshing: the password still works.
    if (error instanceof MoonrakerError && answerCodes.has(error.code)) return null;
    throw error;
  }
}

const answerCodes = new Set(['MOONRAKER_UNAUTHORIZED', 'MOONRAKER_REFUSED', 'MOONRAKER_BAD_ANSWER']);

async function login(
  session: Session,
  { username, password, source }: Extract<Credentials, { kind: 'user' }>,
  memory: LoginMemory,
  signal: AbortSignal,
): Promise<void> {
  const method = 'access.login';
  const params = { username, password, ...(source === null ? {} : { source }) };
  const answer = readAnswer(method, loginSchema, await session.call(method, params, { signal }));
  memory.refreshToken = answer.refresh_token;
}

/** False when the proof was refused: that does not use up the one identify, and a login still can let us in. */
async function accepts(identifyWithProof: () => Promise<void>): Promise<boolean> {
  try {
    await identifyWithProof();
    return true;
  } catch (error) {
    if (isUnauthorized(error)) return false;
    throw error;
  }
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof MoonrakerError && error.code === 'MOONRAKER_UNAUTHORIZED';
}
