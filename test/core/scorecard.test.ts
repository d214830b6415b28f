import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainCandidates, explainScorecard } from '../../src/core/explain-scorecard.ts';
import { noSummary } from '../../src/core/print-summary.ts';
import type { IncidentRecord, Label } from '../../src/core/records.ts';
import {
  type Candidate,
  candidates,
  propose,
  scorecard,
  type TracedIncident,
  type Truth,
  truthOf,
} from '../../src/core/scorecard.ts';
import type { RecordedStep, Trace } from '../../src/core/trace.ts';
import type { PrintEnd, PrintRecord } from '../../src/core/track.ts';
import type { Answer } from '../../src/core/types.ts';
import { assessment, createRig, jobA, look, options, printing, type Step } from './watch-rig.ts';

const labelled = (...answers: Answer[]): Label[] =>
  answers.map((answer) => ({ answer, atMs: 1, through: null }));

function anIncident(level: 'warning' | 'failing', ...answers: Answer[]): IncidentRecord {
  const rig = createRig();
  printing()(rig);
  look(level)(rig);
  const { incident } = rig.state;
  assert.ok(incident !== null);
  return {
    ...{ incident, isOpen: false, closed: { atMs: 1, how: 'went-away' }, labels: labelled(...answers) },
    ...{ hasPicture: false, lostFrames: 0, lostSteps: 0, program: '1' },
  };
}

function aPrint(how: PrintEnd, incidents = 0, looks = 9): PrintRecord {
  const summary = { ...noSummary, incidents, looks };
  return { id: 'x', filename: `${how}.gcode`, startedAtMs: 1, endedAtMs: 2, how, summary };
}

/** A print with these scores, a look every 10 s, as it was recorded at medium sensitivity. */
function traced(truth: Truth, scores: readonly number[], ...more: Step[]): TracedIncident {
  const rig = createRig();
  const steps: RecordedStep[] = [];
  const begin = {
    ...{
      why: 'start' as const,
      program: '1',
      bootId: 'b',
      at: rig.now,
      options: rig.options,
      state: rig.state,
    },
  } as const;
  const { hear } = rig;
  rig.hear = (input) => {
    const effects = hear(input);
    const { verdict, evidence, incident } = rig.state;
    const result = { effects, verdict, evidenceMs: evidence.ms, incident: incident?.id ?? null };
    steps.push({ ...result, at: rig.now, input, gate: null, frame: null, level: incident?.level ?? null });
    return effects;
  };
  printing()(rig);
  for (const score of scores) {
    rig.wait(10_000);
    const scored = { ...assessment('clear', score), backend: 'obico', quality: null, suggests: null };
    rig.hear({ kind: 'frame-assessed', assessment: scored, job: jobA, camera: 'bed', layer: 1 });
  }
  for (const step of more) step(rig);
  const trace: Trace = { parts: [{ begin, steps }], frames: [], cutLines: 0 };
  return { truth, trace };
}

const times = (count: number, score: number) => Array<number>(count).fill(score);

describe('what the answers say', () => {
  const cases: readonly (readonly [Answer[], Truth])[] = [
    [[], 'unsaid'],
    [['seen', 'resume'], 'unsaid'],
    [['cancel'], 'right'],
    [['pause'], 'right'],
    [['false-alarm'], 'false-alarm'],
    [['pause', 'false-alarm', 'resume'], 'false-alarm'],
    [['false-alarm', 'cancel'], 'right'],
    [['skip-object'], 'right'],
    [['false-alarm', 'right'], 'right'],
    [['cancel', 'wrong'], 'false-alarm'],
  ];
  for (const [answers, truth] of cases) {
    it(`${answers.join(', ') || 'nothing'}: ${truth}`, () =>
      assert.equal(truthOf({ labels: labelled(...answers), closed: null }), truth));
  }

  it('a print that was cancelled without a word was given up', () => {
    assert.equal(truthOf({ labels: [], closed: { atMs: 1, how: 'cancelled' } }), 'right');
    assert.equal(
      truthOf({ labels: labelled('false-alarm'), closed: { atMs: 1, how: 'cancelled' } }),
      'false-alarm',
    );
  });
});

describe('the scorecard', () => {
  it('counts by level, and finds prints that ended badly without a word of ours', () => {
    const incidents = [
      anIncident('failing', 'cancel'),
      anIncident('failing', 'cancel'),
      anIncident('failing', 'false-alarm'),
      anIncident('failing', 'seen'),
      anIncident('warning'),
    ];
    const prints = [
      aPrint('complete'),
      aPrint('cancelled'),
      aPrint('cancelled', 1),
      aPrint('cancelled', 0, 0),
      aPrint('error'),
    ];
    const card = scorecard(incidents, prints);
    assert.deepEqual(card.failures, { right: 2, 'false-alarm': 1, unsaid: 1 });
    assert.deepEqual(card.warnings, { right: 0, 'false-alarm': 0, unsaid: 1 });
    assert.deepEqual(
      card.missed.map(({ how }) => how),
      ['cancelled', 'error'],
    );
    assert.deepEqual(explainScorecard(card), [
      '5 prints.',
      '',
      '                 right   false alarm  not said',
      '  warnings           0             0         1',
      '  failures           2             1         1',
      '',
      'Nobody has said of any of the warnings whether it was right.',
      'Of the failures that were answered 67 % were right (2 of 3).',
      'Cancelled or broken off without an alert, perhaps missed: 2 ("cancelled.gcode", "error.gcode").',
    ]);
  });

  it('says how many were in shadow mode', () => {
    const record = anIncident('failing', 'right');
    const shadow = { ...record, incident: { ...record.incident, wouldHave: null } };
    const text = explainScorecard(scorecard([record, shadow], [])).join('\n');
    assert.match(
      text,
      /were right \(2 of 2\)\.\nIn shadow mode, where nothing was done about it: 1 of them\.$/,
    );
  });

  it('names ten of many', () => {
    const text = explainScorecard(scorecard([], Array<PrintRecord>(12).fill(aPrint('cancelled')))).join('\n');
    assert.match(text, /perhaps missed: 12 \(.*, and 2 more\)\.$/);
    assert.doesNotMatch(explainScorecard(scorecard([], [])).join('\n'), /missed/);
  });
});

describe('another sensitivity', () => {
  const failure = traced('right', times(16, 1));
  const flicker = traced('false-alarm', [...times(8, 1), ...times(30, 0)]);
  const cut = traced('false-alarm', times(7, 1));
  const doubt = traced('false-alarm', [...times(5, 1), ...times(20, 0).flatMap((none) => [none, 1, none])]);
  const service = traced('right', [], look('failing', 0.9));
  const empty: TracedIncident = { truth: 'right', trace: { parts: [], frames: [], cutLines: 0 } };
  const silent = traced('right', [0, 0]);

  it('is tried on every incident that was decided from scores', () => {
    const found = candidates([failure, flicker, cut, doubt, service, empty, silent], options);
    assert.deepEqual(found, [
      {
        sensitivity: 'low',
        right: { acted: 1, spared: 0, unknown: 1 },
        falseAlarms: { acted: 0, spared: 2, unknown: 1 },
      },
      {
        sensitivity: 'medium',
        right: { acted: 1, spared: 0, unknown: 1 },
        falseAlarms: { acted: 0, spared: 2, unknown: 1 },
      },
      {
        sensitivity: 'high',
        right: { acted: 1, spared: 0, unknown: 1 },
        falseAlarms: { acted: 2, spared: 1, unknown: 0 },
      },
    ]);
    assert.equal(propose(found, 'high'), 'low');
    assert.equal(propose(found, 'medium'), 'medium');
    assert.deepEqual(explainCandidates(found, 'high', 'low'), [
      'Acted on with each sensitivity, as far as the records go (a print that was paused shows no more):',
      '',
      '    sensitivity   right                       false alarms',
      '    low           1 of 2, 1 cannot be told    0 of 3, 1 cannot be told',
      '    medium        1 of 2, 1 cannot be told    0 of 3, 1 cannot be told',
      '  * high          1 of 2, 1 cannot be told    2 of 3',
      '',
      'Proposal: sensitivity: low in [detection].',
    ]);
  });

  it('is proposed only by enough answers, and never at the cost of a failure', () => {
    const of = (right: number, wrong: number, sensitivity: Candidate['sensitivity']): Candidate => ({
      ...{ sensitivity, right: { acted: right, spared: 0, unknown: 4 - right } },
      falseAlarms: { acted: wrong, spared: 4 - wrong, unknown: 0 },
    });
    assert.equal(propose([of(3, 0, 'low'), of(4, 2, 'medium'), of(4, 3, 'high')], 'medium'), 'medium');
    assert.equal(propose([of(2, 0, 'low'), of(3, 2, 'medium'), of(4, 2, 'high')], 'medium'), 'high');
    assert.equal(propose([], 'medium'), null);
    assert.equal(propose(candidates([failure], options), 'medium'), null);
    assert.match(explainCandidates([], 'low', null).at(-1) ?? '', /nothing to propose before 5 incidents/);
    assert.match(explainCandidates([], 'low', 'low').at(-1) ?? '', /low is as good as any/);
  });
});
