// A bare JSON-RPC client over a websocket, to look at a Moonraker without any code of ours in between.
import WebSocket from 'ws';

/** A reply to a call: one of the two is there. */
export interface RpcReply {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** The client. */
export interface RpcClient {
  /** Sends a call and waits for its reply, at most `deadlineMs` (10 s). */
  call(method: string, params?: unknown, deadlineMs?: number): Promise<RpcReply>;
  /** Sends text as it is. */
  sendText(text: string): void;
  /** Every frame that came in, oldest first, parsed. */
  readonly received: Record<string, unknown>[];
  /** Names of notifications and calls that came in, oldest first, without the periodic `notify_proc_stat_update`. */
  methods(): string[];
  /** First parameters of all `notify_gcode_response`. */
  console(): string[];
  /** The close frame; null while open. */
  closed(): { code: number; reason: string } | null;
  close(): void;
}

/** Connects. Rejects when the upgrade fails. */
export async function connectRpc(url: string, headers: Record<string, string> = {}): Promise<RpcClient> {
  const socket = new WebSocket(url, { headers });
  const received: Record<string, unknown>[] = [];
  const waiting = new Map<number, (reply: RpcReply) => void>();
  let closed: { code: number; reason: string } | null = null;
  let lastId = 0;
  socket.on('message', (data) => {
    const message = JSON.parse(String(data));
    received.push(message);
    if (message.method === undefined) waiting.get(message.id)?.(message);
  });
  socket.on('close', (code, reason) => {
    closed = { code, reason: String(reason) };
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => undefined);
  return {
    call: (method, params, deadlineMs = 10_000) => {
      lastId += 1;
      const id = lastId;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${method} was not answered`)), deadlineMs);
        waiting.set(id, (reply) => {
          clearTimeout(timer);
          waiting.delete(id);
          resolve(reply);
        });
        socket.send(
          JSON.stringify({ jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }), id }),
        );
      });
    },
    sendText: (text) => socket.send(text),
    received,
    methods: () =>
      received
        .map((message) => message['method'])
        .filter((name) => typeof name === 'string')
        .filter((name) => name !== 'notify_proc_stat_update'),
    console: () =>
      received
        .filter((message) => message['method'] === 'notify_gcode_response')
        .map((message) => String(Array.isArray(message['params']) ? message['params'][0] : '')),
    closed: () => closed,
    close: () => socket.close(),
  };
}
