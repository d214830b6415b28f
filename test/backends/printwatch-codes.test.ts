import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BackendCode, Retry } from '../../src/core/errors.ts';
import type { Job } from '../../src/core/types.ts';
import type { PrintWatchFault } from '../../src/virtual/printwatch.ts';
import { startService } from '../contract/service.ts';
import { oldJob, startRig } from './printwatch-rig.ts';
import { goodPicture, never } from './rig.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

type Rig = Awaited<ReturnType<typeof startRig>>;

/** Lives on as the watch loop does: waits as long as it is told, then looks again. Returns the codes it met. */
async function watchFor(rig: Rig, durationMs: number, jobAt: (passedMs: number) => Job = () => oldJob()) {
  const startMs = rig.clock.now().tickMs;
  const met: string[] = [];
  for (;;) {
    const passedMs = rig.clock.now().tickMs - startMs;
    if (passedMs >= durationMs) return met;
    const waitMs = await rig.assess(jobAt(passedMs)).then(
      ({ nextInMs }) => {
        met.push('assessed');
        return nextInMs;
      },
      (error: { code: string; retryAfterMs: number | null }) => {
        met.push(error.code);
        return error.retryAfterMs ?? 0;
      },
    );
    await rig.clock.advance(Math.max(waitMs, rig.backend.readyInMs?.() ?? 0, 1_000));
  }
}

interface Reaction {
  readonly code: BackendCode;
  readonly retry: Retry;
  /** Ms that the first error asks for. */
  readonly waitMs: number;
  /** Infer calls in the hour after it, while the fault stays. */
  readonly callsInAnHour: readonly [least: number, most: number];
}

// 15, 20, … 55 s and then 120 s: 315 s for nine failures, and 27 in the rest of an hour.
const backOff = { retry: 'soon', waitMs: 15_000, callsInAnHour: [34, 37] } as const;
const stop = { code: 'BACKEND_BAD_KEY', retry: 'never', waitMs: 600_000, callsInAnHour: [0, 0] } as const;
const early = {
  code: 'BACKEND_WAITING',
  retry: 'soon',
  waitMs: 60_000,
  callsInAnHour: [58, 60],
} as const;

const reactions: Readonly<Record<Exclude<PrintWatchFault, 'none'>, Reaction>> = {
  210: { code: 'BACKEND_BAD_FRAME', retry: 'soon', waitMs: 10_000, callsInAnHour: [359, 360] },
  211: { ...backOff, code: 'BACKEND_BAD_REQUEST' },
  212: { code: 'BACKEND_RATE_LIMITED', retry: 'soon', waitMs: 10_000, callsInAnHour: [8, 12] },
  213: early,
  214: { code: 'BACKEND_BUSY', retry: 'soon', waitMs: 10_000, callsInAnHour: [718, 720] },
  215: { code: 'BACKEND_BAD_REQUEST', retry: 'later', waitMs: 600_000, callsInAnHour: [5, 6] },
  216: stop,
  217: stop,
  218: early,
  'bad-gateway': { ...backOff, code: 'BACKEND_HTTP_STATUS' },
  'not-found': { ...backOff, code: 'BACKEND_HTTP_STATUS' },
  html: { ...backOff, code: 'BACKEND_BAD_ANSWER' },
  hang: { ...backOff, code: 'BACKEND_TIMEOUT' },
  reset: { ...backOff, code: 'BACKEND_UNREACHABLE' },
  'cut-json': { ...backOff, code: 'BACKEND_BAD_ANSWER' },
  'wrong-types': { ...backOff, code: 'BACKEND_BAD_ANSWER' },
  'missing-field': { ...backOff, code: 'BACKEND_BAD_ANSWER' },
};

for (const [name, expected] of Object.entries(reactions)) {
  test(`infer: ${name}`, async (t) => {
    const fault = (/^\d+$/.test(name) ? Number(name) : name) as PrintWatchFault;
    const rig = await startRig(t);
    await rig.judge(goodPicture);
    // The limit grows with each failure; an hour of waiting for nothing is not needed to see it.
    if (fault === 'hang') rig.restart({ inferTimeoutMs: 100 });
    if (fault === 'hang') await rig.clock.advance(15_000);
    rig.service.setFault(fault);
    const error = await rig.fails(oldJob());
    assert.deepEqual(
      [error.code, error.retry, error.retryAfterMs],
      [expected.code, expected.retry, expected.waitMs],
    );
    assert.match(error.message, /^printwatch: /);
    assert.ok(error.code === 'BACKEND_WAITING' || error.code === 'BACKEND_UNREACHABLE' || error.hint !== '');
    assert.ok(error.cause !== undefined);
    if (fault === 'hang') return;

    const before = rig.callsOf('infer').length;
    await rig.clock.advance(Math.min(expected.waitMs, minuteMs));
    await watchFor(rig, hourMs);
    const made = rig.callsOf('infer').length - before;
    const [least, most] = expected.callsInAnHour;
    assert.ok(made >= least && made <= most, `${made} calls`);

    rig.service.setFault('none');
    await rig.clock.advance(10 * minuteMs);
    if (expected.retry === 'never') assert.equal((await rig.fails(oldJob())).code, expected.code);
    else await rig.assess(oldJob());
    const undercut = rig.callsOf('infer').filter(({ code }) => code === 212);
    // The second try at once is meant for a printer that is new, which this one is not.
    assert.ok(fault === 214 || undercut.length === 0, 'the interval was never undercut');
  });
}

test('failures wait 10 s and 5 s more for each, 120 s from the tenth on, and a free key never less than 30 s', async (t) => {
  for (const [key, floorS] of [
    ['sub_x', 10],
    ['fmu_x', 30],
  ] as const) {
    const rig = await startRig(t, { apiKey: key });
    rig.service.setFault('reset');
    const waits: number[] = [];
    for (let failures = 1; failures <= 11; failures += 1) {
      const { retryAfterMs } = await rig.fails(oldJob());
      waits.push((retryAfterMs ?? 0) / 1_000);
      await rig.clock.advance(retryAfterMs ?? 0);
    }
    const expected = [15, 20, 25, 30, 35, 40, 45, 50, 55, 120, 120];
    assert.deepEqual(
      waits,
      expected.map((seconds) => Math.max(seconds, floorS)),
    );
    rig.service.setFault('none');
    await rig.assess(oldJob());
    await rig.clock.advance(30_000);
    rig.service.setFault('reset');
    assert.equal((await rig.fails(oldJob())).retryAfterMs, Math.max(15, floorS) * 1_000, 'counted anew');
  }
});

test('the time limit grows by 5 s for each failure, up to 30 s', async (t) => {
  const rig = await startRig(t);
  rig.service.setFault('reset');
  rig.restart({ inferTimeoutMs: 10_000 });
  const limits: number[] = [];
  const { setTimeout } = globalThis;
  t.after(async () => {
    globalThis.setTimeout = setTimeout;
  });
  globalThis.setTimeout = ((work: () => void, ms: number) => {
    limits.push(ms);
    return setTimeout(work, ms);
  }) as typeof setTimeout;
  for (let tries = 0; tries < 6; tries += 1) {
    await rig.fails(oldJob());
    await rig.clock.advance(120_000);
  }
  const seen = [...new Set(limits.filter((ms) => ms >= 10_000 && ms % 5_000 === 0))].sort((a, b) => a - b);
  assert.deepEqual(seen, [10_000, 15_000, 20_000, 25_000, 30_000]);
});

test('213: at most one call a minute for the first five minutes, the last one when they are over', async (t) => {
  const rig = await startRig(t);
  const jobAt = (passedMs: number) => oldJob({ printDurationMs: 2_000 + passedMs });
  const met = await watchFor(rig, 6 * minuteMs, jobAt);
  assert.deepEqual([...new Set(met)], ['BACKEND_WAITING', 'assessed']);
  const early = rig.callsOf('infer').filter(({ code }) => code === 213);
  assert.ok(early.length >= 3 && early.length <= 5, `${early.length} calls`);
  for (const [at, call] of early.entries()) {
    const next = early[at + 1];
    assert.ok(next === undefined || next.atMs - call.atMs >= minuteMs);
  }
  const first = rig.callsOf('infer').find(({ code }) => code === 200);
  const printTime = Number(first?.request?.['printTime']);
  assert.ok(printTime >= 300 && printTime <= 302, `judged from ${printTime} s on`);
  const messages = new Set(rig.log.lines.map(({ message }) => message));
  assert.ok(messages.size <= 1, [...messages].join());
});

test('213: every error reads the same, so that a log can count it', async (t) => {
  const rig = await startRig(t);
  const messages = new Set<string>();
  for (const printDurationMs of [20_000, 80_000, 140_000]) {
    const error = await rig.fails(oldJob({ printDurationMs }));
    messages.add(error.message);
    await rig.clock.advance(error.retryAfterMs ?? 0);
  }
  assert.deepEqual([...messages], ['printwatch: not yet: it begins to judge five minutes into a print']);
});

test('213 and 218 in an old print are no waiting any more, for waiting is never told to anybody', async (t) => {
  for (const fault of [213, 218] as const) {
    const rig = await startRig(t);
    rig.service.setFault(fault);
    assert.equal((await rig.fails(oldJob({ printDurationMs: 599_000 }))).code, 'BACKEND_WAITING');
    await rig.clock.advance(minuteMs);
    const error = await rig.fails(oldJob({ printDurationMs: 600_000 }));
    assert.deepEqual([error.code, error.retry], ['BACKEND_BAD_REQUEST', 'soon']);
  }
});

test('before the first extrusion nothing is asked', async (t) => {
  const rig = await startRig(t);
  const error = await rig.fails(oldJob({ printDurationMs: 900 }));
  assert.deepEqual([error.code, error.retryAfterMs], ['BACKEND_WAITING', 10_000]);
  assert.equal(rig.service.calls.length, 0);
});

test('212: one interval, then twice as long each time, up to 10 min; the user hears the three causes once a print', async (t) => {
  const rig = await startRig(t);
  await rig.judge(goodPicture);
  rig.service.setFault(212);
  const waits: number[] = [];
  for (let tries = 0; tries < 9; tries += 1) {
    const { retryAfterMs } = await rig.fails(oldJob());
    waits.push((retryAfterMs ?? 0) / 1_000);
    assert.equal(rig.notices.length, tries === 0 ? 0 : 1);
    await rig.clock.advance(retryAfterMs ?? 0);
  }
  assert.deepEqual(waits, [10, 20, 40, 80, 160, 320, 600, 600, 600]);
  assert.match(rig.notices[0]?.text ?? '', /key is not valid.*another program.*too often/);
  rig.service.setFault('none');
  await rig.assess(oldJob());
  await rig.clock.advance(10_000);
  rig.service.setFault(212);
  assert.equal((await rig.fails(oldJob())).retryAfterMs, 10_000, 'counted anew');
  await rig.clock.advance(10_000);
  await rig.fails(oldJob());
  assert.equal(rig.notices.length, 1, 'once a print');
  await rig.clock.advance(20_000);
  await rig.fails(oldJob({ startTickMs: 9e6 }));
  assert.equal(rig.notices.length, 2, 'and once in the next');
});

test('212: a second program with an id of its own finds no place in the plan, and says so', async (t) => {
  const rig = await startRig(t);
  await rig.judge(goodPicture);
  const second = await startRig(t);
  second.restart({ url: rig.service.baseUrl });
  for (let tries = 0; tries < 2; tries += 1) {
    assert.equal((await second.fails(oldJob())).code, 'BACKEND_RATE_LIMITED');
    await second.clock.advance(minuteMs);
  }
  assert.equal(second.notices.length, 1);
  await rig.assess(oldJob());
});

test('214 twice in a row is not asked a third time at once', async (t) => {
  const rig = await startRig(t);
  rig.service.setFault(214);
  await rig.fails(oldJob());
  assert.equal(rig.callsOf('infer').length, 2);
});

test('217: the next print and heartbeats do not ask again either, until the key was confirmed', async (t) => {
  const rig = await startRig(t);
  rig.service.setFault(217);
  await rig.fails(oldJob());
  await rig.clock.advance(24 * hourMs);
  assert.equal((await rig.fails(oldJob({ startTickMs: 9e6 }))).code, 'BACKEND_BAD_KEY');
  assert.equal(rig.service.calls.length, 1);
  rig.service.setFault('none');
  await rig.backend.confirm?.(never);
  await rig.assess(oldJob());
});

test('a payload that FastAPI does not like is named, field by field, without the key', async (t) => {
  const detail = [
    { loc: ['body', 'conf'], msg: 'value is not a valid float', type: 'type_error.float' },
    { loc: ['body', 'scores', 3], msg: 'sub_4f0c1de5 is no number', type: 'type_error' },
  ];
  const service = await startService(() => ({ status: 422, json: { detail } }));
  t.after(service.close);
  const rig = await startRig(t);
  rig.restart({ url: service.origin });
  const error = await rig.fails(oldJob());
  assert.deepEqual([error.code, error.retry, error.retryAfterMs], ['BACKEND_BAD_REQUEST', 'later', 600_000]);
  assert.match(
    error.message,
    /body\.conf: value is not a valid float; body\.scores\.3: \*\*\* is no number\)$/,
  );
});
