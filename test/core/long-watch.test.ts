// 72 hours of good prints, with what really happens to a webcam: nothing is paused, warnings are rare, and nothing grows.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Form, liveWell } from '../support/good-life.ts';

/** The whole state as JSON; it is written to an SD card. */
const maxStateBytes = 16_384;
const maxBackgroundBytes = 10_240;

describe('72 hours of good prints', () => {
  const lives: readonly [Form, number, number][] = [
    ['boxes', 1, 10],
    ['boxes', 2, 10],
    ['boxes', 3, 40],
    ['score', 5, 10],
    ['score', 6, 10],
  ];
  for (const [form, seed, everyS] of lives) {
    it(`judged by ${form} every ${everyS} s (life ${seed}) are never paused`, (t) => {
      const life = liveWell(seed, { hours: 72, everyS, form });
      t.diagnostic(JSON.stringify(life));
      assert.ok(life.hours >= 72 && life.prints > 5 && life.misses > 100);
      assert.equal(life.actions, 0);
      assert.ok(life.warnings <= 18, `${life.warnings} warnings: more than one in four hours`);
      assert.ok(life.maxBytes <= maxStateBytes, `${life.maxBytes} bytes`);
      assert.ok(life.maxBackgroundBytes <= maxBackgroundBytes, `${life.maxBackgroundBytes} bytes`);
    });
  }
});
