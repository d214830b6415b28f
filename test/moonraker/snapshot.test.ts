import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  findFilamentSensors,
  subscriptionFields,
  tickingFields,
  toSnapshot,
} from '../../src/moonraker/snapshot.ts';
import { createStatusStore } from '../../src/moonraker/status-store.ts';

const ready = { klippy: 'ready', message: '' } as const;
const printing = {
  webhooks: { state: 'ready', state_message: 'Printer is ready' },
  print_stats: {
    state: 'printing',
    filename: 'a.gcode',
    message: '',
    print_duration: 12.5,
    total_duration: 20,
    info: { current_layer: 2, total_layer: 9 },
  },
  virtual_sdcard: { is_active: true, file_position: 4711, progress: 0.25 },
  pause_resume: { is_paused: false },
};

describe('toSnapshot', () => {
  it('reads a running print in ms', () => {
    const store = createStatusStore();
    store.merge(printing, 100);
    assert.deepEqual(toSnapshot(store, [], ready, 100.25), {
      klippy: 'ready',
      message: '',
      state: 'printing',
      errorMessage: '',
      filename: 'a.gcode',
      printDurationMs: 12_500,
      totalDurationMs: 20_000,
      filePosition: 4711,
      isPaused: false,
      isSdActive: true,
      progress: 0.25,
      layer: 2,
      totalLayer: 9,
      isFilamentOut: false,
      eventTickMs: 100_250,
    });
  });

  it("believes Klipper's shutdown before Moonraker's ready", () => {
    const store = createStatusStore();
    store.merge({ ...printing, webhooks: { state: 'shutdown', state_message: 'Emergency stop' } }, 1);
    const { klippy, message } = toSnapshot(store, [], ready, 1);
    assert.deepEqual([klippy, message], ['shutdown', 'Emergency stop']);
  });

  it("believes Moonraker when Klipper's last word is old", () => {
    const store = createStatusStore();
    store.merge(printing, 1);
    assert.equal(toSnapshot(store, [], { klippy: 'disconnected', message: 'x' }, 1).klippy, 'disconnected');
  });

  it('is not ready before Klipper has said so', () => {
    assert.equal(toSnapshot(createStatusStore(), [], ready, 0).klippy, 'startup');
  });

  it('reads what is missing, null or of another type as nothing', () => {
    const store = createStatusStore();
    const odd = { state: 'melting', filename: null, print_duration: 'long', info: [] };
    store.merge(
      {
        webhooks: { state: 'ready' },
        print_stats: odd,
        virtual_sdcard: { progress: 7, file_position: null },
      },
      1,
    );
    const read = toSnapshot(store, ['filament_switch_sensor a'], ready, 1);
    const { state, filename, printDurationMs, layer, progress, filePosition, isFilamentOut } = read;
    assert.deepEqual(
      { state, filename, printDurationMs, layer, progress, filePosition, isFilamentOut },
      {
        state: 'standby',
        filename: '',
        printDurationMs: 0,
        layer: null,
        progress: 1,
        filePosition: 0,
        isFilamentOut: false,
      },
    );
  });

  for (const [enabled, detected, isOut] of [
    [true, false, true],
    [true, true, false],
    [false, false, false],
  ] as const) {
    it(`sensor enabled ${enabled}, filament ${detected}: out ${isOut}`, () => {
      const store = createStatusStore();
      store.merge({ 'filament_motion_sensor b': { enabled, filament_detected: detected } }, 1);
      assert.equal(toSnapshot(store, ['filament_motion_sensor b'], ready, 1).isFilamentOut, isOut);
    });
  }
});

describe('fields', () => {
  it('finds filament sensors and no look-alikes', () => {
    const objects = [
      'filament_switch_sensor A',
      'filament_motion_sensor b',
      'filament_switch_sensor',
      'gcode_macro x',
    ];
    assert.deepEqual(findFilamentSensors(objects), ['filament_switch_sensor A', 'filament_motion_sensor b']);
  });

  it('never subscribes to whole objects or to what ticks', () => {
    const ticking = ['total_duration', 'file_position', 'progress', 'filament_used', 'printing_time'];
    for (const hasPrintDuration of [true, false]) {
      const fields = subscriptionFields(['filament_switch_sensor A'], hasPrintDuration);
      for (const names of Object.values(fields)) {
        assert.ok(names.length > 0);
        for (const name of names) assert.ok(!ticking.includes(name), name);
      }
      assert.equal(fields['print_stats']?.includes('print_duration'), hasPrintDuration);
    }
  });

  it('reads with a sample all that is subscribed to', () => {
    for (const [object, names] of Object.entries(subscriptionFields([], true))) {
      for (const name of names) assert.ok(tickingFields[object]?.includes(name), `${object}.${name}`);
    }
  });
});
