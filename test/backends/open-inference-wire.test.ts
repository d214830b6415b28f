// Tensors on the wire, in both ways, bit by bit.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeRequest, unpackAnswer } from '../../src/backends/open-inference-wire.ts';

const floats = {
  name: 'images',
  shape: [1, 2, 2],
  datatype: 'FP32',
  data: Float32Array.of(0, 1 / 255, -1.5, 2 ** -70),
} as const;
const jpeg = Buffer.from('ffd8000102ffd9', 'hex');
const picture = { name: 'jpeg', shape: [1], datatype: 'BYTES', data: jpeg } as const;

const headOf = ({ body, headers }: Awaited<ReturnType<typeof encodeRequest>>) => {
  const length = Number(headers['Inference-Header-Content-Length']);
  return { json: JSON.parse(body.bytes.toString('utf8', 0, length)), rest: body.bytes.subarray(length) };
};

test('raw numbers stand behind the JSON, little-endian', async () => {
  const request = await encodeRequest(floats, ['a', 'b'], 'binary');
  assert.equal(request.body.contentType, 'application/octet-stream');
  const { json, rest } = headOf(request);
  assert.deepEqual(json, {
    inputs: [{ name: 'images', shape: [1, 2, 2], datatype: 'FP32', parameters: { binary_data_size: 16 } }],
    outputs: [
      { name: 'a', parameters: { binary_data: true } },
      { name: 'b', parameters: { binary_data: true } },
    ],
  });
  assert.deepEqual(
    [0, 4, 8, 12].map((at) => rest.readFloatLE(at)),
    [...floats.data],
  );
});

test('each element of BYTES stands behind its length', async () => {
  const { json, rest } = headOf(await encodeRequest(picture, [], 'binary'));
  assert.equal(json.inputs[0].parameters.binary_data_size, 4 + jpeg.length);
  assert.deepEqual(rest, Buffer.concat([Buffer.from([jpeg.length, 0, 0, 0]), jpeg]));
});

test('numbers in JSON are exact, and short', async () => {
  const { body, headers } = await encodeRequest(floats, ['a'], 'json');
  assert.deepEqual([body.contentType, headers], ['application/json', {}]);
  const text = body.bytes.toString();
  assert.deepEqual(JSON.parse(text), {
    inputs: [
      { name: 'images', shape: [1, 2, 2], datatype: 'FP32', data: [0, 0.00392156886, -1.5, 8.47032947e-22] },
    ],
    outputs: [{ name: 'a' }],
  });
  const read: number[] = JSON.parse(text).inputs[0].data;
  assert.deepEqual(Float32Array.from(read), floats.data, 'no bit is lost');
});

test('a JPEG in JSON is base64, and says so', async () => {
  const { body } = await encodeRequest(picture, ['a'], 'json');
  assert.deepEqual(JSON.parse(body.bytes.toString()).inputs[0], {
    name: 'jpeg',
    shape: [1],
    datatype: 'BYTES',
    parameters: { content_type: 'base64' },
    data: [jpeg.toString('base64')],
  });
});

test('a large tensor is written without holding up everything else', async () => {
  const data = Float32Array.from({ length: 300_000 }, (_, at) => (at % 256) / 255);
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const { body } = await encodeRequest({ ...floats, shape: [1, 3, 100, 1000], data }, ['a'], 'json');
  isDone = true;
  assert.ok(turns >= 4, `${turns} turns`);
  assert.deepEqual(Float32Array.from(JSON.parse(body.bytes.toString()).inputs[0].data), data);
});

const answer = (head: unknown, rest: Buffer, length?: string) => {
  const json = Buffer.from(JSON.stringify(head));
  const bytes = Buffer.concat([json, rest]);
  return unpackAnswer({ bytes, text: bytes.toString(), header: () => length ?? String(json.length) });
};
const raw = (name: string, size: unknown) => ({ name, parameters: { binary_data_size: size } });
const six = Buffer.from([1, 2, 3, 4, 5, 6]);

test('bytes behind an answer belong to its outputs in their order', () => {
  const outputs = [raw('a', 4), { name: 'b', data: [0.5] }, raw('c', 2)];
  assert.deepEqual(answer({ model_name: 'm', outputs }, six)?.value, {
    model_name: 'm',
    outputs: [
      { ...raw('a', 4), data: six.subarray(0, 4) },
      { name: 'b', data: [0.5] },
      { ...raw('c', 2), data: six.subarray(4) },
    ],
  });
});

test('an answer without the header is JSON', () => {
  const bytes = Buffer.from('{"outputs":[]}');
  assert.deepEqual(unpackAnswer({ bytes, text: bytes.toString(), header: () => null }), {
    value: { outputs: [] },
  });
});

for (const [what, unpacked] of [
  ['fewer bytes than announced', answer({ outputs: [raw('a', 7)] }, six)],
  ['more bytes than announced', answer({ outputs: [raw('a', 5)] }, six)],
  ['a size past every range', answer({ outputs: [raw('a', Number.MAX_SAFE_INTEGER)] }, six)],
  ['JSON that ends later than the body', answer({ outputs: [] }, six, '999')],
  ['JSON that ends earlier', answer({ outputs: [raw('a', 6)] }, six, '10')],
  ['a length that is no number', answer({ outputs: [] }, six, '-1')],
  ['a length in words', answer({ outputs: [] }, six, 'all')],
] as const) {
  test(`${what} cannot be read`, () => assert.equal(unpacked, null));
}

for (const size of [-4, 1.5, '6', null]) {
  test(`a size of ${JSON.stringify(size)} leaves an output without data`, () => {
    assert.deepEqual(answer({ outputs: [raw('a', size)] }, six)?.value, { outputs: [raw('a', size)] });
  });
}
