// A server of the Open Inference Protocol v2 on loopback: strict about tensors, and its one model looks for strands in the pixels.
import type { ServerResponse } from 'node:http';
import { type AnswerFault, spoilAnswer } from './answer-faults.ts';
import { sendJson, startLoopbackService, type WholeRequest } from './loopback-service.ts';
import { readInferenceRequest, type ServedModel } from './open-inference-request.ts';
import { findStrands } from './strand-judge.ts';

/** How the server is to behave. */
export interface VirtualOpenInferenceOptions {
  /** Of the model; `strands` unless set. */
  readonly model?: string;
  /** Every request must bear it; null, the default, for an open server. */
  readonly token?: string | null;
  /** 0, the default, is any free one. */
  readonly port?: number;
  /** Pixels on each side of the model's input; 320 unless set, a multiple of 16. */
  readonly side?: number;
  /** Takes raw tensors (Triton, KServe, OVMS) or JSON only (MLServer); true unless set. */
  readonly takesBinary?: boolean;
  /** Any steady clock in ms. */
  readonly now?: () => number;
}

/** Sent as the server would: `not-there` is a model that is not loaded. */
export type InferenceFault = 'none' | 'not-there' | 'internal-error' | AnswerFault;

/** One request as it was handled. */
export interface InferenceCall {
  readonly kind: 'ready' | 'metadata' | 'infer' | 'unknown';
  readonly atMs: number;
  /** null: no whole answer was given. */
  readonly status: number | null;
  /** Why it was refused; null when it was not. */
  readonly why: string | null;
  /** Size of the body. */
  readonly bytes: number;
  /** How the picture came; null where there was none. */
  readonly encoding: 'binary' | 'json' | null;
}

/** The running server. */
export interface VirtualOpenInference {
  /** For `url` in `[backend open-inference]`. */
  readonly baseUrl: string;
  /** The last 10,000, oldest first. */
  readonly calls: readonly InferenceCall[];
  /** Does this to every request from now on; `none` ends it. */
  setFault(fault: InferenceFault): void;
  close(): Promise<void>;
}

const keptCalls = 10_000;
/** Cells on each side of the answer. */
const cells = 16;
/** A cell of which so much is strands is a failure beyond doubt. */
const fullShare = 0.3;

/** Starts it on 127.0.0.1. The model takes `images`, RGB from 0 to 1 as `[1,3,side,side]`, and answers `cells`, a grid of scores. */
export async function startVirtualOpenInference(
  options: VirtualOpenInferenceOptions = {},
): Promise<VirtualOpenInference> {
  const { model = 'strands', token = null, side = 320, takesBinary = true } = options;
  const now = options.now ?? (() => performance.now());
  const served: ServedModel = {
    input: 'images',
    inputShape: [1, 3, side, side],
    output: 'cells',
    takesBinary,
  };
  const calls: InferenceCall[] = [];
  let fault: InferenceFault = 'none';
  const base = `/v2/models/${model}`;
  const metadata = {
    name: model,
    versions: ['1'],
    platform: 'virtual',
    inputs: [{ name: served.input, datatype: 'FP32', shape: [-1, ...served.inputShape.slice(1)] }],
    outputs: [{ name: served.output, datatype: 'FP32', shape: [-1, 1, cells, cells] }],
  };

  const infer = (request: WholeRequest): Outcome => {
    const asked = readInferenceRequest(request, served);
    if (asked.kind === 'refused') return no('infer', asked.status, asked.why);
    const scores = judge(asked.numbers, side);
    if (scores === null) return no('infer', 400, 'images must hold RGB from 0 to 1');
    const output = { name: served.output, datatype: 'FP32', shape: [1, 1, cells, cells] };
    const answer = { model_name: model, model_version: '1' };
    const raw = asked.wantsBytes ? Buffer.from(scores.buffer) : null;
    const json =
      raw === null
        ? { ...answer, outputs: [{ ...output, data: [...scores] }] }
        : { ...answer, outputs: [{ ...output, parameters: { binary_data_size: raw.length } }] };
    return { kind: 'infer', status: 200, json, raw, why: null, encoding: asked.encoding };
  };

  const handle = (request: WholeRequest): Outcome => {
    const { method, path, headers } = request;
    if (token !== null && headers.authorization !== `Bearer ${token}`)
      return no('unknown', 401, 'unauthorized');
    const what = path.startsWith(base)
      ? `${method} ${path.slice(base.length).replace(/^\/versions\/1(?=\/|$)/, '')}`
      : '';
    if (fault === 'not-there' && what !== '') return no('unknown', 404, `Model ${model} not found`);
    if (fault === 'internal-error') return no('unknown', 500, 'as it was told to');
    if (what === 'GET ') return { ...good, kind: 'metadata', json: metadata };
    if (what === 'GET /ready') return { ...good, kind: 'ready', json: { name: model, ready: true } };
    if (what === 'POST /infer') return infer(request);
    return no('unknown', 404, `there is no ${method} ${path}`);
  };

  const server = await startLoopbackService({
    port: options.port ?? 0,
    now,
    handle: async (request, response) => {
      const { json, raw, ...call } = handle(request);
      const isSpoilt = fault !== 'none' && fault !== 'not-there' && fault !== 'internal-error';
      const status = isSpoilt
        ? spoilAnswer(response, fault as AnswerFault, json)
        : reply(response, call.status, json, raw);
      calls.push({ ...call, status, atMs: request.atMs, bytes: request.body.length });
      if (calls.length > keptCalls) calls.shift();
    },
  });
  return {
    baseUrl: server.origin,
    calls,
    setFault: (next) => {
      fault = next;
    },
    close: server.close,
  };
}

interface Outcome {
  readonly kind: InferenceCall['kind'];
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
  /** Bytes behind the JSON. */
  readonly raw: Buffer | null;
  readonly why: string | null;
  readonly encoding: InferenceCall['encoding'];
}

const good = { status: 200, raw: null, why: null, encoding: null } as const;

function no(kind: InferenceCall['kind'], status: number, why: string): Outcome {
  return { kind, status, json: { error: why }, raw: null, why, encoding: null };
}

function reply(response: ServerResponse, status: number, json: unknown, raw: Buffer | null): number {
  if (raw === null) {
    sendJson(response, status, json);
    return status;
  }
  const head = Buffer.from(JSON.stringify(json));
  response.writeHead(status, {
    'Content-Type': 'application/octet-stream',
    'Inference-Header-Content-Length': String(head.length),
  });
  response.end(Buffer.concat([head, raw]));
  return status;
}

/** How sure the model is of strands in each cell, 0..1; null for numbers that are no picture. */
function judge(numbers: Float32Array, side: number): Float32Array | null {
  const area = side * side;
  const pixels = new Uint8Array(numbers.length);
  for (const [at, value] of numbers.entries()) {
    if (value < 0 || value > 1) return null;
    pixels[(at % area) * 3 + Math.floor(at / area)] = Math.round(value * 255);
  }
  const scores = new Float32Array(cells * cells);
  const cellSide = side / cells;
  for (const [at, strand] of findStrands(pixels, 3, side).entries()) {
    const cell = Math.floor(at / side / cellSide) * cells + Math.floor((at % side) / cellSide);
    scores[cell] = (scores[cell] ?? 0) + strand / (fullShare * cellSide * cellSide);
  }
  return scores.map((score) => Math.min(score, 1));
}
