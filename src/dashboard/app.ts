// The routes of the dashboard behind their gates.
import { type Context, Hono } from 'hono';
import type { Clock, Log } from '../core/ports.ts';
import type { Access } from './access.ts';
import { addApiRoutes, type Served } from './api-routes.ts';
import type { OpenStreams } from './event-streams.ts';
import { createActionGuard, createGuard, type GuardDeps, type GuardEnv } from './guard.ts';
import { addMaskRoutes } from './mask-routes.ts';
import { addPageRoutes } from './page-routes.ts';
import { createPageTokens } from './page-token.ts';
import { addPictureRoutes, type Pictured } from './picture-routes.ts';
import type { Metrics } from './prometheus.ts';
import { createRateLimit } from './rate-limit.ts';
import { addRecordRoutes } from './record-routes.ts';
import type { Refuse } from './refusal.ts';
import { securityHeaders } from './security-headers.ts';
import { type CheckCredential, createSessions } from './sessions.ts';
import type { SettingFacts } from './view.ts';

/** Who may come in, by what names, and what the page is. */
export interface AppOptions {
  readonly forceLogin: boolean;
  /** Addresses and names under which Mainsail and Fluidd may frame the panel. */
  readonly frameHosts: () => readonly string[];
  readonly version: string;
  /** Where the build has put the page. */
  readonly pageFolder: string;
}

/** A printer with everything that its routes need. */
export interface PrinterParts extends Served, Pictured {
  /** Sends the state to the pages that are open. */
  tell(): void;
}

/** What the routes work with. */
export interface AppDeps {
  /** At least one. */
  readonly printers: readonly PrinterParts[];
  readonly settings: () => readonly SettingFacts[];
  readonly checkCredential: CheckCredential;
  readonly metrics: Pick<Metrics, 'text'>;
  readonly streams: OpenStreams;
  readonly access: Access;
  readonly refuse: Refuse;
  readonly clock: Clock;
  readonly log: Log;
}

/** Actions, logins and keys of one client. */
const actionRate = { burst: 10, perSecond: 0.5, maxClients: 256 };

/** Makes the application. */
export function createApp(options: AppOptions, deps: AppDeps): Hono<GuardEnv> {
  const { printers, metrics, streams, access, refuse, clock, log } = deps;
  const tokens = createPageTokens();
  const sessions = createSessions(deps.checkCredential);
  const guard: GuardDeps = {
    ...{ access, tokens, sessions, clock, refuse, mustLogIn: options.forceLogin },
    actions: createRateLimit(actionRate),
  };
  const find = (c: Context<GuardEnv>) => {
    const name = c.req.query('printer');
    return (name === undefined ? printers[0] : printers.find(({ view }) => view.name === name)) ?? null;
  };
  const app = new Hono<GuardEnv>();
  app.use(securityHeaders(options.frameHosts));
  app.use(createGuard(guard));
  app.get('/healthz', (c) => c.text('ok\n'));
  app.get('/metrics', (c) =>
    c.body(metrics.text(), 200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }),
  );
  addPageRoutes(app, options.pageFolder, refuse);
  addPictureRoutes(app, { find, access, streams, refuse, log });
  const guardAction = createActionGuard(guard);
  addRecordRoutes(app, { find: (c) => find(c)?.view.records() ?? null, guardAction, refuse, log });
  addMaskRoutes(app, {
    find: (c) => {
      const found = find(c);
      return found === null ? null : { masks: found.view.masks, changed: found.tell };
    },
    ...{ guardAction, refuse, log },
  });
  addApiRoutes(app, {
    ...{ printers, find, tokens, sessions, streams, refuse, clock, log },
    settings: deps.settings,
    guardAction,
    version: options.version,
  });
  app.notFound((c) => refuse(c, 'NOT_FOUND'));
  app.onError((error, c) => {
    log.error('a request to the dashboard failed', { error });
    return refuse(c, 'FAILED');
  });
  return app;
}
