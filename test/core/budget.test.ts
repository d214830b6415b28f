import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CallCounts,
  callsInMonth,
  costOf,
  countCalls,
  isLow,
  isSpent,
  monthOf,
  msToNextMonth,
  noCalls,
} from '../../src/core/budget.ts';

const july = Date.UTC(2026, 6, 31, 23, 59, 59);
const august = Date.UTC(2026, 7, 1);

test('months are UTC months', () => {
  assert.equal(monthOf(july), '2026-07');
  assert.equal(monthOf(august), '2026-08');
  assert.equal(msToNextMonth(july), 1_000);
  assert.equal(msToNextMonth(Date.UTC(2026, 11, 1)), 31 * 24 * 3_600_000);
});

test('calls are counted by month, and taken back', () => {
  const counts = countCalls(countCalls(countCalls(noCalls, july, 1), july, 1), august, 1);
  assert.equal(callsInMonth(counts, july), 2);
  assert.equal(callsInMonth(counts, august), 1);
  assert.equal(callsInMonth(countCalls(counts, august, -1), august), 0);
  assert.equal(callsInMonth(countCalls(noCalls, july, -1), july), 0, 'never below none');
});

test('a clock that starts in 1970 does not lose the count, and old months go', () => {
  let counts: CallCounts = countCalls(noCalls, july, 7);
  counts = countCalls(counts, 0, 1);
  assert.equal(callsInMonth(counts, july), 7);
  counts = countCalls(countCalls(counts, august, 1), Date.UTC(2026, 8, 1), 1);
  assert.deepEqual(Object.keys(counts.months), ['1970-01', '2026-08', '2026-09']);
});

for (const [calls, limit, low, spent] of [
  [79, 100, false, false],
  [80, 100, true, false],
  [99, 100, true, false],
  [100, 100, true, true],
  [101, 100, true, true],
  [4, 5, true, false],
  [1_000_000, 0, false, false],
] as const) {
  test(`${calls} of ${limit}: ${low ? 'low' : 'not low'}, ${spent ? 'spent' : 'not spent'}`, () => {
    const counts = countCalls(noCalls, july, calls);
    assert.equal(isLow(counts, july, limit), low);
    assert.equal(isSpent(counts, july, limit), spent);
    assert.equal(isSpent(counts, august, limit), false);
  });
}

test('a low budget is told once a month', () => {
  const told = { ...countCalls(noCalls, july, 9), toldIn: monthOf(july) };
  assert.equal(isLow(told, july, 10), false);
  assert.equal(isLow(countCalls(told, august, 9), august, 10), true);
});

test('calls are priced step by step', () => {
  const list = [
    { upTo: 10, eachUsd: 0 },
    { upTo: 30, eachUsd: 0.5 },
    { upTo: Number.POSITIVE_INFINITY, eachUsd: 0.25 },
  ];
  const expected = [
    [0, 0],
    [10, 0],
    [11, 0.5],
    [30, 10],
    [34, 11],
  ] as const;
  for (const [calls, cost] of expected) assert.equal(costOf(calls, list), cost, `${calls} calls`);
  assert.equal(costOf(5, []), 0);
});
