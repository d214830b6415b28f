// OctoEverywhere in the contract suite.
import assert from 'node:assert/strict';
import { createOctoEverywhere } from '../../src/backends/octoeverywhere.ts';
import { toScore } from '../../src/core/types.ts';
import type { BackendFixture } from './fixture.ts';

const apiKey = 'oe-key-8f2d51c07a/+=e4';
const judgement = {
  NextProcessIntervalSec: 40,
  PrintQuality: 8,
  WarningSuggested: false,
  PauseSuggested: false,
  Score: 5,
};
const context = (origin: string) => ({
  ContextId: 'ctx-1',
  ProcessRequestUrl: `${origin}/api/gadget/v1/process/ctx-1`,
  FallbackProcessRequestUrl: `${origin}/fallback/api/gadget/v1/process/ctx-1`,
});
const changed = (base: object, change: object) => JSON.stringify({ ...base, ...change });
const without = (base: object, field: string) => changed(base, { [field]: undefined });
const nowhere = context('https://service.invalid');

export const octoeverywhereFixture: BackendFixture = {
  name: 'octoeverywhere',
  secrets: [apiKey],
  isBlindToPlaces: true,
  create: (url, timeoutMs, deps) =>
    createOctoEverywhere(
      {
        apiKey,
        url,
        warningConfidence: 2,
        pauseConfidence: 4,
        minIntervalMs: 20_000,
        monthlyCalls: 5_000,
        createTimeoutMs: timeoutMs,
        processTimeoutMs: timeoutMs,
      },
      deps,
    ),
  answer: ({ path }, origin) =>
    path.endsWith('/createcontext')
      ? { status: 200, json: context(origin) }
      : { status: 200, json: judgement },
  assessment: {
    backend: 'octoeverywhere',
    score: toScore(0.05),
    quality: 8,
    suggests: { isWarning: false, isFailing: false },
    regions: [],
    calls: 1,
    nextInMs: 40_000,
  },
  stages: [
    {
      name: 'createcontext',
      matches: ({ path }) => path.endsWith('/createcontext'),
      wrongAnswers: {
        'no ContextId': without(nowhere, 'ContextId'),
        'empty ContextId': changed(nowhere, { ContextId: '' }),
        'numeric ContextId': changed(nowhere, { ContextId: 7 }),
        'no ProcessRequestUrl': without(nowhere, 'ProcessRequestUrl'),
        'no FallbackProcessRequestUrl': without(nowhere, 'FallbackProcessRequestUrl'),
        'plain HTTP to another host': changed(nowhere, { ProcessRequestUrl: 'http://service.invalid/p' }),
        'plain HTTP fallback': changed(nowhere, { FallbackProcessRequestUrl: 'http://service.invalid/p' }),
        'a file as URL': changed(nowhere, { ProcessRequestUrl: 'file:///etc/passwd' }),
        'no URL': changed(nowhere, { ProcessRequestUrl: 'process it yourself' }),
        'a URL with a user in it': changed(nowhere, { ProcessRequestUrl: 'https://a:b@service.invalid/p' }),
      },
    },
    {
      name: 'process',
      matches: ({ path }) => path.includes('/process/'),
      wrongAnswers: {
        ...Object.fromEntries(
          Object.keys(judgement).flatMap((field) => [
            [`no ${field}`, without(judgement, field)],
            [`${field} is null`, changed(judgement, { [field]: null })],
            [`${field} is a string`, changed(judgement, { [field]: '1' })],
          ]),
        ),
        'NaN for a number': JSON.stringify(judgement).replace(':5', ':NaN'),
        'a number past every range': JSON.stringify(judgement).replace(':5', ':1e999'),
        'an endless interval': JSON.stringify(judgement).replace(':40', ':1e999'),
        'an interval too large to be whole': JSON.stringify(judgement).replace(':40', ':1e300'),
        'an interval with a fraction': changed(judgement, { NextProcessIntervalSec: 40.5 }),
        'Score above 100': changed(judgement, { Score: 101 }),
        'Score below 0': changed(judgement, { Score: -1 }),
        'Score with a fraction': changed(judgement, { Score: 0.5 }),
        'PrintQuality 0': changed(judgement, { PrintQuality: 0 }),
        'PrintQuality 11': changed(judgement, { PrintQuality: 11 }),
        'a number for a flag': changed(judgement, { PauseSuggested: 1 }),
      },
    },
  ],
  checkRequests: (requests, frame) => {
    const [create, process, ...more] = requests;
    assert.ok(create && process);
    assert.deepEqual(more, []);

    assert.equal(create.method, 'POST');
    assert.equal(create.path, '/api/gadget/v1/createcontext');
    assert.equal(create.headers['x-api-key'], apiKey);
    assert.equal(create.headers['content-type'], 'application/json');
    assert.deepEqual(JSON.parse(create.body.toString()), {
      WarningConfidenceLevel: 2,
      PauseConfidenceLevel: 4,
    });

    assert.equal(process.method, 'POST');
    assert.equal(process.path, '/api/gadget/v1/process/ctx-1');
    assert.equal(process.headers['x-api-key'], apiKey);
    assert.equal(process.headers['content-length'], String(process.body.length));
    const boundary = /^multipart\/form-data; boundary=(\S+)$/.exec(
      process.headers['content-type'] ?? '',
    )?.[1];
    assert.ok(boundary);
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="attachment"; filename="snapshot"\r\nContent-Type: image/jpeg\r\n\r\n`;
    const tail = `\r\n--${boundary}--\r\n`;
    assert.deepEqual(
      process.body,
      Buffer.concat([Buffer.from(head), frame.jpeg, Buffer.from(tail)]),
      'one file part, byte for byte',
    );
  },
};
