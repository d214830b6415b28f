// The protocol's tensors on the wire: as JSON numbers, or as raw bytes behind the JSON (the binary tensor data extension).
import { setImmediate } from 'node:timers/promises';
import * as v from 'valibot';
import type { RequestBody } from './http.ts';
import { type AnswerBody, parseJson } from './http-answer.ts';

/** How tensors travel. `binary` is 3 to 5 times smaller for a picture; not every server takes it. */
export type Encoding = 'binary' | 'json';

/** The one tensor that a model is asked about. */
export interface InputTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** `BYTES` is one element: a whole JPEG. */
  readonly datatype: 'FP32' | 'UINT8' | 'BYTES';
  readonly data: Float32Array | Uint8Array;
}

/** A request's body, and the headers that go with it. */
export interface EncodedRequest {
  readonly body: RequestBody;
  readonly headers: Readonly<Record<string, string>>;
}

const lengthHeader = 'Inference-Header-Content-Length';

/** The body that asks for these outputs of a model. */
export function encodeRequest(
  input: InputTensor,
  outputs: readonly string[],
  encoding: Encoding,
): Promise<EncodedRequest> {
  return encoding === 'binary' ? binaryRequest(input, outputs) : jsonRequest(input, outputs);
}

async function binaryRequest(input: InputTensor, outputs: readonly string[]): Promise<EncodedRequest> {
  const { name, shape, datatype, data } = input;
  const raw = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const parts = datatype === 'BYTES' ? [lengthOf(raw), raw] : [raw];
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const head = Buffer.from(
    JSON.stringify({
      inputs: [{ name, shape, datatype, parameters: { binary_data_size: size } }],
      outputs: outputs.map((output) => ({ name: output, parameters: { binary_data: true } })),
    }),
  );
  return {
    body: { bytes: Buffer.concat([head, ...parts]), contentType: 'application/octet-stream' },
    headers: { [lengthHeader]: String(head.length) },
  };
}

/** Each element of BYTES begins with its length. */
function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return length;
}

async function jsonRequest(input: InputTensor, outputs: readonly string[]): Promise<EncodedRequest> {
  const { name, shape, datatype, data } = input;
  const isBytes = datatype === 'BYTES';
  const named = { outputs: outputs.map((output) => ({ name: output })) };
  const head = JSON.stringify({
    name,
    shape,
    datatype,
    ...(isBytes ? { parameters: { content_type: 'base64' } } : {}),
  });
  const list = isBytes
    ? [Buffer.from(`"${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')}"`)]
    : await numberList(data);
  // Put together by hand: stringify would make millions of strings in one go and block everything else meanwhile.
  const start = Buffer.from(`{"inputs":[${head.slice(0, -1)},"data":[`);
  const bytes = Buffer.concat([start, ...list, Buffer.from(`]}],${JSON.stringify(named).slice(1)}`)]);
  return { body: { bytes, contentType: 'application/json' }, headers: {} };
}

/** Numbers that are written before others get their turn. */
const sliceLength = 65_536;

/** Numbers with commas between them, in pieces. */
async function numberList(data: Float32Array | Uint8Array): Promise<Buffer[]> {
  // A picture has few different values: 256 for each colour.
  const texts = new Map<number, string>();
  const parts: Buffer[] = [];
  for (let start = 0; start < data.length; start += sliceLength) {
    const words: string[] = [];
    for (const value of data.subarray(start, start + sliceLength)) {
      let text = texts.get(value);
      if (text === undefined) {
        // Nine digits tell every 32-bit number from its neighbours.
        text = String(Number(value.toPrecision(9)));
        texts.set(value, text);
      }
      words.push(text);
    }
    parts.push(Buffer.from(`${start === 0 ? '' : ','}${words.join(',')}`));
    await setImmediate();
  }
  return parts;
}

const sizeSchema = v.looseObject({
  parameters: v.optional(
    v.looseObject({ binary_data_size: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))) }),
  ),
});
const headSchema = v.looseObject({ outputs: v.array(sizeSchema) });

/** Reads an answer: JSON, or JSON with raw bytes behind it, which then stand in the place of `data`. */
export function unpackAnswer({ bytes, text, header }: AnswerBody): { readonly value: unknown } | null {
  const written = header(lengthHeader.toLowerCase());
  if (written === null) return parseJson(text);
  const headLength = Number(written);
  if (!/^\d{1,9}$/.test(written) || headLength > bytes.length) return null;
  const json = parseJson(bytes.toString('utf8', 0, headLength));
  const head = v.safeParse(headSchema, json?.value);
  if (!head.success) return json;
  let at = headLength;
  const outputs = head.output.outputs.map((output) => {
    const size = output.parameters?.binary_data_size;
    if (size === undefined) return output;
    at += size;
    return { ...output, data: bytes.subarray(at - size, at) };
  });
  return at === bytes.length ? { value: { ...head.output, outputs } } : null;
}
