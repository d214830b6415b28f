import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { drawScene } from '../../src/virtual/scene.ts';
import { judgePicture } from '../../src/virtual/strand-judge.ts';
import { type Received, startService } from '../contract/service.ts';
import { aJob } from '../support/parts.ts';
import { until } from '../support/until.ts';
import { isListening, rigFor, startRig, token } from './obico-rig.ts';
import { badPicture, goodPicture, never, type TestContext } from './rig.ts';

const imgOf = ({ path }: Received) =>
  new URL(new URL(path, 'http://ml-api.invalid').searchParams.get('img') ?? '');

test('a good picture scores nothing, a bad one high and where it is bad', async (t) => {
  const { assess, clock } = await startRig(t);
  const good = await assess(aJob(), goodPicture);
  assert.deepEqual([good.score, good.regions, good.suggests, good.neutral], [0, [], null, 0.38]);
  await clock.advance(good.nextInMs);
  const bad = await assess(aJob(), badPicture);
  assert.ok(bad.score > 0.7, `${bad.score}`);
  assert.equal(bad.regions.length, 1);
});

for (const size of [
  { width: 1280, height: 720 },
  { width: 640, height: 480 },
  { width: 360, height: 640 },
]) {
  test(`the box of a ${size.width} × ${size.height} picture lies where the strands are`, async (t) => {
    const { assess } = await startRig(t);
    const scene = { isPrinting: true, grown: 0.5, gantry: 0.5, isDark: false, spaghetti: 0.5 };
    const jpeg = await drawScene(scene, size);
    const [region] = (await assess(aJob(), jpeg)).regions;
    const box = (await judgePicture(jpeg))?.strandBox;
    assert.ok(region && box);
    for (const edge of ['x1', 'y1', 'x2', 'y2'] as const)
      assert.ok(Math.abs(region[edge] - box[edge]) < 0.02, `${edge}: ${region[edge]}, not ${box[edge]}`);
  });
}

test('the square keeps what there is to see: thin strands and their colour', async (t) => {
  const { assess } = await startRig(t);
  const scene = { isPrinting: true, grown: 0.5, gantry: 0.5, isDark: false, spaghetti: 0.2 };
  const jpeg = await drawScene(scene, { width: 1280, height: 720 });
  const { badness } = (await judgePicture(jpeg)) ?? { badness: 0 };
  assert.ok(badness > 60 && badness < 95, `${badness}: neither clear nor beyond doubt`);
  const { score } = await assess(aJob(), jpeg);
  assert.ok(Math.abs(score - badness / 100) < 0.12, `${score}, not ${badness} %`);
});

test('a grey picture is sent in three colours, a small one as large as the rest', async (t) => {
  const { assess, clock, service } = await startRig(t);
  const { default: sharp } = await import('sharp');
  const grey = await sharp(goodPicture).resize(160, 120).toColourspace('b-w').jpeg().toBuffer();
  assert.equal((await sharp(grey).metadata()).channels, 1);
  assert.equal((await assess(aJob(), grey)).score, 0);
  await clock.advance(10_000);
  await assess();
  assert.deepEqual(
    service.calls.map(({ status, picture }) => [status, picture?.width, picture?.height]),
    [
      [200, 416, 416],
      [200, 416, 416],
    ],
  );
});

test('a picture that cannot be decoded is not asked about', async (t) => {
  const { fails, service } = await startRig(t);
  const error = await fails(aJob(), Buffer.from('no picture'));
  assert.deepEqual([error.code, error.retry], ['BACKEND_BAD_FRAME', 'soon']);
  assert.equal(service.calls.length, 0);
});

test('nothing listens before, between and after pictures', async (t) => {
  const { assess, clock, service } = await startRig(t);
  for (let turn = 0; turn < 3; turn += 1) {
    await assess();
    const { port } = new URL(service.calls.at(-1)?.img ?? '');
    assert.equal(await isListening(Number(port)), false);
    await clock.advance(10_000);
  }
  assert.equal(new Set(service.calls.map(({ img }) => img)).size, 3, 'another address each time');
  assert.equal(clock.sleepers(), 0);
});

test('the port listens while the picture is asked about, and not a moment longer', async (t) => {
  const { service, rig } = await withService(t, () => ({ status: 200, json: {} }));
  service.spoil({ matches: () => true, fault: () => {}, elsewhere: '' });
  const abort = new AbortController();
  const assessing = assessWith(rig, abort.signal);
  await until('the request', () => service.requests.length === 1);
  const port = Number(imgOf(first(service.requests)).port);
  assert.equal(await isListening(port), true);
  const reason = new Error('the print has ended');
  abort.abort(reason);
  await assert.rejects(assessing, (error) => error === reason);
  await until('the end of it', async () => !(await isListening(port)));
  assert.equal(rig.clock.sleepers(), 0);
});

test('a picture is gone after 30 s, even while it is still being asked about', async (t) => {
  const { service, rig } = await withService(t, () => ({ status: 200, json: {} }));
  service.spoil({ matches: () => true, fault: () => {}, elsewhere: '' });
  const abort = new AbortController();
  const assessing = assessWith(rig, abort.signal);
  await until('the request', () => service.requests.length === 1);
  await rig.clock.advance(30_000);
  assert.equal(await isListening(Number(imgOf(first(service.requests)).port)), false);
  abort.abort(new Error('enough'));
  await assert.rejects(assessing);
});

test('the token goes along, and a path in the url is kept', async (t) => {
  const { service, rig } = await withService(t, (request) => fetchAndFind(request), { token });
  const { origin } = service;
  rig.restart({ url: `${origin}/detector?x=1#y` });
  await rig.assess();
  rig.restart({ url: `${origin}/detector/`, token: null });
  await rig.assess();
  const [one, two] = service.requests;
  assert.match(one?.path ?? '', /^\/detector\/p\/\?img=http%3A%2F%2F127\.0\.0\.1%3A\d+%2F[\w-]{32}$/);
  assert.equal(one?.headers.authorization, `Bearer ${token}`);
  assert.match(two?.path ?? '', /^\/detector\/p\/\?img=/);
  assert.equal(two?.headers.authorization, undefined);
});

test('the score is the sum above 0.08, at most 1; boxes are clipped', async (t) => {
  const found: unknown[] = [];
  const { rig } = await withService(t, async (request) => {
    await fetchAndFind(request);
    return { status: 200, json: { detections: found } };
  });
  const scoreOf = async (...detections: unknown[]) => {
    found.splice(0, found.length, ...detections);
    await rig.clock.advance(10_000);
    return rig.assess();
  };
  const at = (confidence: number, box = [208, 208, 104, 104]) => ['failure', confidence, box];
  assert.equal((await scoreOf(at(0.08), at(0.0799))).score, 0);
  assert.equal((await scoreOf(at(0.5), at(0.25), at(0.08))).score, 0.75);
  const full = await scoreOf(at(0.9), at(0.5), at(0.3));
  assert.deepEqual([full.score, full.regions.length], [1, 3]);
  const { regions } = await scoreOf(
    at(0.5, [0, 416, 832, 832]),
    at(0.5, [417, 208, 1, 1]),
    at(0.5, [208, 208, 0, 9]),
  );
  assert.deepEqual(regions, [{ x1: 0, y1: 0, x2: 1, y2: 1, score: 0.5 }]);
});

test('the interval is kept, whatever came of the last picture', async (t) => {
  const { assess, fails, backend, clock, service } = await startRig(t, { minIntervalMs: 20_000 });
  assert.equal((await assess()).nextInMs, 20_000);
  assert.equal((await fails()).code, 'BACKEND_RATE_LIMITED');
  assert.equal(backend.readyInMs?.(), 20_000);
  await clock.advance(20_000);
  service.setFault('error-500');
  assert.equal((await fails()).code, 'BACKEND_HTTP_STATUS');
  assert.equal(backend.readyInMs?.(), 20_000);
});

test('serve_address is where the ml_api is sent, and a fixed port is kept', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const address = holder.address();
  assert.ok(address !== null && typeof address === 'object');
  const { assess, fails, clock, service } = await startRig(t, {
    serveAddress: 'localhost',
    servePort: address.port,
    // `localhost` may be ::1 to the one who fetches.
    serveTo: '::1',
  });
  const taken = await fails();
  assert.deepEqual([taken.code, taken.retry], ['BACKEND_UNREACHABLE', 'soon']);
  assert.match(taken.message, /cannot serve pictures at localhost:\d+ \(EADDRINUSE\)/);
  holder.close();
  await once(holder, 'close');
  for (let turn = 0; turn < 2; turn += 1) {
    await clock.advance(10_000);
    await assess();
    assert.equal(new URL(service.calls.at(-1)?.img ?? '').host, `localhost:${address.port}`);
  }
});

test('somebody else’s address is let in by serve_to only, and the error says so', async (t) => {
  const { service, rig } = await withService(t, (request) => fetchAndFind(request, '127.0.0.9'));
  const error = await rig.fails();
  assert.equal(error.code, 'BACKEND_UNREACHABLE');
  assert.match(error.message, /127\.0\.0\.9 asked for it/);
  assert.match(error.hint, /serve_to: 127\.0\.0\.9/);
  rig.restart({ serveTo: '10.1.2.3, 127.0.0.8/29' });
  assert.equal((await rig.assess()).score, 0);
  assert.equal(service.requests.length, 2);
});

test('confirm tries the whole way: health, token, and the fetching', async (t) => {
  const rig = await startRig(t, { token: 'wrong' }, { token });
  const { backend, service } = rig;
  await assert.rejects(async () => backend.confirm?.(never), {
    code: 'BACKEND_BAD_KEY',
    retry: 'never',
    message: /the token is not accepted/,
  });
  assert.deepEqual(
    service.calls.map(({ kind, status }) => `${kind} ${status}`),
    ['health 200', 'judge 401'],
  );
  const good = rig.restart({ token });
  assert.match((await good.confirm?.(never)) ?? '', /fetches pictures .* and judges them/);
  assert.deepEqual(service.calls.at(-1)?.picture?.width, 416);
  assert.equal(good.readyInMs?.(), 0, 'the first picture of a print need not wait for it');
});

test('confirm lifts a refusal', async (t) => {
  let status = 401;
  const { service, rig } = await withService(t, async (request) =>
    status === 200 && request.path !== '/hc/' ? fetchAndFind(request) : { status, json: '' },
  );
  service.spoil({
    matches: ({ path }) => path === '/hc/',
    fault: ({ response }) => response.end('ok\n'),
    elsewhere: '',
  });
  assert.equal((await rig.fails()).code, 'BACKEND_BAD_KEY');
  await rig.clock.advance(10_000);
  status = 200;
  assert.equal((await rig.fails()).code, 'BACKEND_BAD_KEY');
  await rig.backend.confirm?.(never);
  assert.equal((await rig.assess()).score, 0);
});

function first(requests: readonly Received[]): Received {
  const [request] = requests;
  assert.ok(request);
  return request;
}

type Answer = Parameters<typeof startService>[0];

async function withService(t: TestContext, answer: Answer, change: Parameters<typeof rigFor>[1] = {}) {
  const service = await startService(answer);
  t.after(service.close);
  return { service, rig: rigFor(service.origin, change) };
}

function assessWith(rig: ReturnType<typeof rigFor>, signal: AbortSignal) {
  const frame = { ...rig.clock.now(), jpeg: goodPicture, width: 640, height: 360, camera: 'bed' };
  const assessing = rig.backend.assess(frame, aJob(), signal);
  assessing.catch(() => {});
  return assessing;
}

/** Comes for the picture from this address, and finds nothing in it. */
async function fetchAndFind(request: Received, localAddress = '127.0.0.1') {
  const status = await new Promise<number>((resolve) => {
    const asking = get(imgOf(request), { localAddress, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    asking.on('error', () => resolve(0));
  });
  return status === 200
    ? { status: 200, json: { detections: [] } }
    : { status: 400, json: { detections: [], message: 'Failed to get image - no' } };
}
