// on_failure: confirm: asked first, paused if nobody answers, never sooner and never twice.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countdownLeftMs } from '../../src/core/confirm.ts';
import { type Answer, toScore } from '../../src/core/types.ts';
import type { Effect } from '../../src/core/watch-state.ts';
import {
  assessment,
  away,
  createRig,
  done,
  ended,
  failed,
  jobA,
  look,
  miss,
  paused,
  printing,
  type Rig,
} from './watch-rig.ts';

const second = 1_000;
const kinds = (effects: readonly Effect[]) => effects.map(({ kind }) => kind);
const tick = (rig: Rig, ms: number) => {
  rig.wait(ms);
  return kinds(rig.hear({ kind: 'time-passed' }));
};
const say = (rig: Rig, answer: Answer) =>
  rig.hear({ kind: 'answered', answer, incidentId: rig.state.incident?.id ?? '' });

/** A print that has just been seen failing. */
function asked(): Rig {
  const rig = createRig({ onFailure: 'confirm', confirmMs: 60 * second });
  printing()(rig);
  assert.deepEqual(kinds(look('failing')(rig)), ['raise-alert']);
  return rig;
}

describe('a countdown', () => {
  it('asks, says how long, and pauses exactly at its end, once', () => {
    const rig = asked();
    assert.match(rig.alert?.lines.join(' ') ?? '', /paused in 1 min, unless you choose Ignore/);
    assert.deepEqual(rig.alert?.answers, ['pause', 'ignore', 'cancel']);
    assert.deepEqual(tick(rig, 59_999), []);
    assert.deepEqual(kinds(look('failing')(rig)), []);
    assert.equal(countdownLeftMs(rig.state, rig.now), 1);
    assert.deepEqual(tick(rig, 1), ['take-action']);
    assert.deepEqual(tick(rig, 60 * second), []);
    paused()(rig);
    rig.hear({ kind: 'action-finished', incidentId: rig.id, outcome: done() });
    assert.equal(rig.alert?.title, 'Lookout: print failing, paused');
  });

  it('takes a minute where nothing is set', () => {
    const rig = createRig({ onFailure: 'confirm' });
    printing()(rig);
    look('failing')(rig);
    assert.equal(countdownLeftMs(rig.state, rig.now), 60 * second);
  });

  it('Ignore lets it go on, as a false alarm does', () => {
    const rig = asked();
    assert.deepEqual(kinds(say(rig, 'ignore')), ['close-alert']);
    assert.deepEqual(tick(rig, 120 * second), []);
    assert.deepEqual(kinds(look('failing')(rig)), []);
    assert.equal(countdownLeftMs(rig.state, rig.now), null);
  });

  it('closing the dialog is no answer', () => {
    const rig = asked();
    say(rig, 'seen');
    assert.deepEqual(tick(rig, 60 * second), ['take-action']);
  });

  it('Pause pauses at once, and only once; when it comes to nothing, the countdown still holds', () => {
    const rig = asked();
    assert.deepEqual(kinds(say(rig, 'pause')), ['close-alert', 'do-answer']);
    assert.deepEqual(tick(rig, 60 * second), []);
    rig.hear({ kind: 'answer-finished', incidentId: rig.id, answer: 'pause', outcome: failed });
    assert.deepEqual(tick(rig, 0), ['take-action']);
  });

  it('is withdrawn when the print looks well, and at its end when there is doubt no more', () => {
    const clear = asked();
    assert.deepEqual(kinds(look('clear', 0)(clear)), ['close-alert']);
    const calm = asked();
    look('watching', 0.2)(calm);
    assert.deepEqual(tick(calm, 60 * second), ['close-alert']);
    const doubt = asked();
    look('warning')(doubt);
    assert.deepEqual(tick(doubt, 60 * second), ['take-action']);
  });

  it('asks the last look of a backend that only scores', () => {
    const score = (rig: Rig, value: number) =>
      rig.hear({
        kind: 'frame-assessed',
        assessment: { ...assessment('clear', value), suggests: null, quality: null, nextInMs: 10 * second },
        camera: 'bed',
        job: jobA,
        layer: 12,
      });
    const rig = createRig({ onFailure: 'confirm', confirmMs: 10 * second });
    printing()(rig);
    for (let looks = 0; looks < 60 && countdownLeftMs(rig.state, rig.now) === null; looks += 1) {
      rig.wait(10 * second);
      score(rig, 1);
    }
    assert.notEqual(countdownLeftMs(rig.state, rig.now), null);
    rig.wait(10 * second);
    score(rig, 0);
    assert.equal(toScore(0), rig.state.last?.counted);
    assert.deepEqual(tick(rig, 0), ['close-alert']);
  });

  it('a fault does not stop it: what was seen has not been taken back', () => {
    const rig = asked();
    miss()(rig);
    assert.deepEqual(tick(rig, 60 * second), ['take-action']);
  });

  it('after a restart or an outage it is asked anew, for the whole time', () => {
    for (const answer of [null, 'seen'] as const) {
      const rig = asked();
      if (answer !== null) say(rig, answer);
      rig.wait(300 * second);
      rig.hear({ kind: 'restarted' });
      assert.deepEqual(tick(rig, 0), []);
      assert.deepEqual(kinds(printing()(rig)), ['raise-alert']);
      assert.deepEqual(tick(rig, 59_999), []);
      assert.deepEqual(tick(rig, 1), ['take-action']);
    }
    const rig = asked();
    away(rig);
    assert.deepEqual(tick(rig, 300 * second), ['tell']);
    printing()(rig);
    assert.deepEqual(tick(rig, 59_999), []);
  });

  it('after an outage that ends in a pause of the file it is asked anew when the print goes on', () => {
    const rig = asked();
    away(rig);
    assert.deepEqual(kinds(paused('file')(rig)), ['raise-alert']);
    rig.wait(second);
    const effects = printing()(rig);
    assert.deepEqual(kinds(effects), ['raise-alert']);
    assert.ok(effects[0]?.kind === 'raise-alert' && effects[0].alert.answers.includes('ignore'));
    assert.deepEqual(tick(rig, 59_999), []);
    assert.deepEqual(tick(rig, 1), ['take-action']);
  });

  it('a restart in which nothing has been seen yet takes nothing back', () => {
    const rig = asked();
    const restarted = { ...rig.state, last: null, verdict: 'clear' as const };
    rig.state = restarted;
    assert.deepEqual(tick(rig, 60 * second), ['take-action']);
  });

  it('ends when somebody pauses, and waits while a macro in the file does', () => {
    const rig = asked();
    assert.deepEqual(kinds(paused('somebody')(rig)), ['raise-alert']);
    assert.deepEqual(rig.alert?.answers, ['resume', 'cancel', 'false-alarm']);
    assert.deepEqual(tick(rig, 60 * second), []);
    const mine = asked();
    say(mine, 'pause');
    assert.deepEqual(kinds(paused('us')(mine)), []);
    const parked = asked();
    paused('file')(parked);
    assert.deepEqual(tick(parked, 15 * second), []);
    printing()(parked);
    assert.deepEqual(tick(parked, 44_999), []);
    assert.deepEqual(tick(parked, 1), ['take-action']);
  });

  it('a mute or the end of the print ends it', () => {
    const muted = asked();
    muted.hear({ kind: 'commanded', command: { kind: 'mute', for: { kind: 'print' } } });
    assert.deepEqual(tick(muted, 60 * second), []);
    const over = asked();
    ended()(over);
    assert.deepEqual(tick(over, 60 * second), []);
  });
});
