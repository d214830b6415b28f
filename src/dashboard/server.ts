// The dashboard's server: one for all printers of the process. Nothing is fetched, drawn or sent while nobody looks.
import { createServer, type Server } from 'node:http';
import { isIP } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Clock, Log } from '../core/ports.ts';
import { type AccessOptions, createAccess } from './access.ts';
import { type AppOptions, createApp, type PrinterParts } from './app.ts';
import { createEventFeed, createOpenStreams } from './event-streams.ts';
import { createLive } from './live.ts';
import type { PrinterView } from './printer-view.ts';
import { createMetrics } from './prometheus.ts';
import { createRateLimit } from './rate-limit.ts';
import { createRefuse } from './refusal.ts';
import type { CheckCredential } from './sessions.ts';
import { printerState } from './state.ts';
import { createTrackReader } from './track.ts';
import type { SettingFacts } from './view.ts';

/** The `[dashboard]` section and what the host adds to it. */
export interface DashboardOptions extends AppOptions, AccessOptions {
  /** null: all addresses of this host. */
  readonly listen: string | null;
  readonly port: number;
}

/** What the server shows and asks. */
export interface DashboardDeps {
  /** At least one. */
  readonly printers: readonly PrinterView[];
  readonly settings: () => readonly SettingFacts[];
  readonly checkCredential: CheckCredential;
  readonly clock: Clock;
  readonly log: Log;
}

/** The server. */
export interface Dashboard {
  /** Listens. Resolves with the port. Rejects with Node's error when the port is taken. */
  start(): Promise<number>;
  close(): Promise<void>;
}

/** Every browser that asks for more at once has something else in mind. */
const maxConnections = 256;
/** Requests of one client: a page asks for one or two a second. */
const requestRate = { burst: 300, perSecond: 30, maxClients: 256 };
const headersLimitMs = 10_000;
const requestLimitMs = 30_000;
const maxHeaderBytes = 16 * 1024;

/** Makes the server. Nothing listens before `start`. */
export function createDashboard(options: DashboardOptions, deps: DashboardDeps): Dashboard {
  const { clock } = deps;
  const log = deps.log.child('dashboard/server');
  const printers = deps.printers.map((view) => servePrinter(view, clock));
  const metrics = createMetrics(deps.printers, clock, options.version);
  const streams = createOpenStreams();
  const { settings, checkCredential } = deps;
  const access = createAccess(options);
  const { refuse, noteFlood } = createRefuse(log, clock);
  const app = createApp(options, {
    ...{ printers, settings, checkCredential, metrics, streams, access, refuse, clock, log },
  });
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const requests = createRateLimit(requestRate);
  const server = createServer(
    {
      headersTimeout: headersLimitMs,
      requestTimeout: requestLimitMs,
      maxHeaderSize: maxHeaderBytes,
      connectionsCheckingInterval: 5_000,
    },
    (request, response) => {
      const client = access.clientOf(request);
      if (requests.take(client, clock.now().tickMs)) return void answer(request, response);
      // Refused before anything is made of it: whoever floods us shall cost as little as can be.
      noteFlood(client);
      response.writeHead(429, { 'Retry-After': '10' }).end();
      return undefined;
    },
  );
  server.maxConnections = maxConnections;
  return {
    start: () => listen(server, options),
    close: async () => {
      metrics.close();
      for (const { feed, off } of printers) {
        off();
        feed.close();
      }
      streams.close();
      const closed = new Promise<void>((resolve) => {
        if (server.listening) server.close(() => resolve());
        else resolve();
      });
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Sends what changes to the pages that are open. */
function servePrinter(view: PrinterView, clock: Clock): PrinterParts & { readonly off: () => void } {
  const track = createTrackReader(view.records);
  const feed = createEventFeed();
  const live = createLive({ show: view.show, lastLook: () => view.lastLook()?.frame ?? null, clock });
  const state = { name: 'state', data: () => printerState(view, clock.now()) };
  const off = view.onChange((_status, input) => {
    feed.send(state);
    if (input.kind === 'time-passed') return;
    track.expire();
    feed.send({ name: 'track', data: () => null });
  });
  return { view, track, feed, live, off, tell: () => feed.send(state) };
}

function listen(server: Server, { listen: address, port }: DashboardOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    if (address !== null && isIP(address) === 0) {
      reject(new TypeError(`listen in [dashboard] is no IP address: ${address}`));
      return;
    }
    server.once('error', reject);
    server.listen({ port, ...(address === null ? {} : { host: address }) }, () => {
      server.off('error', reject);
      // From now on an error of the listening socket must not end the process.
      server.on('error', () => {});
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}
