// Who may talk to a virtual Moonraker: API key, users with tokens, one-shot tokens.
import { randomBytes } from 'node:crypto';
import type { MoonrakerClient, MoonrakerHub } from './moonraker-hub.ts';
import { refuse } from './moonraker-rpc.ts';

/** A user with a password. */
export interface VirtualUser {
  readonly username: string;
  readonly password: string;
}

/** How access is granted. */
export interface AccessOptions {
  /** null: none is accepted. */
  readonly apiKey: string | null;
  readonly users: readonly VirtualUser[];
  /** True: every address is a trusted client. */
  readonly isTrusting: boolean;
}

/** The guard. */
export interface MoonrakerAccess {
  /** What a new connection or an HTTP request may do. Returns the user's name, or null for nobody. */
  admit(headers: Readonly<Record<string, string | string[] | undefined>>, url: URL): string | null;
  /** The credentials inside identify. Throws RpcError and takes the client's rights away when they are wrong. */
  authenticate(client: MoonrakerClient, credentials: { apiKey: string | null; token: string | null }): void;
}

const oneshotMs = 5_000;
const trustedUser = '_TRUSTED_USER_';

/** Registers access.*. */
export function createMoonrakerAccess(hub: MoonrakerHub, options: AccessOptions): MoonrakerAccess {
  const tokens = new Map<string, string>();
  const refreshTokens = new Map<string, string>();
  const oneshots = new Map<string, number>();
  let apiKey = options.apiKey;

  const issue = (store: Map<string, string>, username: string) => {
    const token = randomBytes(16).toString('hex');
    store.set(token, username);
    return token;
  };
  const takeOneshot = (token: string): boolean => {
    const untilMs = oneshots.get(token);
    oneshots.delete(token);
    return untilMs !== undefined && performance.now() < untilMs;
  };
  const checkSource = (source: string) => {
    if (source !== 'moonraker' && source !== 'ldap') throw refuse.plain(`Invalid 'source': ${source}`);
  };

  hub.register(
    'access.login',
    (params, client) => {
      const username = params.text('username');
      const password = params.text('password');
      checkSource(params.text('source', 'moonraker').toLowerCase());
      const user = options.users.find((one) => one.username === username);
      if (user === undefined) throw refuse.plain(`Unregistered User: ${username}`);
      if (user.password !== password) throw refuse.plain('Invalid Password');
      client.user = username;
      client.needsAuth = false;
      return {
        username,
        token: issue(tokens, username),
        refresh_token: issue(refreshTokens, username),
        source: 'moonraker',
        action: 'user_logged_in',
      };
    },
    false,
  );
  hub.register(
    'access.refresh_jwt',
    (params) => {
      const username = refreshTokens.get(params.text('refresh_token'));
      if (username === undefined) throw refuse.unauthorized('Invalid Refresh Token');
      return { username, token: issue(tokens, username), source: 'moonraker', action: 'user_jwt_refresh' };
    },
    false,
  );
  hub.register('access.logout', (_, client) => {
    const username = client.user;
    if (username === null) throw refuse.plain('No user logged in');
    if (username.startsWith('_')) throw refuse.plain(`Invalid log out request for user ${username}`);
    for (const store of [tokens, refreshTokens]) {
      for (const [token, owner] of store) if (owner === username) store.delete(token);
    }
    setImmediate(() => {
      hub.notify('user_logged_out', [{ username }]);
      for (const one of hub.clients) {
        if (one.user !== username) continue;
        one.user = null;
        one.needsAuth = true;
      }
    });
    return { username, action: 'user_logged_out' };
  });
  hub.register(
    'access.info',
    (_, client) => ({
      default_source: 'moonraker',
      available_sources: ['moonraker'],
      login_required: false,
      trusted: client.user === trustedUser || options.isTrusting,
    }),
    false,
  );
  hub.register('access.get_user', (_, client) => ({
    username: client.user,
    source: 'moonraker',
    created_on: 0,
  }));
  hub.register('access.users.list', () => ({
    users: options.users.map(({ username }) => ({ username, source: 'moonraker', created_on: 0 })),
  }));
  hub.register('access.get_api_key', () => apiKey ?? '');
  hub.register('access.post_api_key', () => {
    apiKey = randomBytes(16).toString('hex');
    return apiKey;
  });
  hub.register('access.oneshot_token', () => {
    const token = randomBytes(16).toString('hex');
    oneshots.set(token, performance.now() + oneshotMs);
    return token;
  });

  return {
    admit: (headers, url) => {
      const header = (name: string) => {
        const value = headers[name];
        return typeof value === 'string' ? value : undefined;
      };
      const bearer = /^Bearer (.+)$/.exec(header('authorization') ?? '')?.[1];
      const token = bearer ?? header('x-access-token') ?? url.searchParams.get('access_token') ?? undefined;
      // A wrong token is not a reason to look at the address.
      if (token !== undefined) return tokens.get(token) ?? null;
      const key = header('x-api-key');
      if (key !== undefined && apiKey !== null && key === apiKey) return '_API_KEY_USER_';
      const oneshot = url.searchParams.get('token');
      if (oneshot !== null && takeOneshot(oneshot)) return trustedUser;
      return options.isTrusting ? trustedUser : null;
    },
    authenticate: (client, credentials) => {
      const allow = (user: string) => {
        client.user = user;
        client.needsAuth = false;
      };
      const deny = (message: string) => {
        client.user = null;
        client.needsAuth = true;
        return refuse.unauthorized(message);
      };
      if (credentials.token !== null) {
        const user = tokens.get(credentials.token);
        if (user === undefined) throw deny('Invalid JWT header');
        return allow(user);
      }
      if (credentials.apiKey !== null) {
        if (apiKey === null || credentials.apiKey !== apiKey) throw deny('Invalid API Key');
        return allow('_API_KEY_USER_');
      }
      if (client.needsAuth) throw deny('Unauthorized');
    },
  };
}
