// One client of a virtual Moonraker over any transport: rights, calls in both directions, and its end.
import type { MoonrakerClient, MoonrakerHub } from './moonraker-hub.ts';
import { dispatch, RpcError, type RpcPeer, refuse } from './moonraker-rpc.ts';

/** The wire below a client. */
export interface ClientWire {
  send(text: string): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

/** A client and the way to feed it. */
export interface WiredClient {
  readonly client: MoonrakerClient;
  /** What the client may call. */
  readonly peer: RpcPeer;
  /** A frame has come in. */
  receive(text: string): void;
  /** The wire has gone. */
  gone(): void;
}

let lastId = 140_000_000_000_000;

/** Makes a client and adds it to those who are told what happens. */
export function addClient(
  hub: MoonrakerHub,
  wire: ClientWire,
  who: { readonly ip: string | null; readonly user: string | null },
  isSilent: () => boolean,
): WiredClient {
  const wired = createClient(hub, wire, who, isSilent);
  hub.clients.add(wired.client);
  return wired;
}

/**
 * Makes a client that can call methods.
 * @param who `user` is whom the connection itself proves; null connects but may do nothing
 * @param isSilent asked before each answer: a hung server hears and never speaks
 */
export function createClient(
  hub: MoonrakerHub,
  wire: ClientWire,
  who: { readonly ip: string | null; readonly user: string | null },
  isSilent: () => boolean,
): WiredClient {
  lastId += 1072;
  const calls = new Map<number, { resolve: (value: unknown) => void; reject: (reason: Error) => void }>();
  const send = (text: string) => {
    if (!isSilent()) wire.send(text);
  };
  const client: MoonrakerClient = {
    id: lastId,
    ip: who.ip,
    data: { name: 'unknown', version: '', type: '', url: '' },
    isIdentified: false,
    needsAuth: who.user === null,
    user: who.user,
    send: (message) => send(JSON.stringify(message)),
    sendText: send,
    call: (method, params) =>
      new Promise((resolve, reject) => {
        lastId += 16;
        const id = lastId;
        calls.set(id, { resolve, reject });
        const isEmpty = typeof params !== 'object' || params === null || Object.keys(params).length === 0;
        client.send(isEmpty ? { jsonrpc: '2.0', method, id } : { jsonrpc: '2.0', method, id, params });
      }),
    close: wire.close,
    terminate: wire.terminate,
  };
  const peer: RpcPeer = {
    find: (name) => {
      const method = hub.methods.get(name);
      if (method === undefined) return null;
      if (method.needsAuth && client.needsAuth) throw refuse.unauthorized();
      return { run: (params) => method.run(params, client) };
    },
    answered: (id, result, error) => {
      const call = calls.get(id);
      calls.delete(id);
      // An answer of null counts as a failure.
      if (result !== null) call?.resolve(result);
      else call?.reject(new RpcError(424, `Agent ${client.data.name} RPC error`, error));
    },
  };

  return {
    client,
    peer,
    receive: (text) => {
      void dispatch(text, peer).then((reply) => {
        if (reply !== null) send(reply);
      });
    },
    gone: () => {
      if (!hub.clients.delete(client)) return;
      for (const call of calls.values()) call.reject(new RpcError(500, 'Client Socket Disconnected'));
      calls.clear();
      for (const listener of hub.onGone) listener(client);
    },
  };
}
