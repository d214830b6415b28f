// Sends alerts to an address of the user's own: JSON, or a form with the picture; tried a few times, never redirected.
import axios from 'axios';
import FormData from 'form-data';
import { backoffMs } from '../core/backoff.ts';
import { AlertError } from '../core/errors.ts';
import type { Channel, Clock } from '../core/ports.ts';
import type { Alert, Frame, Notice } from '../core/types.ts';
import { startDeadline } from '../lib/deadline.ts';
import { alertText } from './alert-text.ts';
import { createWebhookAgents, mayCarrySecret, plainSecretCode } from './webhook-agents.ts';

/** One `[webhook NAME]`. */
export interface WebhookOptions {
  readonly name: string;
  /** http or https. Never logged: with some services it is the key. */
  readonly url: string;
  readonly format: 'json' | 'multipart';
  /** Header that carries the secret; null: `Authorization: Bearer SECRET`. */
  readonly header: string | null;
  readonly secret: string | null;
  /** Sends notices of one sentence as well. */
  readonly hasNotices: boolean;
  /** Of one try, ms. */
  readonly timeoutMs: number;
  /** Of `[printer NAME]`; null for the only one. */
  readonly printer: string | null;
}

/** What a webhook needs. */
export interface WebhookDeps {
  readonly clock: Clock;
  /** Uniform in 0..1. */
  readonly random: () => number;
}

const maxTries = 4;
const wait = { firstMs: 4_000, maxMs: 60_000 };
const maxAnswerBytes = 64 * 1024;

/** The body before it is given a format. */
interface Message {
  readonly event: 'alert' | 'alert_closed' | 'notice';
  readonly text: string;
  readonly [field: string]: unknown;
}

/** Alerts, their end and notices to one address. Rejects with AlertError `ALERT_NOT_SENT` after the last try. */
export function createWebhookChannel(options: WebhookOptions, deps: WebhookDeps): Channel {
  const { clock, random } = deps;
  const url = new URL(options.url);
  const agents = createWebhookAgents(options.secret !== null);
  const headers: Record<string, string> = { 'User-Agent': 'moonraker-lookout', Accept: '*/*' };
  if (options.secret !== null) {
    if (options.header === null) headers['Authorization'] = `Bearer ${options.secret}`;
    else headers[options.header] = options.secret;
  }

  /** null when it was taken; else why not, and when it may be tried again (null: never). */
  const post = async (message: Message, picture: Frame | null, signal: AbortSignal) => {
    if (options.secret !== null && !mayCarrySecret(url)) return { why: plainSecret, retryAfterMs: null };
    const deadline = startDeadline(options.timeoutMs, signal);
    const form = options.format === 'multipart' ? asForm(message, picture) : null;
    try {
      const { status, headers: answered } = await axios.post(
        url.href,
        form === null ? JSON.stringify(message) : form.getBuffer(),
        {
          ...agents,
          headers: { ...headers, ...(form?.getHeaders() ?? { 'Content-Type': 'application/json' }) },
          signal: deadline.signal,
          maxRedirects: 0,
          maxContentLength: maxAnswerBytes,
          responseType: 'arraybuffer',
          validateStatus: () => true,
        },
      );
      if (status >= 200 && status < 300) return null;
      const isPassing = status === 408 || status === 429 || status >= 500;
      const retryAfterMs = isPassing ? retryAfter(answered['retry-after']) : null;
      return { why: status < 400 ? `it redirects (HTTP ${status})` : `HTTP ${status}`, retryAfterMs };
    } catch (error) {
      signal.throwIfAborted();
      const why = deadline.hasPassed() ? `no answer within ${options.timeoutMs} ms` : reason(error);
      return { why, retryAfterMs: why === plainSecret ? null : 0 };
    } finally {
      deadline.done();
    }
  };

  const send = async (message: Message, picture: Frame | null, signal: AbortSignal) => {
    const whole = { printer: options.printer, at: Math.round(clock.now().atMs) / 1000, ...message };
    for (let tries = 1; ; tries += 1) {
      const failure = await post(whole, picture, signal);
      if (failure === null) return;
      if (failure.retryAfterMs === null || tries === maxTries) throw notSent(url, failure.why);
      await clock.sleep(Math.max(backoffMs(tries, random(), wait), failure.retryAfterMs), signal);
    }
  };

  return {
    name: `webhook ${options.name}`,
    raise: (alert, picture, signal) => send(alertMessage(alert), picture, signal),
    close: (incidentId, signal) =>
      send(
        { event: 'alert_closed', incident_id: incidentId, text: 'Lookout: the alert is over.' },
        null,
        signal,
      ),
    tell: async (notice, signal) => {
      if (options.hasNotices) await send(noticeMessage(notice), null, signal);
    },
  };
}

function alertMessage(alert: Alert): Message {
  const { incidentId, level, title, lines, answers } = alert;
  const text = alertText(alert);
  // `text` is what Slack and Mattermost show, `content` what Discord shows.
  return { event: 'alert', incident_id: incidentId, level, title, lines, answers, text, content: text };
}

function noticeMessage({ level, text }: Notice): Message {
  return { event: 'notice', level, text, content: text };
}

function asForm(message: Message, picture: Frame | null): FormData {
  const form = new FormData();
  form.append('payload', JSON.stringify(message), { contentType: 'application/json' });
  for (const [name, value] of Object.entries(message)) {
    if (typeof value === 'string' || typeof value === 'number') form.append(name, String(value));
  }
  if (picture !== null) {
    form.append('file', Buffer.from(picture.jpeg), { filename: 'lookout.jpg', contentType: 'image/jpeg' });
  }
  return form;
}

/** Ms; 0 where the header says nothing that can be used. Nobody keeps an alert back for longer than the longest wait. */
function retryAfter(value: unknown): number {
  const seconds = Number(value);
  return seconds > 0 ? Math.min(seconds * 1000, wait.maxMs) : 0;
}

const plainSecret = 'plain http would show the secret outside of the local network: use https';

/** Why there was no answer, without the address: axios and Node put it into their messages. */
function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code === plainSecretCode ? plainSecret : code === '' ? 'it failed' : code;
}

function notSent(url: URL, why: string): AlertError {
  const hint = `Check the address in this section of moonraker-lookout.conf: ${url.protocol}//${url.host}/…`;
  return new AlertError(why, { code: 'ALERT_NOT_SENT', retry: 'soon', hint });
}
