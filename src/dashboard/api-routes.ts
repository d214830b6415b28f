// The API: states, the course of the print, events, settings, areas to ignore, actions, and the way in.
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context, Hono, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import * as v from 'valibot';
import type { Clock, Log } from '../core/ports.ts';
import type { EventFeed, OpenStreams } from './event-streams.ts';
import { type GuardEnv, readBody, sessionCookie } from './guard.ts';
import { openApi } from './openapi.ts';
import type { PageTokens } from './page-token.ts';
import type { PrinterView } from './printer-view.ts';
import { type Refuse, tellFailure } from './refusal.ts';
import type { Credential, Sessions } from './sessions.ts';
import { printerState } from './state.ts';
import type { TrackReader } from './track.ts';
import type { PrinterState, SessionFacts, SettingFacts, Track } from './view.ts';

/** A printer with what is kept of it for pages. */
export interface Served {
  readonly view: PrinterView;
  readonly track: TrackReader;
  readonly feed: EventFeed;
}

/** What the routes work with. */
export interface ApiDeps {
  readonly printers: readonly Served[];
  /** The printer that the query names, the first without one; null for a name that there is not. */
  readonly find: (c: Context<GuardEnv>) => Served | null;
  readonly settings: () => readonly SettingFacts[];
  readonly tokens: PageTokens;
  readonly sessions: Sessions;
  readonly streams: OpenStreams;
  readonly guardAction: MiddlewareHandler<GuardEnv>;
  readonly refuse: Refuse;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly version: string;
}

/** What may be asked for; each is a method of the one command path. */
const actionNames = ['mute', 'unmute', 'watch', 'pause', 'resume', 'cancel', 'answer'] as const;

const login = v.union([
  v.strictObject({
    username: v.pipe(v.string(), v.minLength(1), v.maxLength(256)),
    password: v.pipe(v.string(), v.minLength(1), v.maxLength(1024)),
  }),
  v.strictObject({ apiKey: v.pipe(v.string(), v.minLength(1), v.maxLength(256)) }),
]);

/** Adds the routes. */
export function addApiRoutes(app: Hono<GuardEnv>, deps: ApiDeps): void {
  const { find, refuse, clock, guardAction } = deps;
  const get = (path: string, answer: (served: Served) => unknown) =>
    app.get(path, (c) => {
      const served = find(c);
      return served === null ? refuse(c, 'NOT_FOUND') : c.json(answer(served));
    });

  get('/api/v1/state', ({ view }): PrinterState => printerState(view, clock.now()));
  app.get('/api/v1/track', async (c) => {
    const served = find(c);
    if (served === null) return refuse(c, 'NOT_FOUND');
    try {
      return c.json((await served.track.read()) satisfies Track);
    } catch (error) {
      return tellFailure(c, error, deps.log);
    }
  });
  app.get('/api/v1/printers', (c) =>
    c.json({ printers: deps.printers.map(({ view }) => printerState(view, clock.now())) }),
  );
  app.get('/api/v1/settings', (c) => c.json({ settings: deps.settings() }));
  app.get('/api/v1/openapi.json', (c) => c.json(openApi(deps.version)));
  app.get('/api/v1/events', (c) => openEvents(c, deps));
  addSessionRoutes(app, deps);

  for (const name of actionNames) {
    app.post(`/api/v1/actions/${name}`, guardAction, async (c) => {
      const served = find(c);
      if (served === null) return refuse(c, 'NOT_FOUND');
      const body = await readBody(c);
      if (typeof body === 'string') return refuse(c, body, c.get('client'));
      try {
        return c.json({ result: (await served.view.call(name, body, c.req.raw.signal)) ?? null });
      } catch (error) {
        return tellFailure(c, error, deps.log);
      }
    });
  }
}

function openEvents(c: Context<GuardEnv>, { find, refuse, streams, clock }: ApiDeps): Response {
  const served = find(c);
  if (served === null) return refuse(c, 'NOT_FOUND');
  if (!streams.hasRoom()) return refuse(c, 'TOO_MANY_STREAMS', c.get('client'));
  const { outgoing } = c.env;
  streams.add(outgoing);
  served.feed.open(outgoing, [{ name: 'state', data: () => printerState(served.view, clock.now()) }]);
  return RESPONSE_ALREADY_SENT;
}

function addSessionRoutes(app: Hono<GuardEnv>, deps: ApiDeps): void {
  const { tokens, sessions, clock, refuse } = deps;
  const facts = (c: Context<GuardEnv>, mayLook: boolean): SessionFacts => ({
    token: mayLook ? tokens.issue(c.get('client'), clock.now().tickMs) : null,
    mayLogOut: sessions.isOpen(getCookie(c, sessionCookie) ?? '', clock.now().tickMs),
    version: deps.version,
    printers: mayLook ? deps.printers.map(({ view }) => view.name) : [],
  });
  app.get('/api/v1/session', (c) => c.json(facts(c, c.get('mayLook'))));

  app.post('/api/v1/login', deps.guardAction, async (c) => {
    const body = await readBody(c);
    if (typeof body === 'string') return refuse(c, body, c.get('client'));
    const read = v.safeParse(login, body);
    if (!read.success) return refuse(c, 'NOT_LET_IN', c.get('client'));
    const credential: Credential =
      'apiKey' in read.output ? { kind: 'api-key', ...read.output } : { kind: 'user', ...read.output };
    const { tickMs } = clock.now();
    try {
      if (!(await sessions.check(credential, tickMs, c.req.raw.signal)))
        return refuse(c, 'NOT_LET_IN', c.get('client'), 'Moonraker does not know this user, password or key');
    } catch {
      return refuse(c, 'CANNOT_CHECK', c.get('client'));
    }
    setCookie(c, sessionCookie, sessions.open(tickMs), { httpOnly: true, sameSite: 'Strict', path: '/' });
    return c.json({ result: 'ok' });
  });

  app.post('/api/v1/logout', deps.guardAction, (c) => {
    sessions.close(getCookie(c, sessionCookie) ?? '');
    deleteCookie(c, sessionCookie, { path: '/' });
    return c.json({ result: 'ok' });
  });
}
