// What the ml_api's refusals mean, and what to do where it cannot fetch a picture.
import * as v from 'valibot';
import { BackendError } from '../core/errors.ts';
import type { Refusal } from './http.ts';
import { HttpCause } from './http-errors.ts';
import { messageSchema } from './obico-messages.ts';

/** How a picture fared while the ml_api was asked about it. */
export interface Fetching {
  /** Where it was offered, without its path: `192.168.1.5:41234`. */
  readonly place: string;
  /** Its path, which is kept out of messages. */
  readonly path: string;
  readonly hasLeft: boolean;
  readonly stranger: string | null;
}

/** Codes: BACKEND_BAD_KEY (401), BACKEND_BAD_FRAME or BACKEND_UNREACHABLE (400), else what the status alone means. */
export function readRefusal(refusal: Refusal, fetching: Fetching, hasToken: boolean): BackendError {
  const { status, usual } = refusal;
  // The ml_api's 401 calls itself a web page and is empty, so the usual meaning would be that of a gateway's page.
  if (status === 401) return wrongToken(hasToken);
  if (status !== 400 || usual.code !== 'BACKEND_BAD_REQUEST') return usual;
  return fetching.hasLeft ? unreadable(refusal, fetching) : notFetched(fetching);
}

/** Not a judgement of our picture, whatever it looks like. BACKEND_BAD_ANSWER. */
export function noJudgement({ place, hasLeft }: Fetching): BackendError {
  const says = hasLeft
    ? 'an error that looks like a judgement'
    : 'a judgement of a picture that it never had';
  return new BackendError(`obico: judge was answered with ${says}`, {
    code: 'BACKEND_BAD_ANSWER',
    retry: 'soon',
    hint: `Check that url is an ml_api that can fetch from ${place}, and look at its log.`,
    cause: new HttpCause(says, { status: 200 }),
  });
}

/** BACKEND_BAD_REQUEST. */
export function openToken(host: string): BackendError {
  return new BackendError(`obico: the token would be readable by everybody on the way to ${host}`, {
    code: 'BACKEND_BAD_REQUEST',
    retry: 'never',
    hint: 'Set an https:// url, or reach the ml_api through a private network or a VPN.',
    cause: new HttpCause('plain HTTP to a public address', { code: 'OPEN_TOKEN' }),
  });
}

/** The port for the picture cannot be had. BACKEND_UNREACHABLE. */
export function cannotListen(place: string, thrown: unknown): BackendError {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'UNKNOWN';
  return new BackendError(`obico: cannot serve pictures at ${place} (${code})`, {
    code: 'BACKEND_UNREACHABLE',
    retry: 'soon',
    hint: 'Another program has the port, or it is below 1024: set another serve_port, or 0 for any free one.',
    cause: new HttpCause('no port for the picture', { code }),
  });
}

/** The service runs and cannot judge. BACKEND_BUSY. */
export function noDetector(): BackendError {
  return new BackendError('obico: the ml_api runs, but its detector did not load', {
    code: 'BACKEND_BUSY',
    retry: 'later',
    hint: 'Look at the log of the ml_api.',
    cause: new HttpCause('the health check says error', { status: 200 }),
  });
}

function wrongToken(hasToken: boolean): BackendError {
  const says = hasToken ? 'the token is not accepted' : 'the ml_api wants a token';
  return new BackendError(`obico: judge was answered with HTTP 401: ${says}`, {
    code: 'BACKEND_BAD_KEY',
    retry: 'never',
    hint: 'Put the ML_API_TOKEN of the ml_api as token of [backend obico] into the secrets file and restart.',
    cause: new HttpCause('HTTP 401', { status: 401 }),
  });
}

function unreadable({ body, quote, usual }: Refusal, { path }: Fetching): BackendError {
  const read = v.safeParse(messageSchema, body);
  // It begins with the whole query, which says nothing and holds the path.
  const words = read.success
    ? quote(read.output.message.replaceAll(path.slice(1), '…').replace(/^.*? - /s, ''))
    : '';
  return new BackendError(`obico: the ml_api could not read the picture${words && `: ${words}`}`, {
    code: 'BACKEND_BAD_FRAME',
    retry: 'soon',
    hint: 'If this stays, look at the log of the ml_api.',
    cause: usual.cause,
  });
}

function notFetched({ place, stranger }: Fetching): BackendError {
  const asked = stranger === null ? '' : `; ${stranger} asked for it and is not allowed to have it`;
  return new BackendError(`obico: the ml_api could not fetch the picture from us at ${place}${asked}`, {
    code: 'BACKEND_UNREACHABLE',
    retry: 'soon',
    hint:
      stranger === null
        ? `Is ${place} reachable from it, within 0.1 s? In a container 127.0.0.1 is the container: set serve_address, and serve_port if there is a firewall.`
        : `If that is the ml_api, set serve_to: ${stranger}.`,
    cause: new HttpCause('HTTP 400', { status: 400 }),
  });
}
