import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainReplay, explainReplayResult } from '../../src/core/explain-replay.ts';
import { replay } from '../../src/core/replay.ts';
import { isSameJson } from '../../src/core/same-json.ts';
import type { RecordedStep, Trace } from '../../src/core/trace.ts';
import { type DecideOptions, initialWatchState } from '../../src/core/watch-state.ts';
import {
  assessment,
  createRig,
  done,
  fault,
  jobA,
  options,
  printing,
  type Rig,
  type Step,
} from './watch-rig.ts';

/** Plays steps, 10 s apart, and keeps them as a recorder would. */
function record(rig: Rig, steps: readonly Step[]): Trace['parts'][number] {
  const recorded: RecordedStep[] = [];
  const begin = {
    ...{
      why: 'start' as const,
      program: '1',
      bootId: 'b',
      at: rig.now,
      options: rig.options,
      state: rig.state,
    },
  };
  const hear = rig.hear;
  rig.hear = (input) => {
    const effects = hear(input);
    const { verdict, evidence, incident } = rig.state;
    recorded.push({
      ...{
        at: rig.now,
        input,
        gate: input.kind === 'print-changed' && input.print.kind === 'printing' ? 'heating' : null,
        frame: null,
      },
      ...{ effects, verdict, evidenceMs: evidence.ms },
      ...{ incident: incident?.id ?? null, level: incident?.level ?? null },
    });
    return effects;
  };
  for (const step of steps) {
    rig.wait(10_000);
    step(rig);
  }
  rig.hear = hear;
  return { begin, steps: recorded };
}

const score =
  (value: number): Step =>
  (rig) =>
    rig.hear({
      ...{ kind: 'frame-assessed', job: jobA, camera: 'bed', layer: 1 },
      assessment: {
        ...assessment('clear', value),
        backend: 'obico\u001b[31m',
        quality: null,
        suggests: null,
      },
    });
const story = (rig: Rig) =>
  record(rig, [
    printing(),
    printing(),
    (each) => each.hear({ kind: 'frame-missed', fault }),
    score(0.9),
    score(0.9),
    score(0.9),
    score(0.9),
    score(0.9),
    (each) => each.hear({ kind: 'time-passed' }),
    (each) => each.hear({ kind: 'answered', answer: 'pause', incidentId: null }),
    (each) => each.hear({ kind: 'answer-finished', incidentId: each.id, answer: 'pause', outcome: done() }),
    (each) => each.hear({ kind: 'action-finished', incidentId: each.id, outcome: done() }),
    (each) => each.hear({ kind: 'idle-timeout-lengthened', beforeS: 600 }),
    (each) =>
      each.hear({
        kind: 'answer-finished',
        incidentId: each.id,
        answer: 'pause',
        outcome: { kind: 'failed', code: 'X', message: 'no' },
      }),
    (each) =>
      each.hear({ kind: 'print-changed', print: { kind: 'ended', job: jobA, how: 'complete', message: '' } }),
  ]);
const asRecorded = (recorded: Partial<DecideOptions>) => ({ ...options, ...recorded });
const high = (recorded: Partial<DecideOptions>): DecideOptions => ({
  ...asRecorded(recorded),
  evidence: { ...options.evidence, sensitivity: 'high' },
});

describe('a replay', () => {
  it('with the options of then is the same, part by part', () => {
    const rig = createRig();
    const trace: Trace = { parts: [story(rig), story(rig)], frames: [], cutLines: 0 };
    const rows = replay(trace, asRecorded);
    assert.ok(rows.every(({ isSame }) => isSame));
    assert.equal(rows.filter(({ isAfterGap }) => isAfterGap).length, 1);
    const lines = explainReplay(rows, rig.now.atMs);
    assert.ok(lines.some((line) => line.includes('steps are missing here')));
    assert.ok(lines.every((line) => !line.includes('\u001b') && !line.startsWith('≠')));
    assert.match(explainReplayResult(rows, rig.now.atMs), /^All 30 decisions are the same/);
  });

  it('with other options shows both, and marks where they differ', () => {
    const rig = createRig();
    const trace: Trace = { parts: [story(rig)], frames: [], cutLines: 0 };
    const openedAtMs = rig.now.atMs - 80_000;
    const rows = replay(trace, high);
    const different = rows.filter(({ isSame }) => !isSame);
    assert.ok(different.length > 0);
    const lines = explainReplay(rows, openedAtMs);
    const marked = lines.filter((line) => line.startsWith('≠'));
    assert.match(
      marked[0] ?? '',
      /^≠ -0:10 +look: score 0\.90 \(obico \[31m\) +watching, 18\.0 s +warning, 18\.0 s \[incident: warning\]$/,
    );
    assert.match(marked[1] ?? '', /^≠ +→ - +→ alert: this print may be failing$/);
    const shown = [
      'print: printing (heating)',
      'no look: CAMERA_TIMEOUT',
      'answered: pause',
      'pause: done',
      'action: done',
      'idle timeout lengthened',
      'carry out pause',
      'tell: Your answer',
      'end print',
      'close alert',
    ];
    for (const text of shown)
      assert.ok(
        lines.some((line) => line.includes(text)),
        `${text} in\n${lines.join('\n')}`,
      );
    assert.equal(
      lines.filter((line) => line.includes('print: printing')).length,
      1,
      'a print that goes on is no news',
    );
    assert.ok(!lines.some((line) => line.includes('time passed')));
    assert.match(explainReplayResult(rows, openedAtMs), /^\d+ of 15 decisions differ, the first at -0:10\.$/);
  });

  it('shows the quality of a service, and the action it took', () => {
    const rig = createRig();
    const part = record(rig, [
      printing(),
      (each) =>
        each.hear({
          kind: 'frame-assessed',
          job: jobA,
          camera: 'bed',
          layer: 1,
          assessment: assessment('failing', 0.95),
        }),
    ]);
    const rows = replay({ parts: [part], frames: [], cutLines: 0 }, asRecorded);
    const text = explainReplay(rows, rig.now.atMs).join('\n');
    assert.match(text, /look: score 0\.95, quality 1 \(octoeverywhere\)/);
    assert.match(text, /→ pause +→ pause/);
  });

  it('takes what a record lacks from the state of a print of which nothing is known', () => {
    const part = story(createRig());
    const { job: _, ...state } = initialWatchState;
    const rows = replay(
      { parts: [{ ...part, begin: { ...part.begin, state } }], frames: [], cutLines: 0 },
      asRecorded,
    );
    assert.ok(rows.every(({ isSame }) => isSame));
  });
});

describe('the same as JSON', () => {
  const cases: readonly (readonly [unknown, unknown, boolean])[] = [
    [1, 1, true],
    [1, '1', false],
    [null, null, true],
    [null, {}, false],
    [{}, null, false],
    [{ a: 1, b: [2, { c: 3 }] }, { b: [2, { c: 3 }], a: 1 }, true],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ a: 1 }, { b: 1 }, false],
    [{ a: undefined }, {}, true],
    [{ a: null }, {}, false],
    [[1, 2], [2, 1], false],
    [[], {}, false],
    [{ 0: 1 }, [1], false],
  ];
  for (const [a, b, expected] of cases) {
    it(`${JSON.stringify(a)} and ${JSON.stringify(b)}: ${expected}`, () =>
      assert.equal(isSameJson(a, b), expected));
  }
});
