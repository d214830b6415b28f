import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type PrintWatchFault,
  startVirtualPrintWatch,
  type VirtualPrintWatchOptions,
} from '../../src/virtual/printwatch.ts';
import { badPicture, goodPicture, type TestContext } from '../backends/rig.ts';

const apiKey = 'sub_1';
const id = (digit: string) => digit.repeat(32);
const identity = { api_key: apiKey, printer_id: id('a'), ticket_id: id('1'), version: '1.2.11' };
const times = { printTime: 400, printTimeLeft: null, progress: 40, job_name: '' };
const infer = {
  ...identity,
  ...times,
  state: 0,
  conf: 0.6,
  buffer_length: 4,
  buffer_percent: 60,
  thresholds: [0.3, 0.6],
  scores: [],
  sma_spaghetti: 0,
  enable_feedback_images: false,
  image_array: Buffer.from(goodPicture).toString('base64'),
  force: 'False',
};
const event = {
  type: 'done',
  time: '07/14/2026 12:00:00',
  time_elapsed: 400,
  time_left: null,
  level: 0.5,
  timestamp: 1_784_000_000,
};

interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown>;
}

async function start(t: TestContext, options: Partial<VirtualPrintWatchOptions> = {}) {
  let nowMs = 0;
  const service = await startVirtualPrintWatch({ apiKey, now: () => nowMs, ...options });
  t.after(service.close);
  const post = async (path: string, body: unknown, headers = {}): Promise<Answer> => {
    const response = await fetch(`${service.baseUrl}/api/v2/${path}`, {
      method: 'POST',
      headers: { 'User-Agent': 'Mozilla/5.0', 'Content-Type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, json: text.startsWith('{') ? JSON.parse(text) : {} };
  };
  return {
    service,
    post,
    pass: (ms: number) => {
      nowMs += ms;
    },
    /** The code of a request; `change` to the good infer request. */
    codeOf: async (change: object, path = 'infer', base: object = infer) => {
      const { status, json } = await post(path, { ...base, ...change });
      return json['statusCode'] ?? status;
    },
    /** Past code 214. */
    meet: () => post('heartbeat', { ...identity, state: 2 }),
  };
}

test('a printer is new once; then its picture is judged', async (t) => {
  const { codeOf, post, pass } = await start(t);
  assert.equal(await codeOf({}), 214);
  const { json } = await post('infer', infer);
  assert.deepEqual(json, {
    statusCode: 200,
    defect_detected: 'False',
    score: 0,
    smas: [[0]],
    levels: [false, false],
    boxes: [],
  });
  pass(10_000);
  const image_array = Buffer.from(badPicture).toString('base64');
  const bad = (await post('infer', { ...infer, image_array, scores: [0, 1, 1] })).json;
  assert.equal(bad['defect_detected'], 'True');
  assert.deepEqual(bad['levels'], [true, true]);
  assert.deepEqual(bad['boxes'], [[0, 0, 640, 640]]);
});

test('act needs buffer_percent of the buffer, notify does not', async (t) => {
  const { post, meet } = await start(t);
  await meet();
  const image_array = Buffer.from(badPicture).toString('base64');
  const { json } = await post('infer', {
    ...infer,
    image_array,
    scores: [0.5, 0.5, 0.5],
    thresholds: [0.3, 0.5],
  });
  assert.deepEqual(json['levels'], [true, false]);
});

const wrong: readonly (readonly [what: string, change: object, code: number])[] = [
  ['an unknown key', { api_key: 'sub_2' }, 217],
  ['no key', { api_key: undefined }, 215],
  ['no conf', { conf: undefined }, 215],
  ['no picture', { image_array: undefined }, 215],
  ['conf in percent', { conf: 60 }, 422],
  ['a printer without an id', { printer_id: 'mine' }, 422],
  ['a numeric ticket', { ticket_id: 7 }, 422],
  ['a state that is none', { state: 3 }, 422],
  ['three thresholds', { thresholds: [0.1, 0.2, 0.3] }, 422],
  ['thresholds the wrong way round', { thresholds: [0.6, 0.3] }, 422],
  ['scores in words', { scores: ['0.1'] }, 422],
  ['more scores than four buffers', { scores: Array(17).fill(0) }, 422],
  ['time in ms as text', { printTime: '400' }, 422],
  ['progress past the end', { progress: 100.1 }, 422],
  ['a flag in words', { enable_feedback_images: 'False' }, 422],
  ['force as a flag', { force: false }, 422],
  ['an address that is none', { email_addr: 'me' }, 422],
  ['no address at all is no text', { email_addr: null }, 422],
  ['a field that nobody knows', { image: 'x' }, 422],
  ['no print time yet', { printTime: 0 }, 218],
  ['print time unknown', { printTime: null }, 218],
  ['a young print', { printTime: 299 }, 213],
  ['a print of five minutes', { printTime: 300 }, 200],
  ['no base64', { image_array: '%%%' }, 210],
  ['base64 of something else', { image_array: Buffer.from('GIF89a').toString('base64') }, 210],
  ['half a JPEG', { image_array: Buffer.from(goodPicture.subarray(0, 4_000)).toString('base64') }, 210],
  ['another printer than the plan has room for', { printer_id: id('b') }, 212],
];
for (const [what, change, code] of wrong) {
  test(`infer: ${what} → ${code}`, async (t) => {
    const { codeOf, meet } = await start(t);
    await meet();
    assert.equal(await codeOf(change), code);
  });
}

test('a payload that is not valid is answered as FastAPI does, and JSON that is none as well', async (t) => {
  const { post, meet } = await start(t);
  await meet();
  const { status, json } = await post('infer', { ...infer, scores: [1, 'x'] });
  assert.equal(status, 422);
  assert.deepEqual((json['detail'] as { loc: string[] }[])[0]?.loc, ['body', 'scores', '1']);
  assert.equal((await post('infer', '{"api_key":')).status, 422);
});

test('pictures that come too soon are refused, by the pace of the key', async (t) => {
  for (const [key, intervalMs] of [
    ['sub_1', 10_000],
    ['fmu_1', 30_000],
  ] as const) {
    const { codeOf, pass } = await start(t, { apiKey: key });
    await codeOf({ api_key: key });
    assert.equal(await codeOf({ api_key: key }), 200);
    pass(intervalMs - 1);
    assert.equal(await codeOf({ api_key: key }), 212);
    pass(1);
    assert.equal(await codeOf({ api_key: key }), 200);
  }
});

test('a free key hears the interval', async (t) => {
  const { post } = await start(t, { apiKey: 'fmu_1' });
  await post('infer', { ...infer, api_key: 'fmu_1' });
  assert.equal((await post('infer', { ...infer, api_key: 'fmu_1' })).json['interval'], 30);
});

test('a ticket that has made room for another does not come back', async (t) => {
  const { codeOf, meet, pass } = await start(t);
  await meet();
  assert.equal(await codeOf({}), 200);
  pass(10_000);
  assert.equal(await codeOf({ ticket_id: id('2') }), 200);
  pass(10_000);
  assert.equal(await codeOf({}), 212);
});

test('heartbeats, events and e-mails are checked field by field', async (t) => {
  const { codeOf, meet } = await start(t);
  await meet();
  const beat = { ...identity, state: 2 };
  const mail = {
    ...identity,
    ...times,
    email_addr: 'me@home.example',
    notification: 'action',
    time: event.time,
  };
  const happening = { ...identity, event };
  for (const [path, base, change, code] of [
    ['heartbeat', beat, {}, 200],
    ['heartbeat', beat, { state: 500, settings: {} }, 200],
    ['heartbeat', beat, { state: undefined }, 215],
    ['heartbeat', beat, { state: '2' }, 422],
    ['heartbeat', beat, { api_key: 'sub_3' }, 217],
    ['notify', mail, {}, 200],
    ['notify', mail, { notification: 'failing' }, 422],
    ['notify', mail, { time: '2026-07-14 12:00:00' }, 422],
    ['notify', mail, { email_addr: undefined }, 215],
    ['print/event', happening, {}, 200],
    ['print/event', happening, { event: { ...event, type: 'started' } }, 422],
    ['print/event', happening, { event: { ...event, level: undefined } }, 215],
    ['print/event', happening, { event: { ...event, level: 60 } }, 422],
    ['elsewhere', beat, {}, 404],
  ] as const) {
    assert.equal(await codeOf(change, path, base), code, `${path} ${JSON.stringify(change)}`);
  }
});

test('whoever does not say that it is a browser is shown a page', async (t) => {
  const { post, service } = await start(t);
  assert.equal((await post('heartbeat', { ...identity, state: 2 }, { 'User-Agent': 'curl/8' })).status, 403);
  assert.equal(service.calls.length, 0);
});

test('a command goes out once', async (t) => {
  const { post, meet, service } = await start(t);
  await meet();
  service.queueCommand('pause');
  const beat = { ...identity, state: 1 };
  assert.equal((await post('heartbeat', beat)).json['action'], 'pause');
  assert.deepEqual((await post('heartbeat', beat)).json, { statusCode: 200 });
});

test('the status stands where it is told to', async (t) => {
  for (const [statusIn, status, statusCode] of [
    ['body', 200, 214],
    ['http', 214, undefined],
    ['both', 214, 214],
  ] as const) {
    const { post } = await start(t, { statusIn });
    const answer = await post('infer', infer);
    assert.deepEqual([answer.status, answer.json['statusCode']], [status, statusCode]);
  }
});

test('faults are told instead of what was thought, and end', async (t) => {
  const { post, meet, service, pass } = await start(t);
  await meet();
  for (const [fault, status, statusCode] of [
    [211, 200, 211],
    ['bad-gateway', 502, undefined],
    ['none', 200, 200],
  ] satisfies [PrintWatchFault, number, number | undefined][]) {
    pass(10_000);
    service.setFault(fault);
    const answer = await post('infer', infer);
    assert.deepEqual([answer.status, answer.json['statusCode']], [status, statusCode]);
  }
  assert.deepEqual(
    service.calls.slice(1).map(({ fault, code }) => [fault, code]),
    [
      [211, 200],
      ['bad-gateway', 200],
      ['none', 200],
    ],
  );
  assert.ok(!JSON.stringify(service.calls).includes(apiKey), 'what is kept of a request holds no key');
});
