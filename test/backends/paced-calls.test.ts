import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPacedCalls } from '../../src/backends/paced-calls.ts';
import { BackendError, type Retry } from '../../src/core/errors.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { until } from '../support/until.ts';

const never = new AbortController().signal;
const hourMs = 3_600_000;

function setUp() {
  const clock = createFakeClock();
  const paced = createPacedCalls({ name: 'tester', intervalMs: 10_000 }, clock);
  let calls = 0;
  const make = (call: () => Promise<string> = async () => 'yes') =>
    paced.make(() => {
      calls += 1;
      return call();
    }, never);
  const fail = (retry: Retry, retryAfterMs?: number) =>
    make(async () => {
      const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
      throw new BackendError('no', { code: 'BACKEND_BUSY', retry, ...wait });
    }).catch((error: unknown) => error);
  return { clock, paced, make, fail, calls: () => calls };
}

test('the interval is counted from the start of a call, whatever it took', async () => {
  const { clock, paced, make, calls } = setUp();
  assert.equal(paced.readyInMs(), 0);
  const late = make(async () => {
    await clock.sleep(4_000, never);
    return 'late';
  });
  await clock.advance(4_000);
  assert.equal(await late, 'late');
  assert.equal(paced.readyInMs(), 6_000);
  await assert.rejects(make(), { code: 'BACKEND_RATE_LIMITED', retryAfterMs: 6_000 });
  await clock.advance(6_000);
  assert.equal(await make(), 'yes');
  assert.equal(calls(), 2);
});

test('the last moments of an interval are waited out', async () => {
  const { clock, make, calls } = setUp();
  await make();
  await clock.advance(9_000);
  const second = make();
  await until('the wait', () => clock.sleepers() === 1);
  assert.equal(calls(), 1);
  await clock.advance(1_000);
  assert.equal(await second, 'yes');
});

test('one call at a time', async () => {
  const { clock, paced } = setUp();
  let inFlight = 0;
  const call = async () => {
    inFlight += 1;
    assert.equal(inFlight, 1);
    await clock.sleep(11_000, never);
    inFlight -= 1;
  };
  const both = Promise.all([paced.make(call, never), paced.make(call, never)]);
  await clock.advance(30_000);
  await both;
});

test('a failure that may pass costs an interval, or what the service asks for', async () => {
  const { clock, paced, make, fail } = setUp();
  await fail('soon');
  assert.equal(paced.readyInMs(), 10_000);
  await clock.advance(10_000);
  await fail('soon', 300_000);
  assert.equal(paced.readyInMs(), 300_000);
  await clock.advance(300_000);
  assert.equal(await make(), 'yes');
});

test('a refusal holds for ten minutes and is said again meanwhile', async () => {
  const { clock, make, fail, calls } = setUp();
  await fail('later');
  await clock.advance(599_000);
  await assert.rejects(make(), { code: 'BACKEND_BUSY', retry: 'later', retryAfterMs: 1_000 });
  assert.equal(calls(), 1);
  await clock.advance(1_000);
  assert.equal(await make(), 'yes');
});

test('what only a person can mend holds for good, or until it is forgiven', async () => {
  const { clock, paced, make, fail, calls } = setUp();
  await fail('never');
  await clock.advance(100 * hourMs);
  await assert.rejects(make(), { code: 'BACKEND_BUSY', retry: 'never' });
  assert.equal(calls(), 1);
  paced.forgive();
  assert.equal(await make(), 'yes');
});

test('a call that is called off counts as one, and its reason is handed on', async () => {
  const { paced } = setUp();
  const abort = new AbortController();
  const reason = new Error('the print has ended');
  const call = paced.make(
    () => new Promise((_, reject) => abort.signal.addEventListener('abort', () => reject(reason))),
    abort.signal,
  );
  await until('the call', () => paced.readyInMs() === 10_000);
  abort.abort(reason);
  await assert.rejects(call, (error) => error === reason);
  assert.equal(paced.readyInMs(), 10_000);
});
