// mode: shadow: decides as ever, does nothing, and asks afterwards.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noBackground } from '../../src/core/background.ts';
import { explainAlert } from '../../src/core/explain.ts';
import { explainQuestion, sayShadow } from '../../src/core/explain-shadow.ts';
import { sayWouldHave } from '../../src/core/explain-would-have.ts';
import { isShadow } from '../../src/core/incident.ts';
import { shownId } from '../../src/core/shadow.ts';
import { maxQuestions } from '../../src/core/shadow-state.ts';
import { type OnFailure, toScore } from '../../src/core/types.ts';
import {
  assessment,
  away,
  createRig,
  ended,
  idle,
  jobA,
  jobB,
  look,
  paused,
  play,
  printing,
  type Rig,
  restart,
  says,
  wait,
} from './watch-rig.ts';

const minute = 60_000;
const shadow = (onFailure: OnFailure = 'pause') => createRig({ mode: 'shadow', onFailure });
const ask = 'raise was this a failure?';
const idOf = (rig: Rig) => rig.state.incident?.id ?? '';
const firstId = (rig: Rig) => rig.state.shadow.questions[0]?.id ?? '';

/** A print that has failed in shadow mode, goes on, and has just ended. */
function asked(): Rig {
  return play(shadow(), [[printing()], [look('failing', 0.9), 'would pause'], [ended(), 'end', ask]]);
}

/** The scene goes clear for longer than an incident lasts. */
const clears = (rig: Rig) => {
  rig.wait(4 * minute);
  return look('clear', 0)(rig);
};

describe('a failing print in shadow mode', () => {
  it('is noted once, with its moment, and nothing is shown or done', () => {
    const rig = play(shadow(), [
      [printing()],
      [look('warning')],
      [look('failing', 0.9), 'would pause'],
      [look('failing', 0.95)],
      [wait(10 * minute)],
      [look('failing', 0.95)],
    ]);
    const { incident } = rig.state;
    assert.equal(incident?.level, 'failing');
    assert.equal(incident?.action, null);
    assert.deepEqual(incident?.wouldHave?.what, 'pause');
    assert.equal(rig.now.tickMs - (incident?.wouldHave?.at.tickMs ?? 0), 10 * minute);
    assert.equal(rig.state.shadow.questions.length, 0);
  });

  for (const [what, words] of [
    ['pause', 'would have paused'],
    ['cancel', 'would have cancelled'],
    ['gcode', 'would have run failure_gcode'],
    ['alert', 'would have alerted'],
    ['confirm', 'would have asked, then paused'],
  ] as const) {
    it(`${what}: ${words}`, () => {
      const rig = play(shadow(what), [[printing()], [look('failing'), `would ${what}`], [wait(5 * minute)]]);
      const { incident } = rig.state;
      assert.ok(incident !== null);
      assert.equal(sayWouldHave(incident), words);
      const alert = explainAlert(incident, rig.now);
      assert.equal(alert.title, `Lookout: shadow mode, ${words}`);
      assert.match(alert.lines.at(-1) ?? '', /^Nothing was done/);
      assert.deepEqual(alert.answers, ['right', 'wrong']);
    });
  }

  it('closes as it would, also by a resume or a mute, and is asked about only at the end of the print', () => {
    const rig = play(shadow(), [
      [printing()],
      [look('failing'), 'would pause'],
      [clears],
      [look('warning')],
      [paused('somebody')],
      [printing()],
      [wait(11 * minute)],
      [look('failing', 0.9), 'would pause'],
      [(each) => each.hear({ kind: 'commanded', command: { kind: 'mute', for: { kind: 'print' } } })],
      [ended('cancelled'), 'end', ask],
    ]);
    assert.deepEqual(
      rig.state.shadow.questions.map(({ level }) => level),
      ['failing', 'warning', 'failing'],
    );
    assert.equal(shownId(rig.state), firstId(rig));
    assert.match(rig.alert?.lines.at(-1) ?? '', /^Was that right\? 2 more follow\.$/);
  });

  it('an outage or a restart of ours shows nothing either', () => {
    const rig = play(shadow(), [
      [printing()],
      [look('failing'), 'would pause'],
      [away],
      [printing()],
      [restart],
      [printing()],
      [look('failing')],
    ]);
    assert.equal(rig.state.isAlertDue, false);
  });

  it('an answer that belongs to another mode does nothing, also to what is only a warning', () => {
    const rig = play(shadow(), [[printing()], [look('warning')]]);
    for (const answer of ['pause', 'cancel', 'resume', 'false-alarm', 'seen'] as const) {
      play(rig, [[says(answer, idOf(rig))], [says(answer, null)]]);
    }
    assert.equal(rig.state.incident?.answer, null);
  });

  it('what a person orders without an alert is done', () => {
    play(shadow(), [
      [printing()],
      [look('failing'), 'would pause'],
      [(rig) => rig.hear({ kind: 'commanded', command: { kind: 'pause' } }), 'do pause'],
    ]);
  });
});

describe('the questions of a shadow print', () => {
  it('come one at a time, and go with their answers', () => {
    const rig = play(shadow(), [
      [printing()],
      [look('failing'), 'would pause'],
      [clears],
      [look('failing'), 'would pause'],
      [clears],
      [ended(), 'end', ask],
    ]);
    assert.match(rig.alert?.lines.at(-1) ?? '', /One more question follows/);
    const [first = '', second = ''] = rig.state.shadow.questions.map(({ id }) => id);
    play(rig, [
      [says('right', first), 'close', ask],
      [says('right', first), 'close'],
      [says('wrong', second), 'close'],
      [says('wrong', second), 'close'],
      [idle],
    ]);
    assert.deepEqual(rig.state.shadow, { questions: [], isAsked: false, heats: {} });
    assert.equal(shownId(rig.state), null);
  });

  it('may be answered out of turn, or without naming one', () => {
    const rig = play(shadow(), [
      [printing()],
      [look('failing'), 'would pause'],
      [clears],
      [look('failing'), 'would pause'],
      [ended(), 'end', ask],
    ]);
    play(rig, [[says('right', rig.state.shadow.questions[1]?.id ?? '')], [says('wrong', null), 'close']]);
    assert.equal(rig.state.shadow.questions.length, 0);
    play(rig, [[says('right', null)]]);
  });

  it('a judgement while the print runs is not asked for again', () => {
    const rig = play(shadow(), [[printing()], [look('failing'), 'would pause']]);
    play(rig, [[says('right', null)], [look('failing')], [ended(), 'end']]);
    assert.equal(rig.state.shadow.questions.length, 0);
  });

  it('closing the dialog ends them all', () => {
    const rig = asked();
    play(rig, [[says('seen', firstId(rig)), 'close'], [idle]]);
    assert.equal(rig.state.shadow.questions.length, 0);
  });

  it('survive a restart of ours and of Moonraker, and are shown again', () => {
    const rig = play(asked(), [[away], [idle, ask], [idle]]);
    rig.state = { ...rig.state, shadow: { ...rig.state.shadow, isAsked: false } };
    play(rig, [[idle, ask]]);
  });

  it('are taken back while another print runs, and asked after it; its own take their place', () => {
    const rig = play(asked(), [[printing(jobB), 'close'], [look('clear', 0, jobB)]]);
    const before = firstId(rig);
    assert.notEqual(before, '');
    play(rig, [[ended('complete', jobB), 'end', ask]]);
    assert.equal(firstId(rig), before);
    const jobC = { ...jobB, startTickMs: 20_000_000 };
    play(rig, [
      [printing(jobC), 'close'],
      [look('warning', 0.6, jobC)],
      [says('seen', before)],
      [ended('complete', jobC), 'end', ask],
    ]);
    assert.notEqual(firstId(rig), before);
    assert.match(rig.alert?.lines.join(' ') ?? '', /would have warned 0 s ago at layer 12/);
  });

  it('are five at most, and mere warnings give way to failures', () => {
    const rig = play(shadow(), [[printing()]]);
    const count = (level: 'warning' | 'failing', times: number) => {
      for (let time = 0; time < times; time += 1) {
        look(level)(rig);
        clears(rig);
      }
      return rig.state.shadow.questions.map((each) => each.level[0]).join('');
    };
    assert.equal(count('warning', maxQuestions + 2), 'wwwww');
    assert.equal(count('failing', 1), 'wwwwf');
    assert.equal(count('failing', 5), 'fffff');
    const ids = rig.state.shadow.questions.map(({ id }) => id);
    count('failing', 1);
    assert.deepEqual(
      rig.state.shadow.questions.map(({ id }) => id),
      ids,
    );
  });

  it('wait for an alert that is still open', () => {
    const rig = asked();
    const { questions } = rig.state.shadow;
    const act = createRig({ onFailure: 'cancel' });
    play(act, [[printing(jobB)], [look('failing', 0.6, jobB), 'take cancel']]);
    act.state = { ...act.state, shadow: { questions, isAsked: false, heats: {} } };
    play(act, [[ended('cancelled', jobB), 'end']]);
    assert.equal(shownId(act.state), act.state.incident?.id);
    play(act, [[says('right', act.id), 'close', ask]]);
  });
});

describe('the mode is changed in the middle of a print', () => {
  it('to act: the next failing look acts, and the shadow is asked about later', () => {
    const rig = play(shadow(), [[printing()], [look('failing'), 'would pause']]);
    const act = createRig();
    act.state = rig.state;
    play(act, [[restart], [printing()], [look('failing'), 'take pause']]);
    assert.equal(act.state.shadow.questions.length, 1);
  });

  it('to shadow: what was only said is taken back, what was done is still to be answered', () => {
    const warned = play(createRig(), [[printing()], [look('warning'), 'raise this print may be failing']]);
    const rig = shadow();
    rig.state = warned.state;
    play(rig, [[restart, 'close'], [printing()], [look('failing'), 'would pause']]);

    const held = play(createRig(), [[printing()], [look('failing'), 'take pause'], [paused()]]);
    const other = shadow();
    other.state = held.state;
    play(other, [
      [restart],
      [paused(), 'raise print failing, paused', 'warm'],
      [says('resume', held.id), 'close', 'do resume'],
    ]);
  });

  it('judging what was done is no answer', () => {
    play(createRig(), [
      [printing()],
      [look('warning'), 'raise this print may be failing'],
      [(rig) => says('right', rig.id)(rig)],
      [(rig) => says('wrong', rig.id)(rig)],
    ]);
  });
});

describe('a wrong answer', () => {
  const boxed = (score: number) => ({
    ...assessment('clear', score),
    ...{ backend: 'obico', suggests: null, quality: null, nextInMs: 10_000 },
    regions: [{ x1: 0.1, y1: 0.1, x2: 0.2, y2: 0.2, score: toScore(score) }],
  });
  const scored = (rig: Rig, score: number, camera = 'bed', grid: string | null = null) => {
    rig.wait(10_000);
    const input = { kind: 'frame-assessed', assessment: boxed(score), camera, grid, job: jobA, layer: 1 };
    return rig.hear(input as Parameters<Rig['hear']>[0]);
  };
  const failed = () => {
    const rig = play(shadow(), [[printing()]]);
    rig.state = { ...rig.state, backgrounds: [{ ...noBackground('bed', 'obico'), watchedMs: 90_000 }] };
    for (let looks = 0; looks < 20 && rig.state.incident?.level !== 'failing'; looks += 1) scored(rig, 0.8);
    scored(rig, 0.85);
    return rig;
  };
  const known = (rig: Rig) => Object.keys(rig.state.backgrounds[0]?.kept ?? {}).length;

  it('teaches what was seen, while the print runs and after it; a right one does not', () => {
    const early = failed();
    play(early, [[says('right')], [(rig) => says('wrong', idOf(rig))(rig)]]);
    assert.ok(known(early) > 0);
    assert.equal(Object.keys(early.state.shadow.heats).length, 1);
    play(early, [[ended(), 'end']]);
    assert.deepEqual(early.state.shadow.heats, {});
    const late = failed();
    play(late, [[ended(), 'end', ask]]);
    assert.equal(known(late), 0);
    play(late, [[says('wrong', firstId(late)), 'close']]);
    assert.ok(known(late) > 0);
    assert.deepEqual(late.state.shadow.heats, {});
    const right = failed();
    play(right, [
      [ended(), 'end', ask],
      [(rig) => says('right', firstId(rig))(rig), 'close'],
    ]);
    assert.equal(known(right), 0);
  });

  it('teaches nothing where the background is gone, or the backend has none', () => {
    const rig = failed();
    rig.state = { ...rig.state, backgrounds: [] };
    play(rig, [
      [ended(), 'end', ask],
      [(each) => says('wrong', firstId(each))(each), 'close'],
    ]);
    assert.deepEqual(rig.state.backgrounds, []);
    const service = asked();
    play(service, [[says('wrong', firstId(service)), 'close']]);
    assert.deepEqual(service.state.backgrounds, []);
  });
});

describe('what is said of shadow mode', () => {
  it('in a line: the mode, what would have been done in this print, and what is to be answered', () => {
    const rig = shadow();
    const line = (isOn = true) => sayShadow(rig.state, isOn, rig.now.tickMs);
    assert.equal(line(), 'shadow mode');
    assert.equal(line(false), null);
    play(rig, [[printing()], [look('failing'), 'would pause'], [wait(5 * minute)]]);
    assert.equal(line(), 'shadow: would have paused at layer 12, 5 min ago');
    play(rig, [[clears], [look('warning')]]);
    assert.equal(line(), 'shadow: would have paused at layer 12, 9 min ago');
    play(rig, [[ended(), 'end', ask]]);
    assert.equal(line(false), 'shadow: 2 questions are open');
    play(rig, [[(each) => says('right', firstId(each))(each), 'close', ask]]);
    assert.equal(line(false), 'shadow: 1 question is open');
  });

  it('a warning without a layer', () => {
    const rig = play(shadow(), [[printing()], [look('warning')]]);
    const { incident } = rig.state;
    assert.ok(incident !== null && isShadow(incident));
    rig.state = { ...rig.state, incident: { ...incident, layer: null } };
    assert.equal(sayShadow(rig.state, true, rig.now.tickMs), 'shadow: would have warned, 0 s ago');
    const alert = explainQuestion({ ...incident, layer: null }, 0, rig.now);
    assert.equal(alert.level, 'question');
    assert.equal(alert.lines[0], 'a.gcode');
    assert.equal(alert.lines.at(-1), 'Was that right?');
  });
});
