// Moonraker's link to Klippy: connects, notices ready, shutdown and loss, and carries calls and subscriptions over.

import { VirtualGcodeError } from './gcode-line.ts';
import type { Klipper } from './klipper.ts';
import type { MoonrakerClient, MoonrakerHub } from './moonraker-hub.ts';
import { RpcError, refuse } from './moonraker-rpc.ts';
import type { VirtualPrinter } from './printer.ts';
import { KlippyGone } from './reactor.ts';
import type { StatusReply, StatusRequest, StatusTree } from './status-sampler.ts';

/** `klippy_state` of `server.info`. */
export type LinkState = 'disconnected' | 'startup' | 'ready' | 'error' | 'shutdown';

/** The link. */
export interface MoonrakerLink {
  readonly isConnected: boolean;
  readonly state: LinkState;
  /** True from the `klippy_ready` that the clients were told until Klippy goes or stops. */
  readonly isSettled: boolean;
  /** True once Klippy has been seen since the start: before that its methods do not exist. */
  readonly hasBeenConnected: boolean;
  /** The running Klippy. Throws RpcError 503. */
  klippy(): Klipper;
  /** Runs G-code. Rejects with RpcError: 400 and Klipper's text, or 503 when Klippy goes meanwhile. */
  gcode(script: string): Promise<'ok'>;
  query(request: StatusRequest): Promise<StatusReply>;
  /** Replaces the one subscription of a client. */
  subscribe(client: MoonrakerClient, request: StatusRequest): Promise<StatusReply>;
  /** Makes a method of an agent callable from macros, now and after each restart of Klippy. */
  addRemoteMethod(name: string, call: (params: Record<string, unknown>) => void): void;
  removeRemoteMethod(name: string): void;
  hasRemoteMethod(name: string): boolean;
  /** Changes of print_stats, merged, with what was before. */
  readonly onPrintStats: Set<(now: StatusTree[string], before: StatusTree[string]) => void>;
  readonly onState: Set<(state: LinkState) => void>;
  start(): void;
  stop(): void;
}

/**
 * Makes a link that is not connected.
 * @param initMs how long Moonraker takes from the socket to `ready`
 */
export function createMoonrakerLink(
  hub: MoonrakerHub,
  printer: VirtualPrinter,
  initMs: number,
): MoonrakerLink {
  const remote = new Map<string, (params: Record<string, unknown>) => void>();
  const onPrintStats: MoonrakerLink['onPrintStats'] = new Set();
  const onState: MoonrakerLink['onState'] = new Set();
  const pending = new Set<(reason: Error) => void>();
  const own = {};
  const stops: (() => void)[] = [];
  let connected: Klipper | null = null;
  let hasBeenConnected = false;
  let state: LinkState = 'disconnected';
  let isSettled = false;
  let timer: NodeJS.Timeout | null = null;

  const setState = (next: LinkState, told: string | null = null) => {
    state = next;
    isSettled = told === 'klippy_ready';
    if (told !== null) hub.notify(told, []);
    for (const listener of [...onState]) listener(next);
  };
  const registerRemote = (klippy: Klipper, name: string) => {
    const call = remote.get(name);
    if (call === undefined) return;
    const calls = klippy.remoteMethods.get(name) ?? new Set();
    klippy.remoteMethods.set(name, calls.add(call));
  };
  const watchOwn = async (klippy: Klipper) => {
    let stats: StatusTree[string] = {};
    const reply = await klippy.sampler.subscribe(own, { webhooks: null, print_stats: null }, (change) => {
      // After the clients have heard of the change itself.
      setImmediate(() => {
        if (connected !== klippy) return;
        if (change.status['webhooks']?.['state'] === 'shutdown') {
          setState('shutdown', 'klippy_shutdown');
        }
        const news = change.status['print_stats'];
        if (news === undefined) return;
        const before = stats;
        stats = { ...stats, ...news };
        for (const listener of [...onPrintStats]) listener(stats, before);
      });
    });
    stats = reply.status['print_stats'] ?? {};
  };
  const later = (step: () => void, ms: number) => {
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(step, ms);
  };
  /** Moonraker looks for the socket, asks for the state, and takes the rest of its steps, each after a while. */
  const connect = () => {
    const klippy = printer.klipper;
    if (klippy === null || connected !== null) return;
    connected = klippy;
    hasBeenConnected = true;
    setState('startup');
    later(() => void init(klippy), initMs);
  };
  const init = async (klippy: Klipper) => {
    if (klippy.state === 'startup') return later(() => void init(klippy), initMs);
    await watchOwn(klippy);
    if (connected !== klippy) return;
    // An error tells nobody: only asking shows it.
    setState(klippy.state);
    if (klippy.state !== 'ready') return;
    later(() => {
      // Between these two moments server.info says ready while a macro's call to an agent is still lost.
      for (const name of remote.keys()) registerRemote(klippy, name);
      if (state === 'ready') setState('ready', 'klippy_ready');
    }, initMs / 2);
  };
  const disconnect = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (connected === null) return;
    connected = null;
    for (const reject of [...pending]) reject(refuse.noKlippy('Klippy Disconnected'));
    pending.clear();
    setState('disconnected', 'klippy_disconnected');
  };
  const klippy = () => {
    if (connected === null) throw refuse.noKlippy();
    return connected;
  };
  /** Ends with `work`, or with 503 as soon as Klippy goes. */
  const whileConnected = <T>(work: Promise<T>): Promise<T> => {
    let giveUp: (reason: Error) => void = () => undefined;
    const lost = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    lost.catch(() => undefined);
    pending.add(giveUp);
    return Promise.race([work, lost]).finally(() => pending.delete(giveUp));
  };

  return {
    get isConnected() {
      return connected !== null;
    },
    get state() {
      return state;
    },
    get isSettled() {
      return isSettled;
    },
    get hasBeenConnected() {
      return hasBeenConnected;
    },
    klippy,
    gcode: async (script) => {
      klippy();
      try {
        await whileConnected(printer.gcode(script));
      } catch (error) {
        if (error instanceof VirtualGcodeError) throw refuse.plain(error.message);
        if (error instanceof KlippyGone) throw refuse.noKlippy('Klippy Disconnected');
        throw error;
      }
      return 'ok';
    },
    query: async (request) => await whileConnected(klippy().sampler.query(request)),
    subscribe: async (client, request) => {
      const { sampler } = klippy();
      sampler.unsubscribe(client);
      const late = new Promise<never>((_, reject) => {
        const limit = setTimeout(() => reject(new RpcError(500, 'Klippy request timed out')), 20_000);
        limit.unref();
      });
      late.catch(() => undefined);
      const work = sampler.subscribe(client, request, (change) => {
        if (!hub.clients.has(client)) sampler.unsubscribe(client);
        else if (!client.needsAuth) hub.tell(client, 'status_update', [change.status, change.eventtime]);
      });
      return await Promise.race([whileConnected(work), late]);
    },
    addRemoteMethod: (name, call) => {
      remote.set(name, call);
      if (connected !== null && state === 'ready') registerRemote(connected, name);
    },
    removeRemoteMethod: (name) => {
      const call = remote.get(name);
      remote.delete(name);
      if (call !== undefined) connected?.remoteMethods.get(name)?.delete(call);
    },
    hasRemoteMethod: (name) => remote.has(name),
    onPrintStats,
    onState,
    start: () => {
      stops.push(
        printer.onState((next) => {
          if (next === 'disconnected') disconnect();
          else if (next === 'startup') later(connect, initMs);
        }),
        printer.onGcodeResponse((line) => {
          if (connected === null || state === 'startup') return;
          hub.notify('gcode_response', [line]);
        }),
      );
      later(connect, initMs);
    },
    stop: () => {
      for (const stop of stops.splice(0)) stop();
      if (timer !== null) clearTimeout(timer);
      connected?.sampler.unsubscribe(own);
      for (const client of hub.clients) connected?.sampler.unsubscribe(client);
      for (const call of remote) connected?.remoteMethods.get(call[0])?.delete(call[1]);
      remote.clear();
      connected = null;
      state = 'disconnected';
      isSettled = false;
      hasBeenConnected = false;
    },
  };
}
