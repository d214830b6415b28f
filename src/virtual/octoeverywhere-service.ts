// The virtual OctoEverywhere without its sockets: keys, contexts, intervals, forms and pictures.
import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { parseJson } from './loopback-service.ts';
import { parseForm } from './multipart.ts';
import type { ErrorType } from './octoeverywhere-faults.ts';
import {
  judge,
  nothingSeen,
  type Patience,
  patienceFor,
  type Quality,
  type Seen,
  see,
} from './print-quality.ts';
import { judgePicture } from './strand-judge.ts';

/** A context: one print. */
export interface ServiceContext {
  readonly id: string;
  readonly warningLevel: number;
  readonly pauseLevel: number;
  readonly madeMs: number;
}

/** A request with its whole body. */
export interface ServiceRequest {
  readonly method: string;
  readonly path: string;
  readonly apiKey: unknown;
  readonly contentType: string;
  readonly body: Buffer;
  /** When its headers arrived. */
  readonly atMs: number;
}

/** What is to be answered, and what was learnt on the way. */
export interface ServiceAnswer {
  readonly kind: 'createcontext' | 'process' | 'unknown';
  readonly contextId: string | null;
  /** Of the picture, 0 clean .. 100 full of strands; null when none was judged. */
  readonly badness: number | null;
  readonly outcome:
    | { readonly json: Readonly<Record<string, unknown>>; readonly quality: Quality | null }
    | { readonly errorType: ErrorType; readonly details: string };
}

/** How the service behaves. */
export interface ServiceOptions {
  readonly apiKey: string;
  readonly patience: Patience;
  /** The URLs of a context's process call. */
  readonly urlsOf: (contextId: string) => { readonly primary: string; readonly fallback: string };
}

/** The service. */
export interface GadgetService {
  /**
   * Handles one request. With `isSpoilt` the answer will not reach the client: the call counts, the picture does not, and
   * the answer is what would have been said before it.
   */
  handle(request: ServiceRequest, isSpoilt: boolean): Promise<ServiceAnswer>;
  /** The last 100, oldest first. */
  readonly contexts: readonly ServiceContext[];
  setIntervalSec(seconds: number): void;
  forgetContexts(): void;
}

const keptContexts = 100;
const leastIntervalSec = 20;

const level = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(5)), 3);
const createSchema = v.pipe(
  v.unknown(),
  v.check((value) => !Array.isArray(value), 'an object'),
  v.strictObject({ WarningConfidenceLevel: level, PauseConfidenceLevel: level }),
);

interface Remembered extends ServiceContext {
  seen: Seen;
  /** Arrival of the last process call, good or bad, and the wait that holds after it. */
  last: { readonly atMs: number; readonly waitMs: number } | null;
}

/** Makes a service that knows no context yet. */
export function createGadgetService(options: ServiceOptions): GadgetService {
  const known = new Map<string, Remembered>();
  const contexts: ServiceContext[] = [];
  let intervalSec = leastIntervalSec;

  const create = ({ body, atMs }: ServiceRequest): ServiceAnswer => {
    const json = parseJson(body);
    if (json === undefined) return no('createcontext', 'OE_ARGS_PARSE_FAILED', 'the body is not JSON');
    const read = v.safeParse(createSchema, json);
    if (!read.success) return no('createcontext', 'OE_BAD_ARGS', v.summarize(read.issues));
    const { WarningConfidenceLevel: warningLevel, PauseConfidenceLevel: pauseLevel } = read.output;
    const context = { id: randomUUID(), warningLevel, pauseLevel, madeMs: atMs };
    contexts.push(context);
    known.set(context.id, { ...context, seen: nothingSeen, last: null });
    for (const old of contexts.splice(0, contexts.length - keptContexts)) known.delete(old.id);
    const { primary, fallback } = options.urlsOf(context.id);
    const answer = { ContextId: context.id, ProcessRequestUrl: primary, FallbackProcessRequestUrl: fallback };
    return {
      kind: 'createcontext',
      contextId: context.id,
      badness: null,
      outcome: { json: answer, quality: null },
    };
  };

  const process = async (id: string, request: ServiceRequest, isSpoilt: boolean): Promise<ServiceAnswer> => {
    const context = known.get(id);
    if (context === undefined) return no('process', 'OE_BAD_ARGS', 'no such context');
    const { last } = context;
    if (last !== null && request.atMs - last.atMs < last.waitMs)
      return no('process', 'OE_CONTEXT_RATE_LIMITED', `called after ${request.atMs - last.atMs} ms`, id);
    // What was asked for last holds until an answer has said something else, and so after a failed call as well.
    const waitMs = last?.waitMs ?? leastIntervalSec * 1_000;
    context.last = { atMs: request.atMs, waitMs };
    if (isSpoilt) return answer(context, null);
    const parts = parseForm(request.contentType, request.body);
    if (parts === null) return no('process', 'OE_ARGS_PARSE_FAILED', 'not a form', id);
    const [file, ...more] = parts;
    if (file === undefined || file.filename === null || more.length > 0)
      return no('process', 'OE_BAD_ARGS', 'there must be exactly one part, and it must be a file', id);
    const picture = isJpeg(file.bytes) ? await judgePicture(file.bytes) : null;
    if (picture === null) return no('process', 'OE_IMAGE_DECODE_FAILED', 'not a whole JPEG', id);
    context.seen = see(context.seen, picture.badness, request.atMs);
    context.last = { atMs: request.atMs, waitMs: intervalSec * 1_000 };
    return answer(context, picture.badness);
  };

  const answer = (context: Remembered, badness: number | null): ServiceAnswer => {
    const { id, seen, warningLevel, pauseLevel } = context;
    const quality = judge(seen, patienceFor(options.patience, warningLevel, pauseLevel));
    const json = { NextProcessIntervalSec: intervalSec, ...quality };
    return { kind: 'process', contextId: id, badness, outcome: { json, quality } };
  };

  return {
    contexts,
    handle: async (request, isSpoilt) => {
      const { method, path, apiKey } = request;
      const id = /^\/api\/gadget\/v1\/process\/([\w-]+)$/.exec(path)?.[1];
      const isCreate = path === '/api/gadget/v1/createcontext';
      if (method !== 'POST' || (id === undefined && !isCreate))
        return no('unknown', 'OE_BAD_ARGS', `there is no ${method} ${path}`);
      if (apiKey !== options.apiKey)
        return no(isCreate ? 'createcontext' : 'process', 'OE_INVALID_API_KEY', 'unknown key', id ?? null);
      return id === undefined ? create(request) : process(id, request, isSpoilt);
    },
    setIntervalSec: (seconds) => {
      intervalSec = Math.max(seconds, leastIntervalSec);
    },
    forgetContexts: () => known.clear(),
  };
}

function no(
  kind: ServiceAnswer['kind'],
  errorType: ErrorType,
  details: string,
  contextId: string | null = null,
): ServiceAnswer {
  return { kind, contextId, badness: null, outcome: { errorType, details } };
}

function isJpeg(bytes: Buffer): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8;
}
