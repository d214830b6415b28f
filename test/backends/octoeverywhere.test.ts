import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOctoEverywhere } from '../../src/backends/octoeverywhere.ts';
import { type GoodAnswer, startService } from '../contract/service.ts';
import { aJob } from '../support/parts.ts';
import { until } from '../support/until.ts';
import { apiKey, startRig } from './octoeverywhere-rig.ts';
import { badPicture, goodPicture, never } from './rig.ts';

test('one context serves a whole print, whatever is paused in between', async (t) => {
  const rig = await startRig(t, { warningConfidence: 1, pauseConfidence: 5 });
  await rig.assess();
  await rig.clock.advance(3_600_000);
  await rig.assess(aJob({ startTickMs: aJob().startTickMs + 1_500, printDurationMs: 90_000 }));
  await rig.clock.advance(40_000);
  await rig.assess(aJob({ totalDurationMs: 9e6 }));
  assert.deepEqual(
    rig.service.contexts.map(({ warningLevel, pauseLevel }) => ({ warningLevel, pauseLevel })),
    [{ warningLevel: 1, pauseLevel: 5 }],
  );
  assert.equal(rig.count('process'), 3);
});

test('another print gets another context and need not wait for the last one', async (t) => {
  const rig = await startRig(t);
  await rig.assess();
  rig.backend.printEnded?.(aJob());
  assert.equal(rig.backend.readyInMs?.(), 0);
  await rig.assess(aJob({ startTickMs: 9e6 }));
  assert.equal(rig.service.contexts.length, 2);
  const [first, second] = rig.service.calls.filter(({ kind }) => kind === 'process');
  assert.notEqual(first?.contextId, second?.contextId);
  assert.equal(second?.status, 200);
});

test('the end of another print drops nothing', async (t) => {
  const rig = await startRig(t);
  await rig.assess();
  rig.backend.printEnded?.(aJob({ filename: 'other.gcode' }));
  await rig.clock.advance(40_000);
  await rig.assess();
  assert.equal(rig.service.contexts.length, 1);
});

test('a call that outlives its print brings back neither the context nor the wait', async (t) => {
  const rig = await startRig(t);
  await rig.assess();
  await rig.clock.advance(40_000);
  for (const fault of ['none', 'bad-gateway'] as const) {
    rig.service.setFault(fault);
    const before = rig.count('process');
    const assessing = rig.assess().catch(() => {});
    await until('the call', () => rig.count('process') > before);
    rig.backend.printEnded?.(aJob());
    await assessing;
    assert.equal(rig.backend.readyInMs?.(), 0);
    assert.doesNotMatch(rig.store.documents.get('octoeverywhere') ?? '', /ContextId/);
    rig.service.setFault('none');
    await rig.assess();
    await rig.clock.advance(40_000);
  }
});

test('the verdict is the service’s own: quality first, then a warning, then a pause, and back', async (t) => {
  const rig = await startRig(t, {}, 20);
  const seen: string[] = [];
  for (const jpeg of [goodPicture, badPicture, badPicture, badPicture, badPicture, goodPicture]) {
    const { score, quality, suggests, nextInMs } = await rig.assess(aJob(), jpeg);
    assert.ok(score >= 0 && score <= 1);
    seen.push(`${quality} ${suggests?.isWarning ? 'warning' : '-'} ${suggests?.isFailing ? 'failing' : '-'}`);
    await rig.clock.advance(nextInMs);
  }
  assert.deepEqual(seen, ['10 - -', '3 - -', '1 - -', '1 warning -', '1 warning failing', '8 - -']);
});

test('a call before its time is refused here and not made', async (t) => {
  const rig = await startRig(t);
  const { nextInMs } = await rig.assess();
  assert.equal(nextInMs, 40_000);
  assert.equal(rig.backend.readyInMs?.(), 40_000);
  await rig.clock.advance(30_000);
  const error = await rig.fails();
  assert.deepEqual([error.code, error.retryAfterMs], ['BACKEND_RATE_LIMITED', 10_000]);
  assert.equal(rig.count('process'), 1);
});

test('a timer that fires a moment early is waited out with the frame in hand', async (t) => {
  const rig = await startRig(t);
  await rig.assess();
  await rig.clock.advance(39_000);
  const assessing = rig.assess();
  await until('the wait', () => rig.clock.sleepers() === 1);
  await rig.clock.advance(1_000);
  await assessing;
  assert.deepEqual(
    rig.service.calls.map(({ status }) => status),
    [200, 200, 200],
  );
});

for (const [says, userMinimumMs, expectedMs] of [
  [5, 20_000, 20_000],
  [-7, 20_000, 20_000],
  [20, 20_000, 20_000],
  [47, 20_000, 47_000],
  [47, 90_000, 90_000],
  [1_801, 20_000, 1_800_000],
  [Number.MAX_SAFE_INTEGER, 20_000, 1_800_000],
] as const) {
  test(`asked to wait ${says} s, with ${userMinimumMs / 1000} s set, it waits ${expectedMs / 1000} s`, async (t) => {
    const service = await startService(({ path }, origin): GoodAnswer => {
      if (!path.endsWith('/createcontext'))
        return { status: 200, json: { ...judgement, NextProcessIntervalSec: says } };
      const url = `${origin}/process`;
      return {
        status: 200,
        json: { ContextId: 'c', ProcessRequestUrl: url, FallbackProcessRequestUrl: url },
      };
    });
    t.after(service.close);
    const rig = await startRig(t);
    rig.restart({ url: service.origin, minIntervalMs: userMinimumMs });
    const { nextInMs } = await rig.assess();
    assert.equal(nextInMs, expectedMs);
    assert.equal(rig.backend.readyInMs?.(), expectedMs);
  });
}

const judgement = { PrintQuality: 8, WarningSuggested: false, PauseSuggested: false, Score: 5 };

test('a restart in the same print keeps the context and the wait', async (t) => {
  const rig = await startRig(t);
  await rig.assess();
  await rig.clock.advance(10_000);
  const backend = rig.restart();
  const leftMs = backend.readyInMs?.() ?? 0;
  assert.ok(leftMs >= 30_000 && leftMs <= 36_000, `waits ${leftMs} ms`);
  assert.equal((await rig.fails()).code, 'BACKEND_RATE_LIMITED');
  await rig.clock.advance(leftMs);
  await rig.assess();
  assert.equal(rig.service.contexts.length, 1);
  assert.deepEqual(
    rig.service.calls.map(({ errorType }) => errorType),
    [null, null, null],
  );
});

test('a wait that the last answer has changed holds after a restart', async (t) => {
  const rig = await startRig(t, {}, 20);
  await rig.assess();
  await rig.clock.advance(20_000);
  rig.service.setIntervalSec(300);
  await rig.assess();
  rig.restart();
  const leftMs = rig.backend.readyInMs?.() ?? 0;
  assert.ok(leftMs >= 300_000, `waits ${leftMs} ms`);
  await rig.clock.advance(leftMs);
  await rig.assess();
});

test('a process that was killed in the middle of a call waits just the same', async (t) => {
  const rig = await startRig(t);
  await rig.assess();
  await rig.clock.advance(40_000);
  rig.service.setFault('hang');
  const cut = rig.assess().catch(() => {});
  await until('the call', () => rig.count('process') === 2);
  rig.service.setFault('none');
  const { months } = JSON.parse(rig.store.documents.get('octoeverywhere') ?? '').calls;
  assert.deepEqual(months, { '2026-07': 2 }, 'counted before it was sent');
  rig.restart();
  assert.ok((rig.backend.readyInMs?.() ?? 0) >= 40_000);
  await rig.clock.advance(45_000);
  await rig.assess();
  assert.ok(rig.service.calls.every(({ errorType }) => errorType === null));
  await cut;
});

test('the context stays on the fallback host over a restart', async (t) => {
  const rig = await startRig(t);
  await rig.assess();
  await rig.clock.advance(40_000);
  rig.service.setFault('bad-gateway', 'primary');
  await rig.fails();
  rig.service.setFault('none');
  rig.restart();
  await rig.clock.advance(45_000);
  await rig.assess();
  assert.equal(rig.service.calls.at(-1)?.host, 'fallback');
});

test('after a reboot the wall clock tells how long to wait, and the context is made anew', async (t) => {
  const rig = await startRig(t);
  await rig.assess();
  const rebooted = {
    bootId: 'boot-2',
    clock: { ...rig.clock, now: () => ({ atMs: rig.clock.now().atMs + 15_000, tickMs: 5_000 }) },
  };
  rig.restart({}, rebooted);
  assert.equal(rig.backend.readyInMs?.(), 30_000);
  const backwards = { ...rebooted.clock, now: () => ({ atMs: 0, tickMs: 5_000 }) };
  rig.restart({}, { ...rebooted, clock: backwards });
  assert.equal(rig.backend.readyInMs?.(), 45_000, 'a clock that ran backwards tells nothing');
  rig.restart({}, { bootId: 'boot-2' });
  await rig.clock.advance(45_000);
  await rig.assess();
  assert.equal(rig.service.contexts.length, 2);
});

test('a document that is none of ours is left aside', async (t) => {
  for (const text of ['{}', '[]', '"x"', '{"version":2}', '{"version":1,"bootId":7}']) {
    const rig = await startRig(t);
    rig.store.documents.set('octoeverywhere', text);
    rig.restart();
    assert.equal(rig.backend.readyInMs?.(), 0);
    await rig.assess();
  }
});

test('other confidence levels or another key need another context', async (t) => {
  const rig = await startRig(t);
  await rig.assess();
  await rig.clock.advance(45_000);
  rig.restart({ pauseConfidence: 5 });
  await rig.assess();
  assert.equal(rig.service.contexts.length, 2);
});

test('a context is renewed before the service forgets it after 14 days', async (t) => {
  const rig = await startRig(t);
  await rig.assess();
  await rig.clock.advance(13.9 * 24 * 3_600_000);
  await rig.assess();
  assert.equal(rig.service.contexts.length, 1);
  await rig.clock.advance(0.09 * 24 * 3_600_000);
  await rig.assess();
  assert.equal(rig.service.contexts.length, 2);
});

test('a disk that is full costs the memory and not the watch', async (t) => {
  const rig = await startRig(t);
  const store = { load: () => null, save: () => Promise.reject(new Error('no space left on device')) };
  rig.restart({}, { store });
  const { nextInMs } = await rig.assess();
  await rig.clock.advance(nextInMs);
  await rig.assess();
  assert.equal(rig.log.lines.filter(({ level }) => level === 'error').length, 1, 'said once');
});

test('confirm proves the key without a counted call', async (t) => {
  const rig = await startRig(t);
  assert.match((await rig.backend.confirm?.(never)) ?? '', /accepts the key/);
  assert.deepEqual([rig.count('createcontext'), rig.count('process')], [1, 0]);
  rig.restart({ apiKey: 'another-key' });
  await assert.rejects(rig.backend.confirm?.(never) ?? Promise.resolve(), {
    code: 'BACKEND_BAD_KEY',
    retry: 'never',
  });
});

test('without a key nothing is asked', async (t) => {
  const rig = await startRig(t);
  rig.restart({ apiKey: null });
  const error = await rig.fails();
  assert.deepEqual([error.code, error.retry], ['BACKEND_BAD_KEY', 'never']);
  await assert.rejects(rig.backend.confirm?.(never) ?? Promise.resolve(), { code: 'BACKEND_BAD_KEY' });
  assert.equal(rig.service.calls.length, 0);
});

test('making a backend touches neither disk nor network', async (t) => {
  const rig = await startRig(t);
  const untouchable = new Proxy(rig.store, {
    get: () => {
      throw new Error('the store was touched');
    },
  });
  assert.equal(rig.restart({ apiKey }, { store: untouchable }).name, 'octoeverywhere');
  assert.equal(createOctoEverywhere.length, 2);
  assert.equal(rig.service.calls.length, 0);
});
