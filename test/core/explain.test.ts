// The sentences that people read: true to what was done, and safe in a prompt.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  explainAlert,
  explainAnswerDelayed,
  explainAnswerFailed,
  explainBlind,
  explainDelay,
  explainGate,
  explainSighted,
  explainSkip,
  sayDuration,
} from '../../src/core/explain.ts';
import type { Gate } from '../../src/core/gates.ts';
import {
  asNotObserved,
  asObserved,
  type Incident,
  type IncidentAction,
  incidentId,
  isPausedByUs,
  withOutcome,
} from '../../src/core/incident.ts';
import { type Answer, type FailureAction, type Fault, toScore } from '../../src/core/types.ts';
import type { Blindness } from '../../src/core/watch-state.ts';

const since = { atMs: 0, tickMs: 1_000_000 };
const now = { atMs: 0, tickMs: 1_064_000 };

const warning: Incident = {
  id: 'lfls0n1',
  job: { filename: 'a.gcode', startTickMs: 1_000 },
  level: 'warning',
  openedAt: now,
  troubleSince: since,
  layer: 12,
  backend: 'octoeverywhere',
  score: toScore(0.734),
  quality: 3,
  seen: null,
  where: null,
  lastSeenTickMs: now.tickMs,
  action: null,
  answer: null,
  isAccepted: false,
};

function failing(what: FailureAction, state: IncidentAction['state'], message = ''): Incident {
  return { ...warning, level: 'failing', action: { what, state, requestedAt: now, message } };
}

describe('a duration', () => {
  const cases = [
    [-5, '0 s'],
    [0, '0 s'],
    [499, '0 s'],
    [500, '1 s'],
    [59_499, '59 s'],
    [59_500, '1 min'],
    [125_000, '2 min 5 s'],
    [3_599_499, '59 min 59 s'],
    [3_600_000, '1 h'],
    [10_920_000, '3 h 2 min'],
  ] as const;
  for (const [ms, text] of cases) it(`${ms} ms: ${text}`, () => assert.equal(sayDuration(ms), text));
});

describe('an alert', () => {
  it('of a warning says what was seen, how bad, since when and where', () => {
    assert.deepEqual(explainAlert(warning, now), {
      incidentId: 'lfls0n1',
      level: 'warning',
      title: 'Lookout: this print may be failing',
      lines: [
        'octoeverywhere says that the print may be going wrong: quality 3 of 10, trouble seen for 1 min 4 s, from layer 12 on.',
        'Nothing has been done. Please have a look.',
      ],
      answers: ['pause', 'cancel', 'false-alarm'],
    });
  });

  it('leaves out a layer that the slicer does not give, and shows the score where there is no quality', () => {
    const [line] = explainAlert({ ...warning, layer: null, quality: null }, now).lines;
    assert.equal(
      line,
      'octoeverywhere says that the print may be going wrong: failure score 73 of 100, trouble seen for 1 min 4 s.',
    );
  });

  it('says where in the picture, where that is known', () => {
    const [corner] = explainAlert({ ...warning, where: 'lower left' }, now).lines;
    assert.match(corner ?? '', /may be going wrong \(lower left of the picture\): /);
    const [all] = explainAlert({ ...warning, where: 'whole picture' }, now).lines;
    assert.match(all ?? '', /may be going wrong \(all over the picture\): /);
  });

  const paused = ['resume', 'cancel', 'false-alarm'];
  const running = ['pause', 'cancel', 'false-alarm'];
  const cases: readonly (readonly [Incident, boolean, string, RegExp | null, readonly string[]])[] = [
    [{ ...warning, isAccepted: true }, false, 'this print may be failing', /^You let it go on/, running],
    [warning, true, 'this print may be failing', /^Nothing has been done/, paused],
    [{ ...warning, level: 'failing' }, false, 'print failing', null, running],
    [failing('pause', 'done'), false, 'print failing, paused', /^The print is paused/, paused],
    [failing('pause', 'requested'), false, 'print failing', /asked for it \(pause\)/, running],
    [failing('pause', 'delayed'), false, 'print failing', /nothing was seen of it yet/, running],
    [failing('cancel', 'orphaned'), true, 'print failing', /asked for it \(cancel\)/, paused],
    [
      failing('pause', 'failed', 'not seen'),
      false,
      'print failing and NOT stopped',
      /not seen\. Look/,
      running,
    ],
    [
      failing('pause', 'failed', 'not seen'),
      true,
      'print failing and NOT stopped',
      /could not be stopped/,
      paused,
    ],
    [
      failing('cancel', 'done'),
      false,
      'print failed, cancelled',
      /was cancelled, as set by on_failure/,
      ['seen'],
    ],
    [failing('gcode', 'done'), false, 'print failing, your G-code was run', /failure_gcode was run/, running],
    [failing('gcode', 'done'), true, 'print failing, your G-code was run', /failure_gcode was run/, paused],
    [
      failing('alert', 'done'),
      false,
      'print failing',
      /^Nothing has been done, as set by on_failure/,
      running,
    ],
  ];
  for (const [incident, isPaused, title, line, answers] of cases) {
    const { action } = incident;
    const name = `${incident.level}, ${action?.what ?? 'no action'} ${action?.state ?? ''}, ${isPaused ? 'paused' : 'running'}`;
    it(name, () => {
      const alert = explainAlert(incident, now, isPaused);
      assert.equal(alert.title, `Lookout: ${title}`);
      assert.deepEqual(alert.answers, answers);
      assert.equal(alert.lines.length, line === null ? 1 : 2);
      if (line !== null) assert.match(alert.lines[1] ?? '', line);
    });
  }
});

const fault: Fault = {
  side: 'camera',
  code: 'CAMERA_TIMEOUT',
  message: 'no picture within 10 s',
  hint: '',
  isPermanent: false,
};
const blind: Blindness = { since, fault, isTold: false };

describe('a notice', () => {
  it('of blindness names the side, the code and the next step', () => {
    assert.deepEqual(explainBlind(blind, now), {
      level: 'warning',
      text: 'Lookout is blind: it has no usable picture (for 1 min 4 s), and the print goes on unwatched. Reason: no picture within 10 s [CAMERA_TIMEOUT].',
    });
    const backend = { ...fault, side: 'backend', hint: 'Check the key.' } as const;
    assert.match(
      explainBlind({ ...blind, fault: backend }, now).text,
      /no judgement .* unwatched\. Reason: .* Check the key\.$/,
    );
    assert.match(explainBlind(blind, blind.since).text, /no usable picture, and the print/);
    assert.match(
      explainBlind({ ...blind, fault: { ...fault, side: 'moonraker' } }, now).text,
      /cannot see what/,
    );
  });

  it('of sight says for how long it was gone', () => {
    assert.deepEqual(explainSighted(blind, now), {
      level: 'info',
      text: 'Lookout sees again after 1 min 4 s. The print is watched.',
    });
  });

  it('of a delay is an error, for the print goes on failing', () => {
    assert.equal(explainDelay(30_000).level, 'error');
    assert.match(explainDelay(30_000).text, /asked Klipper 30 s ago/);
  });

  it('of an answer says which', () => {
    assert.match(
      explainAnswerDelayed('resume', 30_000).text,
      /^Your answer \(resume\) has waited for 30 s\./,
    );
    assert.equal(explainAnswerDelayed('resume', 30_000).level, 'warning');
    const { level, text } = explainAnswerFailed('cancel', 'Klipper refused');
    assert.deepEqual([level, text], ['error', 'Your answer (cancel) has not taken effect: Klipper refused']);
  });
});

const gates: readonly Gate[] = [
  { kind: 'switched-off' },
  { kind: 'not-ready', message: 'starting' },
  { kind: 'not-printing' },
  { kind: 'paused' },
  { kind: 'heating' },
  { kind: 'start-after', leftMs: 90_000 },
  { kind: 'first-layers', layer: 1, ignored: 3 },
  { kind: 'macro-pause' },
  { kind: 'switched-off', isByPerson: true },
  { kind: 'muted', leftMs: 60_000, isForFile: false },
  { kind: 'muted', leftMs: null, isForFile: false },
  { kind: 'muted', leftMs: null, isForFile: true },
];

describe('a gate', () => {
  it('has a sentence of its own', () => {
    const texts = gates.map(explainGate);
    assert.equal(new Set(texts).size, gates.length);
    assert.ok(texts.every((text) => text !== ''));
    assert.match(explainGate({ kind: 'start-after', leftMs: 90_000 }), /in 1 min 30 s of printing/);
    assert.match(explainGate({ kind: 'not-ready', message: 'Lost the board\nOnce …' }), /: Lost the board$/);
  });
});

it('no sentence of ours holds what would break a prompt or a line of G-code', () => {
  const actions: readonly FailureAction[] = ['pause', 'cancel', 'gcode', 'alert'];
  const states = ['requested', 'delayed', 'done', 'failed', 'orphaned'] as const;
  const answers: readonly Answer[] = ['pause', 'resume', 'cancel', 'false-alarm', 'seen'];
  const incidents = [
    warning,
    { ...warning, isAccepted: true, quality: null, layer: null },
    ...actions.flatMap((what) => states.map((state) => failing(what, state, 'outside'))),
  ];
  const alerts = incidents.flatMap((incident) => [
    explainAlert(incident, now),
    explainAlert(incident, now, true),
  ]);
  const sides = ['camera', 'backend', 'moonraker'] as const;
  const texts = [
    ...alerts.flatMap(({ title, lines }) => [title, ...lines]),
    ...sides.map((side) => explainBlind({ ...blind, fault: { ...fault, side } }, now).text),
    explainSighted(blind, now).text,
    explainSkip('PART_1'),
    explainDelay(30_000).text,
    ...answers.flatMap((answer) => [
      explainAnswerDelayed(answer, 1).text,
      explainAnswerFailed(answer, 'outside').text,
    ]),
    ...gates.map(explainGate),
  ];
  for (const text of texts) assert.doesNotMatch(text, /[;|"\n\r]/, text);
});

describe('an incident', () => {
  it('has an id of small letters and digits only, for any start', () => {
    for (const startTickMs of [0, -3, 0.5, 1e15, 2 ** 53, 1_000_000.25]) {
      assert.match(incidentId({ filename: '"; M112', startTickMs }, 7), /^[a-z0-9]+n7$/);
    }
  });

  it('takes the outcome of its action, and why it failed', () => {
    const asked = failing('pause', 'requested');
    assert.equal(asObserved(asked).action?.state, 'done');
    assert.deepEqual(asNotObserved(asked, 'why').action, {
      ...asked.action,
      state: 'failed',
      message: 'why',
    });
    assert.equal(withOutcome(asked, { kind: 'delayed', waitedMs: 1 }).action?.state, 'delayed');
    assert.equal(asObserved(asNotObserved(asked, 'why')).action?.message, '');
    assert.deepEqual(asObserved(warning), warning);
  });

  it('holds the print paused when its pause was seen, or its G-code or a person has paused', () => {
    assert.equal(isPausedByUs(failing('pause', 'done'), false), true);
    assert.equal(isPausedByUs(failing('pause', 'failed'), true), false);
    assert.equal(isPausedByUs(failing('gcode', 'done'), true), true);
    assert.equal(isPausedByUs(failing('gcode', 'done'), false), false);
    assert.equal(isPausedByUs(failing('gcode', 'failed'), true), false);
    assert.equal(isPausedByUs({ ...warning, answer: 'pause' }, true), true);
    assert.equal(isPausedByUs(warning, true), false);
  });
});
