// Everything that a service, or something in front of it, can do wrong, and what a backend must make of it.
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { BackendCode, Retry } from '../../src/core/errors.ts';
import type { Fault } from './service.ts';

/** What a backend must reject with. */
export interface Expected {
  readonly code: BackendCode;
  readonly retry: Retry;
  /** `retryAfterMs` must be at least this. */
  readonly waitMs?: number;
}

/** One thing that goes wrong. */
export interface FaultCase {
  readonly name: string;
  readonly fault: Fault;
  readonly expected: Expected;
}

const status =
  (code: number, headers: Record<string, string> = {}, body = '{}'): Fault =>
  ({ response }) => {
    response.writeHead(code, { 'Content-Type': 'application/json', ...headers });
    response.end(body);
  };

const says =
  (body: string, contentType = 'application/json'): Fault =>
  ({ response }) => {
    response.writeHead(200, { 'Content-Type': contentType });
    response.end(body);
  };

const page = '<!doctype html><html><body><h1>Please log in</h1></body></html>';

/** Writes one byte every 20 ms until the other side has had enough. */
function dribble(response: ServerResponse, head: string): void {
  const { socket } = response;
  if (socket === null) throw new Error('the socket is gone');
  socket.write(head);
  const timer = setInterval(() => socket.write('x'), 20);
  socket.on('close', () => clearInterval(timer));
  socket.on('error', () => {});
}

/** Sends blanks for as long as they are taken, up to `bytes`. */
function pour(response: ServerResponse, code: number, bytes: number): void {
  const chunk = Buffer.alloc(64 * 1024, ' ');
  let left = bytes;
  const more = () => {
    while (left > 0) {
      left -= chunk.length;
      if (!response.write(chunk)) {
        response.once('drain', more);
        return;
      }
    }
    response.end();
  };
  response.on('error', () => {});
  response.writeHead(code, { 'Content-Type': 'application/json' });
  more();
}

const badAnswer: Expected = { code: 'BACKEND_BAD_ANSWER', retry: 'soon' };
const timeout: Expected = { code: 'BACKEND_TIMEOUT', retry: 'soon' };
const tooLarge: Expected = { code: 'BACKEND_TOO_LARGE', retry: 'soon' };
const unreachable: Expected = { code: 'BACKEND_UNREACHABLE', retry: 'soon' };
const redirect: Expected = { code: 'BACKEND_REDIRECT', retry: 'later' };
const serverFault: Expected = { code: 'BACKEND_HTTP_STATUS', retry: 'soon' };

/** The cases that every request of every backend goes through. A fixture may expect something else by name. */
export const faultCases: readonly FaultCase[] = [
  { name: '401', fault: status(401), expected: { code: 'BACKEND_BAD_KEY', retry: 'never' } },
  { name: '402', fault: status(402), expected: { code: 'BACKEND_PAYMENT', retry: 'later' } },
  { name: '403', fault: status(403), expected: { code: 'BACKEND_BAD_KEY', retry: 'never' } },
  {
    name: '403 of a firewall',
    fault: status(403, { 'Content-Type': 'text/html' }, page),
    expected: serverFault,
  },
  { name: '422', fault: status(422), expected: { code: 'BACKEND_BAD_REQUEST', retry: 'later' } },
  {
    name: '429 with Retry-After',
    fault: status(429, { 'Retry-After': '300' }),
    expected: { code: 'BACKEND_RATE_LIMITED', retry: 'soon', waitMs: 300_000 },
  },
  {
    name: '429 with a date in Retry-After',
    fault: status(429, {
      Date: 'Wed, 01 Jul 2026 10:00:00 GMT',
      'Retry-After': 'Wed, 01 Jul 2026 10:07:00 GMT',
    }),
    expected: { code: 'BACKEND_RATE_LIMITED', retry: 'soon', waitMs: 420_000 },
  },
  { name: '500', fault: status(500), expected: serverFault },
  {
    name: '502 of a gateway',
    fault: status(502, { 'Content-Type': 'text/html' }, page),
    expected: serverFault,
  },
  {
    name: '500 with 50 MB',
    fault: ({ response }) => pour(response, 500, 50_000_000),
    expected: serverFault,
  },
  { name: '503', fault: status(503), expected: { code: 'BACKEND_BUSY', retry: 'soon' } },
  { name: 'no answer at all', fault: () => {}, expected: timeout },
  {
    name: 'slow headers',
    fault: ({ response }) => dribble(response, 'HTTP/1.1 200 OK\r\nX-Slow: '),
    expected: timeout,
  },
  {
    name: 'slow body',
    fault: ({ response }) =>
      dribble(
        response,
        'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n{"',
      ),
    expected: timeout,
  },
  {
    name: 'slow body of an error',
    fault: ({ response }) => dribble(response, 'HTTP/1.1 500 No\r\nContent-Length: 9999\r\n\r\n{"'),
    expected: timeout,
  },
  {
    name: 'cut JSON',
    fault: ({ response, good }) => {
      const text = JSON.stringify(good.json);
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(text.slice(0, Math.floor(text.length * 0.7)));
    },
    expected: badAnswer,
  },
  { name: 'a web page', fault: says(page, 'text/html'), expected: badAnswer },
  { name: 'a web page that calls itself JSON', fault: says(page), expected: badAnswer },
  { name: 'an empty body', fault: says(''), expected: badAnswer },
  { name: 'an empty object', fault: says('{}'), expected: badAnswer },
  { name: 'null', fault: says('null'), expected: badAnswer },
  { name: 'an array', fault: says('[]'), expected: badAnswer },
  { name: 'an error of an unknown kind as 200', fault: says('{"error":"no"}'), expected: badAnswer },
  {
    name: 'garbage instead of HTTP',
    fault: ({ response }) => response.socket?.end('\x00\x01SSH-2.0-OpenSSH_9.2\r\n'),
    expected: badAnswer,
  },
  {
    name: 'broken gzip',
    fault: ({ response }) => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' });
      response.end('this is not gzip');
    },
    expected: badAnswer,
  },
  { name: '50 MB', fault: ({ response }) => pour(response, 200, 50_000_000), expected: tooLarge },
  {
    name: '50 MB in 50 KB of gzip',
    fault: ({ response }) => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' });
      response.end(bomb());
    },
    expected: tooLarge,
  },
  {
    name: 'connection reset before the answer',
    fault: ({ response }) => response.destroy(),
    expected: unreachable,
  },
  {
    name: 'connection closed half-way',
    fault: ({ response, good }) => {
      const text = JSON.stringify(good.json);
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': text.length });
      response.write(text.slice(0, text.length / 2), () => response.destroy());
    },
    expected: unreachable,
  },
  ...[301, 302, 303, 307, 308].map((code) => ({
    name: `${code} to another host`,
    fault: (({ request, response, elsewhere }) => {
      response.writeHead(code, { Location: `${elsewhere}${request.path}` });
      response.end();
    }) satisfies Fault,
    expected: redirect,
  })),
  {
    name: 'a redirect in circles',
    fault: ({ request, response }) => {
      response.writeHead(307, { Location: request.path });
      response.end();
    },
    expected: redirect,
  },
  { name: 'a redirect without a target', fault: status(307), expected: redirect },
];

function bomb(): Buffer {
  return gzipSync(Buffer.alloc(50_000_000, ' '));
}
