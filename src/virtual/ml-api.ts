// Obico's ml_api on loopback: strict about every rule of its reference; it fetches the pictures and looks at them.
import type { ServerResponse } from 'node:http';
import { isLoopback } from '../lib/loopback.ts';
import { type AnswerFault, spoilAnswer } from './answer-faults.ts';
import {
  type LoopbackService,
  sendJson,
  startLoopbackService,
  type WholeRequest,
} from './loopback-service.ts';
import { fetchPicture } from './ml-api-fetch.ts';
import { judgePicture, type Picture } from './strand-judge.ts';

/** How the service is to behave. */
export interface VirtualMlApiOptions {
  /** ML_API_TOKEN; null for none. */
  readonly token?: string | null;
  /** 0, the default, is any free one; upstream's is 3333. */
  readonly port?: number;
  /** Any steady clock in ms. */
  readonly now?: () => number;
}

/**
 * `no-detector` fails the health check and every judgement, `blind` judges without fetching, `cannot-fetch` never comes for a
 * picture, `silent-error` reports that with status 200 as servers of old did, `error-500` is Flask's page.
 */
export type MlApiFault =
  | 'none'
  | 'no-detector'
  | 'blind'
  | 'cannot-fetch'
  | 'silent-error'
  | 'error-500'
  | AnswerFault;

/** `["failure", confidence, [middle x, middle y, width, height]]`, pixels of the picture. */
export type MlApiDetection = readonly [string, number, readonly [number, number, number, number]];

/** One request as it was handled. */
export interface MlApiCall {
  readonly kind: 'judge' | 'health' | 'unknown';
  /** Arrival of its headers, by `now`. */
  readonly atMs: number;
  /** What was thought of it, told or not. */
  readonly status: number;
  /** The URL of the picture; null where none was given. */
  readonly img: string | null;
  /** The picture as fetched; null where there was none. */
  readonly picture: { readonly bytes: number; readonly width: number; readonly height: number } | null;
  readonly detections: readonly MlApiDetection[];
}

/** The running service. */
export interface VirtualMlApi {
  /** For `url` in `[backend obico]`. */
  readonly baseUrl: string;
  /** The last 10,000, oldest first. */
  readonly calls: readonly MlApiCall[];
  /** Does this to every request from now on; `none` ends it. */
  setFault(fault: MlApiFault): void;
  close(): Promise<void>;
}

type Outcome = Omit<MlApiCall, 'atMs' | 'kind'> & { readonly json: Readonly<Record<string, unknown>> };

const keptCalls = 10_000;
const leastConfidence = 0.08;
const nothing = { picture: null, detections: [] };

/** Starts the service on 127.0.0.1. It fetches from this host only. */
export async function startVirtualMlApi(options: VirtualMlApiOptions = {}): Promise<VirtualMlApi> {
  const { token = null, port = 0 } = options;
  const calls: MlApiCall[] = [];
  const ended = new AbortController();
  let fault: MlApiFault = 'none';

  const handle = async (request: WholeRequest, response: ServerResponse) => {
    const { method, path, headers, atMs } = request;
    const url = new URL(path, 'http://ml-api.invalid');
    const keep = (call: Omit<MlApiCall, 'atMs'>) => {
      calls.push({ ...call, atMs });
      if (calls.length > keptCalls) calls.shift();
    };
    const page = (status: number, text = '') => {
      keep({ kind: 'unknown', status, img: null, ...nothing });
      sendPage(response, status, text);
    };
    if (url.pathname !== '/hc/' && url.pathname !== '/p/') return page(404, '<title>404 Not Found</title>');
    if (method !== 'GET') return page(405, '<title>405 Method Not Allowed</title>');
    if (url.pathname === '/hc/') {
      keep({ kind: 'health', status: 200, img: null, ...nothing });
      return sendPage(response, 200, fault === 'no-detector' ? 'error' : 'ok');
    }
    const isAllowed = token === null || headers.authorization === `Bearer ${token}`;
    const outcome = isAllowed ? await judge(url.searchParams.get('img'), fault, ended.signal) : unauthorized;
    const { json, ...call } = outcome;
    keep({ kind: 'judge', ...call });
    if (!isAllowed) return sendPage(response, 401, '');
    if (fault === 'error-500') return sendPage(response, 500, '<title>500 Internal Server Error</title>');
    if (isOwnFault(fault)) return sendJson(response, outcome.status, json);
    spoilAnswer(response, fault, json);
  };

  const server: LoopbackService = await startLoopbackService({
    port,
    now: options.now ?? (() => performance.now()),
    handle,
  });
  return {
    baseUrl: server.origin,
    calls,
    setFault: (next) => {
      fault = next;
    },
    close: () => {
      ended.abort();
      return server.close();
    },
  };
}

const unauthorized: Outcome = { status: 401, img: null, ...nothing, json: {} };

function isOwnFault(fault: MlApiFault): fault is Exclude<MlApiFault, AnswerFault> {
  return ['none', 'no-detector', 'blind', 'cannot-fetch', 'silent-error', 'error-500'].includes(fault);
}

/** Flask calls everything a web page that is not JSON, empty bodies included. */
function sendPage(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8' });
  response.end(text);
}

async function judge(img: string | null, fault: MlApiFault, signal: AbortSignal): Promise<Outcome> {
  if (img === null) return no(422, null, 'Invalid request params: ImmutableMultiDict([])');
  if (fault === 'blind') return { status: 200, img, ...nothing, json: { detections: [] } };
  const failed = (why: string) =>
    no(
      fault === 'silent-error' ? 200 : 400,
      img,
      `Failed to get image ImmutableMultiDict([('img', '${img}')]) - ${why}`,
    );
  if (!URL.canParse(img) || !isLoopback(new URL(img))) return failed('only from this host');
  if (fault === 'cannot-fetch' || fault === 'silent-error') return failed('Connection refused');
  const fetched = await fetchPicture(img, signal);
  if (fetched.kind === 'failed') return failed(fetched.why);
  if (fault === 'no-detector') return failed("'NoneType' object has no attribute 'detect'");
  const [seen, size] = [await judgePicture(fetched.body), await sizeOf(fetched.body)];
  if (seen === null || size === null) return failed("'NoneType' object has no attribute 'shape'");
  if (size.channels !== 3) return failed('Invalid number of channels in input image');
  const detections = boxesOf(seen, size);
  const picture = { bytes: fetched.body.length, width: size.width, height: size.height };
  return { status: 200, img, picture, detections, json: { detections } };
}

function no(status: number, img: string | null, message: string): Outcome {
  return { status, img, ...nothing, json: { detections: [], message } };
}

/** One box around the strands. Its height is scaled by the picture's width, as upstream's is. */
function boxesOf(
  { badness, strandBox }: Picture,
  { width, height }: { width: number; height: number },
): MlApiDetection[] {
  const confidence = badness / 100;
  if (strandBox === null || confidence <= leastConfidence) return [];
  const { x1, y1, x2, y2 } = strandBox;
  const middle = [0.5 * width * (x1 + x2), 0.5 * height * (y1 + y2)] as const;
  return [['failure', confidence, [...middle, width * (x2 - x1), width * (y2 - y1)]]];
}

async function sizeOf(jpeg: Buffer): Promise<{ width: number; height: number; channels: number } | null> {
  const { default: sharp } = await import('sharp');
  try {
    const { width, height, channels } = await sharp(jpeg).metadata();
    return { width, height, channels };
  } catch {
    return null;
  }
}
