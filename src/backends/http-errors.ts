// What can go wrong with a request to a backend's service, as errors of ours that hold nothing of the request itself.
import { type BackendCode, BackendError, type Retry } from '../core/errors.ts';
import { BodyTooLarge } from '../lib/capped-body.ts';
import type { Quote } from './quote.ts';

/**
 * The reason below a BackendError: a sentence, the HTTP status or the system's error code, and nothing else. The HTTP
 * client's own errors are never kept, for they carry the headers with the key and the body with the picture.
 */
export class HttpCause extends Error {
  readonly status: number | null;
  readonly code: string | null;

  constructor(message: string, details: { status?: number; code?: string }) {
    super(message);
    this.name = 'HttpCause';
    this.status = details.status ?? null;
    this.code = details.code ?? null;
  }
}

/** What every error of a request is told about it. */
export interface Asked {
  /** The backend and what was asked of it: `octoeverywhere: process`. */
  readonly what: string;
  /** Host and port, for the hint. */
  readonly host: string;
  readonly quote: Quote;
}

/** An answer that says no. */
export interface Status {
  readonly status: number;
  /** The body was a web page: it came from something in between, not from the service. */
  readonly isPage: boolean;
  readonly retryAfterMs: number | null;
}

/**
 * The usual meaning of an HTTP status outside 2xx.
 * Codes: BACKEND_BAD_KEY (401, 403), BACKEND_PAYMENT (402), BACKEND_TIMEOUT (408), BACKEND_RATE_LIMITED (429),
 * BACKEND_BUSY (503), BACKEND_HTTP_STATUS (5xx, and whatever a web page says), BACKEND_BAD_REQUEST (any other 4xx),
 * BACKEND_REDIRECT (3xx).
 */
export function statusError(asked: Asked, { status, isPage, retryAfterMs }: Status): BackendError {
  const meaning = meaningOf(status, isPage);
  return new BackendError(`${asked.what} was answered with HTTP ${status}: ${meaning.says}`, {
    code: meaning.code,
    retry: meaning.retry,
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
    hint: meaning.hint,
    cause: new HttpCause(`HTTP ${status}`, { status }),
  });
}

/** What an answer that says no means to us and to the user. */
export interface Meaning {
  readonly code: BackendCode;
  readonly retry: Retry;
  readonly says: string;
  readonly hint: string;
}

function meaning(code: BackendCode, retry: Retry, says: string, hint = ''): Meaning {
  return { code, retry, says, hint };
}

const byStatus: Readonly<Record<number, Meaning>> = {
  401: meaning('BACKEND_BAD_KEY', 'never', 'the key is not accepted', 'Check the key in the secrets file.'),
  402: meaning('BACKEND_PAYMENT', 'later', 'the account is blocked', 'Look at the account at the service.'),
  403: meaning('BACKEND_BAD_KEY', 'never', 'the key is not allowed', 'Check the key in the secrets file.'),
  407: meaning('BACKEND_HTTP_STATUS', 'later', 'the proxy wants a password', 'Check HTTPS_PROXY.'),
  408: meaning('BACKEND_TIMEOUT', 'soon', 'the request took too long to arrive'),
  429: meaning('BACKEND_RATE_LIMITED', 'soon', 'too many calls'),
  503: meaning('BACKEND_BUSY', 'soon', 'the service is busy or down'),
};
const redirect = meaning(
  'BACKEND_REDIRECT',
  'later',
  'a redirect to nowhere',
  'Check the url of the backend.',
);
const serverFault = meaning('BACKEND_HTTP_STATUS', 'soon', 'the service has a fault');
const refused = meaning('BACKEND_BAD_REQUEST', 'later', 'the request is not accepted', 'Check the settings.');
const page = meaning(
  'BACKEND_HTTP_STATUS',
  'soon',
  'a web page',
  'Something between this host and the service answered in its place: check url, proxy and network.',
);

function meaningOf(status: number, isPage: boolean): Meaning {
  if (status >= 300 && status < 400) return redirect;
  // A page speaks for a gateway, a firewall or a hotel's login, so it says nothing about the key or the request.
  if (isPage && status !== 407) return page;
  return byStatus[status] ?? (status >= 500 ? serverFault : refused);
}

/** The service sent an answer that cannot be read. BACKEND_BAD_ANSWER. */
export function badAnswer(asked: Asked, says: string, status: number): BackendError {
  return new BackendError(`${asked.what} was answered with ${says}`, {
    code: 'BACKEND_BAD_ANSWER',
    retry: 'soon',
    hint: `If this stays, something other than the service answers at ${asked.host}, or the service has changed.`,
    cause: new HttpCause(says, { status }),
  });
}

/** The answer sends us to another place, where the key must not go. BACKEND_REDIRECT. */
export function redirectError(asked: Asked, says: string, status: number): BackendError {
  return new BackendError(`${asked.what} was redirected ${says}`, {
    code: 'BACKEND_REDIRECT',
    retry: 'later',
    hint: 'The key is never sent to another host: check the url of the backend.',
    cause: new HttpCause(`HTTP ${status}`, { status }),
  });
}

/** There was no answer in time. BACKEND_TIMEOUT. */
export function timeoutError(asked: Asked, ms: number): BackendError {
  return new BackendError(`${asked.what} was not answered within ${ms / 1_000} s`, {
    code: 'BACKEND_TIMEOUT',
    retry: 'soon',
    hint: `Check the network between this host and ${asked.host}.`,
    cause: new HttpCause('no whole answer in time', { code: 'TIMEOUT' }),
  });
}

/**
 * Anything that was thrown on the way to the answer and in its body.
 * Codes: BACKEND_TOO_LARGE, BACKEND_BAD_ANSWER (not HTTP, or packed wrongly), BACKEND_UNREACHABLE.
 */
export function failureError(asked: Asked, thrown: unknown): BackendError {
  const { code, message } = readThrown(thrown);
  if (thrown instanceof BodyTooLarge)
    return new BackendError(`${asked.what} was answered with more than ${thrown.maxBytes} bytes`, {
      code: 'BACKEND_TOO_LARGE',
      retry: 'soon',
      hint: `If this stays, something other than the service answers at ${asked.host}.`,
      cause: new HttpCause('the answer was cut off at the limit', { code: 'TOO_LARGE' }),
    });
  const cause = new HttpCause(asked.quote(`${code}: ${message}`), { code });
  if (code.startsWith('HPE_') || code.startsWith('Z_'))
    return new BackendError(`${asked.what} was answered with something that is not HTTP (${code})`, {
      code: 'BACKEND_BAD_ANSWER',
      retry: 'soon',
      hint: `Check that ${asked.host} is the service.`,
      cause,
    });
  const known = unreachable[code] ?? tls(code) ?? { says: `failed (${code})`, hint: 'Check the network.' };
  return new BackendError(`${asked.what} ${known.says} (${asked.host})`, {
    code: 'BACKEND_UNREACHABLE',
    retry: 'soon',
    hint: known.hint,
    cause,
  });
}

/** Reads a thrown thing without keeping it. axios keeps the code of the system's error and adds its own. */
function readThrown(thrown: unknown): { code: string; message: string } {
  if (!(thrown instanceof Error)) return { code: 'UNKNOWN', message: '' };
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.name;
  return { code, message: thrown.message };
}

interface Words {
  readonly says: string;
  readonly hint: string;
}

const noName: Words = { says: 'found no address for the name', hint: 'Check the name servers of this host.' };
const noRoute: Words = { says: 'found no way to the network', hint: 'Check the network of this host.' };
const closed: Words = {
  says: 'lost the connection before the answer was whole',
  hint: 'Nothing to do if it happens now and then.',
};
const slowConnect: Words = {
  says: 'got no connection in time',
  hint: 'Check the network and the firewall of this host.',
};

/** What the system's and the HTTP client's error codes mean to a person. */
const unreachable: Readonly<Record<string, Words>> = {
  ECONNREFUSED: { says: 'found nothing that listens', hint: 'Check the url, or whether the service runs.' },
  ENOTFOUND: noName,
  EAI_AGAIN: noName,
  EHOSTUNREACH: noRoute,
  ENETUNREACH: noRoute,
  ECONNRESET: closed,
  ECONNABORTED: closed,
  EPIPE: closed,
  ERR_BAD_RESPONSE: closed,
  ERR_STREAM_PREMATURE_CLOSE: closed,
  ETIMEDOUT: slowConnect,
  CONNECT_TIMEOUT: slowConnect,
};

function tls(code: string): Words | null {
  if (!/CERT|SELF_SIGNED|TLS|SSL|UNABLE_TO|EPROTO/.test(code)) return null;
  const says = `got no trustworthy certificate (${code})`;
  if (code === 'CERT_NOT_YET_VALID' || code === 'CERT_HAS_EXPIRED')
    return {
      says,
      hint: 'Check the date and time of this host: a wrong clock makes good certificates look bad.',
    };
  return { says, hint: 'Somebody may be in between, or the service signs for itself.' };
}
