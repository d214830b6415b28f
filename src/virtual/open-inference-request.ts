// Reads what an Open Inference client asks of the virtual model, strictly: JSON alone, or JSON with raw bytes behind it.
import * as v from 'valibot';
import type { WholeRequest } from './loopback-service.ts';
import { parseJson } from './loopback-service.ts';

/** The one model that is served. */
export interface ServedModel {
  readonly input: string;
  readonly inputShape: readonly number[];
  readonly output: string;
  /** Raw bytes are understood; else they are refused as by a server that reads JSON only. */
  readonly takesBinary: boolean;
}

/** What was asked, or why it is refused. */
export type InferenceRequest =
  | {
      readonly kind: 'asked';
      /** All finite, as many as the input shape says. */
      readonly numbers: Float32Array;
      readonly encoding: 'binary' | 'json';
      /** The output is to be answered with raw bytes. */
      readonly wantsBytes: boolean;
    }
  | { readonly kind: 'refused'; readonly status: 400 | 422; readonly why: string };

const lengthHeader = 'inference-header-content-length';
const whole = v.pipe(v.number(), v.integer(), v.minValue(0));
const requestSchema = v.strictObject({
  id: v.optional(v.string()),
  inputs: v.strictTuple([
    v.strictObject({
      name: v.string(),
      shape: v.array(whole),
      datatype: v.literal('FP32'),
      parameters: v.optional(v.strictObject({ binary_data_size: v.optional(whole) })),
      data: v.optional(v.array(v.number())),
    }),
  ]),
  outputs: v.optional(
    v.strictTuple([
      v.strictObject({
        name: v.string(),
        parameters: v.optional(v.strictObject({ binary_data: v.optional(v.boolean()) })),
      }),
    ]),
  ),
});

/** Reads the body of an infer request. */
export function readInferenceRequest({ headers, body }: WholeRequest, model: ServedModel): InferenceRequest {
  const written = headers[lengthHeader];
  if (written !== undefined && !model.takesBinary) return refuse(422, 'the body is not JSON');
  const headLength = written === undefined ? body.length : Number(written);
  if (!Number.isInteger(headLength) || headLength > body.length)
    return refuse(400, `${lengthHeader} is ${written}`);
  const json = parseJson(body.subarray(0, headLength));
  if (json === undefined) return refuse(400, 'failed to parse the request JSON buffer');
  const read = v.safeParse(requestSchema, json);
  if (!read.success) return refuse(400, v.summarize(read.issues));
  const [input] = read.output.inputs;
  const [output] = read.output.outputs ?? [];
  if (input.name !== model.input) return refuse(400, `unexpected input '${input.name}'`);
  if (input.shape.join() !== model.inputShape.join())
    return refuse(
      400,
      `unexpected shape for input '${input.name}': [${input.shape}], expected [${model.inputShape}]`,
    );
  if (output !== undefined && output.name !== model.output)
    return refuse(400, `unexpected output '${output.name}'`);
  const numbers = readNumbers(input, body.subarray(headLength));
  if (typeof numbers === 'string') return refuse(400, numbers);
  const count = model.inputShape.reduce((product, length) => product * length, 1);
  if (numbers.length !== count) return refuse(400, `${numbers.length} numbers where the shape has ${count}`);
  if (!numbers.every(Number.isFinite)) return refuse(400, 'numbers that are not finite');
  const encoding = written === undefined ? 'json' : 'binary';
  return { kind: 'asked', numbers, encoding, wantsBytes: output?.parameters?.binary_data === true };
}

type Input = v.InferOutput<typeof requestSchema>['inputs'][0];

function readNumbers({ data, parameters }: Input, rest: Buffer): Float32Array | string {
  const size = parameters?.binary_data_size;
  if (size === undefined) {
    if (rest.length > 0) return `${rest.length} bytes that belong to no input`;
    return data === undefined ? 'an input without data' : Float32Array.from(data);
  }
  if (data !== undefined) return 'an input with data twice';
  if (size !== rest.length) return `binary_data_size is ${size} and ${rest.length} bytes have come`;
  if (size % 4 !== 0) return `${size} bytes of FP32`;
  return Float32Array.from({ length: size / 4 }, (_, at) => rest.readFloatLE(at * 4));
}

function refuse(status: 400 | 422, why: string): InferenceRequest {
  return { kind: 'refused', status, why };
}
