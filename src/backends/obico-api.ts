// The two requests of Obico's ml_api, and the picture that it comes to fetch meanwhile.
import { BackendError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import { startDeadline } from '../lib/deadline.ts';
import { oneAtATime } from '../lib/one-at-a-time.ts';
import { createBackendHttp } from './http.ts';
import { failureError, timeoutError } from './http-errors.ts';
import {
  cannotListen,
  type Fetching,
  noDetector,
  noJudgement,
  openToken,
  readRefusal,
} from './obico-errors.ts';
import { type Detections, healthSchema, isError, judgementSchema } from './obico-messages.ts';
import { findRoute, type Route, type RouteOptions } from './obico-route.ts';
import { type OneTimePicture, offerPicture } from './one-time-pictures.ts';
import { createQuote } from './quote.ts';

/** How to reach the ml_api, and how it reaches us. */
export interface MlApiOptions extends RouteOptions {
  readonly url: string;
  readonly token: string | null;
  /** Port for pictures; 0 is any free one. */
  readonly servePort: number;
  /** Ms for a whole judgement, the fetching included. */
  readonly timeoutMs: number;
}

/** The API. Both methods reject with a BackendError, or with the signal's reason. */
export interface MlApi {
  /** Serves the picture and has it judged. Nothing listens before and after. */
  judge(jpeg: Uint8Array, signal: AbortSignal): Promise<Detections>;
  /** Resolves when the ml_api runs and has its detector. The token does not matter to it. */
  checkHealth(signal: AbortSignal): Promise<void>;
}

const healthTimeoutMs = 10_000;
const lookupTimeoutMs = 10_000;

/** Makes the API of one server. */
export function createMlApi(options: MlApiOptions, deps: { readonly clock: Clock }): MlApi {
  const { token, servePort } = options;
  const secrets = token === null ? [] : [token];
  const http = createBackendHttp({ name: 'obico', secrets }, deps);
  const headers: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
  const base = withSlash(options.url);
  const asked = { what: 'obico: judge', host: base.host, quote: createQuote(secrets) };
  const turn = oneAtATime();

  const wayBack = async (signal: AbortSignal): Promise<Route> => {
    const deadline = startDeadline(lookupTimeoutMs, signal);
    try {
      return await turn(() => findRoute(base, options), deadline.signal);
    } catch (error) {
      if (signal.aborted || error instanceof BackendError) throw error;
      throw deadline.hasPassed() ? timeoutError(asked, lookupTimeoutMs) : failureError(asked, error);
    } finally {
      deadline.done();
    }
  };

  const offer = async (jpeg: Uint8Array, { listenOn, guests, host }: Route): Promise<OneTimePicture> => {
    try {
      return await offerPicture({ jpeg, listenOn, port: servePort, guests }, deps.clock);
    } catch (error) {
      throw cannotListen(`${host}:${servePort}`, error);
    }
  };

  return {
    judge: async (jpeg, signal) => {
      const route = await wayBack(signal);
      if (token !== null && base.protocol === 'http:' && !route.isPrivate) throw openToken(base.host);
      const picture = await offer(jpeg, route);
      const place = `${route.host}:${picture.port}`;
      const fetching = (): Fetching => ({
        place,
        path: picture.path,
        hasLeft: picture.hasLeft(),
        stranger: picture.stranger(),
      });
      const url = new URL('p/', base);
      url.searchParams.set('img', `http://${place}${picture.path}`);
      try {
        const judgement = await http.ask(
          {
            what: 'judge',
            method: 'GET',
            url: url.href,
            headers,
            timeoutMs: options.timeoutMs,
            answer: judgementSchema,
            refused: (refusal) => readRefusal(refusal, fetching(), token !== null),
          },
          signal,
        );
        if (isError(judgement) || !picture.hasLeft()) throw noJudgement(fetching());
        return judgement.detections;
      } finally {
        await picture.close();
      }
    },
    checkHealth: async (signal) => {
      const health = await http.ask(
        {
          what: 'health',
          method: 'GET',
          url: new URL('hc/', base).href,
          timeoutMs: Math.min(options.timeoutMs, healthTimeoutMs),
          answer: healthSchema,
          format: 'text',
        },
        signal,
      );
      if (health === 'error') throw noDetector();
    },
  };
}

/** A path in front, as behind a reverse proxy, is kept. */
function withSlash(text: string): URL {
  const url = new URL(text);
  url.search = '';
  url.hash = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
