// The virtual Open Inference server: which requests it takes, which it refuses, and what its model sees.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  startVirtualOpenInference,
  type VirtualOpenInferenceOptions,
} from '../../src/virtual/open-inference.ts';

const side = 32;
const count = 3 * side * side;
const good = { name: 'images', shape: [1, 3, side, side], datatype: 'FP32' };
const grey = new Array<number>(count).fill(0.5);

async function start(
  t: { after(end: () => Promise<void>): void },
  options: VirtualOpenInferenceOptions = {},
) {
  const server = await startVirtualOpenInference({ side, ...options });
  t.after(server.close);
  const at = `${server.baseUrl}/v2/models/strands`;
  const send = async (body: string | Buffer, headers: Record<string, string> = {}) => {
    const response = await fetch(`${at}/infer`, {
      method: 'POST',
      headers,
      body: typeof body === 'string' ? body : new Uint8Array(body),
    });
    return {
      status: response.status,
      headers: response.headers,
      bytes: Buffer.from(await response.arrayBuffer()),
    };
  };
  const infer = (request: object) => send(JSON.stringify(request));
  const raw = (request: object, numbers: readonly number[]) => {
    const head = Buffer.from(JSON.stringify(request));
    const body = Buffer.concat([head, Buffer.from(Float32Array.from(numbers).buffer)]);
    return send(body, { 'Inference-Header-Content-Length': String(head.length) });
  };
  return { server, at, send, infer, raw };
}

test('tells what its model takes, with and without a version', async (t) => {
  const { at, server } = await start(t);
  for (const url of [at, `${at}/versions/1`]) {
    const response = await fetch(url);
    const { inputs, outputs } = (await response.json()) as { inputs: unknown; outputs: unknown };
    assert.deepEqual(inputs, [{ ...good, shape: [-1, 3, side, side] }]);
    assert.deepEqual(outputs, [{ name: 'cells', datatype: 'FP32', shape: [-1, 1, 16, 16] }]);
  }
  assert.equal((await fetch(`${at}/ready`)).status, 200);
  assert.equal((await fetch(`${at}/versions/2`)).status, 404);
  assert.equal((await fetch(`${server.baseUrl}/v2/models/other`)).status, 404);
});

test('sees nothing in grey, and strands where thin colour is', async (t) => {
  const { infer } = await start(t);
  const cells = async (data: readonly number[]): Promise<number[]> => {
    const { bytes } = await infer({ inputs: [{ ...good, data }] });
    return JSON.parse(bytes.toString()).outputs[0].data;
  };
  assert.deepEqual(await cells(grey), new Array(256).fill(0));
  // One red row: a strand, in the eighth row of cells.
  const strand = grey.map((value, at) => (at < side * side && Math.floor(at / side) === 15 ? 1 : value));
  const seen = await cells(strand);
  assert.ok(
    seen.slice(7 * 16, 8 * 16).every((score) => score > 0.9),
    String(seen),
  );
  assert.ok(seen.filter((_, at) => Math.floor(at / 16) !== 7).every((score) => score === 0));
});

test('raw tensors mean the same as JSON, and are answered with raw ones where asked for', async (t) => {
  const { infer, raw, server } = await start(t);
  const data = grey.map((value, at) => (at % 7 === 0 ? 1 : value));
  const json = JSON.parse((await infer({ inputs: [{ ...good, data }] })).bytes.toString());
  const input = { ...good, parameters: { binary_data_size: count * 4 } };
  const outputs = [{ name: 'cells', parameters: { binary_data: true } }];
  const answer = await raw({ inputs: [input], outputs }, data);
  const length = Number(answer.headers.get('inference-header-content-length'));
  assert.deepEqual(JSON.parse(answer.bytes.toString('utf8', 0, length)).outputs[0].parameters, {
    binary_data_size: 1024,
  });
  const numbers = Array.from({ length: 256 }, (_, at) => answer.bytes.readFloatLE(length + at * 4));
  assert.deepEqual(numbers, json.outputs[0].data);
  const plain = await raw({ inputs: [input] }, data);
  assert.deepEqual(JSON.parse(plain.bytes.toString()).outputs, json.outputs);
  assert.deepEqual(
    server.calls.map(({ encoding }) => encoding),
    ['json', 'binary', 'binary'],
  );
});

for (const [what, request] of [
  ['no inputs', {}],
  [
    'two inputs',
    {
      inputs: [
        { ...good, data: grey },
        { ...good, data: grey },
      ],
    },
  ],
  ['another input', { inputs: [{ ...good, name: 'pictures', data: grey }] }],
  ['another shape', { inputs: [{ ...good, shape: [1, side, side, 3], data: grey }] }],
  ['another datatype', { inputs: [{ ...good, datatype: 'UINT8', data: grey }] }],
  ['too few numbers', { inputs: [{ ...good, data: grey.slice(1) }] }],
  ['no numbers', { inputs: [good] }],
  ['numbers in words', { inputs: [{ ...good, data: grey.map(String) }] }],
  ['values from 0 to 255', { inputs: [{ ...good, data: grey.map(() => 127) }] }],
  ['negative values', { inputs: [{ ...good, data: grey.map(() => -0.1) }] }],
  ['another output', { inputs: [{ ...good, data: grey }], outputs: [{ name: 'boxes' }] }],
  ['a field that there is not', { inputs: [{ ...good, data: grey, layout: 'nchw' }] }],
] as const) {
  test(`refuses ${what}, with a reason`, async (t) => {
    const { infer, server } = await start(t);
    const { status, bytes } = await infer(request);
    assert.equal(status, 400);
    assert.match(JSON.parse(bytes.toString()).error, /\S/);
    assert.equal(server.calls[0]?.why, JSON.parse(bytes.toString()).error);
  });
}

test('refuses raw tensors that do not add up', async (t) => {
  const { raw, send } = await start(t);
  const sized = (size: number) => ({ inputs: [{ ...good, parameters: { binary_data_size: size } }] });
  for (const [size, numbers] of [
    [count * 4 - 4, grey],
    [count * 4, grey.slice(1)],
    [count * 4, [...grey.slice(1), Number.NaN]],
  ] as const) {
    assert.equal((await raw(sized(size), numbers)).status, 400);
  }
  assert.equal((await raw({ inputs: [{ ...good, data: grey }] }, [1])).status, 400, 'bytes of no input');
  assert.equal((await send('{}', { 'Inference-Header-Content-Length': '99' })).status, 400);
  assert.equal((await send('no JSON')).status, 400);
});

test('a server that reads JSON only refuses raw tensors, and one with a token everything without it', async (t) => {
  const { raw } = await start(t, { takesBinary: false });
  const request = { inputs: [{ ...good, parameters: { binary_data_size: count * 4 } }] };
  assert.equal((await raw(request, grey)).status, 422);
  const { at } = await start(t, { token: 'a-token' });
  assert.equal((await fetch(at)).status, 401);
  assert.equal((await fetch(at, { headers: { Authorization: 'Bearer a-token' } })).status, 200);
});
