// PrintWatch's API on loopback: strict about every rule of its reference, and it looks at the pictures.
import type { ServerResponse } from 'node:http';
import { type AnswerFault, spoilAnswer } from './answer-faults.ts';
import { sendJson, startLoopbackService, type WholeRequest } from './loopback-service.ts';
import {
  type AppCommand,
  createPrintWatchService,
  no,
  type ServiceCode,
  type ServiceVerdict,
} from './printwatch-service.ts';

/** How the service is to behave. */
export interface VirtualPrintWatchOptions {
  /** The one key that is accepted. It begins with `sub_` or `fmu_`. */
  readonly apiKey: string;
  /** 0, the default, is any free one. */
  readonly port?: number;
  /** Printers that the plan allows; 1. */
  readonly devices?: number;
  /** Seconds between two pictures of one printer; 10 for `sub_`, 30 for `fmu_`. */
  readonly intervalSec?: number;
  /** Seconds of print before which nothing is judged; 300. */
  readonly startsAfterSec?: number;
  /** Where the status is told: in `statusCode` with HTTP 200 (the default), as HTTP status, or both. */
  readonly statusIn?: 'body' | 'http' | 'both';
  /** Any steady clock in ms. */
  readonly now?: () => number;
}

/** A code is sent as the service would, whatever was asked. */
export type PrintWatchFault = 'none' | ServiceCode | AnswerFault;

/** One request as it was handled. */
export interface PrintWatchCall extends Omit<ServiceVerdict, 'json'> {
  /** Arrival of its headers, by `now`. */
  readonly atMs: number;
  /** Size of the body. */
  readonly bytes: number;
  /** `code` is what was thought of the request; this is what was told instead. */
  readonly fault: PrintWatchFault;
  /** What was answered, or would have been. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** The running service. */
export interface VirtualPrintWatch {
  /** For `url` in `[backend printwatch]`. */
  readonly baseUrl: string;
  /** The last 10,000, oldest first. */
  readonly calls: readonly PrintWatchCall[];
  /** Does this to every request from now on; `none` ends it. */
  setFault(fault: PrintWatchFault): void;
  setIntervalSec(seconds: number): void;
  /** A command from the app: goes out with the next good answer to infer or heartbeat, once. */
  queueCommand(command: AppCommand): void;
  close(): Promise<void>;
}

const keptCalls = 10_000;
const page = '<!doctype html><html><head><title>Forbidden</title></head><body>no robots</body></html>';

/** Starts the service on 127.0.0.1. */
export async function startVirtualPrintWatch(options: VirtualPrintWatchOptions): Promise<VirtualPrintWatch> {
  const { apiKey, port = 0, devices = 1, startsAfterSec = 300, statusIn = 'body' } = options;
  const intervalSec = options.intervalSec ?? (apiKey.startsWith('fmu_') ? 30 : 10);
  const service = createPrintWatchService({ apiKey, devices, intervalSec, startsAfterSec });
  const calls: PrintWatchCall[] = [];
  let fault: PrintWatchFault = 'none';

  const reply = (response: ServerResponse, code: number, json: Readonly<Record<string, unknown>>) => {
    const isHttp = code >= 300 || statusIn !== 'body';
    const body = code < 300 && statusIn !== 'http' ? { statusCode: code, ...json } : json;
    sendJson(response, isHttp ? code : 200, body);
  };

  const handle = async (request: WholeRequest, response: ServerResponse) => {
    // The gate in front of the service lets browsers pass only, and all clients of PrintPal say that they are one.
    if (request.headers['user-agent'] !== 'Mozilla/5.0') {
      response.writeHead(403, { 'Content-Type': 'text/html' });
      response.end(page);
      return;
    }
    const verdict = await service.handle(request, fault !== 'none');
    calls.push({ ...verdict, fault, atMs: request.atMs, bytes: request.body.length });
    if (calls.length > keptCalls) calls.shift();
    if (fault === 'none') return reply(response, verdict.code, verdict.json);
    if (typeof fault === 'number') return reply(response, fault, no(fault, 'as it was told to').json);
    spoilAnswer(response, fault, verdict.json);
  };

  const now = options.now ?? (() => performance.now());
  const server = await startLoopbackService({ port, now, handle });
  return {
    baseUrl: server.origin,
    calls,
    setFault: (next) => {
      fault = next;
    },
    setIntervalSec: service.setIntervalSec,
    queueCommand: service.queueCommand,
    close: server.close,
  };
}
