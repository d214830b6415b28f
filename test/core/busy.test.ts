// A host with too much to do: when it counts as busy, how much less it is looked at, and what is said of it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Busy, isLoadNews, slowedMs } from '../../src/core/busy.ts';
import { sayLoad } from '../../src/core/explain-busy.ts';
import type { Effect } from '../../src/core/watch-state.ts';
import { createRig, jobA, type Rig } from './watch-rig.ts';

const since = { atMs: 0, tickMs: 0 };
const busyAt = (load: number): Busy => ({ since, load, isTold: false });
const printing = { kind: 'printing', job: jobA, pauseFlag: 'none' } as const;

function printingRig(): Rig {
  const rig = createRig();
  rig.hear({ kind: 'print-changed', print: printing });
  return rig;
}

const measured = (rig: Rig, load: number | null) => rig.hear({ kind: 'load-measured', load });
const texts = (effects: readonly Effect[]) =>
  effects.map((effect) =>
    effect.kind === 'tell' ? `${effect.notice.level}: ${effect.notice.text}` : effect.kind,
  );

describe('the time between two looks', () => {
  const cases: readonly (readonly [string, number, Busy | null, number, number])[] = [
    ['as planned on a quiet host', 10_000, null, 1.5, 10_000],
    ['as planned where the limit is switched off', 10_000, busyAt(9), 0, 10_000],
    ['twice at the limit', 10_000, busyAt(1.5), 1.5, 20_000],
    ['twice while it sinks below the limit', 10_000, busyAt(1.3), 1.5, 20_000],
    ['in proportion above it', 10_000, busyAt(3), 1.5, 40_000],
    ['six times at most', 10_000, busyAt(50), 1.5, 60_000],
    ['two minutes at most', 40_000, busyAt(50), 1.5, 120_000],
    ['never less than planned', 600_000, busyAt(50), 1.5, 600_000],
  ];
  for (const [name, plannedMs, busy, limit, expected] of cases) {
    it(name, () => assert.equal(slowedMs(plannedMs, busy, limit), expected));
  }

  it('only grows with the load, and never ends', () => {
    const load = fc.double({ min: 0, max: 1_000, noNaN: true });
    const planned = fc.integer({ min: 0, max: 3_600_000 });
    fc.assert(
      fc.property(planned, load, load, fc.constantFrom(0.1, 1.5, 100), (plannedMs, one, other, limit) => {
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        const slowed = slowedMs(plannedMs, busyAt(high), limit);
        assert.ok(slowed >= slowedMs(plannedMs, busyAt(low), limit));
        assert.ok(slowed >= plannedMs && slowed <= Math.max(plannedMs, 120_000));
      }),
    );
  });
});

describe('a load', () => {
  it('is news above the limit, and while the host is busy', () => {
    const cases: readonly (readonly [Busy | null, number | null, number, boolean])[] = [
      [null, 1.5, 1.5, false],
      [null, 1.6, 1.5, true],
      [null, null, 1.5, false],
      [null, 99, 0, false],
      [busyAt(2), 0.1, 1.5, true],
      [busyAt(2), null, 1.5, true],
      [busyAt(2), 3, 0, false],
    ];
    for (const [busy, load, limit, expected] of cases) {
      assert.equal(isLoadNews(busy, load, limit), expected, `${load} of ${limit}`);
    }
    assert.equal(sayLoad(2.44), '2.4 for each core');
  });

  it('makes the host busy above the limit, and not below four fifths of it', () => {
    const rig = printingRig();
    const seen = [1.5, 1.51, 1.21, 1.19, 5, null].map((load) => {
      measured(rig, load);
      return rig.state.busy?.load ?? null;
    });
    // What is not known is no overload.
    assert.deepEqual(seen, [null, 1.51, 1.21, null, 5, null]);
  });

  it('is never too high where the limit is switched off', () => {
    const rig = createRig({ busyLoad: 0 });
    rig.hear({ kind: 'print-changed', print: printing });
    measured(rig, 99);
    assert.equal(rig.state.busy, null);
  });

  it('is told once when it has lasted, also between two looks, and its end too', () => {
    const rig = printingRig();
    measured(rig, 3);
    rig.wait(299_000);
    assert.deepEqual(measured(rig, 4), []);
    rig.wait(1_000);
    assert.deepEqual(texts(rig.hear({ kind: 'time-passed' })), [
      'warning: Lookout: the host has been busy for 5 min (load 4.0 for each core), so that the print is looked at less often. Find out ' +
        'what takes the processor (top shows it): time-lapses and camera streams often do.',
    ]);
    rig.wait(600_000);
    assert.deepEqual(measured(rig, 4), []);
    assert.deepEqual(texts(measured(rig, 0.5)), [
      'info: Lookout: the host is no longer busy (it was for 15 min).',
    ]);
    measured(rig, 3);
    assert.deepEqual(texts(measured(rig, 0.5)), [], 'what was not told needs no end');
  });

  it('is forgotten with the print, and says nothing where nothing prints', () => {
    const rig = printingRig();
    measured(rig, 3);
    rig.hear({ kind: 'print-changed', print: { ...printing, job: { ...jobA, layer: 7 } } });
    assert.notEqual(rig.state.busy, null);
    rig.hear({ kind: 'print-changed', print: { kind: 'paused', job: jobA, by: 'somebody' } });
    assert.equal(rig.state.busy, null);
    rig.hear({ kind: 'print-changed', print: printing });
    measured(rig, 3);
    rig.hear({ kind: 'print-changed', print: { kind: 'ended', job: jobA, how: 'complete', message: '' } });
    assert.equal(rig.state.busy, null);
    measured(rig, 3);
    rig.wait(600_000);
    assert.deepEqual(rig.hear({ kind: 'time-passed' }), []);
  });
});
