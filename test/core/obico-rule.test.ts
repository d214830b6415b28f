// The oracle itself, against the numbers that are known of it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ObicoState, obicoBefore, obicoFrame, obicoVerdict } from '../support/obico-rule.ts';

function afterClean(frames: number): ObicoState {
  let state = obicoBefore(0.02);
  for (let frame = 0; frame < frames; frame += 1) state = obicoFrame(state, 0.02);
  return state;
}

/** Frames of p until this verdict; null: never within an hour. */
function framesUntil(wanted: 'warn' | 'pause', p: number, cleanFrames: number): number | null {
  let state = afterClean(cleanFrames);
  for (let frame = 1; frame <= 360; frame += 1) {
    state = obicoFrame(state, p);
    const verdict = obicoVerdict(state);
    if (verdict === wanted || verdict === 'pause') return frame;
  }
  return null;
}

describe("Obico's rule", () => {
  it('follows the check vector', () => {
    let state = { ...afterClean(60), ewm: 0.02 };
    const seen = [1, 2, 3, 4, 5].map(() => {
      state = obicoFrame(state, 0.8);
      return [state.ewm.toFixed(4), obicoVerdict(state)];
    });
    assert.deepEqual(seen, [
      ['0.1400', 'nothing'],
      ['0.2415', 'nothing'],
      ['0.3275', 'nothing'],
      ['0.4002', 'nothing'],
      ['0.4617', 'warn'],
    ]);
  });

  const onsets: [number, number, number, number | null][] = [
    [30, 0.8, 5, null],
    [30, 1, 3, null],
    [30, 1.5, 2, 16],
    [120, 0.5, 10, null],
    [120, 0.8, 5, 12],
    [120, 1, 3, 7],
    [120, 1.5, 2, 4],
    [312, 0.7, 5, 24],
    [312, 0.8, 5, 12],
    [312, 1, 3, 7],
  ];
  for (const [cleanFrames, p, warn, pause] of onsets) {
    it(`warns and pauses as simulated with p = ${p} from minute ${cleanFrames / 6} on`, () => {
      assert.deepEqual(
        [framesUntil('warn', p, cleanFrames), framesUntil('pause', p, cleanFrames)],
        [warn, pause],
      );
    });
  }

  it('warns after five minutes and never pauses what was failing from the first frame', () => {
    assert.deepEqual([framesUntil('warn', 1, 0), framesUntil('pause', 1, 0)], [30, null]);
  });
});
