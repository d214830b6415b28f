// What the program and the detector's own process say to each other.
import * as v from 'valibot';
import type { BackendCode, Retry } from '../../core/errors.ts';

/** What runs the model: a binary of its own, or WebAssembly, which every CPU can. */
export type RuntimeName = 'native' | 'wasm';

/** The first message: what to load. */
export interface OpenRequest {
  readonly kind: 'open';
  /** Path of the ONNX file. */
  readonly model: string;
  /** Path of its card. */
  readonly card: string;
  /** auto: native where it can be loaded. */
  readonly runtime: RuntimeName | 'auto';
}

/** One picture. */
export interface JudgeRequest {
  readonly kind: 'judge';
  /** A whole JPEG, at most 8 MiB. */
  readonly jpeg: Uint8Array;
  /** Pixels, 16 to 8,192. */
  readonly width: number;
  readonly height: number;
}

/** One request is answered before the next is sent. */
export type DetectorRequest = OpenRequest | JudgeRequest;

/** What goes wrong, as it crosses between the processes. */
export interface Failure {
  readonly kind: 'failed';
  readonly code: BackendCode;
  readonly message: string;
  readonly hint: string;
  readonly retry: Retry;
}

const unit = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const whole = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4_096));
const text = v.pipe(v.string(), v.maxLength(2_000));
const ms = v.pipe(v.number(), v.minValue(0));

/** Answer to `open`. */
export const openedSchema = v.object({
  kind: v.literal('opened'),
  name: text,
  /** Such as `onnxruntime-node 1.30.0`. */
  runtime: text,
  /** How the model is fed and read, for people. */
  summary: text,
  neutral: unit,
  /** What of the picture its answer tells: where, or with `score` only how bad it is. */
  decoder: v.picklist(['score', 'grid', 'yolo']),
});

/** Answer to `judge`. */
export const judgedSchema = v.object({
  kind: v.literal('judged'),
  score: unit,
  regions: v.pipe(
    v.array(v.object({ x1: unit, y1: unit, x2: unit, y2: unit, score: unit })),
    v.maxLength(32),
  ),
  cells: v.nullable(
    v.object({
      columns: whole,
      rows: whole,
      scores: v.pipe(v.array(unit), v.maxLength(4_096)),
      top: whole,
    }),
  ),
  decodeMs: ms,
  inferMs: ms,
  /** Of the CPU, for both: less than they took where others had it meanwhile. */
  cpuMs: ms,
  /** Resident memory of the process. */
  rssBytes: ms,
});

/** Answer to either. */
export const failedSchema = v.object({
  kind: v.literal('failed'),
  code: v.picklist(['BACKEND_BAD_FRAME', 'BACKEND_BAD_MODEL', 'BACKEND_BAD_ANSWER', 'BACKEND_NO_RUNTIME']),
  message: text,
  hint: text,
  retry: v.picklist(['never', 'soon', 'later']),
});

/** A model that is open. */
export type Opened = v.InferOutput<typeof openedSchema>;
/** A picture that was judged. */
export type Judged = v.InferOutput<typeof judgedSchema>;
