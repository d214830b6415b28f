// How one model is fed and read: what the server says of it and what its card says, brought together or refused.
import { BackendError } from '../core/errors.ts';
import type { CardInput, ModelCard } from '../core/model-card.ts';
import { checkShapes, outputCounts } from './decoders/sight.ts';
import { BadOutput, shapeText, sizeOf } from './decoders/tensor.ts';
import type { Size } from './fit.ts';
import { maxSide, minSide } from './model-card.ts';
import type { Metadata, MetadataTensor } from './open-inference-messages.ts';
import { createQuote } from './quote.ts';

/** How to feed a model. */
export type Feed =
  | {
      readonly name: string;
      readonly shape: readonly number[];
      readonly datatype: 'FP32' | 'UINT8';
      /** The largest, where the card has a `multiple`. */
      readonly size: Size;
    }
  /** The JPEG itself, no larger than `size` where that is given. */
  | {
      readonly name: string;
      readonly shape: readonly number[];
      readonly datatype: 'BYTES';
      readonly size: Size | null;
    };

/** How one model is fed and read. */
export interface Plan {
  readonly card: ModelCard;
  readonly feed: Feed;
  /** The outputs to ask for, in the decoder's order. */
  readonly outputs: readonly string[];
  /** For people: `FP32 [1,3,320,320] as images, answers with scores [1,1,20,20] (grid)`. */
  readonly summary: string;
}

/** The shape of one picture's tensor, for what is used of the input. */
export function shapeFor({ feed, card }: Plan, { width, height }: Size): readonly number[] {
  const lengths = card.input.layout === 'nchw' ? [3, height, width] : [height, width, 3];
  return feed.shape.length === 3 ? lengths : [1, ...lengths];
}

/** Names come from the server, and may hold anything. */
const show = createQuote([]);

/** Numbers in an answer: in bytes they fill the largest answer that is read. */
const maxNumbers = (1024 * 1024) / 4;

/**
 * Brings the two together.
 * @param backend whose model it is, for messages
 * @throws BackendError BACKEND_BAD_MODEL, naming the tensor and its shape, for a model that cannot be fed or read
 */
export function makePlan(card: ModelCard, metadata: Metadata, backend = 'open-inference'): Plan {
  try {
    return bringTogether(card, metadata);
  } catch (error) {
    throw error instanceof BadFit ? badModel(backend, error) : error;
  }
}

function bringTogether(card: ModelCard, metadata: Metadata): Plan {
  const input = chooseInput(card.input, metadata);
  const feed = card.input.encoding === 'jpeg' ? jpegFeed(card.input, input) : pixelFeed(card.input, input);
  const outputs = chooseOutputs(card, metadata);
  checkOutputs(card, outputs);
  const upTo = card.input.multiple === null ? '' : 'up to ';
  const answers = outputs.map(({ name, shape }) => `${show(name)} ${shapeText(shape)}`).join(' and ');
  return {
    card,
    feed,
    outputs: outputs.map(({ name }) => name),
    summary: `${feed.datatype} ${upTo}${shapeText(feed.shape)} as ${show(feed.name)}, answers with ${answers} (${card.output.decoder})`,
  };
}

function chooseInput({ name }: CardInput, { inputs }: Metadata): MetadataTensor {
  const named = name === null ? inputs : inputs.filter((each) => each.name === name);
  const [input, ...more] = named;
  const there = namesOf(inputs);
  if (input === undefined)
    throw new BadFit(
      `has no input ${name ?? 'that the server tells of'}; there is ${there}`,
      'Check the card, or have the server tell the inputs and outputs of the model.',
    );
  if (more.length > 0)
    throw new BadFit(
      `has ${inputs.length} inputs: ${there}`,
      'Only one picture can be fed to it: name that input in a model card.',
    );
  return input;
}

function chooseOutputs({ output }: ModelCard, { outputs }: Metadata): MetadataTensor[] {
  const there = namesOf(outputs);
  const chosen = (output.names ?? outputs.map(({ name }) => name)).map((name) => {
    const found = outputs.find((each) => each.name === name);
    if (found === undefined) throw new BadFit(`has no output ${name}; there is ${there}`, 'Check outputs.');
    return found;
  });
  if (!outputCounts(output).includes(chosen.length))
    throw new BadFit(
      `has ${chosen.length} outputs (${there}) where ${output.decoder} reads ${outputCounts(output).join(' or ')}`,
      'Name those to read in outputs.',
    );
  return chosen;
}

function jpegFeed({ width, height }: CardInput, { name, shape, datatype }: MetadataTensor): Feed {
  const given = `takes ${datatype} ${shapeText(shape)} as ${show(name)}`;
  if (datatype !== 'BYTES')
    throw new BadFit(`${given}, and no BYTES for a JPEG`, 'Remove encoding: jpeg from the card.');
  const single = shape.map((length) => (length === -1 ? 1 : length));
  if (sizeOf(single) !== 1)
    throw new BadFit(`${given}, which is not one picture`, 'Only single pictures are sent.');
  return {
    name,
    shape: single,
    datatype,
    size: width === null || height === null ? null : { width, height },
  };
}

function pixelFeed(card: CardInput, { name, shape, datatype }: MetadataTensor): Feed {
  const given = `takes ${datatype} ${shapeText(shape)} as ${show(name)}`;
  if (datatype !== 'FP32' && datatype !== 'UINT8')
    throw new BadFit(
      `${given}: only FP32 and UINT8 can be fed`,
      datatype === 'BYTES'
        ? 'If it takes JPEGs, set encoding: jpeg in a model card.'
        : 'Serve the model with FP32 or UINT8 as input.',
    );
  const isFirst = card.layout === 'nchw';
  const [batch = 0, ...picture] = shape.length === 3 ? [1, ...shape] : shape;
  const [a = 0, b = 0, c = 0] = picture;
  const [colours, height, width] = isFirst ? [a, b, c] : [c, a, b];
  const isPicture = picture.length === 3 && [1, -1].includes(batch) && [3, -1].includes(colours);
  if (!isPicture) {
    const isOther = (isFirst ? c : a) === 3;
    const hint = isOther
      ? `It looks as if layout were ${isFirst ? 'nhwc' : 'nchw'}.`
      : 'Give it a model that takes one picture of three colours.';
    throw new BadFit(`${given}, which is no picture in ${card.layout}`, hint);
  }
  if (card.multiple !== null && (width !== -1 || height !== -1))
    throw new BadFit(`${given}, and no other size`, 'Remove multiple from the card.');
  const size = {
    width: side('width', width, card.width, given),
    height: side('height', height, card.height, given),
  };
  if (card.multiple !== null && (size.width % card.multiple !== 0 || size.height % card.multiple !== 0))
    throw new BadFit(
      `is fed ${size.width} x ${size.height} pixels, which are no multiples of ${card.multiple}`,
      'Correct width, height or multiple in the card.',
    );
  const lengths = isFirst ? [3, size.height, size.width] : [size.height, size.width, 3];
  return { name, datatype, size, shape: shape.length === 3 ? lengths : [1, ...lengths] };
}

/** One side of the input: what the model says, or what the card says where the model takes any. */
function side(what: 'width' | 'height', model: number, card: number | null, given: string): number {
  if (model === -1 && card === null)
    throw new BadFit(`${given}, any ${what}`, `Set width and height to the size that it was trained with.`);
  if (model !== -1 && card !== null && model !== card)
    throw new BadFit(
      `${given}, but the ${what} is set to ${card}`,
      'Leave width and height out, or set what the model takes.',
    );
  const length = model === -1 ? (card ?? 0) : model;
  if (length < minSide || length > maxSide)
    throw new BadFit(
      `${given}, a ${what} of ${length}`,
      `Only ${minSide} to ${maxSide} pixels a side can be fed.`,
    );
  return length;
}

/** What the server tells of the outputs must fit the decoder; any length (−1) besides the batch is left to the first answer. */
function checkOutputs(card: ModelCard, outputs: readonly MetadataTensor[]): void {
  const shapes = outputs.map(({ shape }) =>
    shape.map((length, at) => (length === -1 && at === 0 ? 1 : length)),
  );
  if (shapes.flat().includes(-1)) return;
  const total = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
  const text = outputs.map(({ name, shape }) => `${shapeText(shape)} as ${show(name)}`).join(' and ');
  if (total > maxNumbers)
    throw new BadFit(
      `answers with ${text}, more than ${maxNumbers} numbers`,
      'Serve it with a smaller input, or with fewer classes.',
    );
  try {
    checkShapes(card, shapes);
  } catch (cause) {
    if (!(cause instanceof BadOutput)) throw cause;
    throw new BadFit(
      `answers with ${text}: for decoder ${card.output.decoder} its answer ${cause.message}`,
      'Check decoder, layout, class and outputs.',
      cause,
    );
  }
}

/** A model that cannot be fed or read; the message completes "the model ". */
class BadFit extends Error {
  readonly hint: string;

  constructor(why: string, hint: string, cause?: unknown) {
    super(why, { cause });
    this.hint = hint;
  }
}

function badModel(backend: string, fit: BadFit): BackendError {
  return new BackendError(`${backend}: the model ${fit.message}`, {
    code: 'BACKEND_BAD_MODEL',
    retry: 'later',
    hint: fit.hint,
    cause: fit.cause ?? fit,
  });
}

function namesOf(tensors: readonly MetadataTensor[]): string {
  return show(tensors.map(({ name }) => name).join(', ')) || 'none';
}
