// Asks Moonraker whether somebody else's key, login or token is good, without giving away our own connection.
import { JSONRPCServer } from 'json-rpc-2.0';
import * as v from 'valibot';
import { MoonrakerError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import { isSameText } from '../lib/same-text.ts';
import { type Identity, identify } from './auth.ts';
import type { MoonrakerConnection } from './connection.ts';
import type { Endpoint } from './endpoint.ts';
import { readAnswer } from './rpc-errors.ts';
import { openSession, type Session } from './session.ts';

/** What somebody shows. */
export type Credential =
  | { readonly kind: 'user'; readonly username: string; readonly password: string }
  | { readonly kind: 'api-key'; readonly apiKey: string }
  | { readonly kind: 'token'; readonly token: string };

/** What it works with. */
export interface CheckCredentialDeps {
  readonly endpoint: Endpoint;
  readonly identity: Omit<Identity, 'type'>;
  /** Ours, let in already: it reads the key to compare with. */
  readonly connection: Pick<MoonrakerConnection, 'call'>;
  readonly clock: Clock;
}

const identifiedSchema = v.object({ connection_id: v.number() });

/**
 * True when Moonraker knows the credential. Where Moonraker trusts this host it would take any key from us, so a key is
 * compared with the true one, and a login or token is tried on a connection of its own.
 * @throws MoonrakerError when Moonraker cannot be asked; the signal's reason
 */
export async function checkCredential(
  credential: Credential,
  { endpoint, identity, connection, clock }: CheckCredentialDeps,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    if (credential.kind === 'api-key') {
      const key = await connection.call('access.get_api_key', {}, v.string(), { signal });
      return isSameText(key, credential.apiKey);
    }
    const session = await openQuietly(endpoint, clock, signal);
    try {
      const who: Identity = { ...identity, type: 'other' };
      if (credential.kind === 'user') {
        await identify(session, who, { ...credential, source: null }, { refreshToken: null }, signal);
      } else {
        const method = 'server.connection.identify';
        const { name, version, type, url } = who;
        const params = { client_name: name, version, type, url, access_token: credential.token };
        readAnswer(method, identifiedSchema, await session.call(method, params, { signal }));
      }
      return true;
    } finally {
      session.close();
    }
  } catch (error) {
    if (error instanceof MoonrakerError && refusals.has(error.code)) return false;
    throw error;
  }
}

/** A key that is switched off in Moonraker is refused as well. */
const refusals: ReadonlySet<string> = new Set(['MOONRAKER_UNAUTHORIZED', 'MOONRAKER_REFUSED']);

function openQuietly(endpoint: Endpoint, clock: Clock, signal: AbortSignal): Promise<Session> {
  const nothing = () => undefined;
  const events = { onNotification: nothing, onFrame: nothing, onRequest: nothing, onEnd: nothing };
  return openSession(endpoint, events, { clock, server: new JSONRPCServer() }, signal);
}
