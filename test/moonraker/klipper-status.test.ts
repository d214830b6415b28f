import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import * as v from 'valibot';
import { MoonrakerError } from '../../src/core/errors.ts';
import type { ConnectionState } from '../../src/moonraker/connection.ts';
import { createKlipperStatus } from '../../src/moonraker/klipper-status.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createQuietLog } from '../support/quiet-log.ts';

type Tree = Record<string, Record<string, unknown>>;

const idle: Tree = {
  webhooks: { state: 'ready', state_message: 'Printer is ready' },
  print_stats: {
    state: 'standby',
    filename: '',
    message: '',
    info: { current_layer: null, total_layer: null },
    print_duration: 0,
    total_duration: 0,
  },
  virtual_sdcard: { is_active: false, file_position: 0, progress: 0 },
  pause_resume: { is_paused: false },
};

const info: ConnectionState = {
  kind: 'up',
  info: { klippy_state: 'ready', moonraker_version: '', api_version_string: '', failed_components: [] },
};

/** A connection whose other end is a status tree that the test changes. Time is the fake clock's. */
async function setUp(t: TestContext, klippyState = 'ready') {
  const clock = createFakeClock();
  const listeners = new Map<string, (params: unknown) => void>();
  let onState: (state: ConnectionState) => void = () => undefined;
  let state: ConnectionState = info;
  const tree: Tree = structuredClone(idle);
  const requests: string[] = [];
  const subscribed: Record<string, string[]>[] = [];
  const failing = new Set<string>();
  const machine = { klippyState, stateMessage: 'text', objects: ['print_stats'] };
  const eventtime = () => clock.now().tickMs / 1000;
  const pick = (objects: Record<string, string[]>) =>
    Object.fromEntries(
      Object.entries(objects).map(([name, fields]) => [
        name,
        Object.fromEntries(fields.map((field) => [field, tree[name]?.[field] ?? null])),
      ]),
    );
  const answer = (method: string, params: { objects?: Record<string, string[]> }): unknown => {
    if (method === 'server.info') return { klippy_state: machine.klippyState };
    if (method === 'printer.info') return { state_message: machine.stateMessage };
    if (method === 'printer.objects.list') return { objects: machine.objects };
    const objects = params.objects ?? {};
    if (method === 'printer.objects.subscribe') subscribed.push(objects);
    return { eventtime: eventtime(), status: pick(objects) };
  };
  const connection = {
    get state() {
      return state;
    },
    onState: (listener: typeof onState) => {
      onState = listener;
      return () => undefined;
    },
    onNotification: (method: string, listener: (params: unknown) => void) => {
      listeners.set(method, listener);
      return () => listeners.delete(method);
    },
    call: async (method: string, params: object, schema: v.GenericSchema) => {
      requests.push(method);
      if (failing.has(method)) throw new MoonrakerError('no', { code: 'MOONRAKER_TIMEOUT', retry: 'soon' });
      return v.parse(schema, answer(method, params));
    },
  };
  const status = createKlipperStatus({ connection: connection as never, clock, log: createQuietLog() });
  const readings: string[] = [];
  status.onReading(({ snapshot, isFull }) =>
    readings.push(`${snapshot.klippy} ${snapshot.state}${isFull ? ' full' : ''}`),
  );
  const abort = new AbortController();
  const running = status.run(abort.signal);
  t.after(async () => {
    abort.abort();
    await running;
    assert.deepEqual([listeners.size, clock.sleepers()], [0, 0]);
  });
  await clock.advance(0);
  return {
    ...{ clock, status, requests, subscribed, readings, machine, failing, tree },
    notify: (method: string, params?: unknown) => listeners.get(method)?.(params),
    /** Changes the tree and sends what is subscribed to, as Klipper does. */
    change: async (change: Tree) => {
      const sent: Tree = {};
      for (const [object, fields] of Object.entries(change)) {
        tree[object] = { ...tree[object], ...fields };
        const wanted = subscribed.at(-1)?.[object] ?? [];
        const seen = Object.entries(fields).filter(([field]) => wanted.includes(field));
        if (seen.length > 0) sent[object] = Object.fromEntries(seen);
      }
      if (Object.keys(sent).length > 0) listeners.get('notify_status_update')?.([sent, eventtime()]);
      await clock.advance(0);
    },
    setState: async (next: ConnectionState) => {
      state = next;
      onState(next);
      await clock.advance(0);
    },
    clear: () => {
      requests.length = 0;
      readings.length = 0;
    },
  };
}

const down: ConnectionState = {
  kind: 'down',
  error: new MoonrakerError('Moonraker was stopped', { code: 'MOONRAKER_CLOSED', retry: 'soon' }),
};
const starts: Tree = {
  print_stats: { state: 'printing', filename: 'a.gcode', print_duration: 0, total_duration: 0.2 },
  virtual_sdcard: { is_active: true, file_position: 100 },
};
const hasDuration = (objects: Record<string, string[]> | undefined) =>
  objects?.['print_stats']?.includes('print_duration') ?? false;

describe('becoming ready', () => {
  it('asks, lists, subscribes and reads once, and shows nothing before the full reading', async (t) => {
    const { requests, readings } = await setUp(t);
    assert.deepEqual(requests, [
      'server.info',
      'printer.objects.list',
      'printer.objects.subscribe',
      'printer.objects.query',
    ]);
    assert.deepEqual(readings, ['ready standby full']);
  });

  it('then asks nothing for a day', async (t) => {
    const { clock, requests, clear } = await setUp(t);
    clear();
    await clock.advance(24 * 3_600_000);
    assert.deepEqual(requests, []);
  });

  it('asks every 2 s while Klipper is not ready, and for its text once', async (t) => {
    const { clock, requests, machine, status, clear } = await setUp(t, 'error');
    assert.deepEqual(requests, ['server.info', 'printer.info']);
    assert.deepEqual([status.snapshot.klippy, status.snapshot.message], ['error', 'text']);
    clear();
    await clock.advance(10_000);
    assert.deepEqual(requests, Array(5).fill('server.info'));
    machine.klippyState = 'ready';
    await clock.advance(2_000);
    assert.equal(status.snapshot.klippy, 'ready');
  });

  it('does not wait for its turn when it is told', async (t) => {
    const { clock, machine, status, notify } = await setUp(t, 'startup');
    machine.klippyState = 'ready';
    notify('notify_klippy_ready');
    await clock.advance(0);
    assert.equal(status.snapshot.klippy, 'ready');
  });

  it('tries again after 2 s when something fails on the way', async (t) => {
    const { clock, status, failing, machine, notify, clear, requests } = await setUp(t);
    failing.add('printer.objects.subscribe');
    notify('notify_klippy_disconnected');
    machine.klippyState = 'ready';
    await clock.advance(0);
    assert.notEqual(status.snapshot.klippy, 'ready');
    failing.clear();
    clear();
    await clock.advance(1_999);
    assert.deepEqual(requests, []);
    await clock.advance(1);
    assert.equal(status.snapshot.klippy, 'ready');
  });

  it('watches the filament sensors that there are', async (t) => {
    const { machine, notify, clock, subscribed, change, status } = await setUp(t);
    machine.objects = ['print_stats', 'filament_switch_sensor Spool', 'gcode_macro X'];
    notify('notify_klippy_ready');
    await clock.advance(0);
    assert.deepEqual(subscribed.at(-1)?.['filament_switch_sensor Spool'], ['filament_detected', 'enabled']);
    await change({ 'filament_switch_sensor Spool': { enabled: true, filament_detected: false } });
    assert.equal(status.snapshot.isFilamentOut, true);
  });
});

describe('losing it', () => {
  it('forgets the status when Moonraker or Klipper goes', async (t) => {
    const { status, setState, notify, machine, change, clock } = await setUp(t);
    await change(starts);
    await setState(down);
    assert.deepEqual(
      [status.snapshot.klippy, status.snapshot.message],
      ['no-moonraker', 'Moonraker was stopped'],
    );
    assert.equal(status.snapshot.state, 'standby');
    await setState(info);
    assert.equal(status.snapshot.state, 'printing');
    machine.klippyState = 'disconnected';
    notify('notify_klippy_disconnected');
    await clock.advance(0);
    assert.deepEqual([status.snapshot.klippy, status.snapshot.state], ['disconnected', 'standby']);
  });

  it('shows a shutdown with its text before anything is asked', async (t) => {
    const { status, change, machine, notify, clear, requests, clock } = await setUp(t);
    await change(starts);
    await clock.advance(5_000);
    clear();
    machine.klippyState = 'shutdown';
    machine.stateMessage = 'MCU lost, from printer.info';
    await change({
      webhooks: { state: 'shutdown', state_message: 'MCU lost' },
      print_stats: { state: 'paused' },
    });
    notify('notify_klippy_shutdown');
    assert.equal(status.snapshot.klippy, 'shutdown');
    await clock.advance(0);
    assert.match(status.snapshot.message, /MCU lost/);
    assert.ok(requests.length <= 4, `${requests}`);
  });
});

describe('a print', () => {
  it('is read in full when it starts, and print_duration is subscribed until it moves', async (t) => {
    const { change, requests, subscribed, clear, status, clock } = await setUp(t);
    clear();
    await change(starts);
    assert.deepEqual(requests, ['printer.objects.query', 'printer.objects.subscribe']);
    assert.equal(hasDuration(subscribed.at(-1)), true);
    clear();
    await clock.advance(60_000);
    assert.deepEqual(requests, []);
    await change({ print_stats: { print_duration: 0.25, total_duration: 61 } });
    assert.deepEqual(requests.toSorted(), ['printer.objects.query', 'printer.objects.subscribe']);
    assert.equal(hasDuration(subscribed.at(-1)), false);
    assert.equal(status.snapshot.totalDurationMs, 61_000);
  });

  it('with a leftover print_duration of the one before starts at 0', async (t) => {
    const { change, subscribed, status } = await setUp(t);
    await change({ print_stats: { state: 'complete', print_duration: 500, total_duration: 600 } });
    await change(starts);
    assert.equal(status.snapshot.printDurationMs, 0);
    assert.equal(hasDuration(subscribed.at(-1)), true);
  });

  it('that follows another at once, without a change of state, is known by its layers', async (t) => {
    const { change, requests, clear } = await setUp(t);
    const at = (layer: number | null) => ({
      print_stats: { info: { total_layer: 9, current_layer: layer } },
    });
    await change({ ...starts, print_stats: { ...starts['print_stats'], print_duration: 5 } });
    await change(at(3));
    clear();
    await change(at(4));
    assert.deepEqual(requests, []);
    await change(at(0));
    assert.deepEqual(requests, ['printer.objects.query']);
    clear();
    await change(at(2));
    await change(at(null));
    assert.deepEqual(requests, ['printer.objects.query']);
  });

  it('whose purge is taken back again and again is not subscribed to for ever', async (t) => {
    const { change, subscribed, status } = await setUp(t);
    const { signal } = new AbortController();
    await change(starts);
    const before = subscribed.length;
    for (let turn = 0; turn < 10; turn += 1) {
      await change({ print_stats: { print_duration: 1 } });
      await status.query(signal);
      await change({ print_stats: { print_duration: 0 } });
      await status.query(signal);
      await change({});
    }
    assert.equal(subscribed.slice(before).filter(hasDuration).length, 2);
    assert.equal(hasDuration(subscribed.at(-1)), false);
  });

  it('that shows is_paused is read at once and after a second', async (t) => {
    const { change, clock, requests, readings, clear, tree } = await setUp(t);
    await change({ ...starts, print_stats: { ...starts['print_stats'], print_duration: 5 } });
    clear();
    await change({ pause_resume: { is_paused: true } });
    assert.deepEqual(requests, ['printer.objects.query']);
    tree['virtual_sdcard'] = { ...tree['virtual_sdcard'], file_position: 300 };
    await clock.advance(999);
    assert.equal(requests.length, 1);
    await clock.advance(1);
    assert.equal(requests.length, 2);
    assert.deepEqual(readings, ['ready printing', 'ready printing full', 'ready printing full']);
    clear();
    await clock.advance(60_000);
    assert.deepEqual(requests, []);
  });

  it('is found again with a leftover flag, which is then settled', async (t) => {
    const { change, clock, requests, setState, clear } = await setUp(t);
    await change({ ...starts, pause_resume: { is_paused: true } });
    await clock.advance(5_000);
    await setState(down);
    clear();
    await setState(info);
    const before = requests.length;
    await clock.advance(1_000);
    assert.equal(requests.length, before + 1);
  });
});

describe('query', () => {
  it('never takes back a change that came after it', async (t) => {
    const { status, notify, clock } = await setUp(t);
    const { signal } = new AbortController();
    const reading = status.query(signal);
    notify('notify_status_update', [
      { print_stats: { state: 'printing', filename: 'new.gcode' } },
      clock.now().tickMs / 1000 + 1,
    ]);
    const snapshot = await reading;
    assert.deepEqual([snapshot.state, snapshot.filename], ['printing', 'new.gcode']);
  });

  it('ignores an update of another shape', async (t) => {
    const { status, notify } = await setUp(t);
    for (const params of [undefined, [], [{}], ['x', 1], [{ print_stats: 'printing' }, 1]]) {
      notify('notify_status_update', params);
    }
    assert.equal(status.snapshot.state, 'standby');
  });
});
