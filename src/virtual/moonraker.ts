// A Moonraker of our own in front of a virtual printer: websocket, Unix socket and the HTTP paths a companion uses.
import { rmSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer as createUnixServer, type Server as UnixServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { createEtxReader, etxFrame } from './etx-frames.ts';
import { createMoonrakerAccess, type VirtualUser } from './moonraker-access.ts';
import { addClient } from './moonraker-client.ts';
import { registerDatabaseMethods } from './moonraker-database.ts';
import { type AgentEvent, registerExtensionMethods } from './moonraker-extensions.ts';
import { createMoonrakerHistory } from './moonraker-history.ts';
import { answerHttp } from './moonraker-http.ts';
import { createMoonrakerHub } from './moonraker-hub.ts';
import { createMoonrakerLink, type LinkState } from './moonraker-link.ts';
import { registerPrinterMethods } from './moonraker-printer-methods.ts';
import { type GcodeStoreEntry, procStats, registerServerMethods } from './moonraker-server-methods.ts';
import { registerWebcamMethods, type VirtualWebcamEntry } from './moonraker-webcams.ts';
import type { VirtualPrinter } from './printer.ts';

/** How a virtual Moonraker is set up. */
export interface VirtualMoonrakerOptions {
  readonly printer: VirtualPrinter;
  /** Default: a free one. */
  readonly port?: number;
  /** With a key or with users nobody is trusted by address, unless `isTrusting` says so. */
  readonly apiKey?: string;
  readonly users?: readonly VirtualUser[];
  readonly isTrusting?: boolean;
  readonly webcams?: readonly VirtualWebcamEntry[];
  /** Such as `/printer1`. Default ''. */
  readonly routePrefix?: string;
  /** Path of a Unix socket to listen on as well. */
  readonly unixSocket?: string;
  /** ms from the connection to Klippy to `ready`. Default 250. */
  readonly initMs?: number;
  /** ms between two `notify_proc_stat_update`. Default 1000; 0 for none. */
  readonly procStatsMs?: number;
  readonly warnings?: readonly string[];
  readonly notifiers?: readonly Readonly<Record<string, unknown>>[];
  /** What `machine.update.status` lists, by name. Default: no update manager. */
  readonly updates?: Readonly<Record<string, object>>;
}

/** A running virtual Moonraker. */
export interface VirtualMoonraker {
  /** `ws://127.0.0.1:PORT/websocket` */
  readonly url: string;
  readonly httpUrl: string;
  readonly port: number;
  /** Calls by method, and notifications sent by `notify_…`. */
  readonly requests: Readonly<Record<string, number>>;
  /** What agents have said with connection.send_event, oldest first, the newest 1000. */
  readonly agentEvents: readonly AgentEvent[];
  /** The console: scripts of clients and answers of Klipper, the newest 1000. */
  readonly gcodeStore: readonly GcodeStoreEntry[];
  /** As `server.info` tells it. */
  readonly klippyState: LinkState;
  /** True once the clients have been told that Klippy is ready: a while after `klippyState` says so. */
  readonly isSettled: boolean;
  /** How many clients are connected now. */
  clients(): number;
  setWebcams(webcams: readonly VirtualWebcamEntry[]): void;
  /** While true nothing is sent any more, not even an answer; the connections stay open. */
  setSilent(isSilent: boolean): void;
  /** Sends a text frame as it is to every client. */
  sendRaw(text: string): void;
  /** Closes all connections with this code, or cuts them when there is none. */
  dropAll(code?: number): void;
  /** Stops as Moonraker does (close 1001), is away for `downMs`, and comes back on the same port. */
  restart(downMs: number): Promise<void>;
  /** Dies without a word and stays away until `restart`. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

const maxStore = 1000;
/** Tornado's limit for a message from a client; larger ones close the connection with 1009. */
const maxFrameBytes = 10 * 1024 * 1024;
const maxUnixBytes = 20 * 1024 * 1024;
const restartMs = 500;

/** Starts a Moonraker on 127.0.0.1. Rejects when the port is taken. */
export async function startVirtualMoonraker(options: VirtualMoonrakerOptions): Promise<VirtualMoonraker> {
  const { printer } = options;
  const routePrefix = options.routePrefix ?? '';
  const hub = createMoonrakerHub();
  const link = createMoonrakerLink(hub, printer, options.initMs ?? 250);
  const access = createMoonrakerAccess(hub, {
    apiKey: options.apiKey ?? null,
    users: options.users ?? [],
    isTrusting: options.isTrusting ?? (options.apiKey === undefined && options.users === undefined),
  });
  const agentEvents: AgentEvent[] = [];
  const gcodeStore: GcodeStoreEntry[] = [];
  const store = (message: string, type: GcodeStoreEntry['type']) => {
    gcodeStore.push({ message, time: Date.now() / 1000, type });
    if (gcodeStore.length > maxStore) gcodeStore.shift();
  };
  let isSilent = false;
  let port = options.port ?? 0;
  let running: { http: HttpServer; unix: UnixServer | null; timer: NodeJS.Timeout | null } | null = null;

  const stopStore = printer.onGcodeResponse((line) => {
    if (link.isConnected && link.state !== 'startup') store(line, 'response');
  });
  registerExtensionMethods(hub, link, access, (event) => {
    agentEvents.push(event);
    if (agentEvents.length > maxStore) agentEvents.shift();
  });
  registerPrinterMethods(hub, link, printer, (script) => store(script, 'command'));
  const history = createMoonrakerHistory(hub, link, printer);
  registerDatabaseMethods(hub);
  const webcams = registerWebcamMethods(hub, options.webcams ?? []);

  const listen = async () => {
    const sockets = new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes });
    const http = createHttpServer((request, response) => {
      void answerHttp(request, response, hub, access, routePrefix);
    });
    http.on('upgrade', (request, socket, head) => {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      if (url.pathname !== `${routePrefix}/websocket`) {
        socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
        return;
      }
      sockets.handleUpgrade(request, socket, head, (ws) => {
        const wired = addClient(
          hub,
          {
            send: (text) => ws.send(text),
            close: (code, reason) => ws.close(code, reason),
            terminate: () => ws.terminate(),
          },
          { ip: request.socket.remoteAddress ?? null, user: access.admit(request.headers, url) },
          () => isSilent,
        );
        ws.on('message', (data) => wired.receive(String(data)));
        ws.on('error', () => ws.terminate());
        ws.on('close', () => leave(wired));
      });
    });
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen(port, '127.0.0.1', resolve);
    });
    const address = http.address();
    if (typeof address === 'object' && address !== null) port = address.port;
    const unix = options.unixSocket === undefined ? null : await listenUnix(options.unixSocket);
    const everyMs = options.procStatsMs ?? 1000;
    const timer =
      everyMs === 0 ? null : setInterval(() => hub.notify('proc_stat_update', [procStats(hub)]), everyMs);
    running = { http, unix, timer };
    link.start();
  };
  const leave = (wired: ReturnType<typeof addClient>) => {
    if (link.isConnected) link.klippy().sampler.unsubscribe(wired.client);
    wired.gone();
  };
  const listenUnix = async (path: string): Promise<UnixServer> => {
    rmSync(path, { force: true });
    const server = createUnixServer((socket) => {
      const wired = addClient(
        hub,
        {
          send: (text) => socket.write(etxFrame(text)),
          close: () => socket.end(),
          terminate: () => socket.destroy(),
        },
        // Whoever can open the file is trusted.
        { ip: null, user: '_TRUSTED_USER_' },
        () => isSilent,
      );
      socket.on(
        'data',
        createEtxReader(wired.receive, maxUnixBytes, () => socket.destroy()),
      );
      socket.on('error', () => socket.destroy());
      socket.on('close', () => leave(wired));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    return server;
  };
  const stop = async (closeClients: () => void) => {
    if (running === null) return;
    const { http, unix, timer } = running;
    running = null;
    if (timer !== null) clearInterval(timer);
    const ended = Promise.all([
      new Promise((resolve) => http.close(resolve)),
      unix === null ? null : new Promise((resolve) => unix.close(resolve)),
    ]);
    link.stop();
    closeClients();
    http.closeIdleConnections();
    // A client that does not answer the close is cut off after a moment.
    const cut = setTimeout(() => {
      for (const client of [...hub.clients]) client.terminate();
      http.closeAllConnections();
    }, 500);
    await ended;
    clearTimeout(cut);
    gcodeStore.length = 0;
  };
  const closeWith = (code: number, reason: string) => () => {
    for (const client of [...hub.clients]) client.close(code, reason);
  };
  const cutAll = () => {
    for (const client of [...hub.clients]) client.terminate();
  };
  const restart = async (downMs: number) => {
    if (running !== null) {
      history.serverExit();
      await stop(closeWith(1001, 'Server Shutdown'));
    }
    await delay(downMs);
    await listen();
  };
  registerServerMethods({
    ...{ hub, link, printer, gcodeStore },
    warnings: options.warnings ?? [],
    notifiers: options.notifiers ?? [],
    updates: options.updates ?? null,
    restart: () => void restart(restartMs),
  });
  await listen();

  return {
    get url() {
      return `ws://127.0.0.1:${port}${routePrefix}/websocket`;
    },
    get httpUrl() {
      return `http://127.0.0.1:${port}${routePrefix}`;
    },
    get port() {
      return port;
    },
    requests: hub.requests,
    agentEvents,
    gcodeStore,
    get klippyState() {
      return link.state;
    },
    get isSettled() {
      return link.isSettled;
    },
    clients: () => hub.clients.size,
    setWebcams: webcams.set,
    setSilent: (silent) => {
      isSilent = silent;
    },
    sendRaw: (text) => {
      for (const client of hub.clients) client.sendText(text);
    },
    dropAll: (code) => (code === undefined ? cutAll() : closeWith(code, '')()),
    restart,
    kill: async () => {
      history.interrupt();
      await stop(cutAll);
    },
    close: async () => {
      stopStore();
      await stop(closeWith(1001, 'Server Shutdown'));
    },
  };
}
