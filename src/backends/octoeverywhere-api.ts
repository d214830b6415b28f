// The two requests of OctoEverywhere's Gadget API.
import FormData from 'form-data';
import type * as v from 'valibot';
import { BackendError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import { type BackendRequest, createBackendHttp, formBody, jsonBody } from './http.ts';
import { type Failure, readRefusal } from './octoeverywhere-errors.ts';
import { contextSchema, type Judgement, judgementSchema } from './octoeverywhere-messages.ts';

/** How to reach the service. */
export interface GadgetApiOptions {
  readonly apiKey: string;
  /** Origin of the primary host. */
  readonly url: string;
  /** The service is on this host, so its URLs may be plain HTTP to this host. */
  readonly mayBeLocal: boolean;
  /** 1 (sooner) .. 5 (only when very sure). */
  readonly warningConfidence: number;
  readonly pauseConfidence: number;
  /** Ms for the whole of each request. */
  readonly createTimeoutMs: number;
  readonly processTimeoutMs: number;
}

/** An answer, or why there is none. */
export type Outcome<Answer> = { readonly kind: 'answered'; readonly answer: Answer } | Failure;

/** Answer to createcontext. */
export type NewContext = v.InferOutput<ReturnType<typeof contextSchema>>;

/** The API. Both methods reject with the signal's reason only. */
export interface GadgetApi {
  /** Free of charge; always on the primary host. */
  createContext(signal: AbortSignal): Promise<Outcome<NewContext>>;
  /**
   * One counted call.
   * @param onConnect called when the service may have seen the call
   */
  process(
    url: string,
    jpeg: Uint8Array,
    onConnect: () => void,
    signal: AbortSignal,
  ): Promise<Outcome<Judgement>>;
}

/** Makes the API of one key. */
export function createGadgetApi(options: GadgetApiOptions, deps: { readonly clock: Clock }): GadgetApi {
  const http = createBackendHttp({ name: 'octoeverywhere', secrets: [options.apiKey] }, deps);
  const headers = { 'X-API-Key': options.apiKey };

  const ask = async <Answer>(
    request: BackendRequest<Answer>,
    signal: AbortSignal,
  ): Promise<Outcome<Answer>> => {
    const seen: { failure: Failure | null } = { failure: null };
    try {
      const answer = await http.ask(
        {
          ...request,
          refused: (refusal) => {
            seen.failure = readRefusal(request.what, refusal);
            return seen.failure.error;
          },
        },
        signal,
      );
      return { kind: 'answered', answer };
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      // No readable refusal: the network, the time limit, or an answer that makes no sense.
      return seen.failure ?? { kind: 'failed', error, reaction: 'wait', isHostAtFault: true };
    }
  };

  return {
    createContext: (signal) =>
      ask(
        {
          what: 'createcontext',
          method: 'POST',
          url: new URL('/api/gadget/v1/createcontext', options.url).href,
          headers,
          body: jsonBody({
            WarningConfidenceLevel: options.warningConfidence,
            PauseConfidenceLevel: options.pauseConfidence,
          }),
          timeoutMs: options.createTimeoutMs,
          answer: contextSchema(options.mayBeLocal),
        },
        signal,
      ),
    process: (url, jpeg, onConnect, signal) => {
      const form = new FormData();
      const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
      form.append('attachment', bytes, { filename: 'snapshot', contentType: 'image/jpeg' });
      return ask(
        {
          what: 'process',
          method: 'POST',
          url,
          headers,
          body: formBody(form),
          timeoutMs: options.processTimeoutMs,
          answer: judgementSchema,
          onConnect,
        },
        signal,
      );
    },
  };
}
