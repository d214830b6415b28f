// The Open Inference Protocol in the contract suite.
import assert from 'node:assert/strict';
import { createOpenInference } from '../../src/backends/open-inference.ts';
import { toScore } from '../../src/core/types.ts';
import { openInferenceOptions } from '../backends/open-inference-rig.ts';
import type { BackendFixture } from './fixture.ts';

const token = 'oip-token-8f2d51c07a/+=e4';
const [width, height] = [64, 36];
const input = { name: 'images', datatype: 'FP32', shape: [-1, 3, height, width] };
const metadata = {
  name: 'failure',
  versions: ['1'],
  platform: 'onnxruntime_onnx',
  inputs: [input],
  outputs: [{ name: 'cells', datatype: 'FP32', shape: [-1, 1, 2, 2] }],
};
const cells = { name: 'cells', datatype: 'FP32', shape: [1, 1, 2, 2], data: [0.75, 0.125, 0.25, 0.5] };
const judgement = { model_name: 'failure', model_version: '1', outputs: [cells] };
const changedInput = (change: object) => JSON.stringify({ ...metadata, inputs: [{ ...input, ...change }] });
const changedCells = (change: object) => JSON.stringify({ ...judgement, outputs: [{ ...cells, ...change }] });
const numbers = (...data: unknown[]) => changedCells({ data });
const textFor = (value: string) => JSON.stringify(judgement).replace('0.125', value);

export const openInferenceFixture: BackendFixture = {
  name: 'open-inference',
  secrets: [token],
  isBlindToPlaces: false,
  create: (url, timeoutMs, deps) =>
    createOpenInference({ ...openInferenceOptions, url, model: 'failure', token, timeoutMs }, deps),
  answer: ({ method }) => ({ status: 200, json: method === 'GET' ? metadata : judgement }),
  assessment: {
    backend: 'open-inference',
    score: toScore(0.5),
    quality: null,
    suggests: null,
    neutral: 0.2,
    regions: [
      { x1: 0, y1: 0, x2: 0.5, y2: 0.5, score: toScore(0.75) },
      { x1: 0.5, y1: 0.5, x2: 1, y2: 1, score: toScore(0.5) },
    ],
    calls: 0,
    cells: { columns: 2, rows: 2, scores: [0.75, 0.125, 0.25, 0.5], top: 3 },
    nextInMs: 10_000,
  },
  stages: [
    {
      name: 'metadata',
      matches: ({ path }) => path === '/v2/models/failure',
      wrongAnswers: {
        'no name': JSON.stringify({ ...metadata, name: undefined }),
        'inputs that are an object': JSON.stringify({ ...metadata, inputs: { 0: input } }),
        'too many inputs': JSON.stringify({ ...metadata, inputs: Array.from({ length: 17 }, () => input) }),
        'an input without a name': changedInput({ name: undefined }),
        'an input with an endless name': changedInput({ name: 'x'.repeat(201) }),
        'an input with line breaks in its name': changedInput({ name: 'a\nb' }),
        'a datatype that is a number': changedInput({ datatype: 32 }),
        'no shape': changedInput({ shape: undefined }),
        'a shape in words': changedInput({ shape: ['1', '3', '36', '64'] }),
        'a shape with fractions': changedInput({ shape: [1, 3, 36.5, 64] }),
        'a shape below any': changedInput({ shape: [-2, 3, 36, 64] }),
        'a shape past every range': changedInput({ shape: [1, 3, 36, 'H'] }).replace('"H"', '1e999'),
        'a shape of nine dimensions': changedInput({ shape: [1, 1, 1, 1, 1, 1, 3, 36, 64] }),
      },
    },
    {
      name: 'infer',
      matches: ({ path }) => path === '/v2/models/failure/infer',
      wrongAnswers: {
        'outputs are null': '{"outputs":null}',
        'no output': '{"outputs":[]}',
        'another output': changedCells({ name: 'boxes' }),
        'an output without data': changedCells({ data: undefined }),
        'data that is text': changedCells({ data: 'P8AAAA==' }),
        'data that is an object': changedCells({ data: { 0: 0.5 } }),
        'too few numbers': numbers(0.5, 0.5, 0.5),
        'too many numbers': numbers(0.5, 0.5, 0.5, 0.5, 0.5),
        'numbers in words': numbers(0.5, '0.5', 0.5, 0.5),
        'null for a number': numbers(0.5, null, 0.5, 0.5),
        'NaN for a number': textFor('NaN'),
        'a number past every range': textFor('1e999'),
        'a huge number': textFor('1e300'),
        'a score above 1': textFor('1.01'),
        'a score below 0': textFor('-0.01'),
        'a shape of another size': changedCells({ shape: [1, 1, 2, 3] }),
        'a shape that is no grid': changedCells({ shape: [4] }),
        'a negative shape': changedCells({ shape: [1, 1, -2, -2] }),
        'a shape in words': changedCells({ shape: '1,1,2,2' }),
        'numbers that are nested without end': changedCells({
          data: JSON.parse(`${'['.repeat(50)}0.5${']'.repeat(50)}`),
        }),
      },
    },
  ],
  checkRequests: ([asked, infer, ...more]) => {
    assert.ok(asked && infer);
    assert.deepEqual(more, []);
    for (const { headers } of [asked, infer]) assert.equal(headers.authorization, `Bearer ${token}`);

    assert.equal(asked.method, 'GET');
    assert.equal(asked.path, '/v2/models/failure');
    assert.equal(asked.body.length, 0);

    assert.equal(infer.method, 'POST');
    assert.equal(infer.path, '/v2/models/failure/infer');
    assert.equal(infer.headers['content-type'], 'application/octet-stream');
    const headLength = Number(infer.headers['inference-header-content-length']);
    const bytes = 4 * 3 * width * height;
    assert.deepEqual(JSON.parse(infer.body.toString('utf8', 0, headLength)), {
      inputs: [
        {
          name: 'images',
          shape: [1, 3, height, width],
          datatype: 'FP32',
          parameters: { binary_data_size: bytes },
        },
      ],
      outputs: [{ name: 'cells', parameters: { binary_data: true } }],
    });
    assert.equal(infer.body.length, headLength + bytes);
    const values = Array.from({ length: bytes / 4 }, (_, at) => infer.body.readFloatLE(headLength + at * 4));
    assert.ok(values.every((value) => value >= 0 && value <= 1));
    assert.ok(new Set(values).size > 50, 'it is a picture');
  },
};
