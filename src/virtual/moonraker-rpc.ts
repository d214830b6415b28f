// JSON-RPC as Moonraker speaks it: what it accepts, what it refuses, and with which codes and words.
import * as v from 'valibot';

/** A refusal. `code` is JSON-RPC's or an HTTP status, as Moonraker mixes them. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;
  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
    this.data = data;
  }
}

/** Refusals that many methods share. */
export const refuse = {
  /** Moonraker's default: 400 and a sentence. */
  plain: (message: string) => new RpcError(400, message),
  notFound: (message: string) => new RpcError(-32601, message),
  unauthorized: (message = 'Unauthorized') => new RpcError(-32602, message),
  forbidden: (message: string) => new RpcError(403, message),
  noKlippy: (message = 'Klippy Host not connected') => new RpcError(503, message),
};

/** Parameters of one call. Missing and unreadable ones are refused with Moonraker's words. */
export interface RpcParams {
  readonly all: Readonly<Record<string, unknown>>;
  has(key: string): boolean;
  /** Any value, null included. */
  any(key: string): unknown;
  text(key: string, fallback?: string): string;
  number(key: string, fallback?: number): number;
  whole(key: string, fallback?: number): number;
  flag(key: string, fallback: boolean): boolean;
}

/** Reads `all` as parameters. */
export function readParams(all: Readonly<Record<string, unknown>>): RpcParams {
  const missing = (key: string) => refuse.plain(`No data for argument: ${key}`);
  const cannot = (key: string, type: string, value: unknown) =>
    refuse.plain(
      `Unable to convert argument [${key}] to <class '${type}'>: value received: ${String(value)}`,
    );
  const has = (key: string) => Object.hasOwn(all, key);
  const numberOf = (type: 'int' | 'float') => (key: string, fallback?: number) => {
    if (!has(key)) {
      if (fallback === undefined) throw missing(key);
      return fallback;
    }
    const value = all[key];
    const isReadable = typeof value === 'number' || (typeof value === 'string' && value.trim() !== '');
    const read = isReadable ? Number(value) : Number.NaN;
    if (!Number.isFinite(read)) throw cannot(key, type, value);
    return type === 'int' ? Math.trunc(read) : read;
  };
  return {
    all,
    has,
    any: (key) => {
      if (!has(key)) throw missing(key);
      return all[key];
    },
    text: (key, fallback) => {
      if (has(key)) return String(all[key]);
      if (fallback === undefined) throw missing(key);
      return fallback;
    },
    number: numberOf('float'),
    whole: numberOf('int'),
    flag: (key, fallback) => {
      if (!has(key)) return fallback;
      const value = all[key];
      if (typeof value === 'boolean') return value;
      if (value === 'true' || value === 'false') return value === 'true';
      throw cannot(key, 'bool', value);
    },
  };
}

/** What `dispatch` needs to know about a method; null when there is none of that name. */
export interface RpcTarget {
  /** Throws RpcError. */
  run(params: RpcParams): unknown;
}

/** One side of a connection, as the dispatcher sees it. */
export interface RpcPeer {
  /** Finds a method and checks that the peer may call it. Throws RpcError `Unauthorized`. */
  find(method: string): RpcTarget | null;
  /** An answer to a call that was sent to the peer. */
  answered(id: number, result: unknown, error: unknown): void;
}

type Id = string | number | null;

const envelope = v.object({
  jsonrpc: v.optional(v.unknown()),
  id: v.optional(v.unknown()),
  method: v.optional(v.unknown()),
  params: v.optional(v.unknown()),
  result: v.optional(v.unknown()),
  error: v.optional(v.unknown()),
});
const object = v.record(v.string(), v.unknown());

/**
 * Handles one text frame.
 * @returns the text to send back, null when there is nothing to say
 */
export async function dispatch(text: string, peer: RpcPeer): Promise<string | null> {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return JSON.stringify(errorReply(null, new RpcError(-32700, 'Parse error')));
  }
  if (!Array.isArray(message)) {
    const reply = await handle(message, peer);
    return reply === null ? null : JSON.stringify(reply);
  }
  const replies: object[] = [];
  // A batch is worked through in order, single frames are not.
  for (const item of message) {
    const reply = await handle(item, peer);
    if (reply !== null) replies.push(reply);
  }
  return replies.length === 0 ? null : JSON.stringify(replies);
}

async function handle(message: unknown, peer: RpcPeer): Promise<object | null> {
  const read = v.safeParse(envelope, message);
  // Moonraker fails inside for a bare number and the like and stays silent.
  if (!read.success || message === null || Array.isArray(message)) return null;
  const { jsonrpc, id: rawId, method, params, result, error } = read.output;
  const id: Id = typeof rawId === 'string' || typeof rawId === 'number' ? rawId : null;
  if (jsonrpc !== '2.0') return errorReply(id, new RpcError(-32600, 'Invalid Request'));
  if (method === undefined) {
    if (typeof id === 'number') peer.answered(id, result ?? null, error ?? null);
    return null;
  }
  if (typeof method !== 'string') return errorReply(id, new RpcError(-32600, 'Invalid Request'));
  try {
    const given = v.safeParse(object, params ?? {});
    const hasBadParams = Array.isArray(params) || params === null || !given.success;
    const target = peer.find(method);
    if (target === null) throw refuse.notFound('Method not found');
    if (hasBadParams) throw new RpcError(-32602, 'Invalid params:');
    const value = await target.run(readParams(given.output));
    return rawId === undefined || rawId === null ? null : { jsonrpc: '2.0', result: value, id };
  } catch (failure) {
    if (failure instanceof RpcError) return errorReply(id, failure);
    return errorReply(id, new RpcError(500, failure instanceof Error ? failure.message : String(failure)));
  }
}

function errorReply(id: Id, error: RpcError): object {
  const details = { code: error.code, message: error.message };
  return {
    jsonrpc: '2.0',
    error: error.data === undefined ? details : { ...details, data: error.data },
    id,
  };
}
