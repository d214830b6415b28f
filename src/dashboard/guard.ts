// The gate in front of every route: host name, who looks, and for what changes something also from which page.
import type { HttpBindings } from '@hono/node-server';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import type { Clock } from '../core/ports.ts';
import { type Access, isLoopbackAddress } from './access.ts';
import type { PageTokens } from './page-token.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Refuse } from './refusal.ts';
import type { Credential, Sessions } from './sessions.ts';

/** What hono carries with each request. */
export interface GuardEnv {
  Bindings: HttpBindings;
  Variables: {
    /** Address of the client. */
    client: string;
    /** It may see pictures and states. */
    mayLook: boolean;
    /** It came with a key or a token of Moonraker's that is good: it is a program, and no page speaks through it. */
    isProven: boolean;
  };
}

/** What the gate works with. */
export interface GuardDeps {
  readonly access: Access;
  readonly tokens: PageTokens;
  readonly sessions: Sessions;
  readonly actions: RateLimit;
  readonly clock: Pick<Clock, 'now'>;
  readonly refuse: Refuse;
  readonly mustLogIn: boolean;
}

/** Name of the cookie of a session. */
export const sessionCookie = 'lookout_session';

/** What anybody may fetch who knows a name of this host: the page itself, which holds nothing, and the way in. */
const isOpen = (path: string) =>
  path === '/' ||
  path === '/panel' ||
  path === '/healthz' ||
  path.startsWith('/assets/') ||
  /^\/api\/v1\/(session|login|openapi\.json)$/.test(path);
/** What programs on this host itself fetch without a login: Moonraker's notifier, Prometheus. */
const isForThisHost = (path: string) => path === '/snapshot.jpg' || path === '/metrics';

/** Before every route: by which name, and who. */
export function createGuard(deps: GuardDeps): MiddlewareHandler<GuardEnv> {
  const { access, sessions, clock, refuse, mustLogIn } = deps;
  return async (c, next) => {
    const client = access.clientOf(c.env.incoming);
    const { tickMs } = clock.now();
    if (!access.isKnownHost(c.req.header('host') ?? '')) return refuse(c, 'UNKNOWN_HOST', client);
    const credential = credentialOf(c);
    let isProven = false;
    if (credential !== null) {
      // Guesses are counted by Moonraker too, and could lock this host out.
      if (!deps.actions.take(client, tickMs)) return refuse(c, 'TOO_MANY_REQUESTS', client);
      try {
        isProven = await sessions.check(credential, tickMs, c.req.raw.signal);
      } catch {
        return refuse(c, 'CANNOT_CHECK', client);
      }
      if (!isProven) return refuse(c, 'NOT_LET_IN', client);
    }
    const hasSession = sessions.isOpen(getCookie(c, sessionCookie) ?? '', tickMs);
    const { path } = c.req;
    const isOwn = isLoopbackAddress(client) && isForThisHost(path);
    const mayLook = isProven || hasSession || (access.isTrusted(client) && (!mustLogIn || isOwn));
    if (!mayLook && !isOpen(path)) return refuse(c, 'NOT_LET_IN', client);
    c.set('client', client);
    c.set('mayLook', mayLook);
    c.set('isProven', isProven);
    return next();
  };
}

/** Before every route that changes something: a program with a key, or a page of ours on a host we know. */
export function createActionGuard(deps: GuardDeps): MiddlewareHandler<GuardEnv> {
  const { tokens, actions, clock, refuse } = deps;
  return async (c, next) => {
    const client = c.get('client');
    const { tickMs } = clock.now();
    if (!/^application\/json\b/.test(c.req.header('content-type') ?? ''))
      return refuse(c, 'NOT_JSON', client);
    if (!c.get('isProven')) {
      if (!isOwnPage(c)) return refuse(c, 'FOREIGN_PAGE', client);
      const isLogin = c.req.path === '/api/v1/login';
      const token = c.req.header('x-lookout-token') ?? '';
      if (!isLogin && !tokens.isValid(token, client, tickMs)) return refuse(c, 'BAD_TOKEN', client);
      if (!actions.take(client, tickMs)) return refuse(c, 'TOO_MANY_REQUESTS', client);
    }
    return next();
  };
}

/** Every browser says where a POST comes from. */
function isOwnPage(c: Context<GuardEnv>): boolean {
  const host = c.req.header('host') ?? '';
  const site = c.req.header('sec-fetch-site');
  const origin = c.req.header('origin');
  return (
    (origin === `http://${host}` || origin === `https://${host}`) &&
    (site === undefined || site === 'same-origin')
  );
}

function credentialOf(c: Context<GuardEnv>): Credential | null {
  const apiKey = c.req.header('x-api-key');
  if (apiKey !== undefined) return { kind: 'api-key', apiKey };
  const token = /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
  return token === undefined ? null : { kind: 'token', token };
}

/** Reads a JSON body of at most 64 KiB; a refusal when it is larger or no JSON object. */
export async function readBody(
  c: Context<GuardEnv>,
): Promise<Readonly<Record<string, unknown>> | 'TOO_LARGE' | 'NOT_JSON'> {
  if (Number(c.req.header('content-length') ?? 0) > maxBodyBytes) return 'TOO_LARGE';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (c.req.raw.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBodyBytes) return 'TOO_LARGE';
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    const body: unknown = JSON.parse(text === '' ? '{}' : text);
    const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
    return isObject ? (body as Readonly<Record<string, unknown>>) : 'NOT_JSON';
  } catch {
    return 'NOT_JSON';
  }
}

/** Bytes of a request body at most. */
const maxBodyBytes = 64 * 1024;
