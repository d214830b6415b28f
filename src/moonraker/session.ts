// One connection to Moonraker from open to close: calls with deadlines, requests to us, keep-alive.
import {
  createJSONRPCErrorResponse,
  createJSONRPCSuccessResponse,
  JSONRPCClient,
  type JSONRPCServer,
} from 'json-rpc-2.0';
import { MoonrakerError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import type { Endpoint } from './endpoint.ts';
import { type InboundFrame, type RpcOutcome, readFrame } from './frames.ts';
import { refused } from './rpc-errors.ts';
import { openTransport, type Transport, type TransportEnd } from './transport.ts';

/** Moonraker takes 10 MiB; nothing it sends us comes near. */
export const maxFrameBytes = 10 * 1024 * 1024;
/** An answer that takes longer is not coming: a result that Moonraker cannot encode is never sent. */
const defaultTimeoutMs = 10_000;
const connectTimeoutMs = 5_000;
/** A peer that is silent for a whole interval after a ping is dead. */
const pingEveryMs = 10_000;
/** Unsent bytes above this mean that the peer does not read. */
const maxWaitingBytes = 1024 * 1024;

/** How to call. */
export interface CallOptions {
  /** null waits as long as the connection lives: for what queues behind G-code. Default 10 s. */
  readonly timeoutMs?: number | null;
  readonly signal?: AbortSignal;
}

/** One open connection. */
export interface Session {
  /**
   * One request.
   * @throws MoonrakerError MOONRAKER_TIMEOUT, _CLOSED, _REFUSED, _UNAUTHORIZED, _NAME_TAKEN or KLIPPY_NOT_READY;
   *   the signal's reason
   */
  call(method: string, params: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<unknown>;
  /** Resolves when the connection has ended. */
  readonly ended: Promise<TransportEnd>;
  /** Ends it politely. */
  close(): void;
}

/** What a session tells its owner, besides answers. */
export interface SessionEvents {
  readonly onNotification: (method: string, params: unknown) => void;
  /** Every inbound frame, before it is acted upon. For counting. */
  readonly onFrame: (frame: InboundFrame) => void;
  /** Every request that was sent. For counting. */
  readonly onRequest: (method: string) => void;
  /** The connection has ended; what is pending fails right after this. */
  readonly onEnd: (end: TransportEnd) => void;
}

/** What a session needs. */
export interface SessionDeps {
  readonly clock: Clock;
  /** Answers the requests that Moonraker sends to us. */
  readonly server: JSONRPCServer;
}

/**
 * Opens a connection. Nothing is sent yet.
 * @throws MoonrakerError MOONRAKER_UNREACHABLE, or the signal's reason
 */
export async function openSession(
  endpoint: Endpoint,
  events: SessionEvents,
  { clock, server }: SessionDeps,
  signal: AbortSignal,
): Promise<Session> {
  const life = new AbortController();
  const pending = new Map<number, (error: unknown) => void>();
  let lastId = 0;
  let heardFrames = 0;
  let endedWith: MoonrakerError | null = null;
  let finish: (end: TransportEnd) => void = () => undefined;
  const ended = new Promise<TransportEnd>((resolve) => {
    finish = resolve;
  });

  const onEnd = (end: TransportEnd) => {
    endedWith = closed(end);
    life.abort();
    events.onEnd(end);
    for (const fail of [...pending.values()]) fail(endedWith);
    finish(end);
  };
  const onFrame = (data: Buffer) => {
    if (endedWith !== null) return;
    heardFrames += 1;
    const frame = readFrame(data);
    events.onFrame(frame);
    // Notifications are handed on at once, answers a few microtasks later: the order of the wire is kept for
    // "paused, then ok", and a status reading carries its own time for the other way round.
    if (frame.kind === 'notification') events.onNotification(frame.method, frame.params);
    else if (frame.kind === 'answer') client.receive(toResponse(frame.id, frame.outcome));
    else if (frame.kind === 'request') void answer(frame);
  };
  const onAlive = () => {
    heardFrames += 1;
  };

  // Frames may come in before the promise of the open line has been handed over.
  let line: Transport | null = null;
  const send = (message: unknown) => {
    if (line === null) return;
    if (line.waitingBytes() > maxWaitingBytes) line.terminate();
    else line.send(JSON.stringify(message));
  };
  const client = new JSONRPCClient(send);

  const answer = async ({ id, method, params }: Extract<InboundFrame, { kind: 'request' }>) => {
    const request = { jsonrpc: '2.0' as const, id, method, ...(params === undefined ? {} : { params }) };
    const response = await server.receive(request);
    if (endedWith === null) send(response);
  };

  const transport = await openTransport(
    endpoint,
    { onFrame, onAlive, onEnd },
    { maxFrameBytes, connectTimeoutMs },
    { clock },
    signal,
  );
  line = transport;

  const keepAlive = async () => {
    while (!life.signal.aborted) {
      const heardBefore = heardFrames;
      transport.ping();
      await clock.sleep(pingEveryMs, life.signal);
      if (heardFrames === heardBefore) transport.terminate();
    }
  };
  if (transport.needsPing) keepAlive().catch(() => undefined);

  const call: Session['call'] = async (method, params, options = {}) => {
    const { timeoutMs = defaultTimeoutMs } = options;
    options.signal?.throwIfAborted();
    if (endedWith !== null) throw endedWith;
    lastId += 1;
    const id = lastId;
    const settled = new AbortController();
    const failures: unknown[] = [];
    const fail = (reason: unknown) => {
      failures.push(reason);
      // Forgets the request inside the client too, or it would be kept for ever.
      client.receive(createJSONRPCErrorResponse(id, 0, 'given up'));
    };
    pending.set(id, fail);
    const onAbort = () => fail(options.signal?.reason);
    options.signal?.addEventListener('abort', onAbort, { once: true });
    if (timeoutMs !== null) {
      clock.sleep(timeoutMs, settled.signal).then(
        () => fail(timedOut(method, timeoutMs)),
        () => undefined,
      );
    }
    try {
      events.onRequest(method);
      const response = await client.requestAdvanced({ jsonrpc: '2.0', id, method, params });
      if (failures.length > 0) throw failures[0];
      if (response.error !== undefined) throw refused(method, response.error.code, response.error.message);
      return response.result;
    } finally {
      pending.delete(id);
      settled.abort();
      options.signal?.removeEventListener('abort', onAbort);
    }
  };

  return { call, ended, close: () => transport.close() };
}

function toResponse(id: string | number | null, outcome: RpcOutcome) {
  return outcome.kind === 'result'
    ? createJSONRPCSuccessResponse(id, outcome.result)
    : createJSONRPCErrorResponse(id, outcome.code, outcome.message);
}

function closed(end: TransportEnd): MoonrakerError {
  const how = end.isOversized
    ? 'it sent a frame above the limit'
    : `code ${end.code}${end.reason === '' ? '' : ` ${end.reason}`}`;
  return new MoonrakerError(`the connection to Moonraker was closed: ${how}`, {
    code: 'MOONRAKER_CLOSED',
    retry: 'soon',
  });
}

function timedOut(method: string, ms: number): MoonrakerError {
  return new MoonrakerError(`${method}: no answer from Moonraker within ${ms} ms`, {
    code: 'MOONRAKER_TIMEOUT',
    retry: 'soon',
  });
}
