// Which gate is told first, and when none is shut.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Gate, type GateOptions, gateOf, isBefore, isMacroPause } from '../../src/core/gates.ts';
import type { Job, Print } from '../../src/core/types.ts';

const job: Job = {
  filename: 'a.gcode',
  startTickMs: 0,
  printDurationMs: 120_000,
  totalDurationMs: 300_000,
  progress: 0.1,
  layer: null,
  totalLayer: null,
};
const open: GateOptions = { isEnabled: true, startAfterMs: 120_000 };
const off: GateOptions = { ...open, isEnabled: false };
const young: Job = { ...job, printDurationMs: 119_999 };

const printing = (over: Partial<Extract<Print, { kind: 'printing' }>> = {}): Print => ({
  kind: 'printing',
  job,
  pauseFlag: 'none',
  ...over,
});

describe('the gate', () => {
  const cases: readonly (readonly [string, Print, GateOptions, Gate | null])[] = [
    ['off, whatever is printed', printing(), off, { kind: 'switched-off' }],
    ['off, and no printer', { kind: 'idle' }, off, { kind: 'switched-off' }],
    [
      'not ready',
      { kind: 'not-ready', why: 'shutdown', message: 'E-stop' },
      open,
      { kind: 'not-ready', message: 'E-stop' },
    ],
    ['idle', { kind: 'idle' }, open, { kind: 'not-printing' }],
    ['ended', { kind: 'ended', job, how: 'complete', message: '' }, open, { kind: 'not-printing' }],
    ['paused', { kind: 'paused', job, by: 'us' }, open, { kind: 'paused' }],
    ['heating', { kind: 'heating', job, pauseFlag: 'none' }, open, { kind: 'heating' }],
    ['too early', printing({ job: young }), open, { kind: 'start-after', leftMs: 1 }],
    [
      'too early, and a macro',
      printing({ job: young, pauseFlag: 'macro' }),
      open,
      { kind: 'start-after', leftMs: 1 },
    ],
    [
      'one of the first layers',
      printing({ job: { ...job, layer: 2 } }),
      { ...open, ignoreLayers: 2 },
      { kind: 'first-layers', layer: 2, ignored: 2 },
    ],
    ['past the first layers', printing({ job: { ...job, layer: 3 } }), { ...open, ignoreLayers: 2 }, null],
    ['a slicer that tells no layer', printing(), { ...open, ignoreLayers: 2 }, null],
    ['before the first layer, none ignored', printing({ job: { ...job, layer: 0 } }), open, null],
    ['a macro has paused', printing({ pauseFlag: 'macro' }), open, { kind: 'macro-pause' }],
    ['perhaps a macro', printing({ pauseFlag: 'unsettled' }), open, { kind: 'macro-pause' }],
    ['a flag left over', printing({ pauseFlag: 'stale' }), open, null],
    ['at the very moment', printing(), open, null],
    [
      'from the first move on',
      printing({ job: { ...job, printDurationMs: 1 } }),
      { ...open, startAfterMs: 0 },
      null,
    ],
  ];
  for (const [name, print, options, gate] of cases) {
    it(name, () => assert.deepEqual(gateOf(print, options), gate));
  }
});

it('isMacroPause: only where the file may stand still', () => {
  const flags = ['none', 'unsettled', 'macro', 'stale'] as const;
  assert.deepEqual(flags.filter(isMacroPause), ['unsettled', 'macro']);
});

it('isBefore: by the monotonic clock, and never of nothing', () => {
  const now = { atMs: 9e15, tickMs: 1000 };
  assert.equal(isBefore(now, 1001), true);
  assert.equal(isBefore(now, 1000), false);
  assert.equal(isBefore(now, null), false);
});
