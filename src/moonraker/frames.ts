// Reads one inbound frame into what it is: a notification, a request to us, an answer, or noise.
import * as v from 'valibot';

/** One inbound frame, read. */
export type InboundFrame =
  /** Left unread on purpose: `notify_proc_stat_update`, which comes every second to everybody. */
  | { readonly kind: 'skipped' }
  | { readonly kind: 'malformed'; readonly why: string }
  | { readonly kind: 'notification'; readonly method: string; readonly params: unknown }
  | {
      readonly kind: 'request';
      readonly id: string | number;
      readonly method: string;
      readonly params: unknown;
    }
  /** `id` is null when Moonraker could not tell which request of ours it refuses. */
  | { readonly kind: 'answer'; readonly id: string | number | null; readonly outcome: RpcOutcome };

/** Result or error of a request of ours. */
export type RpcOutcome =
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'error'; readonly code: number; readonly message: string };

// Moonraker's JSON writers differ in the blanks they put.
const skippedPrefixes = [
  Buffer.from('{"jsonrpc":"2.0","method":"notify_proc_stat_update"'),
  Buffer.from('{"jsonrpc": "2.0", "method": "notify_proc_stat_update"'),
];

const idSchema = v.union([v.string(), v.number()]);
const requestSchema = v.object({
  jsonrpc: v.literal('2.0'),
  method: v.string(),
  id: v.optional(idSchema),
  params: v.optional(v.unknown()),
});
const resultSchema = v.object({ jsonrpc: v.literal('2.0'), id: idSchema, result: v.unknown() });
const errorSchema = v.object({
  jsonrpc: v.literal('2.0'),
  id: v.nullable(idSchema),
  error: v.object({ code: v.number(), message: v.string() }),
});
const frameSchema = v.union([requestSchema, resultSchema, errorSchema]);

/** Reads a frame of UTF-8 JSON. Never throws. */
export function readFrame(frame: Buffer): InboundFrame {
  if (skippedPrefixes.some((prefix) => startsWith(frame, prefix))) return { kind: 'skipped' };
  let json: unknown;
  try {
    json = JSON.parse(frame.toString('utf8'));
  } catch {
    return { kind: 'malformed', why: 'not JSON' };
  }
  const read = v.safeParse(frameSchema, json);
  if (!read.success) return { kind: 'malformed', why: 'not a JSON-RPC 2.0 message' };
  const message = read.output;
  if ('method' in message) {
    const { method, id, params } = message;
    return id === undefined
      ? { kind: 'notification', method, params }
      : { kind: 'request', id, method, params };
  }
  if ('error' in message) {
    const { code, message: text } = message.error;
    return { kind: 'answer', id: message.id, outcome: { kind: 'error', code, message: text } };
  }
  return { kind: 'answer', id: message.id, outcome: { kind: 'result', result: message.result } };
}

function startsWith(frame: Buffer, prefix: Buffer): boolean {
  return frame.length >= prefix.length && frame.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}
