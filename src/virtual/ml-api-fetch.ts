// Fetches a picture as Obico's ml_api does: 0.1 s for the connection, 5 s for each read, three tries.
import { get, type IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { readCapped } from '../lib/capped-body.ts';

/** What came of a fetch. */
export type Fetched =
  | { readonly kind: 'body'; readonly body: Buffer; readonly contentType: string }
  | { readonly kind: 'failed'; readonly why: string };

const connectTimeoutMs = 100;
const readTimeoutMs = 5_000;
const maxTries = 3;
const maxBytes = 16 * 1024 * 1024;

/** Fetches it. A 4xx is final; a 5xx, a timeout and a lost connection are tried again, here without a pause. */
export async function fetchPicture(url: string, signal: AbortSignal): Promise<Fetched> {
  let why = '';
  for (let tries = 0; tries < maxTries; tries += 1) {
    try {
      const response = await open(url, signal);
      const { statusCode = 0, headers } = response;
      if (statusCode >= 200 && statusCode < 300) {
        const body = await readCapped(response, maxBytes, signal);
        return { kind: 'body', body, contentType: headers['content-type'] ?? '' };
      }
      response.destroy();
      why = `${statusCode} ${statusCode < 500 ? 'Client' : 'Server'} Error for url: ${url}`;
      if (statusCode < 500) break;
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
      if (signal.aborted) break;
    }
  }
  return { kind: 'failed', why };
}

function open(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = get(url, { signal, agent: false }, resolve);
    request.on('error', reject);
    request.setTimeout(readTimeoutMs, () => request.destroy(new Error('Read timed out.')));
    request.once('socket', (socket) => {
      let hasConnected = false;
      const timer = setTimeout(async () => {
        // A busy process hears of its connections late: what stands already counts.
        await setImmediate();
        if (!hasConnected) request.destroy(new Error('Connection timed out. (connect timeout=0.1)'));
      }, connectTimeoutMs);
      socket.once('connect', () => {
        hasConnected = true;
      });
      request.once('close', () => clearTimeout(timer));
    });
  });
}
