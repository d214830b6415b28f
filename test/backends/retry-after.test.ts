import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRetryAfter } from '../../src/backends/retry-after.ts';

const atMs = Date.UTC(2026, 6, 1, 10);
const at = (minutes: number) => new Date(atMs + minutes * 60_000).toUTCString();

for (const [value, date, expected] of [
  ['0', null, 0],
  ['120', null, 120_000],
  [' 7 ', null, 7_000],
  ['3600', null, 3_600_000],
  ['86400', null, 3_600_000],
  ['99999999999999999999', null, 3_600_000],
  [at(5), null, 300_000],
  [at(-5), null, 0],
  [at(600), null, 3_600_000],
  // The service's own clock counts, ours may be years off.
  [at(5), at(3), 120_000],
  [at(5), 'yesterday', 300_000],
  ['-5', null, null],
  ['1.5', null, null],
  ['soon', null, null],
  ['2026', null, 2_026_000],
  ['Mon, 99 Jul 2026 99:99:99 GMT', null, null],
  ['', null, null],
  [null, null, null],
  [['3'], null, null],
] as const) {
  test(`Retry-After ${JSON.stringify(value)}, Date ${JSON.stringify(date)}`, () => {
    assert.equal(parseRetryAfter(value, date, atMs), expected);
  });
}
