// The HTTP side of a virtual Moonraker: REST paths and /server/jsonrpc, both onto the same methods.
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as v from 'valibot';
import { readCapped } from '../lib/capped-body.ts';
import type { MoonrakerAccess } from './moonraker-access.ts';
import { createClient } from './moonraker-client.ts';
import type { MoonrakerHub } from './moonraker-hub.ts';
import { dispatch, RpcError, readParams } from './moonraker-rpc.ts';

const object = v.record(v.string(), v.unknown());
const maxBodyBytes = 1024 * 1024;
/** Methods that exist twice, by the verb. */
const verbs: Readonly<Record<string, string>> = { GET: 'get_', POST: 'post_', DELETE: 'delete_' };

/** Answers one request. Errors of the API become HTTP statuses, results are wrapped in `result`. */
export async function answerHttp(
  request: IncomingMessage,
  response: ServerResponse,
  hub: MoonrakerHub,
  access: MoonrakerAccess,
  routePrefix: string,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const path = url.pathname.startsWith(routePrefix) ? url.pathname.slice(routePrefix.length) : '';
  const reply = (status: number, body: object) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' });
    response.end(JSON.stringify(body));
  };
  const silent = { send: () => undefined, close: () => undefined, terminate: () => undefined };
  const who = { ip: request.socket.remoteAddress ?? null, user: access.admit(request.headers, url) };
  const { peer } = createClient(hub, silent, who, () => false);
  try {
    const body = await readCapped(request, maxBodyBytes, AbortSignal.timeout(10_000));
    if (path === '/server/jsonrpc') {
      const text = await dispatch(body.toString('utf8'), peer);
      response.writeHead(200, { 'content-type': 'application/json; charset=UTF-8' });
      response.end(text ?? '');
      return;
    }
    const parts = path.split('/').filter((part) => part !== '');
    const last = parts.pop() ?? '';
    const name = [...parts, last].join('.');
    const method =
      peer.find(name) ?? peer.find([...parts, `${verbs[request.method ?? ''] ?? ''}${last}`].join('.'));
    if (method === null) throw new RpcError(-32601, 'Not Found');
    const given: unknown = body.length > 0 ? JSON.parse(body.toString('utf8')) : {};
    const query = Object.fromEntries(url.searchParams);
    const result = await method.run(readParams({ ...query, ...v.parse(object, given) }));
    reply(200, { result });
  } catch (error) {
    const code = error instanceof RpcError ? error.code : 500;
    const status = code === -32601 ? 404 : code === -32602 ? 401 : code > 0 ? code : 400;
    const message = error instanceof Error ? error.message : String(error);
    if (!response.headersSent) reply(status, { error: { code: status, message, traceback: '' } });
  }
}
