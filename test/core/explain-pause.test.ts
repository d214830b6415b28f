// The steps that follow a pause: what is said of them, and that they change nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../src/core/decide.ts';
import type { PauseStep } from '../../src/core/types.ts';
import { initialWatchState } from '../../src/core/watch-state.ts';
import { options } from './watch-rig.ts';

const now = { atMs: 0, tickMs: 1_000 };
const hear = (step: PauseStep) =>
  decide(initialWatchState, { kind: 'pause-step-finished', step }, now, options);

test('a step that worked, or could not be taken, is no news', () => {
  for (const result of ['done', 'skipped'] as const) {
    const { state, effects } = hear({ step: 'hotend_standby', result, message: 'x' });
    assert.equal(state, initialWatchState);
    assert.deepEqual(effects, []);
  }
});

test('a step that failed is told', () => {
  const { effects } = hear({ step: 'after_pause_gcode', result: 'failed', message: 'Unknown pin' });
  const text = 'Lookout has paused the print, but after_pause_gcode did not work: Unknown pin';
  assert.deepEqual(effects, [{ kind: 'tell', notice: { level: 'warning', text } }]);
});
