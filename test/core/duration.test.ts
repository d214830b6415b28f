import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../../src/core/duration.ts';

const written: [string, number | null][] = [
  ['0s', 0],
  ['90s', 90_000],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  [' 1H 30m 5S ', 5_405_000],
  ['', null],
  ['5', null],
  ['1.5h', null],
  ['30m1h', null],
  ['5 minutes', null],
  ['-5m', null],
  ['9999999s', null],
];
for (const [text, ms] of written) {
  test(`${JSON.stringify(text)} is ${ms} ms`, () => assert.equal(parseDuration(text), ms));
}

test('is written in the largest units', () => {
  assert.equal(formatDuration(5_405_000), '1h30m5s');
  assert.equal(formatDuration(86_400_000), '24h');
  assert.equal(formatDuration(0), '0s');
  assert.equal(formatDuration(-5), '0s');
  assert.equal(formatDuration(1_499), '1s');
});

test('property: what is written is read back to the second', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000_000 }), (seconds) => {
      assert.equal(parseDuration(formatDuration(seconds * 1_000)), seconds * 1_000);
    }),
  );
});
