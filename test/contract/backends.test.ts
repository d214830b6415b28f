// Every registered backend against everything that its service can do: the exact request, each fault, no leak, and on it goes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { BackendDeps } from '../../src/backends/deps.ts';
import { backendKeys } from '../../src/backends/registry.ts';
import { BackendError } from '../../src/core/errors.ts';
import type { Backend } from '../../src/core/ports.ts';
import { rectangle } from '../../src/core/regions.ts';
import type { Frame, Notice } from '../../src/core/types.ts';
import { paintAreas } from '../../src/lib/paint-areas.ts';
import { drawScene } from '../../src/virtual/scene.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { aJob, aStore } from '../support/parts.ts';
import { createQuietLog } from '../support/quiet-log.ts';
import { until } from '../support/until.ts';
import { makeCertificate } from './certificate.ts';
import { type Expected, type FaultCase, faultCases } from './faults.ts';
import type { BackendFixture, Stage } from './fixture.ts';
import { findLeaks } from './leaks.ts';
import { obicoFixture } from './obico.fixture.ts';
import { octoeverywhereFixture } from './octoeverywhere.fixture.ts';
import { openInferenceFixture } from './open-inference.fixture.ts';
import { printwatchFixture } from './printwatch.fixture.ts';
import { type Service, startService } from './service.ts';

/** One entry for each registered backend. */
const fixtures: readonly BackendFixture[] = [
  octoeverywhereFixture,
  printwatchFixture,
  obicoFixture,
  openInferenceFixture,
];

/** Long enough for a busy machine to answer well, short enough to wait for often. */
const timeoutMs = 1_500;
const hourMs = 3_600_000;
const job = aJob();
const ignored = [rectangle({ x: 0, y: 0 }, { x: 0.4, y: 0.5 })];
const never = new AbortController().signal;
/** Found again byte for byte, or in the form that the backend needs. */
const jpeg = await drawScene(
  { isPrinting: true, grown: 0.5, spaghetti: 0.3, gantry: 0.5, isDark: false },
  { width: 1280, height: 720 },
);

test('every registered backend with a service has fixtures here', () => {
  // The built-in detector has none: builtin.test.ts beside this does to its process what is done to services here.
  const names = [...fixtures.map(({ name }) => name), 'builtin'];
  assert.deepEqual(names.sort(), Object.keys(backendKeys).sort());
});

for (const fixture of fixtures) {
  describe(fixture.name, { concurrency: 8, timeout: 120_000 }, () => {
    test('asks exactly what the reference says and reads the answer', async (t) => {
      const { backend, service, frame } = await setUp(t, fixture);
      assert.deepEqual(await backend.assess(frame(), job, never), fixture.assessment);
      fixture.checkRequests(service.requests, frame(), job);
      assert.equal(service.requests.length, fixture.stages.length);
      for (const [at, stage] of fixture.stages.entries()) {
        const request = service.requests[at];
        assert.ok(request !== undefined && stage.matches(request), stage.name);
      }
    });

    test('what is ignored is painted out where the answer does not say where it saw something', async (t) => {
      const service = await startService(fixture.answer);
      t.after(service.close);
      const { backend, frame } = build(fixture, service.origin, { ignored: () => ignored });
      assert.deepEqual(await backend.assess(frame(), job, never), fixture.assessment);
      const seen = fixture.isBlindToPlaces ? await paintAreas(jpeg, ignored) : jpeg;
      fixture.checkRequests(service.requests, { ...frame(), jpeg: Buffer.from(seen) }, job);
    });

    if (fixture.isBlindToPlaces) {
      test('a picture that cannot be painted is one bad frame: nothing is asked, and the next one is judged', async (t) => {
        const service = await startService(fixture.answer);
        t.after(service.close);
        const { backend, frame } = build(fixture, service.origin, { ignored: () => ignored });
        const broken = { ...frame(), jpeg: jpeg.subarray(0, 200) };
        check(await rejection(backend, broken), { code: 'BACKEND_BAD_FRAME', retry: 'soon' });
        assert.deepEqual(service.requests, []);
        assert.deepEqual(await backend.assess(frame(), job, never), fixture.assessment);
      });
    }

    test('has one request in flight, and none before its time', async (t) => {
      const { backend, service, frame } = await setUp(t, fixture);
      const both = await Promise.allSettled([
        backend.assess(frame(), job, never),
        backend.assess(frame(), job, never),
      ]);
      assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
      const refused = both.find((each) => each.status === 'rejected')?.reason;
      assert.ok(refused instanceof BackendError);
      assert.equal(refused.code, 'BACKEND_RATE_LIMITED');
      assert.equal(service.requests.length, fixture.stages.length);
    });

    test('a frame that nobody wants any more is not asked about', async (t) => {
      const { backend, service, frame } = await setUp(t, fixture);
      const reason = new Error('the print has ended');
      await assert.rejects(
        backend.assess(frame(), job, AbortSignal.abort(reason)),
        (error) => error === reason,
      );
      assert.equal(service.connections(), 0);
    });

    test('nothing listens', async (t) => {
      const { service, ...rest } = await setUp(t, fixture);
      await service.close();
      const error = await rejection(rest.backend, rest.frame());
      check(error, { code: 'BACKEND_UNREACHABLE', retry: 'soon' });
      noLeaks(fixture, [error, rest.traces]);
    });

    test('a certificate that nobody vouches for', async (t) => {
      const service = await startService(fixture.answer, makeCertificate(['IP:127.0.0.1']));
      t.after(service.close);
      const { backend, frame, traces } = build(fixture, service.origin);
      const error = await rejection(backend, frame());
      check(error, { code: 'BACKEND_UNREACHABLE', retry: 'soon' });
      assert.match(error.message, /certificate/);
      assert.deepEqual(service.requests, [], 'nothing is said to a stranger');
      noLeaks(fixture, [error, traces]);
    });

    for (const stage of fixture.stages) {
      for (const each of [...faultCases, ...wrongAnswers(stage)]) {
        test(`${stage.name}: ${each.name}`, (t) => goesOnAfter(t, fixture, stage, each));
      }
      test(`${stage.name}: called off while it waits`, async (t) => {
        const { backend, service, frame, clock, traces } = await setUp(t, fixture);
        let isCutOff = false;
        service.spoil({
          matches: stage.matches,
          fault: ({ response }) => {
            response.on('close', () => {
              isCutOff = true;
            });
          },
          elsewhere: '',
        });
        const abort = new AbortController();
        const reason = new Error('the print has ended');
        const assessing = backend.assess(frame(), job, abort.signal);
        assessing.catch(() => {});
        await until('the request to arrive', () => service.requests.some(stage.matches));
        abort.abort(reason);
        await assert.rejects(assessing, (error) => error === reason);
        await until('the connection to close', () => isCutOff);
        noLeaks(fixture, traces);
        service.spoil(null);
        await clock.advance(hourMs);
        assert.deepEqual(await backend.assess(frame(), job, never), fixture.assessment);
      });
    }
  });
}

/** The fault happens once; the error is right, nothing leaks, and the backend works again when it says so. */
async function goesOnAfter(
  t: { after(end: () => Promise<void>): void },
  fixture: BackendFixture,
  stage: Stage,
  { name, fault, expected: usual }: FaultCase,
) {
  const { backend, service, frame, clock, traces } = await setUp(t, fixture);
  const elsewhere = await startService(fixture.answer);
  t.after(elsewhere.close);
  const expected = stage.expected?.[name] ?? usual;
  service.spoil({ matches: stage.matches, fault, elsewhere: elsewhere.origin });
  const error = await rejection(backend, frame());
  check(error, expected);
  service.spoil(null);
  assert.equal(elsewhere.connections(), 0, 'nothing goes to another host');
  noLeaks(fixture, [error, traces]);
  const asked = service.requests.length;
  if (expected.retry === 'never') {
    for (let hours = 0; hours < 3; hours += 1) {
      await clock.advance(24 * hourMs);
      check(await rejection(backend, frame()), expected);
    }
    assert.equal(service.requests.length, asked, 'no call until a person has acted');
    return;
  }
  let last = error;
  for (let passedMs = 0; passedMs < 7 * hourMs; ) {
    const waitMs = Math.max(last.retryAfterMs ?? 0, backend.readyInMs?.() ?? 0, 1_000);
    passedMs += waitMs;
    await clock.advance(waitMs);
    const outcome = await backend.assess(frame(), job, never).catch((thrown: unknown) => thrown);
    if (!(outcome instanceof BackendError)) {
      assert.deepEqual(outcome, fixture.assessment);
      assert.ok(service.requests.length <= asked + fixture.stages.length, 'no call too many');
      return;
    }
    assert.equal(outcome.code, expected.code);
    last = outcome;
  }
  assert.fail('it never asked again');
}

function wrongAnswers(stage: Stage): FaultCase[] {
  return Object.entries(stage.wrongAnswers).map(([name, body]) => ({
    name: `200, but ${name}`,
    fault: ({ response }) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(body);
    },
    expected: { code: 'BACKEND_BAD_ANSWER', retry: 'soon' },
  }));
}

async function setUp(t: { after(end: () => Promise<void>): void }, fixture: BackendFixture) {
  const service: Service = await startService(fixture.answer);
  t.after(service.close);
  return { service, ...build(fixture, service.origin) };
}

function build(fixture: BackendFixture, origin: string, more: Partial<BackendDeps> = {}) {
  const clock = createFakeClock();
  const log = createQuietLog();
  const store = aStore();
  const notices: Notice[] = [];
  const backend = fixture.create(origin, timeoutMs, {
    clock,
    log,
    store,
    random: () => 0.5,
    bootId: 'this-boot',
    onNotice: (notice) => notices.push(notice),
    ...more,
  });
  const frame = (): Frame => ({ ...clock.now(), jpeg, width: 1280, height: 720, camera: 'bed' });
  return { backend, clock, frame, traces: { lines: log.lines, documents: store.documents, notices } };
}

async function rejection(backend: Backend, frame: Frame): Promise<BackendError> {
  const outcome = await Promise.race([
    backend.assess(frame, job, never).catch((error: unknown) => error),
    delay(20_000, 'still waiting', { ref: false }),
  ]);
  assert.ok(outcome instanceof BackendError, `a BackendError, not ${String(outcome)}`);
  return outcome;
}

function check(error: BackendError, { code, retry, waitMs = 0 }: Expected): void {
  assert.deepEqual({ code: error.code, retry: error.retry }, { code, retry }, error.message);
  assert.ok((error.retryAfterMs ?? 0) >= waitMs, `waits ${error.retryAfterMs} ms`);
  assert.ok(error.cause !== undefined || error.message.includes('no api_key'), 'with its cause');
  assert.ok(error.message.length < 400, error.message);
}

function noLeaks({ secrets }: BackendFixture, where: unknown): void {
  assert.deepEqual(findLeaks(where, secrets), []);
}
