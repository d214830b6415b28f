import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestName } from '../../src/config/nearest.ts';

const names = ['blind_after', 'enabled', 'url', 'start_after'];
const cases: [string, string | null][] = [
  ['blind_aftr', 'blind_after'],
  ['blind_atfer', 'blind_after'],
  ['BLIND_AFTER', 'blind_after'],
  ['ulr', 'url'],
  ['uri', 'url'],
  ['stat_after', 'start_after'],
  ['telegram', null],
  ['', null],
  ['x'.repeat(100_000), null],
];
for (const [written, expected] of cases) {
  test(`${written.slice(0, 20)} → ${expected}`, () => assert.equal(nearestName(written, names), expected));
}
