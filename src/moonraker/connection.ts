// The connection that comes back: connects, identifies, hands out calls and notifications, and reconnects for ever.
import * as v from 'valibot';
import { backoffMs } from '../core/backoff.ts';
import { MoonrakerError } from '../core/errors.ts';
import type { Clock, Log } from '../core/ports.ts';
import { type Credentials, type Identity, identify, type LoginMemory } from './auth.ts';
import { type ConnectionCounts, createFrameCounter } from './counts.ts';
import { describeEndpoint, type Endpoint } from './endpoint.ts';
import { createListeners, type Listeners } from './listeners.ts';
import { type ServerInfo, serverInfoSchema, userGoneSchema } from './messages.ts';
import { createOfferedMethods, type MethodHandler } from './requests-to-us.ts';
import { readAnswer } from './rpc-errors.ts';
import { type CallOptions, openSession, type Session } from './session.ts';
import type { TransportEnd } from './transport.ts';

/** The first try comes soon; later ones leave a slow host 2 s for being subscribed within 5 s of Moonraker's return. */
const reconnect = { firstMs: 250, maxMs: 3_000 };
/** A connection that lived this long was a good one: the backoff starts anew. */
const goodAfterMs = 5_000;
/** Moonraker forgets a name when it has noticed that the old connection is gone. */
const nameTakenWaitMs = 5_000;
/** A connection that is not let in is held open this long: Moonraker's restart ends it, and then we try at once. */
const notLetInWaitMs = 60_000;
/** Failed logins are counted and can lock the host out. */
const badLoginWaitMs = 15 * 60_000;

/** How to connect. */
export interface ConnectionOptions {
  readonly endpoint: Endpoint;
  readonly identity: Identity;
  readonly credentials: Credentials;
}

/** What the connection needs. */
export interface ConnectionDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in 0..1, for the jitter. */
  readonly random: () => number;
}

/** `up`: let in and identified. `starting`: no outcome yet. `down` says why not. */
export type ConnectionState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'up'; readonly info: ServerInfo }
  | { readonly kind: 'down'; readonly error: MoonrakerError };

/** One request over the connection that has just been let in. */
export type EntryCall = MoonrakerConnection['call'];

/** Moonraker, as long as `run` runs. */
export interface MoonrakerConnection {
  readonly state: ConnectionState;
  readonly counts: ConnectionCounts;
  /** Connects and keeps connected until the signal aborts, then closes and resolves. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Called when we have been let in, before anybody hears that the connection is up; that waits for it. It has to end by
   * itself, within 20 s; what it throws is logged. Returns the way to stop listening.
   */
  onEntry(listener: (call: EntryCall) => Promise<void>): () => void;
  /** Called when the connection comes up or goes down. Returns the way to stop listening. */
  onState(listener: (state: ConnectionState) => void): () => void;
  /** Called with the parameters of each notification of this name, as they come. */
  onNotification(method: string, listener: (params: unknown) => void): () => void;
  /** Answers requests and macro calls of this name. Returns the way to stop. */
  addMethod(name: string, handler: MethodHandler): () => void;
  /**
   * One request, its answer read with the schema.
   * @throws MoonrakerError any code; the signal's reason
   */
  call<Schema extends v.GenericSchema>(
    method: string,
    params: Readonly<Record<string, unknown>>,
    schema: Schema,
    options?: CallOptions,
  ): Promise<v.InferOutput<Schema>>;
  /** Tells all other clients (`notify_agent_event`). Only as an agent. `data` is JSON, null sends none. */
  sendEvent(event: string, data: unknown, signal: AbortSignal): Promise<void>;
}

/** Makes a connection. Nothing happens before `run`. */
export function createMoonrakerConnection(
  options: ConnectionOptions,
  { clock, log: parentLog, random }: ConnectionDeps,
): MoonrakerConnection {
  const log = parentLog.child('moonraker/connection');
  const where = describeEndpoint(options.endpoint);
  const stateListeners = createListeners<ConnectionState>(log);
  const entryListeners = new Set<(call: EntryCall) => Promise<void>>();
  const notificationListeners = new Map<string, Listeners<unknown>>();
  const counter = createFrameCounter(log);
  const methods = createOfferedMethods(log);
  const memory: LoginMemory = { refreshToken: null };
  let session: Session | null = null;
  let state: ConnectionState = { kind: 'starting' };
  let isStopping = false;

  const setState = (next: ConnectionState) => {
    // An outage is said once, and again when its cause changes.
    const isRepeated = state.kind === 'down' && next.kind === 'down' && state.error.code === next.error.code;
    state = next;
    if (isRepeated) return;
    if (next.kind === 'up') log.info('connected', { where, moonraker: next.info.moonraker_version });
    if (next.kind === 'down' && !isStopping) {
      const { message, code, hint } = next.error;
      log.warn(message, { code, ...(hint === '' ? {} : { hint }) });
    }
    stateListeners.tell(next);
  };

  const onNotification = (method: string, params: unknown) => {
    if (method === 'notify_user_logged_out' || method === 'notify_user_deleted') onUserGone(params);
    const listeners = notificationListeners.get(method);
    listeners?.tell(params);
    const isMacroCall = !method.startsWith('notify_') && methods.run(method, params);
    if (listeners === undefined && !isMacroCall) counter.countUnheard(method);
  };

  /** A user who logs out anywhere takes the rights of all of the user's connections: ours must log in anew. */
  const onUserGone = (params: unknown) => {
    const gone = v.safeParse(userGoneSchema, params);
    if (options.credentials.kind !== 'user' || !gone.success) return;
    if (gone.output[0].username === options.credentials.username) session?.close();
  };

  /** One connection from open to close. Returns how long to wait before the next; null asks for the backoff. */
  const live = async (signal: AbortSignal): Promise<number | null> => {
    let ended: TransportEnd | null = null;
    const onEnd = (end: TransportEnd) => {
      ended = end;
      if (end.isOversized) counter.countOversized();
      if (session === null) return;
      session = null;
      setState({ kind: 'down', error: closedError(end) });
    };
    const events = { onFrame: counter.countFrame, onRequest: counter.countRequest, onNotification, onEnd };
    const opened = await openSession(options.endpoint, events, { clock, server: methods.server }, signal);
    counter.countConnect();
    const onAbort = () => {
      isStopping = true;
      opened.close();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const info = await getIn(opened, options, memory, signal);
      await enter(opened);
      if (ended !== null) throw closedError(ended);
      session = opened;
      setState({ kind: 'up', info });
      await opened.ended;
      return null;
    } catch (error) {
      if (signal.aborted || !(error instanceof MoonrakerError)) throw error;
      setState({ kind: 'down', error });
      if (error.code === 'MOONRAKER_NAME_TAKEN') return nameTakenWaitMs;
      if (error.code === 'MOONRAKER_UNAUTHORIZED') {
        const isLogin = options.credentials.kind === 'user';
        await waitForEnd(opened, isLogin ? badLoginWaitMs : notLetInWaitMs, signal);
      }
      return null;
    } finally {
      signal.removeEventListener('abort', onAbort);
      opened.close();
      await opened.ended;
    }
  };

  const enter = async (opened: Session) => {
    const entryCall: EntryCall = async (method, params, schema, callOptions) =>
      readAnswer(method, schema, await opened.call(method, params, callOptions));
    for (const listener of [...entryListeners]) {
      await listener(entryCall).catch((error: unknown) => {
        log.debug('a first request came to nothing', { error: String(error) });
      });
    }
  };

  const waitForEnd = async (opened: Session, ms: number, signal: AbortSignal) => {
    const over = new AbortController();
    const onAbort = () => over.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    await Promise.race([opened.ended, clock.sleep(ms, over.signal).catch(() => undefined)]);
    signal.removeEventListener('abort', onAbort);
    over.abort();
  };

  const run = async (signal: AbortSignal) => {
    let failures = 0;
    while (!signal.aborted) {
      const startedMs = clock.now().tickMs;
      let waitMs: number | null = null;
      try {
        waitMs = await live(signal);
      } catch (error) {
        if (!signal.aborted) setState({ kind: 'down', error: asMoonrakerError(error) });
      }
      failures = clock.now().tickMs - startedMs >= goodAfterMs ? 1 : failures + 1;
      await clock.sleep(waitMs ?? backoffMs(failures, random(), reconnect), signal).catch(() => undefined);
    }
  };

  const getSession = (): Session => {
    if (session !== null) return session;
    throw state.kind === 'down' ? state.error : notConnected();
  };

  const call = async (
    method: string,
    params: Readonly<Record<string, unknown>>,
    callOptions?: CallOptions,
  ): Promise<unknown> => {
    const current = getSession();
    try {
      return await current.call(method, params, callOptions);
    } catch (error) {
      // Rights that were taken away never come back to the same connection.
      if (error instanceof MoonrakerError && error.code === 'MOONRAKER_UNAUTHORIZED') current.close();
      throw error;
    }
  };

  return {
    get state() {
      return state;
    },
    counts: counter.counts,
    run,
    onEntry: (listener) => {
      entryListeners.add(listener);
      return () => entryListeners.delete(listener);
    },
    onState: (listener) => stateListeners.add(listener),
    onNotification: (method, listener) => {
      const listeners = notificationListeners.get(method) ?? createListeners<unknown>(log);
      notificationListeners.set(method, listeners);
      return listeners.add(listener);
    },
    addMethod: (name, handler) => methods.add(name, handler),
    call: async (method, params, schema, callOptions) =>
      readAnswer(method, schema, await call(method, params, callOptions)),
    sendEvent: async (event, data, signal) => {
      await call('connection.send_event', { event, ...(data === null ? {} : { data }) }, { signal });
    },
  };
}

/** Identifies, then asks something that needs to be let in: some versions identify anybody. */
async function getIn(
  session: Session,
  options: ConnectionOptions,
  memory: LoginMemory,
  signal: AbortSignal,
): Promise<ServerInfo> {
  // Who can open the Unix socket is let in; a key could only be wrong there.
  const credentials: Credentials =
    options.endpoint.kind === 'unix' ? { kind: 'trusted' } : options.credentials;
  await identify(session, options.identity, credentials, memory, signal);
  return readAnswer('server.info', serverInfoSchema, await session.call('server.info', {}, { signal }));
}

function notConnected(): MoonrakerError {
  return new MoonrakerError('not connected to Moonraker', { code: 'MOONRAKER_UNREACHABLE', retry: 'soon' });
}

function closedError(end: TransportEnd): MoonrakerError {
  const text =
    end.code === 1001 ? 'Moonraker was stopped or restarted' : 'the connection to Moonraker was lost';
  return new MoonrakerError(text, { code: 'MOONRAKER_CLOSED', retry: 'soon', cause: end });
}

function asMoonrakerError(error: unknown): MoonrakerError {
  if (error instanceof MoonrakerError) return error;
  return new MoonrakerError('the connection to Moonraker failed', {
    code: 'MOONRAKER_UNREACHABLE',
    retry: 'soon',
    cause: error,
  });
}
