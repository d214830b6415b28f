// Plays the client's side of a recorded session against a virtual Moonraker and keeps what comes back.

import type { VirtualMacro } from '../../src/virtual/macros.ts';
import { startVirtualMoonraker, type VirtualMoonraker } from '../../src/virtual/moonraker.ts';
import { createVirtualPrinter, type VirtualPrinter } from '../../src/virtual/printer.ts';
import { connectRpc, type RpcClient } from '../support/rpc-client.ts';
import { until } from '../support/until.ts';
import { eventOf, type Recorded, readCapture, replyOf } from './capture.ts';

const usualSpeed = 8;
const initMs = 20;

/** What the printer of a session was before the recording begins. */
export type Before = 'fresh' | 'cancelled';

/** How one session is played. */
export interface Replay {
  /** How many times faster than the recording. Default 8; less where two things follow each other closely. */
  readonly speed?: number;
  readonly before?: Before;
  readonly macros?: 'mainsail' | 'plain';
  /** `object.field` of status changes that depend on what was before the recording. */
  readonly ignored?: readonly string[];
  /** Another agent that is connected all the while. */
  readonly otherAgent?: string;
  /** Called at a note of the recording. */
  readonly onNote?: (note: string, rig: Rig) => Promise<void> | void;
}

/** What a note may act on. */
export interface Rig {
  readonly printer: VirtualPrinter;
  readonly moonraker: VirtualMoonraker;
}

/** Both sides of a played session. */
export interface Played {
  readonly recorded: Record<string, unknown>[];
  readonly received: Record<string, unknown>[];
}

const ownMacros: Readonly<Record<string, VirtualMacro>> = {
  FAIL_NOW: (_, actions) => actions.raiseError('rig: simulated failure'),
  STOP_NOW: (_, actions) => {
    actions.emergencyStop('rig: simulated emergency stop');
    return '';
  },
  RIG_NOTIFY: (params, actions) => {
    actions.callRemoteMethod('notify', { name: 'test_file', message: params['MSG'] ?? '' });
    return '';
  },
  RIG_AGENT: (params, actions) => {
    actions.callRemoteMethod(params['METHOD'] ?? 'rig_method', { text: params['TEXT'] ?? '' });
    return '';
  },
};

const rigAgent = { version: '0.0.1', type: 'agent', url: 'http://127.0.0.1/rig' };

/** Plays a session: each call is sent once everything that was recorded before it has come in. */
export async function play(name: string, how: Replay = {}): Promise<Played> {
  const speed = how.speed ?? usualSpeed;
  const printer = createVirtualPrinter({
    speed,
    sampleMs: 250 / speed,
    restartMs: 2000 / speed,
    ownMacros,
    ...(how.macros === undefined ? {} : { macros: how.macros }),
  });
  const six = { layers: 6, layerMs: 3_000, heatMs: 6_000, failsFromLayer: null };
  const at5 = (gcode: string) => [{ layer: 5, gcode }];
  printer.addFile({ ...six, filename: 'rig_short.gcode', layers: 3 });
  printer.addFile({ ...six, filename: 'rig_pause.gcode', events: at5('PAUSE') });
  printer.addFile({ ...six, filename: 'rig_fail.gcode', events: at5('FAIL_NOW') });
  printer.addFile({ ...six, filename: 'rig_badmove.gcode', events: at5('G1 X500 Y40') });
  printer.addFile({ ...six, filename: 'rig_estop.gcode', events: at5('STOP_NOW\nG28') });
  await prepare(printer, how.before ?? 'fresh');
  const moonraker = await startVirtualMoonraker({ printer, initMs, procStatsMs: 0 });
  let client: RpcClient = await connectRpc(moonraker.url);
  const other = how.otherAgent === undefined ? null : await connectRpc(moonraker.url);
  await other?.call('server.connection.identify', { ...rigAgent, client_name: how.otherAgent });
  const received: Record<string, unknown>[] = [];
  const recorded: Record<string, unknown>[] = [];
  const all = () => withoutStart([...received, ...client.received]);
  const ignored = how.ignored ?? [];
  const countOf = (frames: Record<string, unknown>[]) =>
    frames.filter((frame) => (eventOf(frame, ignored) ?? replyOf(frame)) !== null).length;
  const upTo = async (line: Recorded) => {
    try {
      await until(
        `what came before ${line.raw}`,
        () => countOf(all()) >= countOf(withoutStart(recorded)),
        8_000,
      );
    } catch (error) {
      const last = (frames: Record<string, unknown>[]) =>
        frames.flatMap((frame) => eventOf(frame, ignored) ?? replyOf(frame) ?? []).slice(-6);
      throw new Error(`${error}\nrecorded: ${last(withoutStart(recorded))}\nreceived: ${last(all())}`);
    }
  };
  try {
    // The recordings begin with a Moonraker that has long been ready.
    await until('a settled Moonraker', () => moonraker.isSettled);
    client.received.length = 0;
    const lines = readCapture(name);
    for (const [at, line] of lines.entries()) {
      if (line.dir === 'in') {
        recorded.push(JSON.parse(line.raw));
      } else if (line.dir === 'out') {
        await upTo(line);
        const state = klippyStateAsked(lines.slice(at));
        if (state !== null) await until(`Klippy ${state}`, () => moonraker.klippyState === state, 8_000);
        if (client.closed() !== null) throw new Error('the connection has been closed');
        client.sendText(line.raw);
      } else if (/^connected #[2-9]/.test(line.raw)) {
        await until('the close', () => client.closed() !== null);
        received.push(...client.received);
        client = await reconnect(moonraker.url);
      } else if (how.onNote !== undefined) {
        const isEnd = /^(socket closed|connect failed)/.test(line.raw);
        if (!isEnd) await upTo(line);
        await how.onNote(line.raw, { printer, moonraker });
      }
    }
    await until('the end', () => countOf(all()) >= countOf(withoutStart(recorded)), 8_000).catch(
      () => undefined,
    );
    // Nothing more may come than was recorded.
    await new Promise((resolve) => setTimeout(resolve, 1_000 / speed));
    return { recorded: withoutStart(recorded), received: all() };
  } finally {
    client.close();
    other?.close();
    await moonraker.close();
    printer.close();
  }
}

/** Without the `notify_klippy_ready` of Moonraker's own start, which a client may or may not be early enough for. */
function withoutStart(frames: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  const first = frames.findIndex((frame) => eventOf(frame, []) !== null);
  const isReady = frames[first]?.['method'] === 'notify_klippy_ready';
  return frames.filter((_, at) => !(isReady && at === first));
}

/** When a call asks for server.info: the state of Klippy that it was told. The recorder asked until it was so. */
function klippyStateAsked([call, ...rest]: readonly Recorded[]): string | null {
  if (call === undefined || !call.raw.includes('"server.info"')) return null;
  const { id } = JSON.parse(call.raw);
  const reply = rest.find((line) => line.dir === 'in' && line.raw.endsWith(`"id":${id}}`));
  const state = reply === undefined ? null : JSON.parse(reply.raw).result.klippy_state;
  // The others are over too soon to be met.
  return state === 'ready' || state === 'error' ? state : null;
}

async function reconnect(url: string): Promise<RpcClient> {
  const endMs = performance.now() + 5_000;
  for (;;) {
    try {
      return await connectRpc(url);
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function prepare(printer: VirtualPrinter, before: Before): Promise<void> {
  await printer.gcode('G28');
  if (before === 'fresh') return;
  await printer.startPrint('rig_short.gcode');
  await until('the layer', () => printer.scene().isPrinting);
  await printer.gcode('CANCEL_PRINT\nTURN_OFF_HEATERS');
  await until('a cold nozzle', () => printer.status()['extruder']?.['can_extrude'] === false, 20_000);
}
