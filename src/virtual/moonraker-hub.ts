// The middle of a virtual Moonraker: its clients, its notifications, and the table of its methods.
import type { RpcParams } from './moonraker-rpc.ts';

/** What a client says of itself with `server.connection.identify`. */
export interface ClientData {
  name: string;
  version: string;
  type: string;
  url: string;
}

/** A connected client. */
export interface MoonrakerClient {
  /** `connection_id`: a memory address in Moonraker, so a large number here too. */
  readonly id: number;
  /** Address of the peer; null over the Unix socket. */
  readonly ip: string | null;
  data: ClientData;
  isIdentified: boolean;
  /** Connected, but not allowed to do or hear anything. */
  needsAuth: boolean;
  user: string | null;
  /** Sends one JSON value. */
  send(message: object): void;
  /** Sends a text frame as it is. */
  sendText(text: string): void;
  /** Calls a method of the client and waits for its answer, however long. Rejects with RpcError. */
  call(method: string, params: unknown): Promise<unknown>;
  close(code: number, reason: string): void;
  /** Cuts the connection without a word. */
  terminate(): void;
}

/** A method of the API. */
export interface MoonrakerMethod {
  readonly needsAuth: boolean;
  run(params: RpcParams, client: MoonrakerClient): unknown;
}

/** The hub. */
export interface MoonrakerHub {
  readonly clients: Set<MoonrakerClient>;
  readonly methods: Map<string, MoonrakerMethod>;
  /** Calls by method and, under `notify_…`, notifications sent. */
  readonly requests: Record<string, number>;
  register(name: string, run: MoonrakerMethod['run'], needsAuth?: boolean): void;
  /** Sends `notify_<name>` to all who may hear it. */
  notify(name: string, params: readonly unknown[], except?: MoonrakerClient): void;
  /** Sends one notification to one client and counts it. */
  tell(client: MoonrakerClient, name: string, params: readonly unknown[]): void;
  /** Called when a client has gone. */
  readonly onGone: Set<(client: MoonrakerClient) => void>;
}

/** Makes a hub without clients or methods. */
export function createMoonrakerHub(): MoonrakerHub {
  const clients = new Set<MoonrakerClient>();
  const methods = new Map<string, MoonrakerMethod>();
  const requests: Record<string, number> = {};
  const count = (name: string) => {
    requests[name] = (requests[name] ?? 0) + 1;
  };
  const tell: MoonrakerHub['tell'] = (client, name, params) => {
    count(`notify_${name}`);
    const message = { jsonrpc: '2.0', method: `notify_${name}` };
    client.send(params.length === 0 ? message : { ...message, params });
  };
  return {
    clients,
    methods,
    requests,
    register: (name, run, needsAuth = true) => {
      methods.set(name, {
        needsAuth,
        run: (params, client) => {
          count(name);
          return run(params, client);
        },
      });
    },
    tell,
    notify: (name, params, except) => {
      for (const client of [...clients]) {
        if (client !== except && !client.needsAuth) tell(client, name, params);
      }
    },
    onGone: new Set(),
  };
}
