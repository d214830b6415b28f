import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BackendCode, Retry } from '../../src/core/errors.ts';
import type { ServiceFault } from '../../src/virtual/octoeverywhere-faults.ts';
import { aJob } from '../support/parts.ts';
import { startRig } from './octoeverywhere-rig.ts';
import { goodPicture, never } from './rig.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

interface Reaction {
  readonly code: BackendCode;
  readonly retry: Retry;
  /** Calls of both kinds in the hour after it, while the fault stays; one each 40 s is 90. */
  readonly callsInAnHour: 'as usual' | 'few' | 'none';
  readonly usesFallback: boolean;
}

const asUsual = { retry: 'soon', callsInAnHour: 'as usual' } as const;
const reactions: Readonly<Record<Exclude<ServiceFault, 'none'>, Reaction>> = {
  OE_BAD_ARGS: { code: 'BACKEND_BAD_REQUEST', retry: 'later', callsInAnHour: 'few', usesFallback: false },
  OE_ARGS_PARSE_FAILED: {
    code: 'BACKEND_BAD_REQUEST',
    retry: 'later',
    callsInAnHour: 'few',
    usesFallback: false,
  },
  OE_CONTEXT_RATE_LIMITED: { ...asUsual, code: 'BACKEND_RATE_LIMITED', usesFallback: false },
  OE_IMAGE_DECODE_FAILED: { ...asUsual, code: 'BACKEND_BAD_FRAME', usesFallback: false },
  OE_INVALID_API_KEY: { code: 'BACKEND_BAD_KEY', retry: 'never', callsInAnHour: 'none', usesFallback: false },
  OE_API_KEY_DISABLED: {
    code: 'BACKEND_BAD_KEY',
    retry: 'never',
    callsInAnHour: 'none',
    usesFallback: false,
  },
  OE_API_KEY_BLOCKED_PAYMENT_FAILED: {
    code: 'BACKEND_PAYMENT',
    retry: 'later',
    callsInAnHour: 'none',
    usesFallback: false,
  },
  OE_BACKEND_THROTTLED: { ...asUsual, code: 'BACKEND_BUSY', usesFallback: true },
  OE_INTERNAL_ERROR: { ...asUsual, code: 'BACKEND_BUSY', usesFallback: true },
  'bad-gateway': { ...asUsual, code: 'BACKEND_HTTP_STATUS', usesFallback: true },
  'not-found': { ...asUsual, code: 'BACKEND_HTTP_STATUS', usesFallback: true },
  html: { ...asUsual, code: 'BACKEND_BAD_ANSWER', usesFallback: true },
  hang: { ...asUsual, code: 'BACKEND_TIMEOUT', usesFallback: true },
  reset: { ...asUsual, code: 'BACKEND_UNREACHABLE', usesFallback: true },
  'cut-json': { ...asUsual, code: 'BACKEND_BAD_ANSWER', usesFallback: true },
  'wrong-types': { ...asUsual, code: 'BACKEND_BAD_ANSWER', usesFallback: true },
  'missing-field': { ...asUsual, code: 'BACKEND_BAD_ANSWER', usesFallback: true },
};

for (const [fault, expected] of Object.entries(reactions) as [ServiceFault, Reaction][]) {
  test(`process: ${fault}`, async (t) => {
    const rig = await startRig(t);
    await rig.assess();
    await rig.clock.advance(40_000);
    if (fault === 'hang') {
      // An hour of waiting for nothing is not needed; a picture that is judged needs its time.
      rig.restart({ processTimeoutMs: 100 });
      await rig.clock.advance(5_000);
    }
    rig.service.setFault(fault, 'primary');
    const error = await rig.fails();
    assert.deepEqual([error.code, error.retry], [expected.code, expected.retry], error.message);
    assert.ok((error.retryAfterMs ?? 0) >= 40_000, 'no sooner than the interval');
    assert.match(error.message, /^octoeverywhere: process/);

    rig.service.setFault(fault, 'both');
    const before = rig.service.calls.length;
    await watchFor(rig, hourMs);
    const made = rig.service.calls.length - before;
    if (expected.callsInAnHour === 'none') assert.equal(made, 0);
    else if (expected.callsInAnHour === 'few') assert.ok(made > 0 && made <= 7, `${made} calls`);
    else assert.ok(made > 20 && made <= 90, `${made} calls`);

    rig.service.setFault('none');
    if (fault === 'hang') rig.restart();
    if (expected.callsInAnHour !== 'none') {
      await rig.clock.advance(10 * minuteMs);
      await rig.assess();
      assert.equal(rig.service.calls.at(-1)?.host, expected.usesFallback ? 'fallback' : 'primary');
      rig.backend.printEnded?.(aJob());
      await rig.assess(aJob({ startTickMs: 7e6 }));
      assert.equal(rig.service.calls.at(-1)?.host, 'primary', 'a new context starts on its own primary host');
    }
    const undercut = rig.service.calls.filter(({ errorType }) => errorType === 'OE_CONTEXT_RATE_LIMITED');
    assert.deepEqual(undercut, [], 'the interval was never undercut');
  });
}

/** Lives on as the watch loop does: waits as long as it is told, then looks again. */
async function watchFor(rig: Awaited<ReturnType<typeof startRig>>, durationMs: number): Promise<void> {
  const endMs = rig.clock.now().tickMs + durationMs;
  while (rig.clock.now().tickMs < endMs) {
    const wait = await rig.assess().then(
      ({ nextInMs }) => nextInMs,
      (error: { retryAfterMs: number | null }) => error.retryAfterMs ?? 0,
    );
    await rig.clock.advance(Math.max(wait, 1_000));
  }
}

test('a bad key is not forgotten by the next print', async (t) => {
  const rig = await startRig(t, { apiKey: 'wrong' });
  assert.equal((await rig.fails()).code, 'BACKEND_BAD_KEY');
  await rig.clock.advance(hourMs);
  assert.equal((await rig.fails(aJob({ startTickMs: 9e6 }))).code, 'BACKEND_BAD_KEY');
  assert.equal(rig.service.calls.length, 1);
});

test('a key that works again is used again once it was confirmed', async (t) => {
  const rig = await startRig(t);
  rig.service.setFault('OE_INVALID_API_KEY');
  await rig.fails();
  rig.service.setFault('none');
  await rig.backend.confirm?.(never);
  await rig.assess();
});

test('an unpaid account is asked about every 6 h', async (t) => {
  const rig = await startRig(t);
  rig.service.setFault('OE_API_KEY_BLOCKED_PAYMENT_FAILED');
  await rig.assess().catch(() => {});
  await watchFor(rig, 24 * hourMs);
  assert.ok(
    rig.service.calls.length >= 4 && rig.service.calls.length <= 6,
    `${rig.service.calls.length} calls`,
  );
  rig.service.setFault('none');
  await rig.clock.advance(6 * hourMs);
  await rig.assess();
});

test('before the first answer a failed call is repeated after 60 s', async (t) => {
  const rig = await startRig(t);
  await rig.backend.confirm?.(never);
  await rig.assess();
  rig.backend.printEnded?.(aJob());
  const job = aJob({ startTickMs: 8e6 });
  rig.service.setFault('reset', 'both');
  const created = await rig.fails(job);
  assert.ok((created.retryAfterMs ?? 0) >= 30_000 && (created.retryAfterMs ?? 0) <= 60_000);
  rig.service.setFault('none');
  await rig.clock.advance(minuteMs);
  await rig.assess(job, new Uint8Array([0xff, 0xd8, 0xff, 0xd9])).then(
    () => assert.fail('that is no picture'),
    (error) => assert.deepEqual([error.code, error.retryAfterMs], ['BACKEND_BAD_FRAME', 60_000]),
  );
});

test('a context that cannot be made is tried again every 30 to 60 s', async (t) => {
  const rig = await startRig(t);
  rig.service.setFault('bad-gateway');
  await watchFor(rig, 10 * minuteMs);
  const made = rig.count('createcontext');
  assert.ok(made >= 10 && made <= 20, `${made} tries`);
  assert.equal(rig.count('process'), 0);
  assert.ok(
    rig.service.calls.every(({ host }) => host === 'primary'),
    'contexts come from the primary host only',
  );
});

test('settings that the service refuses are not sent over and over', async (t) => {
  const rig = await startRig(t);
  rig.service.setFault('OE_BAD_ARGS');
  await watchFor(rig, hourMs);
  assert.ok(rig.service.calls.length <= 7, `${rig.service.calls.length} calls`);
});

test('a context that the service has forgotten is replaced after one interval', async (t) => {
  const rig = await startRig(t);
  await rig.assess();
  rig.service.forgetContexts();
  await rig.clock.advance(40_000);
  const error = await rig.fails();
  assert.deepEqual([error.code, error.retryAfterMs], ['BACKEND_BAD_REQUEST', 40_000]);
  await rig.clock.advance(40_000);
  await rig.assess();
  assert.equal(rig.service.contexts.length, 2);
});

test('a rate limit keeps the context and waits at least one interval', async (t) => {
  const rig = await startRig(t);
  await rig.assess();
  await rig.clock.advance(40_000);
  rig.service.setFault('OE_CONTEXT_RATE_LIMITED');
  const error = await rig.fails();
  assert.equal(error.retryAfterMs, 40_000);
  assert.equal(rig.backend.readyInMs?.(), 40_000);
  rig.service.setFault('none');
  await rig.clock.advance(40_000);
  await rig.assess();
  assert.equal(rig.service.contexts.length, 1);
});

test('a picture that does not decode is an error of the frame', async (t) => {
  const rig = await startRig(t);
  const error = await rig.fails(aJob(), goodPicture.subarray(0, goodPicture.length - 900));
  assert.deepEqual([error.code, error.retry], ['BACKEND_BAD_FRAME', 'soon']);
  assert.notEqual(error.hint, '');
});

test('the month’s calls are counted on disk: a notice at 80 %, an end at 100 %, and on with the next month', async (t) => {
  const rig = await startRig(t, { monthlyCalls: 5 });
  for (let call = 1; call <= 5; call += 1) {
    await rig.assess();
    assert.equal(rig.notices.length, call < 4 ? 0 : 1, `after ${call} calls`);
    await rig.clock.advance(45_000);
    rig.restart({ monthlyCalls: 5 });
  }
  assert.match(rig.notices[0]?.text ?? '', /4 of 5 calls of 2026-07/);
  const error = await rig.fails();
  assert.deepEqual([error.code, error.retry], ['BACKEND_BUDGET_SPENT', 'later']);
  assert.equal(rig.count('process'), 5);
  await rig.clock.advance(18 * 24 * hourMs);
  await rig.assess();
  assert.equal(rig.count('process'), 6);
});

test('no limit is no limit', async (t) => {
  const rig = await startRig(t, { monthlyCalls: 0 });
  await rig.assess();
  await rig.clock.advance(40_000);
  await rig.assess();
  assert.deepEqual(rig.notices, []);
});

test('what was used of the month is told with its limit and cost, and is known after a restart', async (t) => {
  const rig = await startRig(t, { monthlyCalls: 5 });
  assert.deepEqual(rig.backend.usage?.(), { month: '2026-07', used: 0, limit: 5, costUsd: 0 });
  await rig.assess();
  rig.restart({ monthlyCalls: 0 });
  assert.deepEqual(rig.backend.usage?.(), { month: '2026-07', used: 1, limit: null, costUsd: 0 });
  await rig.clock.advance(18 * 24 * hourMs);
  assert.equal(rig.backend.usage?.().used, 0);
});

test('a call that found nobody is not counted, one that was refused is', async (t) => {
  const rig = await startRig(t, { monthlyCalls: 2 });
  await rig.assess();
  await rig.service.close();
  for (let tries = 0; tries < 3; tries += 1) {
    await rig.clock.advance(40_000);
    assert.equal((await rig.fails()).code, 'BACKEND_UNREACHABLE');
  }
  const other = await startRig(t, { monthlyCalls: 1 });
  await other.assess(aJob(), new Uint8Array(9)).catch(() => {});
  await other.clock.advance(60_000);
  assert.equal((await other.fails()).code, 'BACKEND_BUDGET_SPENT');
});
