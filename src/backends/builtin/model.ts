// One model, loaded and ready: its file checked against its card, its shapes against both, and pictures judged.
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type * as Ort from 'onnxruntime-node';
import { BackendError } from '../../core/errors.ts';
import type { CardOutput } from '../../core/model-card.ts';
import { undecodable } from '../bad-frame.ts';
import { lookTwice } from '../decoders/second-look.ts';
import type { Sight } from '../decoders/sight.ts';
import { BadOutput, type Tensor } from '../decoders/tensor.ts';
import { BadCard, readModelCard } from '../model-card.ts';
import type { Metadata, MetadataTensor } from '../open-inference-messages.ts';
import { makePlan, shapeFor } from '../open-inference-plan.ts';
import { type Picture, type Pixels, pictureTensor } from '../picture-tensor.ts';
import type { Runtime } from './runtime.ts';

/** A model that judges pictures. */
export interface Model {
  /** As its card calls it. */
  readonly name: string;
  /** How it is fed and read, for people. */
  readonly summary: string;
  readonly neutral: number;
  readonly decoder: CardOutput['decoder'];
  /** @throws BackendError BACKEND_BAD_FRAME, BACKEND_BAD_ANSWER */
  judge(picture: Picture): Promise<Sight & { readonly decodeMs: number; readonly inferMs: number }>;
}

/** Room for a YOLO of medium size; what is larger than this no Pi runs in time. */
const maxModelBytes = 128 * 1024 * 1024;
const name = 'builtin';

/**
 * Loads a model and its card.
 * @throws BackendError BACKEND_BAD_MODEL, naming the file and what is wrong with it
 */
export async function loadModel(
  file: string,
  cardFile: string,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<Model> {
  const card = await readModelCard(cardFile, signal).catch((error: unknown) => {
    if (!(error instanceof BadCard)) throw error;
    throw badModel(
      error.message,
      'Each model needs its card beside it, MODEL.json for MODEL.onnx: see docs/model-card.md.',
      error,
    );
  });
  const bytes = await readModel(file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (card.sha256 !== null && card.sha256 !== sha256)
    throw badModel(
      `the model ${file} is not the one of its card: its sha256 is ${sha256}`,
      'The file is damaged or another one: get it again, with its card.',
    );
  const session = await openSession(runtime, bytes, file);
  const plan = makePlan(card, metadataOf(session, card.name), name);
  const { feed } = plan;
  if (feed.datatype === 'BYTES')
    throw badModel('the card says encoding: jpeg, which only servers take', 'Use a model that takes pixels.');

  // One picture after the other is written into it: what is thrown away stays until V8 tidies up, and that is megabytes each.
  let kept: Pixels | null = null;

  return {
    name: card.name,
    summary: plan.summary,
    neutral: card.neutral,
    decoder: card.output.decoder,
    judge: async (picture) => {
      const startedMs = performance.now();
      const { pixels, fit } = await pictureTensor(picture, feed.size, feed.datatype, card.input, kept).catch(
        (cause: unknown) => {
          throw undecodable(name, cause);
        },
      );
      kept = pixels;
      const decodedMs = performance.now();
      try {
        const input = tensorOf(runtime, pixels, shapeFor(plan, fit.input));
        const sight = await lookTwice(card, pixels, fit, async () => {
          const answer = await session.run({ [feed.name]: input }, [...plan.outputs]);
          return plan.outputs.map((output) => readTensor(output, answer[output]));
        });
        return { ...sight, decodeMs: decodedMs - startedMs, inferMs: performance.now() - decodedMs };
      } catch (cause) {
        throw badAnswer(cause);
      }
    },
  };
}

function tensorOf(runtime: Runtime, pixels: Float32Array | Uint8Array, shape: readonly number[]): Ort.Tensor {
  return pixels instanceof Float32Array
    ? new runtime.Tensor('float32', pixels, shape)
    : new runtime.Tensor('uint8', pixels, shape);
}

async function readModel(file: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size > maxModelBytes) throw new RangeError(`is larger than ${maxModelBytes / 1024 / 1024} MiB`);
    return await readFile(file);
  } catch (cause) {
    const why = cause instanceof RangeError ? cause.message : `cannot be read (${codeOf(cause)})`;
    throw badModel(`the model ${file} ${why}`, 'Check model in [backend builtin].', cause);
  }
}

async function openSession(runtime: Runtime, bytes: Buffer, file: string): Promise<Ort.InferenceSession> {
  try {
    return await runtime.InferenceSession.create(bytes, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      // Seconds pass between two pictures: what one needs is given back after it, at the cost of some 3,000 page faults (2 ms).
      enableCpuMemArena: false,
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0]?.slice(0, 300) : '';
    throw badModel(
      `the model ${file} cannot be loaded: ${why}`,
      'The file is cut off, no ONNX, or uses operators that onnxruntime does not know.',
      cause,
    );
  }
}

const datatypes: Readonly<Record<string, string>> = { float32: 'FP32', uint8: 'UINT8' };

/** What the session says of the model, in the protocol's words; a length that may be any is −1. */
function metadataOf(session: Ort.InferenceSession, model: string): Metadata {
  const list = (values: readonly Ort.InferenceSession.ValueMetadata[]): MetadataTensor[] =>
    values.map((value) => ({
      name: value.name,
      datatype: value.isTensor ? (datatypes[value.type] ?? value.type) : 'no tensor',
      shape: value.isTensor
        ? value.shape.map((length) => (typeof length === 'number' && length > 0 ? length : -1))
        : [],
    }));
  return { name: model, inputs: list(session.inputMetadata), outputs: list(session.outputMetadata) };
}

function readTensor(output: string, value: Ort.OnnxValue | undefined): Tensor {
  if (value === undefined || !(value.data instanceof Float32Array))
    throw new BadOutput(`has no 32-bit floats as ${output}`);
  return { name: output, shape: value.dims, data: value.data };
}

function badModel(message: string, hint: string, cause?: unknown): BackendError {
  return new BackendError(`${name}: ${message}`, {
    code: 'BACKEND_BAD_MODEL',
    retry: 'later',
    hint,
    cause: cause ?? new Error(message),
  });
}

function badAnswer(cause: unknown): BackendError {
  const why =
    cause instanceof BadOutput
      ? `answer ${cause.message}`
      : `run failed: ${cause instanceof Error ? cause.message.split('\n')[0]?.slice(0, 300) : ''}`;
  return new BackendError(`${name}: the model's ${why}`, {
    code: 'BACKEND_BAD_ANSWER',
    retry: 'soon',
    hint: 'If this stays, the card is not for this model: see docs/model-card.md.',
    cause,
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
