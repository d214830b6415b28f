// A websocket server that answers each method as a test says, for what a proper Moonraker never does.
import { createHash } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** A result, an RPC error, or no answer at all. */
export type Scripted =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string } }
  | 'silent';

/** The server. */
export interface ScriptedServer {
  readonly url: string;
  readonly sockets: readonly WebSocket[];
  /** Every message that came in, read. */
  readonly heard: readonly Record<string, unknown>[];
  /** Answers `method` from now on like this; unknown methods are −32601. */
  script(method: string, answer: Scripted): void;
  /** Sends text to the newest connection. */
  raw(text: string): void;
  close(): Promise<void>;
}

/** What lets a connection in: identify and server.info. */
export const goodIdentify: Scripted = { result: { connection_id: 1 } };
const goodServerInfo = (klippyState: string): Scripted => ({
  result: { klippy_state: klippyState, moonraker_version: 'v0.11', api_version_string: '1.5.0' },
});

/** Starts it on `port` (0: a free one). It lets everybody in and Klippy is not there. */
export async function startScriptedServer(port = 0): Promise<ScriptedServer> {
  const answers = new Map<string, Scripted>([
    ['server.connection.identify', goodIdentify],
    ['server.info', goodServerInfo('disconnected')],
  ]);
  const sockets: WebSocket[] = [];
  const heard: Record<string, unknown>[] = [];
  const server = new WebSocketServer({ host: '127.0.0.1', port });
  server.on('connection', (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as Record<string, unknown>;
      heard.push(message);
      const { id, method } = message;
      if (id === undefined || typeof method !== 'string') return;
      const answer = answers.get(method) ?? { error: { code: -32601, message: 'Method not found' } };
      if (answer !== 'silent') socket.send(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
    });
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `ws://127.0.0.1:${address.port}/websocket`,
    sockets,
    heard,
    script: (method, answer) => answers.set(method, answer),
    raw: (text) => sockets.at(-1)?.send(text),
    close: () => {
      for (const socket of sockets) socket.terminate();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** A peer that accepts a websocket and is silent from then on: no answers, no pongs, as behind a cut cable. */
export async function startHalfOpenServer(): Promise<{
  url: string;
  connections: () => number;
  close(): void;
}> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    let isUpgraded = false;
    socket.on('data', (chunk: Buffer) => {
      if (isUpgraded) return;
      isUpgraded = true;
      const key = /sec-websocket-key: (\S+)/i.exec(chunk.toString())?.[1] ?? '';
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `ws://127.0.0.1:${address.port}/websocket`,
    connections: () => sockets.length,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
