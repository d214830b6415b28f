// A score is a number in 0..1 and nothing else.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { toScore } from '../../src/core/types.ts';

it('takes 0..1 as it is and throws for anything else', () => {
  for (const value of [0, 0.5, 1]) assert.equal(toScore(value), value);
  for (const value of [-0.001, 1.001, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => toScore(value), RangeError);
  }
});
