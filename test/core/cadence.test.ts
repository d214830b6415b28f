// When the next frame is due: after an answer, after a miss, and never sooner than was asked for.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { backoffMs } from '../../src/core/backoff.ts';
import { heartbeatMs, type LookResult, nextLookInMs, waitAtGateMs } from '../../src/core/cadence.ts';

describe('the next look', () => {
  const cases: readonly (readonly [string, LookResult, number, number])[] = [
    ['as the backend demands', { kind: 'assessed', nextInMs: 40_000 }, 10_000, 40_000],
    ['as the user set it', { kind: 'assessed', nextInMs: 20_000 }, 60_000, 60_000],
    ['soon after a first miss', { kind: 'missed', failures: 1, retryAfterMs: null }, 10_000, 5_000],
    ['later after the third', { kind: 'missed', failures: 3, retryAfterMs: null }, 10_000, 20_000],
    ['at most a minute', { kind: 'missed', failures: 99, retryAfterMs: null }, 10_000, 60_000],
    ['as Retry-After demands', { kind: 'missed', failures: 1, retryAfterMs: 300_000 }, 10_000, 300_000],
    [
      'not sooner for a short Retry-After',
      { kind: 'missed', failures: 9, retryAfterMs: 1_000 },
      10_000,
      60_000,
    ],
  ];
  for (const [name, result, intervalMs, expected] of cases) {
    it(name, () => assert.equal(nextLookInMs(result, intervalMs, 1), expected));
  }
});

describe('the backoff', () => {
  const options = fc.record({
    firstMs: fc.integer({ min: 1, max: 60_000 }),
    maxMs: fc.integer({ min: 1, max: 3_600_000 }),
  });
  const failures = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1 }));
  const random = fc.double({ min: 0, max: 1, noNaN: true });

  it('is at least half and at most all of what the tries call for, and never above the limit', () => {
    fc.assert(
      fc.property(failures, random, options, (count, luck, limits) => {
        const waitMs = backoffMs(count, luck, limits);
        let ceilingMs = limits.firstMs;
        for (let double = 1; double < count && ceilingMs < limits.maxMs; double += 1) ceilingMs *= 2;
        ceilingMs = Math.min(ceilingMs, limits.maxMs);
        assert.ok(waitMs >= ceilingMs / 2 && waitMs <= ceilingMs, `${waitMs} of ${ceilingMs}`);
      }),
    );
  });

  it('never shrinks with one more failure, for the same luck', () => {
    fc.assert(
      fc.property(failures, random, options, (count, luck, limits) => {
        assert.ok(backoffMs(count + 1, luck, limits) >= backoffMs(count, luck, limits));
      }),
    );
  });

  it('takes no failure yet for one', () => {
    assert.equal(backoffMs(0, 0, { firstMs: 100, maxMs: 1000 }), 50);
  });
});

it('a closed gate is looked at again when it may be open', () => {
  assert.equal(waitAtGateMs({ kind: 'start-after', leftMs: 90_000 }), 90_000);
  assert.equal(waitAtGateMs({ kind: 'start-after', leftMs: 10 }), 1_000);
  assert.equal(waitAtGateMs({ kind: 'muted', leftMs: 5_000, isForFile: false }), 5_000);
  assert.equal(waitAtGateMs({ kind: 'muted', leftMs: null, isForFile: true }), heartbeatMs);
  assert.equal(waitAtGateMs({ kind: 'macro-pause' }), 10_000);
  assert.equal(waitAtGateMs({ kind: 'paused' }), heartbeatMs);
});
