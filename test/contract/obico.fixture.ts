// Obico's ml_api in the contract suite.
import assert from 'node:assert/strict';
import { createObico } from '../../src/backends/obico.ts';
import { inspectJpeg } from '../../src/camera/jpeg.ts';
import { toScore } from '../../src/core/types.ts';
import { type Fetched, fetchPicture } from '../../src/virtual/ml-api-fetch.ts';
import type { BackendFixture } from './fixture.ts';
import type { Received } from './service.ts';

const token = 'ml-token-8f2d51c07a/+=e4';
const detections = [
  ['failure', 0.5, [104, 208, 104, 52]],
  ['failure', 0.25, [416, 0, 208, 104]],
  ['failure', 0.08, [208, 208, 416, 416]],
];
const good = { detections };
const changed = (...found: unknown[]) => JSON.stringify({ detections: [...detections, ...found] });
const box = (...sides: unknown[]) => changed(['failure', 0.5, sides]);

const never = new AbortController().signal;
/** What was fetched, by its URL. */
const fetched = new Map<string, Fetched>();
const imgOf = ({ path }: Received) => new URL(path, 'http://ml-api.invalid').searchParams.get('img') ?? '';

export const obicoFixture: BackendFixture = {
  name: 'obico',
  secrets: [token],
  isBlindToPlaces: false,
  create: (url, timeoutMs, deps) =>
    createObico(
      {
        url,
        token,
        serveAddress: null,
        servePort: 0,
        serveTo: null,
        minIntervalMs: 10_000,
        neutral: 0.38,
        timeoutMs,
      },
      deps,
    ),
  answer: async (request) => {
    const picture = await fetchPicture(imgOf(request), never);
    fetched.set(imgOf(request), picture);
    return picture.kind === 'body'
      ? { status: 200, json: good }
      : { status: 400, json: { detections: [], message: `Failed to get image - ${picture.why}` } };
  },
  assessment: {
    backend: 'obico',
    score: toScore(0.75),
    quality: null,
    suggests: null,
    neutral: 0.38,
    regions: [
      { x1: 0.125, y1: 0.4375, x2: 0.375, y2: 0.5625, score: toScore(0.5) },
      { x1: 0.75, y1: 0, x2: 1, y2: 0.125, score: toScore(0.25) },
    ],
    calls: 0,
    nextInMs: 10_000,
  },
  stages: [
    {
      name: 'judge',
      matches: ({ path }) => path.startsWith('/p/?'),
      wrongAnswers: {
        'no detections': '{"detection":[]}',
        'detections are null': '{"detections":null}',
        'detections are an object': '{"detections":{}}',
        'detections are text': '{"detections":"none"}',
        'an error beside them': JSON.stringify({ ...good, message: 'Failed to get image' }),
        'an error of old': JSON.stringify({ detections: [], error: 'no image' }),
        'a detection that is an object': changed({ label: 'failure', confidence: 0.5 }),
        'a detection without a box': changed(['failure', 0.5]),
        'a label that is a number': changed([1, 0.5, [1, 1, 1, 1]]),
        'a confidence above 1': changed(['failure', 1.01, [1, 1, 1, 1]]),
        'a confidence below 0': changed(['failure', -0.1, [1, 1, 1, 1]]),
        'a confidence in words': changed(['failure', '0.5', [1, 1, 1, 1]]),
        'no confidence': changed(['failure', null, [1, 1, 1, 1]]),
        'NaN for a number': JSON.stringify(good).replace('0.25', 'NaN'),
        'a number past every range': JSON.stringify(good).replace('0.25', '1e999'),
        'a box with three numbers': box(1, 1, 1),
        'a box of words': box('1', '1', '1', '1'),
        'a box beside the picture': box(500, 10, 20, 20),
        'a box above the picture': box(10, -20, 20, 20),
        'a negative width': box(10, 10, -5, 5),
        'a negative height': box(10, 10, 5, -5),
        'a huge box': box(10, 10, 1e300, 5),
        'an endless box': box(10, 10, 5, 'H').replace('"H"', '1e999'),
        'too many boxes': changed(...Array.from({ length: 1_000 }, () => ['failure', 0.1, [1, 1, 1, 1]])),
      },
    },
  ],
  checkRequests: (requests, frame) => {
    const [judge, ...more] = requests;
    assert.ok(judge);
    assert.deepEqual(more, []);
    assert.equal(judge.method, 'GET');
    assert.equal(judge.headers.authorization, `Bearer ${token}`);
    assert.equal(judge.body.length, 0);
    const img = imgOf(judge);
    assert.equal(judge.path, `/p/?img=${encodeURIComponent(img)}`);
    assert.match(img, /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}$/);
    const picture = fetched.get(img);
    assert.ok(picture?.kind === 'body');
    assert.equal(picture.contentType, 'image/jpeg');
    const { width, height } = inspectJpeg(picture.body);
    assert.deepEqual([width, height], [416, 416], 'no larger than the detector’s own input');
    assert.ok(picture.body.length < frame.jpeg.length);
  },
};
