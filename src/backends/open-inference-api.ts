// The requests of the Open Inference Protocol v2: is the model ready, what does it take, and what does it say to this picture.
import * as v from 'valibot';
import { BackendError } from '../core/errors.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { Tensor } from './decoders/tensor.ts';
import { createBackendHttp, type Refusal } from './http.ts';
import {
  errorSchema,
  inferSchema,
  type Metadata,
  metadataSchema,
  tensorsOf,
} from './open-inference-messages.ts';
import { type Encoding, encodeRequest, type InputTensor, unpackAnswer } from './open-inference-wire.ts';

/** One model on one server. */
export interface InferenceApiOptions {
  /** What comes before `/v2`. */
  readonly url: string;
  readonly model: string;
  /** null: the server chooses. */
  readonly version: string | null;
  readonly token: string | null;
  /** Ms for each whole request. */
  readonly timeoutMs: number;
}

/** The API. All reject with a BackendError, or with the signal's reason. */
export interface InferenceApi {
  /** Resolves when the server would judge a picture with the model now. */
  checkReady(signal: AbortSignal): Promise<void>;
  metadata(signal: AbortSignal): Promise<Metadata>;
  /**
   * The outputs of these names, in this order. The first picture goes as raw bytes; a server that refuses those and takes JSON
   * gets JSON from then on.
   * @throws BadOutput as well, for outputs that were not asked for
   */
  infer(input: InputTensor, outputs: readonly string[], signal: AbortSignal): Promise<Tensor[]>;
  /** How pictures travel; null while that has not been found out. */
  readonly encoding: Encoding | null;
}

const readyTimeoutMs = 10_000;

/** Makes the API of one model. */
export function createInferenceApi(
  options: InferenceApiOptions,
  deps: { readonly clock: Clock; readonly log: Log },
): InferenceApi {
  const { token, version, timeoutMs } = options;
  const http = createBackendHttp({ name: 'open-inference', secrets: token === null ? [] : [token] }, deps);
  const authorization: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
  const versioned = version === null ? '' : `/versions/${encodeURIComponent(version)}`;
  const base = `${options.url.replace(/\/+$/, '')}/v2/models/${encodeURIComponent(options.model)}${versioned}`;
  let encoding: Encoding | null = null;

  const send = async (
    input: InputTensor,
    outputs: readonly string[],
    as: Encoding,
    signal: AbortSignal,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Tensor[]> => {
    const { body, headers } = await encodeRequest(input, outputs, as);
    const answer = await http.ask(
      {
        what: 'infer',
        method: 'POST',
        url: `${base}/infer`,
        headers: { ...authorization, ...headers, ...more },
        body,
        timeoutMs,
        answer: inferSchema,
        format: unpackAnswer,
        refused: (refusal) => readRefusal('infer', refusal),
      },
      signal,
    );
    return tensorsOf(answer, outputs);
  };

  return {
    get encoding() {
      return encoding;
    },
    checkReady: async (signal) => {
      await http.ask(
        {
          what: 'ready',
          method: 'GET',
          url: `${base}/ready`,
          headers: authorization,
          timeoutMs: Math.min(timeoutMs, readyTimeoutMs),
          // The status is the answer; the body is empty with most servers.
          answer: v.string(),
          format: 'text',
          refused: (refusal) => readRefusal('ready', refusal),
        },
        signal,
      );
    },
    metadata: (signal) =>
      http.ask(
        {
          what: 'metadata',
          method: 'GET',
          url: base,
          headers: authorization,
          timeoutMs,
          answer: metadataSchema,
          refused: (refusal) => readRefusal('metadata', refusal),
        },
        signal,
      ),
    infer: async (input, outputs, signal) => {
      if (encoding !== null) return send(input, outputs, encoding, signal);
      try {
        // uvicorn, below MLServer, hangs up after a 500 without saying so: the next request must not go down that socket.
        const tensors = await send(input, outputs, 'binary', signal, { Connection: 'close' });
        encoding = 'binary';
        return tensors;
      } catch (error) {
        if (!(error instanceof BackendError) || !mayMeanNoBytes.has(error.code)) throw error;
        const tensors = await send(input, outputs, 'json', signal);
        encoding = 'json';
        deps.log.info('the server takes no raw tensors: pictures go as JSON, which is larger', { error });
        return tensors;
      }
    },
  };
}

/** What a server makes of raw bytes that it cannot read: 400, 415, 422, and 500 where it stumbles over them. */
const mayMeanNoBytes: ReadonlySet<string> = new Set([
  'BACKEND_BAD_REQUEST',
  'BACKEND_BAD_MODEL',
  'BACKEND_HTTP_STATUS',
]);

/** The server's own words for no. Codes: BACKEND_BAD_MODEL (400, 404), BACKEND_BUSY (503), or what the status alone means. */
function readRefusal(what: string, { status, body, usual, quote }: Refusal): BackendError {
  const read = v.safeParse(errorSchema, body);
  const words = read.success ? quote(read.output.error) : '';
  // A gateway's page says nothing about the model.
  const isOfModel = usual.code === 'BACKEND_BAD_REQUEST' && (status === 400 || status === 404);
  const said = words === '' ? '' : ` (${words})`;
  const { retry, retryAfterMs, hint, cause } = usual;
  const wait = retryAfterMs === null ? {} : { retryAfterMs };
  if (!isOfModel)
    return new BackendError(`${usual.message}${said}`, { code: usual.code, retry, ...wait, hint, cause });
  return new BackendError(
    `open-inference: ${what} was answered with HTTP ${status}: the model is not there, or not for this${said}`,
    {
      code: 'BACKEND_BAD_MODEL',
      // Servers load models after they have begun to answer.
      retry: 'soon',
      ...wait,
      hint: 'Check url, model and version. A server that has just started may still be loading it.',
      cause,
    },
  );
}
