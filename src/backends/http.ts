// The rules that every request to a detection service keeps: limits, one at a time, and errors without secrets.
import type { Readable } from 'node:stream';
import axios, { type AxiosResponse } from 'axios';
import type FormData from 'form-data';
import type * as v from 'valibot';
import { BackendError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import { BodyTooLarge, readCapped } from '../lib/capped-body.ts';
import { startDeadline } from '../lib/deadline.ts';
import { isLoopback } from '../lib/loopback.ts';
import { oneAtATime } from '../lib/one-at-a-time.ts';
import { type AnswerBody, type AnswerFormat, isWebPage, parseJson, readAnswer } from './http-answer.ts';
import { createAgents, createTransport } from './http-connection.ts';
import { type Asked, failureError, redirectError, statusError, timeoutError } from './http-errors.ts';
import { createQuote, type Quote } from './quote.ts';
import { parseRetryAfter } from './retry-after.ts';

/** Largest answer that is read: 1 MiB, unpacked. */
const maxAnswerBytes = 1024 * 1024;
/** A connection (name, TCP, TLS, proxy) must stand within 10 s. */
const connectTimeoutMs = 10_000;
const maxRedirects = 3;

/** How one backend talks to its service. */
export interface BackendHttpOptions {
  /** The backend's name, the first word of each error message. */
  readonly name: string;
  /** Keys and tokens: masked wherever the service sends them back. */
  readonly secrets: readonly string[];
  /** PEM certificates to trust instead of the system's, for a service that signs for itself; null for the system's. */
  readonly ca?: readonly string[] | null;
  /** Ms for the connection to stand; 10,000 unless a test says otherwise. */
  readonly connectTimeoutMs?: number;
}

/** A body that can be sent again after a redirect. */
export interface RequestBody {
  readonly bytes: Buffer;
  readonly contentType: string;
}

/** One thing to ask of the service. */
export interface BackendRequest<Answer> {
  /** What is asked, for messages: `process`. */
  readonly what: string;
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** Ms from the start of the request to the last byte of its answer. */
  readonly timeoutMs: number;
  /** Reads an answer that says yes: 200..209. */
  readonly answer: v.GenericSchema<unknown, Answer>;
  /** What that answer is written in; `json` where absent. */
  readonly format?: AnswerFormat;
  /** The status that counts, where a service puts one of its own into the body as well; that of HTTP where absent. */
  readonly statusOf?: (httpStatus: number, body: unknown) => number;
  /** The service's own words for no: gets every other answer (redirects aside) and says which error it is. */
  readonly refused?: (refusal: Refusal) => BackendError;
  /** Called once the connection stands: from here on the service may have seen, and may charge for, the request. */
  readonly onConnect?: () => void;
}

/** An answer that says no. */
export interface Refusal {
  /** The one that counts. */
  readonly status: number;
  /** The JSON that came with it; null where there was none that could be read. */
  readonly body: unknown;
  /** 0..3,600,000, or null when the service did not say. */
  readonly retryAfterMs: number | null;
  /** What the status alone means. */
  readonly usual: BackendError;
  /** Makes the service's own words fit for a message. */
  readonly quote: Quote;
}

/** What has gone over the wire: bodies, without headers. */
export interface Traffic {
  readonly requests: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** The way of one backend to its service. */
export interface BackendHttp {
  /**
   * Sends one request when those before it have ended, and reads its answer.
   * @throws BackendError with the codes of http-errors.ts or whatever `refused` made; the signal's reason when aborted
   */
  ask<Answer>(request: BackendRequest<Answer>, signal: AbortSignal): Promise<Answer>;
  readonly traffic: Traffic;
}

/** The body of a JSON request. */
export function jsonBody(value: unknown): RequestBody {
  return { bytes: Buffer.from(JSON.stringify(value)), contentType: 'application/json' };
}

/** The body of a multipart request, whose parts must all be in memory. */
export function formBody(form: FormData): RequestBody {
  const contentType = form.getHeaders()['content-type'];
  return { bytes: form.getBuffer(), contentType: typeof contentType === 'string' ? contentType : '' };
}

/** Makes the way to a service. Proxies come from HTTP_PROXY, HTTPS_PROXY and NO_PROXY, except for this very host. */
export function createBackendHttp(options: BackendHttpOptions, deps: { readonly clock: Clock }): BackendHttp {
  const agents = createAgents(options.ca ?? null);
  const quote = createQuote(options.secrets);
  const turn = oneAtATime();
  const traffic = { requests: 0, sentBytes: 0, receivedBytes: 0 };

  /** One hop. Statuses are not judged here. */
  const send = (request: BackendRequest<unknown>, url: URL, signal: AbortSignal) =>
    axios.request<Readable>({
      ...agents,
      url: url.href,
      method: request.method,
      headers: {
        'User-Agent': 'moonraker-lookout',
        Accept: 'application/json',
        ...request.headers,
        ...(request.body === undefined ? {} : { 'Content-Type': request.body.contentType }),
      },
      ...(request.body === undefined ? {} : { data: request.body.bytes }),
      ...(isLoopback(url) ? { proxy: false as const } : {}),
      signal,
      responseType: 'stream',
      // Redirects are followed below, where the next host can be looked at first.
      maxRedirects: 0,
      validateStatus: () => true,
      transport: createTransport(options.connectTimeoutMs ?? connectTimeoutMs, () => {
        traffic.sentBytes += request.body?.bytes.length ?? 0;
        request.onConnect?.();
      }),
    });

  /** Sends, and follows redirects as long as they stay at the same place. */
  const follow = async (request: BackendRequest<unknown>, asked: Asked, signal: AbortSignal) => {
    let url = new URL(request.url);
    for (let hops = 0; ; hops += 1) {
      const response = await send(request, url, signal);
      const location = header(response, 'location');
      if (!keepsMethod.has(response.status) || location === null) return response;
      response.data.destroy();
      if (hops === maxRedirects) throw redirectError(asked, 'in circles', response.status);
      // Another scheme or port is another place as well: plain HTTP would show the key to everybody on the way.
      const next = URL.canParse(location, url.href) ? new URL(location, url.href) : null;
      if (next?.origin !== url.origin) throw redirectError(asked, 'to another host', response.status);
      url = next;
    }
  };

  const readBody = async (response: AxiosResponse<Readable>, signal: AbortSignal): Promise<Buffer> => {
    try {
      const body = await readCapped(response.data, maxAnswerBytes, signal);
      traffic.receivedBytes += body.length;
      return body;
    } catch (error) {
      if (error instanceof BodyTooLarge) traffic.receivedBytes += error.maxBytes;
      throw error;
    }
  };

  const exchange = async <Answer>(request: BackendRequest<Answer>, asked: Asked, signal: AbortSignal) => {
    const response = await follow(request, asked, signal);
    const bytes = await readBody(response, signal).catch((error: unknown) => {
      // A status that says no counts for more than a body that is too large or breaks off.
      if (signal.aborted || isYes(response.status)) throw error;
      return Buffer.alloc(0);
    });
    const headerOf = (name: string) => header(response, name);
    const answer: AnswerBody = { bytes, text: bytes.toString('utf8'), header: headerOf };
    const body = () => parseJson(answer.text)?.value ?? null;
    const status = request.statusOf?.(response.status, body()) ?? response.status;
    if (isYes(status)) return readAnswer(request.answer, request.format ?? 'json', answer, asked, status);
    const retryAfterMs = parseRetryAfter(headerOf('retry-after'), headerOf('date'), deps.clock.now().atMs);
    const isPage = isWebPage(headerOf('content-type'), answer.text);
    const usual = statusError(asked, { status, isPage, retryAfterMs });
    if (request.refused === undefined) throw usual;
    throw request.refused({ status, body: body(), retryAfterMs, usual, quote });
  };

  return {
    traffic,
    ask: (request, signal) =>
      turn(async () => {
        const asked = { what: `${options.name}: ${request.what}`, host: new URL(request.url).host, quote };
        const deadline = startDeadline(request.timeoutMs, signal);
        traffic.requests += 1;
        try {
          return await exchange(request, asked, deadline.signal);
        } catch (error) {
          if (signal.aborted) throw signal.reason;
          if (error instanceof BackendError) throw error;
          throw deadline.hasPassed() ? timeoutError(asked, request.timeoutMs) : failureError(asked, error);
        } finally {
          deadline.done();
        }
      }, signal),
  };
}

/** 210 and above are no standard statuses; PrintWatch says no with them. */
const isYes = (status: number): boolean => status >= 200 && status < 210;

/** The redirects that ask for the same request again; 303 asks for another one. */
const keepsMethod: ReadonlySet<number> = new Set([301, 302, 307, 308]);

function header(response: AxiosResponse, name: string): string | null {
  const value: unknown = response.headers[name];
  return typeof value === 'string' ? value : null;
}
