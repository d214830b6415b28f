// OctoEverywhere's Gadget API on loopback: strict about every rule of its reference, and it looks at the pictures.
import type { ServerResponse } from 'node:http';
import { sendJson, startLoopbackService, type WholeRequest } from './loopback-service.ts';
import {
  type ErrorType,
  errorBody,
  errorStatus,
  misbehave,
  type ServiceFault,
} from './octoeverywhere-faults.ts';
import { createGadgetService, type ServiceAnswer, type ServiceContext } from './octoeverywhere-service.ts';
import type { Quality } from './print-quality.ts';

/** Which of the two hosts. */
export type ServiceHost = 'primary' | 'fallback';

/** How the service is to behave. */
export interface VirtualOctoEverywhereOptions {
  /** The one key that is accepted. */
  readonly apiKey: string;
  /** Of the primary host; 0, the default, is any free one. */
  readonly port?: number;
  /** `NextProcessIntervalSec`: 20 or more, 20 unless set. */
  readonly intervalSec?: number;
  /** Ms of bad pictures until a warning and a pause are suggested at confidence level 3: 30,000 and 60,000. */
  readonly warnAfterMs?: number;
  readonly pauseAfterMs?: number;
  /** Any steady clock in ms. */
  readonly now?: () => number;
}

/** One request as it was handled. */
export interface ServiceCall {
  readonly kind: ServiceAnswer['kind'];
  readonly host: ServiceHost;
  /** Arrival of its headers, by `now`. */
  readonly atMs: number;
  /** null: no whole answer was given. */
  readonly status: number | null;
  /** What was wrong with the request itself, told or not. */
  readonly errorType: ErrorType | null;
  readonly contextId: string | null;
  /** Size of the body. */
  readonly bytes: number;
  /** Of the picture, 0 clean .. 100 full of strands; null when none was judged. */
  readonly badness: number | null;
  /** What is thought of the print; null when nothing is. */
  readonly quality: Quality | null;
}

/** The running service. */
export interface VirtualOctoEverywhere {
  /** Origin of the primary host, for `url` in `[backend octoeverywhere]`. */
  readonly baseUrl: string;
  readonly fallbackUrl: string;
  /** The last 100, oldest first. */
  readonly contexts: readonly ServiceContext[];
  /** The last 10,000, oldest first. */
  readonly calls: readonly ServiceCall[];
  /** Does this to every request on these hosts from now on; `none` ends it. */
  setFault(fault: ServiceFault, host?: ServiceHost | 'both'): void;
  /** What the next answers ask for, 20 or more. */
  setIntervalSec(seconds: number): void;
  /** Forgets all contexts, as it would after 14 days. */
  forgetContexts(): void;
  close(): Promise<void>;
}

const keptCalls = 10_000;

/** Starts both hosts on 127.0.0.1. They share everything but their faults. */
export async function startVirtualOctoEverywhere(
  options: VirtualOctoEverywhereOptions,
): Promise<VirtualOctoEverywhere> {
  const now = options.now ?? (() => performance.now());
  const calls: ServiceCall[] = [];
  const faults: Record<ServiceHost, ServiceFault> = { primary: 'none', fallback: 'none' };
  const origins: Record<ServiceHost, string> = { primary: '', fallback: '' };
  const service = createGadgetService({
    apiKey: options.apiKey,
    patience: { warnAfterMs: options.warnAfterMs ?? 30_000, pauseAfterMs: options.pauseAfterMs ?? 60_000 },
    urlsOf: (id) => ({
      primary: `${origins.primary}/api/gadget/v1/process/${id}`,
      fallback: `${origins.fallback}/api/gadget/v1/process/${id}`,
    }),
  });
  service.setIntervalSec(options.intervalSec ?? 20);

  const serve = async (host: ServiceHost, whole: WholeRequest, response: ServerResponse) => {
    const { method, path, headers, body, atMs } = whole;
    const contentType = headers['content-type'] ?? '';
    const request = { method, path, apiKey: headers['x-api-key'], contentType, body, atMs };
    const fault = faults[host];
    const { outcome, ...answer } = await service.handle(request, fault !== 'none');
    const errorType = 'errorType' in outcome ? outcome.errorType : null;
    calls.push({
      ...answer,
      host,
      atMs,
      bytes: body.length,
      errorType,
      quality: 'json' in outcome ? outcome.quality : null,
      status:
        fault === 'none'
          ? reply(response, outcome)
          : misbehave(response, fault, 'json' in outcome ? outcome.json : {}),
    });
    if (calls.length > keptCalls) calls.shift();
  };

  const start = async (host: ServiceHost, port: number) => {
    const handle = (request: WholeRequest, response: ServerResponse) => serve(host, request, response);
    const server = await startLoopbackService({ port, now, handle });
    origins[host] = server.origin;
    return server;
  };

  const servers = [await start('primary', options.port ?? 0), await start('fallback', 0)];
  return {
    baseUrl: origins.primary,
    fallbackUrl: origins.fallback,
    contexts: service.contexts,
    calls,
    setFault: (fault, host = 'both') => {
      if (host !== 'fallback') faults.primary = fault;
      if (host !== 'primary') faults.fallback = fault;
    },
    setIntervalSec: service.setIntervalSec,
    forgetContexts: service.forgetContexts,
    close: async () => {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

function reply(response: ServerResponse, outcome: ServiceAnswer['outcome']): number {
  const [status, json] =
    'json' in outcome
      ? [200, outcome.json]
      : [errorStatus[outcome.errorType], errorBody(outcome.errorType, outcome.details)];
  sendJson(response, status, json);
  return status;
}
