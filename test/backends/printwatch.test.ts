import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startService } from '../contract/service.ts';
import { until } from '../support/until.ts';
import { apiKey, oldJob, startRig } from './printwatch-rig.ts';
import { badPicture, goodPicture, never } from './rig.ts';

const answer = { statusCode: 200, defect_detected: false, score: 0.1, smas: [[0.1]], levels: [false, false] };

test('the first request of a printer is repeated at once, and the second is answered', async (t) => {
  const rig = await startRig(t);
  const { calls } = await rig.assess(oldJob());
  assert.equal(calls, 2);
  assert.deepEqual(
    rig.callsOf('infer').map(({ code }) => code),
    [214, 200],
  );
  await rig.clock.advance(10_000);
  assert.equal((await rig.assess(oldJob())).calls, 1);
});

test('one ticket serves a whole print, the next print has another, and the printer stays who it is', async (t) => {
  const rig = await startRig(t);
  await rig.judge(goodPicture);
  await rig.assess(oldJob({ startTickMs: oldJob().startTickMs + 1_500, printDurationMs: 900_000 }));
  await rig.clock.advance(10_000);
  await rig.assess(oldJob({ startTickMs: 9e6 }));
  const [, first, second, third] = rig.callsOf('infer').map(({ request }) => request ?? {});
  assert.equal(first?.['ticket_id'], second?.['ticket_id']);
  assert.notEqual(second?.['ticket_id'], third?.['ticket_id']);
  assert.deepEqual(third?.['scores'], [], 'a new print has no scores');
  assert.equal(new Set(rig.callsOf('infer').map(({ request }) => request?.['printer_id'])).size, 1);
});

test('a restart in the same print keeps printer, ticket, scores, average and interval', async (t) => {
  const rig = await startRig(t);
  await rig.judge(goodPicture, badPicture);
  await rig.assess(oldJob(), badPicture);
  // As at the end of the process: `run` writes what has come in since the last call.
  await rig.backend.run?.({ print: { kind: 'idle' }, onPrint: () => () => {} }, AbortSignal.abort());
  rig.restart();
  const leftMs = rig.backend.readyInMs?.() ?? 0;
  assert.ok(leftMs >= 10_000 && leftMs <= 15_000, `waits ${leftMs} ms`);
  assert.equal((await rig.fails(oldJob())).code, 'BACKEND_RATE_LIMITED');
  await rig.clock.advance(leftMs);
  await rig.assess(oldJob(), badPicture);
  const calls = rig.callsOf('infer').slice(1);
  const [before, after] = calls.slice(-2).map(({ request }) => request ?? {});
  for (const field of ['printer_id', 'ticket_id']) assert.equal(after?.[field], before?.[field], field);
  const scores = calls.slice(0, -1).map(({ json }) => json['score']);
  assert.equal(scores.length, 3);
  assert.deepEqual(after?.['scores'], scores);
  assert.deepEqual([[after?.['sma_spaghetti']]], calls.at(-2)?.json['smas']);
});

test('a process that was killed in the middle of a call waits just the same, and is the same printer', async (t) => {
  const rig = await startRig(t);
  await rig.judge(goodPicture);
  rig.service.setFault('hang');
  const cut = rig.assess(oldJob()).catch(() => {});
  await until('the call', () => rig.callsOf('infer').length === 3);
  rig.service.setFault('none');
  rig.restart();
  assert.ok((rig.backend.readyInMs?.() ?? 0) >= 10_000);
  await rig.clock.advance(15_000);
  await rig.assess(oldJob());
  assert.deepEqual(
    rig.callsOf('infer').map(({ code }) => code),
    [214, 200, 200, 200],
  );
  await cut;
});

test('after a reboot the printer is the same and the print is another', async (t) => {
  const rig = await startRig(t);
  await rig.judge(goodPicture);
  rig.restart({}, { bootId: 'boot-2' });
  await rig.clock.advance(15_000);
  await rig.assess(oldJob());
  const [, before, after] = rig.callsOf('infer').map(({ request }) => request ?? {});
  assert.equal(after?.['printer_id'], before?.['printer_id']);
  assert.notEqual(after?.['ticket_id'], before?.['ticket_id']);
  assert.deepEqual(after?.['scores'], []);
});

test('a document that is none of ours is left aside, and a broken part of ours costs that part only', async (t) => {
  for (const text of ['{}', '[]', '"x"', '{"bootId":"boot-1","printerId":"nobody"}']) {
    const rig = await startRig(t);
    rig.store.documents.set('printwatch', text);
    rig.restart();
    assert.equal(rig.backend.readyInMs?.(), 0);
    await rig.assess(oldJob());
  }
  const rig = await startRig(t);
  await rig.judge(goodPicture);
  const document = JSON.parse(rig.store.documents.get('printwatch') ?? '');
  rig.store.documents.set(
    'printwatch',
    JSON.stringify({ ...document, print: 7, lastCall: 'now', mailed: 1 }),
  );
  rig.restart();
  await rig.assess(oldJob());
  assert.deepEqual(
    rig.callsOf('infer').map(({ code }) => code),
    [214, 200, 200],
  );
});

test('the service’s levels count from the buffer_length-th score on, and only then', async (t) => {
  const rig = await startRig(t);
  const told = rig.service.calls;
  const seen = await rig.judge(badPicture, badPicture, badPicture, badPicture, goodPicture, goodPicture);
  assert.deepEqual(told[1]?.json['levels'], [true, true], 'the service is sure at once');
  assert.deepEqual(
    seen.map(({ suggests }) => [suggests?.isWarning, suggests?.isFailing]),
    [
      [false, false],
      [false, false],
      [false, false],
      [true, true],
      [true, true],
      [true, false],
    ],
  );
  for (const { quality, score, regions } of seen) {
    assert.equal(quality, null);
    assert.ok(score >= 0 && score <= 1);
    assert.ok(regions.length <= 1);
  }
  assert.ok((seen[3]?.score ?? 0) > (seen[5]?.score ?? 1), 'the level of the print, not of the picture');
});

test('at most four buffers of scores go along, newest last', async (t) => {
  const rig = await startRig(t, { bufferLength: 2 });
  await rig.judge(badPicture, ...Array.from({ length: 9 }, () => goodPicture));
  const scores = rig.callsOf('infer').map(({ request }) => request?.['scores']);
  const last = scores.at(-1);
  assert.ok(Array.isArray(last) && last.length === 8);
  assert.deepEqual(
    last,
    rig
      .callsOf('infer')
      .slice(-9, -1)
      .map(({ json }) => json['score']),
  );
});

for (const [key, minIntervalMs, expectedMs] of [
  ['sub_x', 10_000, 10_000],
  ['fmu_x', 10_000, 30_000],
  ['sub_x', 45_000, 45_000],
  ['fmu_x', 45_000, 45_000],
  ['old_x', 10_000, 30_000],
] as const) {
  test(`a key like ${key} with ${minIntervalMs / 1_000} s set is used every ${expectedMs / 1_000} s`, async (t) => {
    const rig = await startRig(t, { apiKey: key, minIntervalMs });
    const { nextInMs } = await rig.assess(oldJob());
    assert.equal(nextInMs, expectedMs);
    assert.equal(rig.backend.readyInMs?.(), expectedMs);
  });
}

for (const [interval, expectedMs] of [
  [undefined, 30_000],
  [null, 30_000],
  [60, 60_000],
  [12.5, 12_500],
  [1, 10_000],
  [0, 10_000],
  [1e6, 1_800_000],
] as const) {
  test(`asked to wait ${interval} s, a free key waits ${expectedMs / 1_000} s`, async (t) => {
    const service = await startService(() => ({ status: 200, json: { ...answer, interval } }));
    t.after(service.close);
    const rig = await startRig(t);
    rig.restart({ url: service.origin, apiKey: 'fmu_x' });
    assert.equal((await rig.assess(oldJob())).nextInMs, expectedMs);
    assert.equal(rig.backend.readyInMs?.(), expectedMs);
  });
}

test('an interval that the service has asked for once holds until it asks for another', async (t) => {
  const rig = await startRig(t, { apiKey: 'fmu_x' }, { intervalSec: 50 });
  await rig.judge(goodPicture);
  rig.service.setFault(210);
  const error = await rig.fails(oldJob());
  assert.equal(error.retryAfterMs, 50_000);
});

test('boxes become fractions of the picture, clipped to it', async (t) => {
  const boxes = [
    [0, 0, 640, 640],
    [-20, 320, 160, 660.5],
    [640, 0, 700, 10],
    [10, 10, 10, 50],
    [64, 64, 128, 128, 0.9],
  ];
  const service = await startService(() => ({ status: 200, json: { ...answer, score: 1.25, boxes } }));
  t.after(service.close);
  const rig = await startRig(t);
  rig.restart({ url: service.origin });
  const { regions } = await rig.assess(oldJob());
  assert.deepEqual(
    regions.map(({ x1, y1, x2, y2, score }) => [x1, y1, x2, y2, score]),
    [
      [0, 0, 1, 1, 1],
      [0, 0.5, 0.25, 1, 1],
      [0.1, 0.1, 0.2, 0.2, 1],
    ],
  );
});

for (const [smas, level, sent] of [
  [[[0.5, 0.4]], 0.5, 0.5],
  [[[1.0000001]], 1, 1.0000001],
  [[[-0.01]], 0, -0.01],
  [[[0.5], [0.2, 0.1]], 0.5, 0.2],
  [[[0.5], []], 0.5, 0.5],
  [[[0.5], 'x'], 0.5, 0.5],
] as const) {
  test(`averages ${JSON.stringify(smas)} are a level of ${level}, and ${sent} goes back`, async (t) => {
    const service = await startService(() => ({ status: 200, json: { ...answer, smas } }));
    t.after(service.close);
    const rig = await startRig(t);
    rig.restart({ url: service.origin });
    assert.equal((await rig.assess(oldJob())).score, level);
    await rig.clock.advance(10_000);
    await rig.assess(oldJob());
    assert.equal(JSON.parse(service.requests[1]?.body.toString() ?? '').sma_spaghetti, sent);
  });
}

for (const flag of [true, 'True', 'true'] as const) {
  test(`${typeof flag} ${flag} is a flag`, async (t) => {
    const service = await startService(() => ({ status: 200, json: { ...answer, levels: [flag, flag, 1] } }));
    t.after(service.close);
    const rig = await startRig(t);
    rig.restart({ url: service.origin, bufferLength: 1 });
    assert.deepEqual((await rig.assess(oldJob())).suggests, { isWarning: true, isFailing: true });
  });
}

test('times are seconds, progress is percent, and what is left comes from the position in the file', async (t) => {
  const rig = await startRig(t);
  await rig.assess(oldJob({ printDurationMs: 600_400, progress: 0.4 }));
  await rig.clock.advance(10_000);
  await rig.assess(oldJob({ printDurationMs: 610_400, progress: 0.004 }));
  const sent = rig
    .callsOf('infer')
    .slice(1)
    .map(({ request }) => [request?.['printTime'], request?.['printTimeLeft'], request?.['progress']]);
  assert.deepEqual(sent, [
    [600, 901, 40],
    [610, null, 0.4],
  ]);
});

test('what the user has set goes along: thresholds in order, name, address, feedback', async (t) => {
  const rig = await startRig(t, {
    notifyThreshold: 0.7,
    actionThreshold: 0.5,
    confidence: 0.44,
    bufferPercent: 80,
    sendJobName: true,
    emailAddr: 'me@home.example',
    enableFeedbackImages: true,
  });
  await rig.assess(oldJob({ filename: 'customers/acme/bracket.gcode' }));
  const { request } = rig.callsOf('infer')[1] ?? {};
  assert.deepEqual(request?.['thresholds'], [0.7, 0.7]);
  assert.equal(request?.['conf'], 0.44);
  assert.equal(request?.['buffer_length'], 4);
  assert.equal(request?.['buffer_percent'], 80);
  assert.equal(request?.['job_name'], 'bracket.gcode', 'without the folders');
  assert.equal(request?.['email_addr'], 'me@home.example');
  assert.equal(request?.['enable_feedback_images'], true);
});

for (const statusIn of ['body', 'http', 'both'] as const) {
  test(`the status is read from ${statusIn}`, async (t) => {
    const rig = await startRig(t, {}, { statusIn });
    await rig.judge(goodPicture);
    rig.service.setFault(210);
    assert.equal((await rig.fails(oldJob())).code, 'BACKEND_BAD_FRAME');
  });
}

for (const [what, status, json, code] of [
  ['the body counts for more than a good status', 200, { ...answer, statusCode: 217 }, 'BACKEND_BAD_KEY'],
  ['and for more than a bad one', 500, { statusCode: 210 }, 'BACKEND_BAD_FRAME'],
  ['but does not make an answer of an error', 500, answer, 'BACKEND_HTTP_STATUS'],
  ['a status in words is one', 200, { statusCode: '217' }, 'BACKEND_BAD_KEY'],
  ['a status that makes no sense is none', 217, { statusCode: 7 }, 'BACKEND_BAD_KEY'],
  ['HTTP alone will do', 217, '', 'BACKEND_BAD_KEY'],
  ['usual statuses in the body mean the usual', 200, { statusCode: 503 }, 'BACKEND_BUSY'],
  ['detail is a payload that is not valid', 200, { detail: 'no' }, 'BACKEND_BAD_REQUEST'],
  ['unless HTTP says otherwise', 503, { detail: 'Service Unavailable' }, 'BACKEND_BUSY'],
] as const) {
  test(`two statuses: ${what}`, async (t) => {
    const service = await startService(() => ({ status, json }));
    t.after(service.close);
    const rig = await startRig(t);
    rig.restart({ url: service.origin });
    assert.equal((await rig.fails(oldJob())).code, code);
  });
}

test('confirm proves the key by one heartbeat, and a strange key without', async (t) => {
  const rig = await startRig(t);
  assert.match((await rig.backend.confirm?.(never)) ?? '', /accepts the key \(a subscription.*10 s/);
  assert.deepEqual(
    rig.service.calls.map(({ kind, code }) => [kind, code]),
    [
      ['heartbeat', 214],
      ['heartbeat', 200],
    ],
  );
  for (const [key, asked] of [
    ['sub_another', 1],
    ['4f0c1de5', 0],
    [null, 0],
  ] as const) {
    const before = rig.service.calls.length;
    rig.restart({ apiKey: key });
    await assert.rejects(rig.backend.confirm?.(never) ?? Promise.resolve(), {
      code: 'BACKEND_BAD_KEY',
      retry: 'never',
    });
    assert.equal(rig.service.calls.length - before, asked, String(key));
  }
});

test('without a key nothing is asked', async (t) => {
  const rig = await startRig(t);
  rig.restart({ apiKey: null });
  const error = await rig.fails(oldJob());
  assert.deepEqual([error.code, error.retry], ['BACKEND_BAD_KEY', 'never']);
  await rig.backend.run?.({ print: { kind: 'idle' }, onPrint: () => () => {} }, never);
  assert.equal(rig.service.calls.length, 0);
});

test('making a backend touches neither disk nor network', async (t) => {
  const rig = await startRig(t);
  const untouchable = new Proxy(rig.store, {
    get: () => {
      throw new Error('the store was touched');
    },
  });
  assert.equal(rig.restart({ apiKey }, { store: untouchable }).name, 'printwatch');
  assert.equal(rig.service.calls.length, 0);
});
