// Reads a model card: JSON of one exact shape, with a default for everything that most models share.
import { createReadStream } from 'node:fs';
import * as v from 'valibot';
import type { ModelCard, PerColour } from '../core/model-card.ts';
import { BodyTooLarge, readCapped } from '../lib/capped-body.ts';

/** Longest side of a model's input, in pixels. */
export const maxSide = 1_280;
export const minSide = 16;
const maxMultiple = 256;
const maxCardBytes = 64 * 1024;

/** The card cannot be used; the message says where and why. */
export class BadCard extends Error {}

const side = v.pipe(v.number(), v.integer(), v.minValue(minSide), v.maxValue(maxSide));
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
const unit = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const finite = (limit: number) => v.pipe(v.number(), v.minValue(-limit), v.maxValue(limit));

/** Three numbers, or one that holds for all three. */
function perColour(limit: number, fallback: number) {
  const one = finite(limit);
  const schema = v.pipe(
    v.union([one, v.strictTuple([one, one, one])]),
    v.transform((value): PerColour => (typeof value === 'number' ? [value, value, value] : value)),
  );
  return v.optional(schema, fallback);
}

const inputSchema = v.strictObject({
  name: v.optional(v.nullable(name), null),
  encoding: v.optional(v.picklist(['pixels', 'jpeg']), 'pixels'),
  width: v.optional(v.nullable(side), null),
  height: v.optional(v.nullable(side), null),
  layout: v.optional(v.picklist(['nchw', 'nhwc']), 'nchw'),
  colour: v.optional(v.picklist(['rgb', 'bgr']), 'rgb'),
  mean: perColour(1_000, 0),
  scale: perColour(1_000, 1 / 255),
  resize: v.optional(v.picklist(['letterbox', 'stretch']), 'letterbox'),
  padding: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255)), 114),
  multiple: v.optional(
    v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(maxMultiple))),
    null,
  ),
});

const commonOutput = {
  names: v.optional(v.nullable(v.pipe(v.array(name), v.minLength(1), v.maxLength(2))), null),
  class: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000)), 0),
};
const activation = v.optional(v.picklist(['none', 'sigmoid', 'softmax']), 'none');
const threshold = v.optional(unit, 0.25);

const outputSchema = v.variant('decoder', [
  v.strictObject({ ...commonOutput, decoder: v.literal('score'), activation }),
  v.strictObject({
    ...commonOutput,
    decoder: v.literal('grid'),
    activation,
    threshold,
    top: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000)), 3),
    recheck: v.optional(v.nullable(unit), null),
  }),
  v.strictObject({
    ...commonOutput,
    decoder: v.literal('yolo'),
    activation: v.optional(v.picklist(['none', 'sigmoid']), 'none'),
    threshold,
    overlap: v.optional(unit, 0.45),
  }),
]);

const cardSchema = v.strictObject({
  /** Of this document. */
  format: v.literal(1),
  name,
  sha256: v.optional(v.nullable(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))), null),
  input: v.optional(inputSchema, {}),
  output: outputSchema,
  calibration: v.optional(v.nullable(v.strictObject({ slope: finite(100), offset: finite(100) })), null),
  neutral: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(0.95)), 0.2),
});

/** Reads a card from what a JSON file held. Throws BadCard, naming the field. */
export function parseModelCard(value: unknown): ModelCard {
  const read = v.safeParse(cardSchema, value);
  if (read.success) {
    const { format: _, ...card } = read.output;
    const recheck = card.output.decoder === 'grid' ? card.output.recheck : null;
    if (card.input.encoding === 'jpeg' && recheck !== null)
      throw new BadCard('output.recheck is set, but only pixels can be turned, not a jpeg');
    return card;
  }
  const [issue] = read.issues;
  const where = v.getDotPath(issue) ?? 'the whole';
  throw new BadCard(
    `${where} is ${issue.received.slice(0, 60)}, expected ${issue.expected ?? 'another value'}`,
  );
}

/** Reads a card file of at most 64 KiB. Throws BadCard, naming the file and what is wrong with it, or the signal's reason. */
export async function readModelCard(path: string, signal: AbortSignal): Promise<ModelCard> {
  const file = createReadStream(path);
  const text = await readCapped(file, maxCardBytes, signal).catch((cause: unknown) => {
    signal.throwIfAborted();
    const why =
      cause instanceof BodyTooLarge
        ? `is larger than ${maxCardBytes} bytes`
        : `cannot be read (${codeOf(cause)})`;
    throw new BadCard(`the model card ${path} ${why}`, { cause });
  });
  let json: unknown;
  try {
    json = JSON.parse(text.toString('utf8'));
  } catch (cause) {
    throw new BadCard(`the model card ${path} is not JSON`, { cause });
  }
  try {
    return parseModelCard(json);
  } catch (cause) {
    if (!(cause instanceof BadCard)) throw cause;
    throw new BadCard(`the model card ${path}: ${cause.message}`, { cause });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
