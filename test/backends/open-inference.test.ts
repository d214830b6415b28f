// The Open Inference backend against the virtual server: what is asked when, what is remembered, and what is said when it goes wrong.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { createOpenInference, type OpenInferenceOptions } from '../../src/backends/open-inference.ts';
import type { BackendCode, Retry } from '../../src/core/errors.ts';
import { rectangle } from '../../src/core/regions.ts';
import { paintAreas } from '../../src/lib/paint-areas.ts';
import type { InferenceFault } from '../../src/virtual/open-inference.ts';
import { type GoodAnswer, type Received, startService } from '../contract/service.ts';
import { aJob } from '../support/parts.ts';
import { openInferenceOptions, startRig } from './open-inference-rig.ts';
import { badPicture, createRig, goodPicture, never, startClock, type TestContext } from './rig.ts';

const stepMs = 10_000;

test('a good picture and a bad one are told apart, and where', async (t) => {
  const rig = await startRig(t);
  const good = await rig.assess(aJob(), goodPicture);
  await rig.clock.advance(stepMs);
  const bad = await rig.assess(aJob(), badPicture);
  assert.ok(good.score < 0.15 && bad.score > 0.6, `${good.score} and ${bad.score}`);
  assert.deepEqual(good.regions, []);
  // The strands lie on and around the part, in the lower middle of the picture.
  const [best] = bad.regions;
  assert.ok(
    best && best.score > 0.6 && best.x1 > 0.1 && best.x2 < 0.9 && best.y2 > 0.5,
    JSON.stringify(best),
  );
  assert.deepEqual(
    [bad.suggests, bad.quality, bad.calls, bad.neutral, bad.nextInMs],
    [null, null, 0, 0.2, stepMs],
  );
});

test('what the model takes is asked once a print', async (t) => {
  const rig = await startRig(t);
  for (const job of [aJob(), aJob(), aJob({ startTickMs: 900_000 })]) {
    await rig.assess(job);
    await rig.clock.advance(stepMs);
  }
  const print = ['metadata', 'infer as binary', 'infer as binary'];
  assert.deepEqual(rig.kinds(), [...print, 'metadata', 'infer as binary']);
});

test('a server that reads JSON only is found out once, and gets JSON from then on', async (t) => {
  const rig = await startRig(t, {}, { takesBinary: false });
  const jobs = [aJob(), aJob(), aJob({ startTickMs: 900_000 })];
  const scores = [];
  for (const job of jobs) {
    scores.push((await rig.assess(job, badPicture)).score);
    await rig.clock.advance(stepMs);
  }
  assert.deepEqual(
    rig.service.calls.map(({ kind, encoding, status }) => `${kind} ${encoding} ${status}`),
    [
      'metadata null 200',
      'infer null 422',
      'infer json 200',
      'infer json 200',
      'metadata null 200',
      'infer json 200',
    ],
  );
  const binary = await startRig(t);
  assert.deepEqual(
    scores,
    new Array(3).fill((await binary.assess(aJob(), badPicture)).score),
    'bit for bit the same',
  );
  assert.equal(rig.log.lines.filter(({ message }) => message.includes('no raw tensors')).length, 1);
});

test('a model that fails either way is not taken for one that reads JSON only', async (t) => {
  const rig = await startRig(t);
  await rig.assess();
  rig.service.setFault('internal-error');
  await rig.clock.advance(stepMs);
  await rig.fails();
  rig.service.setFault('none');
  await rig.clock.advance(stepMs);
  await rig.assess();
  assert.deepEqual(rig.kinds(), ['metadata', 'infer as binary', 'unknown', 'metadata', 'infer as binary']);
});

for (const [fault, code, retry, sooner] of [
  ['not-there', 'BACKEND_BAD_MODEL', 'soon', stepMs],
  ['internal-error', 'BACKEND_HTTP_STATUS', 'soon', stepMs],
  ['html', 'BACKEND_BAD_ANSWER', 'soon', stepMs],
  ['cut-json', 'BACKEND_BAD_ANSWER', 'soon', stepMs],
  ['missing-field', 'BACKEND_BAD_ANSWER', 'soon', stepMs],
  ['wrong-types', 'BACKEND_BAD_ANSWER', 'soon', stepMs],
  ['reset', 'BACKEND_UNREACHABLE', 'soon', stepMs],
  ['bad-gateway', 'BACKEND_HTTP_STATUS', 'soon', stepMs],
] as const satisfies readonly (readonly [InferenceFault, BackendCode, Retry, number])[]) {
  test(`${fault}: the next frame is tried on time, from the start`, async (t) => {
    const rig = await startRig(t);
    await rig.assess();
    rig.service.setFault(fault);
    await rig.clock.advance(stepMs);
    const error = await rig.fails();
    assert.deepEqual([error.code, error.retry], [code, retry], error.message);
    rig.service.setFault('none');
    const asked = rig.service.calls.length;
    await rig.clock.advance(sooner);
    assert.equal(rig.backend.readyInMs?.(), 0);
    await rig.assess();
    assert.deepEqual(rig.kinds().slice(asked), ['metadata', 'infer as binary']);
  });
}

test('the words of the server are in the message', async (t) => {
  const rig = await startRig(t, { model: 'other' });
  const error = await rig.fails();
  assert.match(
    error.message,
    /^open-inference: metadata was answered with HTTP 404: .*there is no GET \/v2\/models\/other/,
  );
  assert.match(error.hint, /model and version/);
});

test('a picture that is broken says nothing about the server', async (t) => {
  const rig = await startRig(t);
  await rig.assess();
  await rig.clock.advance(stepMs);
  const error = await rig.fails(aJob(), goodPicture.subarray(0, goodPicture.length / 2));
  assert.deepEqual([error.code, error.retry], ['BACKEND_BAD_FRAME', 'soon']);
  await rig.clock.advance(stepMs);
  await rig.assess();
  assert.deepEqual(rig.kinds(), ['metadata', 'infer as binary', 'infer as binary']);
});

test('version, token and a path in front are those of the settings', async (t) => {
  const rig = await startRig(t, { version: '1', token: 'oip-secret-1' }, { token: 'oip-secret-1' });
  await rig.assess();
  assert.deepEqual(rig.kinds(), ['metadata', 'infer as binary']);
  const wrong = await startRig(t, { token: 'oip-secret-2' }, { token: 'oip-secret-1' });
  assert.deepEqual((await wrong.fails()).code, 'BACKEND_BAD_KEY');

  const { rig: behind, requests } = await answering(
    t,
    () => ({ status: 404, json: {} }),
    {},
    '/serving/farm/',
  );
  await behind.fails();
  assert.equal(requests[0]?.path, '/serving/farm/v2/models/my%20model');
});

test('without a model, or with a card that is none, nothing is asked and the key is named', async (t) => {
  const none = await startRig(t, { model: null });
  const error = await none.fails();
  assert.deepEqual([error.code, error.retry], ['BACKEND_BAD_MODEL', 'never']);
  assert.match(error.hint, /Set model/);
  const softmax = await startRig(t, { decoder: 'yolo', activation: 'softmax' });
  assert.match((await softmax.fails()).message, /softmax is not for decoder: yolo/);
  const lost = await startRig(t, { card: '/nowhere/card.json' });
  assert.match((await lost.fails()).message, /\/nowhere\/card\.json cannot be read/);
  for (const rig of [none, softmax, lost]) assert.deepEqual(rig.kinds(), []);
});

test('a card stands for all keys about the model', async (t) => {
  const card = cardFile(t);
  card.write({ output: { decoder: 'grid', threshold: 0.9, top: 1 }, neutral: 0.5 });
  const rig = await startRig(t, { card: card.path, decoder: 'score', layout: 'nhwc', width: 99 });
  const { score, neutral, regions } = await rig.assess(aJob(), badPicture);
  assert.equal(neutral, 0.5);
  assert.equal(score, regions[0]?.score, 'the highest cell alone');
});

test('what may be a failure is asked twice, the second time upside down; nothing else is', async (t) => {
  const card = cardFile(t);
  card.write({ output: { decoder: 'grid', threshold: 0.25, recheck: 0.3 } });
  const rig = await startRig(t, { card: card.path });
  const good = await rig.assess(aJob(), goodPicture);
  assert.deepEqual(rig.kinds(), ['metadata', 'infer as binary']);
  await rig.clock.advance(stepMs);
  const bad = await rig.assess(aJob(), badPicture);
  assert.deepEqual(rig.kinds().slice(2), ['infer as binary', 'infer as binary']);
  // This model judges by what lies in a cell alone, so that both looks agree.
  const plain = await startRig(t);
  assert.equal(bad.score, (await plain.assess(aJob(), badPicture)).score);
  assert.ok(good.score < 0.15 && bad.score > 0.6, `${good.score} and ${bad.score}`);
});

test('a model that cannot be fed is refused by name and shape, and looked at again after ten minutes', async (t) => {
  const list = { ...goodMetadata, inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 10] }] };
  const change = { decoder: 'score' } as const;
  const { rig, requests, answers } = await answering(t, () => ({ status: 200, json: list }), change);
  const error = await rig.fails();
  assert.deepEqual([error.code, error.retry, error.retryAfterMs], ['BACKEND_BAD_MODEL', 'later', 600_000]);
  assert.match(error.message, /FP32 \[1,10\] as x/);
  await rig.clock.advance(300_000);
  assert.equal((await rig.fails()).code, 'BACKEND_BAD_MODEL');
  assert.equal(requests.length, 1);
  const image = { ...goodMetadata, inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3, 32, 32] }] };
  answers.now = ({ method }) => ({ status: 200, json: method === 'GET' ? image : goodAnswer });
  await rig.clock.advance(300_000);
  assert.equal((await rig.assess()).score, 0.5);
});

const goodMetadata = {
  name: 'my model',
  inputs: [{ name: 'jpegs', datatype: 'BYTES', shape: [-1] }],
  outputs: [{ name: 'score', datatype: 'FP64', shape: [-1, 1] }],
};
const goodAnswer = { outputs: [{ name: 'score', datatype: 'FP64', shape: [1, 1], data: [[0.5]] }] };

test('a model that decodes by itself gets the JPEG, no larger than it can use', async (t) => {
  const card = cardFile(t);
  const write = (size: object) =>
    card.write({ input: { encoding: 'jpeg', ...size }, output: { decoder: 'score' } });
  const { rig, requests } = await answering(
    t,
    ({ method }) => ({ status: 200, json: method === 'GET' ? goodMetadata : goodAnswer }),
    { card: card.path },
  );
  const sent = () => {
    const { body, headers } = requests.at(-1) ?? assert.fail('nothing was sent');
    const at = Number(headers['inference-header-content-length']);
    const length = body.readUInt32LE(at);
    assert.equal(body.length, at + 4 + length);
    assert.deepEqual(JSON.parse(body.toString('utf8', 0, at)).inputs[0].shape, [1]);
    return body.subarray(at + 4);
  };
  write({});
  await rig.assess();
  assert.deepEqual(sent(), Buffer.from(goodPicture), 'byte for byte');
  write({ width: 320, height: 320 });
  await rig.clock.advance(stepMs);
  await rig.assess(aJob({ startTickMs: 900_000 }));
  const { width, height } = await sharp(sent()).metadata();
  assert.deepEqual([width, height], [320, 180]);

  // Of one score for the whole picture nothing can be taken away afterwards.
  const ignored = [rectangle({ x: 0, y: 0 }, { x: 0.4, y: 0.5 })];
  write({});
  rig.restart({}, { ignored: () => ignored });
  await rig.assess();
  assert.deepEqual(sent(), Buffer.from(await paintAreas(goodPicture, ignored)));
});

test('check tries the whole way', async (t) => {
  const rig = await startRig(t);
  assert.equal(
    await rig.backend.confirm?.(never),
    'strands is ready: it takes FP32 [1,3,320,320] as images, answers with cells [-1,1,16,16] (grid). Pictures go as raw tensors.',
  );
  rig.service.setFault('not-there');
  await assert.rejects(rig.backend.confirm?.(never) ?? assert.fail());
  const wrong = await startRig(t, { decoder: 'yolo' });
  await assert.rejects(wrong.backend.confirm?.(never) ?? assert.fail(), /no boxes/);
});

/** A card file with these words. */
function cardFile(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-card-'));
  t.after(async () => rmSync(folder, { recursive: true }));
  const path = join(folder, 'card.json');
  const write = (card: object) => writeFileSync(path, JSON.stringify({ format: 1, name: 'm', ...card }));
  return { path, write };
}

/** A backend against a service that answers as it is told. */
async function answering(
  t: TestContext,
  first: (request: Received) => GoodAnswer,
  change: Partial<OpenInferenceOptions> = {},
  path = '',
) {
  const answers = { now: first };
  const service = await startService((request) => answers.now(request));
  t.after(service.close);
  const url = `${service.origin}${path}`;
  const options = { ...openInferenceOptions, url, model: 'my model', ...change };
  return { rig: createRig(createOpenInference, options, startClock()), requests: service.requests, answers };
}
