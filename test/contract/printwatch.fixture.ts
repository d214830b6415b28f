// PrintWatch in the contract suite.
import assert from 'node:assert/strict';
import { createPrintWatch } from '../../src/backends/printwatch.ts';
import { toScore } from '../../src/core/types.ts';
import type { BackendFixture } from './fixture.ts';

const apiKey = 'sub_8f2d51c07a/+=e4';
const judgement = {
  statusCode: 200,
  defect_detected: 'True',
  score: 0.25,
  smas: [[0.125, 0.0625]],
  levels: [false, 'False'],
  boxes: [[64, 160, 320, 480]],
};
const changed = (change: object) => JSON.stringify({ ...judgement, ...change });

/** The defaults. */
export const printwatchSettings = {
  notifyThreshold: 0.3,
  actionThreshold: 0.6,
  confidence: 0.6,
  bufferLength: 16,
  bufferPercent: 60,
  minIntervalMs: 10_000,
  emailAddr: null,
  sendJobName: false,
  enableFeedbackImages: false,
  allowRemotePause: false,
  allowRemoteResume: false,
  allowRemoteCancel: false,
};

export const printwatchFixture: BackendFixture = {
  name: 'printwatch',
  secrets: [apiKey],
  isBlindToPlaces: true,
  create: (url, timeoutMs, deps) =>
    createPrintWatch(
      { ...printwatchSettings, apiKey, url, confidence: 0.55, inferTimeoutMs: timeoutMs },
      deps,
    ),
  answer: () => ({ status: 200, json: judgement }),
  assessment: {
    backend: 'printwatch',
    score: toScore(0.125),
    quality: null,
    suggests: { isWarning: false, isFailing: false },
    regions: [{ x1: 0.1, y1: 0.25, x2: 0.5, y2: 0.75, score: toScore(0.25) }],
    calls: 1,
    nextInMs: 10_000,
  },
  stages: [
    {
      name: 'infer',
      matches: ({ path }) => path === '/api/v2/infer',
      wrongAnswers: {
        ...Object.fromEntries(
          ['defect_detected', 'score', 'smas', 'levels'].flatMap((field) => [
            [`no ${field}`, changed({ [field]: undefined })],
            [`${field} is null`, changed({ [field]: null })],
            [`${field} is a word`, changed({ [field]: 'yes' })],
            [`${field} is an object`, changed({ [field]: {} })],
          ]),
        ),
        'NaN for a number': JSON.stringify(judgement).replace(':0.25', ':NaN'),
        'a score past every range': JSON.stringify(judgement).replace(':0.25', ':1e999'),
        'a huge score': changed({ score: 1e9 }),
        'no average': changed({ smas: [] }),
        'an empty average': changed({ smas: [[]] }),
        'an average that is no number': changed({ smas: [['0.1']] }),
        'an average in percent': changed({ smas: [[60]] }),
        'one level': changed({ levels: [true] }),
        'a number for a level': changed({ levels: [0, 1] }),
        'boxes that are no array': changed({ boxes: 'none' }),
        'a box with three corners': changed({ boxes: [[1, 2, 3]] }),
        'a box from right to left': changed({ boxes: [[320, 160, 64, 480]] }),
        'a box outside of the picture': changed({ boxes: [[641, 0, 900, 100]] }),
        'a negative box': changed({ boxes: [[-90, -90, -10, -10]] }),
        'a box of words': changed({ boxes: [['1', '2', '3', '4']] }),
        'a huge box': changed({ boxes: [[0, 0, 1e300, 10]] }),
        'too many boxes': changed({ boxes: Array.from({ length: 1_001 }, () => [0, 0, 9, 9]) }),
        'an endless interval': JSON.stringify({ ...judgement, interval: 40 }).replace(':40', ':1e999'),
        'an interval below nothing': changed({ interval: -30 }),
        'an interval in words': changed({ interval: '30' }),
      },
    },
  ],
  checkRequests: (requests, frame, job) => {
    const [infer, ...more] = requests;
    assert.ok(infer);
    assert.deepEqual(more, []);
    assert.equal(infer.method, 'POST');
    assert.equal(infer.path, '/api/v2/infer');
    assert.equal(infer.headers['user-agent'], 'Mozilla/5.0');
    assert.equal(infer.headers['content-type'], 'application/json');
    assert.equal(infer.headers['content-length'], String(infer.body.length));
    const { printer_id, ticket_id, image_array, ...rest } = JSON.parse(infer.body.toString());
    assert.match(printer_id, /^[0-9a-f]{32}$/);
    assert.match(ticket_id, /^[0-9a-f]{32}$/);
    assert.notEqual(printer_id, ticket_id);
    assert.deepEqual(Buffer.from(image_array, 'base64'), frame.jpeg, 'byte for byte');
    assert.deepEqual(rest, {
      api_key: apiKey,
      version: '1.2.11',
      state: 0,
      conf: 0.55,
      buffer_length: 16,
      buffer_percent: 60,
      thresholds: [0.3, 0.6],
      scores: [],
      sma_spaghetti: 0,
      printTime: job.printDurationMs / 1_000,
      printTimeLeft: (job.printDurationMs / 1_000) * 9,
      progress: 10,
      job_name: '',
      enable_feedback_images: false,
      force: 'False',
    });
  },
};
