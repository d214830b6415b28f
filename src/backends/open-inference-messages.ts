// What the Open Inference Protocol v2 says, as schemas. Field names keep the protocol's spelling.
import * as v from 'valibot';
import { BadOutput, type Tensor } from './decoders/tensor.ts';

const maxTensors = 16;
const maxDimensions = 8;

/** Printable ASCII: names end up in messages. */
const name = v.pipe(v.string(), v.regex(/^[ -~]{1,200}$/));
const length = v.pipe(v.number(), v.integer(), v.maxValue(2 ** 31));
const shape = (least: number) =>
  v.pipe(v.array(v.pipe(length, v.minValue(least))), v.maxLength(maxDimensions));

/** A tensor as a model declares it. −1 in the shape is any length. */
const metadataTensor = v.object({ name, datatype: v.string(), shape: shape(-1) });
/** One as a model declares it. */
export type MetadataTensor = v.InferOutput<typeof metadataTensor>;

const tensors = v.nullish(v.pipe(v.array(metadataTensor), v.maxLength(maxTensors)), []);

/** Answer to `GET /v2/models/{model}`. */
export const metadataSchema = v.object({ name: v.string(), inputs: tensors, outputs: tensors });
/** What a server says of a model. */
export type Metadata = v.InferOutput<typeof metadataSchema>;

const isNumberList = (data: unknown): boolean =>
  Array.isArray(data) && data.every((value) => typeof value === 'number');

/** Numbers in JSON may be nested as the shape is, or flat. */
const numbers = v.pipe(
  v.custom<unknown[]>(Array.isArray),
  v.transform((data) => data.flat(maxDimensions)),
  v.custom<number[]>(isNumberList, 'numbers only'),
  v.transform((data) => Float32Array.from(data)),
);

/** Answer to `POST …/infer`; raw bytes have been put in the place of `data`. */
export const inferSchema = v.object({
  outputs: v.pipe(
    v.array(
      v.object({
        name,
        datatype: v.string(),
        shape: shape(1),
        data: v.union([numbers, v.instance(Uint8Array)]),
      }),
    ),
    v.maxLength(maxTensors),
  ),
});
/** What a model answered. */
export type InferAnswer = v.InferOutput<typeof inferSchema>;

/** The body of an error. */
export const errorSchema = v.object({ error: v.string() });

/** The outputs of these names, in this order. Throws BadOutput for one that is missing or of a datatype that we do not read. */
export function tensorsOf({ outputs }: InferAnswer, names: readonly string[]): Tensor[] {
  return names.map((wanted) => {
    const output = outputs.find((each) => each.name === wanted);
    if (output === undefined) throw new BadOutput(`has no output ${wanted}`);
    const { data, datatype } = output;
    return {
      name: wanted,
      shape: output.shape,
      data: data instanceof Float32Array ? data : fromBytes(data, datatype),
    };
  });
}

/** Little-endian, as every host that we run on. */
function fromBytes(bytes: Uint8Array, datatype: string): Float32Array {
  const width = { FP32: 4, FP64: 8 }[datatype];
  if (width === undefined)
    throw new BadOutput(`has the datatype ${datatype.slice(0, 20)} in bytes, which cannot be read`);
  if (bytes.length % width !== 0)
    throw new BadOutput(`has ${bytes.length} bytes of ${datatype}, which are no whole numbers`);
  // A copy: numbers must begin at a multiple of their own size.
  const { buffer } = new Uint8Array(bytes);
  return width === 4 ? new Float32Array(buffer) : Float32Array.from(new Float64Array(buffer));
}
