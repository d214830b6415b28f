// The four requests of PrintWatch's API.
import type * as v from 'valibot';
import type { KeyValues } from '../core/keys.ts';
import type { Clock } from '../core/ports.ts';
import type { Alert, Job } from '../core/types.ts';
import { createBackendHttp, jsonBody } from './http.ts';
import { readRefusal } from './printwatch-errors.ts';
import type { printwatchKeys } from './printwatch-keys.ts';
import { acknowledgementSchema, type Judgement, judgementSchema, statusOf } from './printwatch-messages.ts';

/** What of the settings the API needs. */
export interface PrintWatchApiOptions extends KeyValues<typeof printwatchKeys> {
  readonly apiKey: string;
}

/** Who asks. */
export interface Identity {
  /** 32 hex digits each. */
  readonly printerId: string;
  readonly ticketId: string;
}

/** What goes with a picture. */
export interface Sight {
  readonly jpeg: Uint8Array;
  readonly job: Job;
  /** Of this print so far, newest last. */
  readonly scores: readonly number[];
  readonly sma: number;
}

/** 0 printing, 1 paused, 2 nothing to do, 500 not to be reached. */
export type PrinterState = 0 | 1 | 2 | 500;

/** What has become of a print. */
export interface PrintEvent {
  readonly type: 'paused' | 'resumed' | 'done' | 'cancelled' | 'failed';
  readonly job: Job;
  readonly atMs: number;
  /** The defect level as last told by the service, 0..1. */
  readonly level: number;
}

/** What came back: a command from the app, unchecked. */
export type Acknowledgement = v.InferOutput<typeof acknowledgementSchema>;

/** The API. All reject with a RefusedError, another BackendError, or the signal's reason. */
export interface PrintWatchApi {
  infer(who: Identity, sight: Sight, timeoutMs: number, signal: AbortSignal): Promise<Judgement>;
  heartbeat(who: Identity, state: PrinterState, signal: AbortSignal): Promise<Acknowledgement>;
  /** Asks for an e-mail to `emailAddr`. */
  notify(
    who: Identity,
    level: Alert['level'],
    job: Job,
    atMs: number,
    signal: AbortSignal,
  ): Promise<Acknowledgement>;
  event(who: Identity, event: PrintEvent, signal: AbortSignal): Promise<Acknowledgement>;
}

/** The version of the client whose protocol this is. */
const clientVersion = '1.2.11';
/** All clients of PrintPal call themselves so. */
const headers = { 'User-Agent': 'Mozilla/5.0' };
const heartbeatTimeoutMs = 10_000;
const notifyTimeoutMs = 30_000;
const eventTimeoutMs = 10_000;

/** Makes the API of one key. */
export function createPrintWatchApi(
  options: PrintWatchApiOptions,
  deps: { readonly clock: Clock },
): PrintWatchApi {
  const http = createBackendHttp({ name: 'printwatch', secrets: [options.apiKey] }, deps);

  const post = <Answer>(
    path: string,
    who: Identity,
    fields: Readonly<Record<string, unknown>>,
    answer: v.GenericSchema<unknown, Answer>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Answer> => {
    const what = path.split('/').at(-1) ?? path;
    const body = {
      api_key: options.apiKey,
      printer_id: who.printerId,
      ticket_id: who.ticketId,
      version: clientVersion,
      ...fields,
    };
    const url = new URL(`/api/v2/${path}`, options.url).href;
    return http.ask(
      {
        what,
        method: 'POST',
        url,
        headers,
        body: jsonBody(body),
        timeoutMs,
        answer,
        statusOf,
        refused: (refusal) => readRefusal(what, refusal),
      },
      signal,
    );
  };

  /** The name of a file says what is printed, and its folder for whom. */
  const jobName = (job: Job) => (options.sendJobName ? (job.filename.split('/').at(-1) ?? '') : '');

  return {
    infer: (who, { jpeg, job, scores, sma }, timeoutMs, signal) => {
      const picture = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
      const fields = {
        state: 0,
        conf: options.confidence,
        buffer_length: options.bufferLength,
        buffer_percent: options.bufferPercent,
        thresholds: [options.notifyThreshold, Math.max(options.notifyThreshold, options.actionThreshold)],
        scores,
        sma_spaghetti: sma,
        ...timesOf(job),
        job_name: jobName(job),
        enable_feedback_images: options.enableFeedbackImages,
        image_array: picture.toString('base64'),
        force: 'False',
        ...(options.emailAddr === null ? {} : { email_addr: options.emailAddr }),
      };
      return post('infer', who, fields, judgementSchema, timeoutMs, signal);
    },
    heartbeat: (who, state, signal) =>
      post('heartbeat', who, { state }, acknowledgementSchema, heartbeatTimeoutMs, signal),
    notify: (who, level, job, atMs, signal) => {
      const fields = {
        email_addr: options.emailAddr,
        notification: level === 'failing' ? 'action' : 'warning',
        ...timesOf(job),
        job_name: jobName(job),
        time: formatTime(atMs),
      };
      return post('notify', who, fields, acknowledgementSchema, notifyTimeoutMs, signal);
    },
    event: (who, { type, job, atMs, level }, signal) => {
      const { printTime, printTimeLeft } = timesOf(job);
      const event = {
        type,
        time: formatTime(atMs),
        time_elapsed: printTime,
        time_left: printTimeLeft,
        level,
        timestamp: Math.round(atMs / 1_000),
      };
      return post('print/event', who, { event }, acknowledgementSchema, eventTimeoutMs, signal);
    },
  };
}

/** Below this progress the time left is a wild guess. */
const leastProgress = 0.01;

/** Seconds printed, seconds left by the position in the file (null while it says little), percent 0..100. */
function timesOf({ printDurationMs, progress }: Job) {
  const leftMs = progress < leastProgress ? null : printDurationMs / progress - printDurationMs;
  return {
    printTime: Math.floor(printDurationMs / 1_000),
    printTimeLeft: leftMs === null ? null : Math.round(leftMs / 1_000),
    progress: Math.round(progress * 10_000) / 100,
  };
}

/** `%m/%d/%Y %H:%M:%S` in the time zone of this host. */
function formatTime(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${two(at.getMonth() + 1)}/${two(at.getDate())}/${at.getFullYear()}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
