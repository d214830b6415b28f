import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addToSummary, noSummary, type PrintSummary } from '../../src/core/print-summary.ts';
import type { Step } from '../../src/core/trace.ts';
import { lookOf, marksOf, worseLook } from '../../src/core/track.ts';
import { toScore } from '../../src/core/types.ts';
import type { WatchInput } from '../../src/core/watch-state.ts';
import { assessment, badKey, createRig, jobA, type Rig } from './watch-rig.ts';

const obico = (score: number) => ({
  ...{ backend: 'obico', score: toScore(score), quality: null, suggests: null },
  ...{ regions: [], calls: 0, nextInMs: 10_000 },
});
const look = (of: ReturnType<typeof assessment>): WatchInput => ({
  ...{ kind: 'frame-assessed', assessment: of, camera: 'bed', job: jobA, layer: 3 },
});
const printing: WatchInput = {
  kind: 'print-changed',
  print: { kind: 'printing', job: jobA, pauseFlag: 'none' },
};

function step(rig: Rig, input: WatchInput, gate: Step['gate'] = null): Step {
  const before = rig.state;
  const effects = rig.hear(input);
  return { at: rig.now, input, before, after: rig.state, effects, gate, through: null };
}

/** Plays inputs, each after so many ms, into a summary. */
function sum(
  inputs: readonly (readonly [number, WatchInput, Step['gate']?])[],
  rig = createRig(),
): PrintSummary {
  let summary = noSummary;
  for (const [ms, input, gate] of inputs) {
    rig.wait(ms);
    summary = addToSummary(summary, step(rig, input, gate ?? null), ms);
  }
  return summary;
}

describe('the summary of a print', () => {
  it('counts looks, calls, the worst of them, and the time watched', () => {
    const summary = sum([
      [0, printing],
      [20_000, look(assessment('clear', 0.1))],
      [20_000, look(assessment('watching', 0.5))],
      [20_000, look(assessment('clear', 0.2))],
    ]);
    const expected = { looks: 3, calls: 3, worstScore: 0.5, worstQuality: 5, watchedMs: 60_000 };
    assert.deepEqual(summary, { ...noSummary, ...expected });
  });

  it('counts the time in which a service warned, but not an outage within it', () => {
    const summary = sum([
      [0, printing],
      [20_000, look(assessment('warning', 0.6))],
      [20_000, look(assessment('warning', 0.6))],
      [100_000, look(assessment('failing', 0.9))],
    ]);
    assert.equal(summary.failureMs, 60_000);
    assert.equal(summary.incidents, 1);
    assert.equal(summary.failures, 1);
  });

  it('takes the evidence of a backend that only scores', () => {
    const summary = sum([
      [0, printing],
      [10_000, look(obico(1))],
      [10_000, look(obico(1))],
      [10_000, look(obico(0))],
      [10_000, look(obico(0.5))],
    ]);
    assert.equal(summary.failureMs, 15_000);
    assert.equal(summary.worstQuality, null);
  });

  it('tells time blind and muted from time watched, and leaves out a sleep of the host', () => {
    const missed: WatchInput = { kind: 'frame-missed', fault: badKey };
    const blind = sum([
      [0, printing],
      [10_000, missed],
      [30_000, missed],
      [999_000, { kind: 'time-passed' }],
    ]);
    assert.deepEqual([blind.watchedMs, blind.blindMs, blind.mutedMs], [10_000, 150_000, 0]);
    const away: WatchInput = {
      kind: 'print-changed',
      print: { kind: 'not-ready', why: 'no-moonraker', message: 'gone' },
    };
    const alone = sum([
      [0, printing],
      [10_000, look(obico(0))],
      [10_000, away],
      [20_000, { kind: 'time-passed' }],
    ]);
    assert.deepEqual([alone.watchedMs, alone.blindMs], [20_000, 20_000]);
    const muted = { kind: 'muted' } as unknown as Step['gate'];
    const quiet = sum([
      [0, printing],
      [10_000, { kind: 'time-passed' }, muted],
      [10_000, { kind: 'time-passed' }, { kind: 'start-after', leftMs: 5 }],
    ]);
    assert.deepEqual([quiet.watchedMs, quiet.blindMs, quiet.mutedMs], [0, 0, 10_000]);
  });

  it('counts the quiet after a resume as muted', () => {
    const rig = createRig();
    rig.hear(printing);
    rig.state = { ...rig.state, quietUntilTickMs: rig.now.tickMs + 15_000 };
    const summary = sum([[10_000, look(assessment('warning', 0.6))]], rig);
    assert.deepEqual([summary.mutedMs, summary.watchedMs], [10_000, 0]);
  });

  it('counts what was paid for a look that came too late', () => {
    const rig = createRig();
    const summary = sum([[0, look(assessment('failing', 1))]], rig);
    assert.deepEqual(summary, { ...noSummary, looks: 1, calls: 1 });
  });
});

describe('the track of a print', () => {
  it('has a look for each frame that counted', () => {
    const rig = createRig();
    assert.equal(lookOf(step(rig, printing), 5), null);
    assert.deepEqual(lookOf(step(rig, look(assessment('watching', 0.5))), 5), {
      ...{ kind: 'look', atMs: rig.now.atMs, printMs: 5, layer: 3, score: 0.5, quality: 5 },
      ...{ evidenceMs: 0, verdict: 'watching' },
    });
    assert.equal(lookOf(step(createRig(), look(assessment('clear', 0))), null), null);
  });

  it('has a mark for what changed: blind, an incident, its level, its end', () => {
    const rig = createRig();
    const said: unknown[] = [];
    const hear = (input: WatchInput) => {
      for (const { atMs: _, ...mark } of marksOf(step(rig, input))) said.push(mark);
    };
    hear(printing);
    hear({ kind: 'frame-missed', fault: badKey });
    hear(look(assessment('warning', 0.6)));
    hear(look(assessment('failing', 0.9)));
    hear({ kind: 'print-changed', print: { kind: 'ended', job: jobA, how: 'error', message: '' } });
    const { id } = rig;
    assert.deepEqual(said, [
      { kind: 'blind', code: badKey.code },
      { kind: 'blind', code: null },
      { kind: 'incident', id, what: 'warning' },
      { kind: 'incident', id, what: 'failing' },
      { kind: 'incident', id, what: 'closed' },
    ]);
  });

  it('keeps of two looks the worse one, ', () => {
    const of = (score: number, atMs: number) => ({
      ...{ kind: 'look' as const, atMs, printMs: null, layer: null, score },
      ...{ quality: null, evidenceMs: 0, verdict: 'clear' as const },
    });
    assert.equal(worseLook(of(0.2, 1), of(0.1, 2)).atMs, 1);
    assert.equal(worseLook(of(0.1, 1), of(0.2, 2)).atMs, 2);
  });
});
