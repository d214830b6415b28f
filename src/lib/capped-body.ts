// Reads a stream into one buffer and gives up as soon as it is larger than allowed.
import type { Readable } from 'node:stream';

/** The body was larger than the limit. The stream has been destroyed. */
export class BodyTooLarge extends Error {
  readonly maxBytes: number;
  constructor(maxBytes: number) {
    super(`the body is larger than ${maxBytes} bytes`);
    this.name = 'BodyTooLarge';
    this.maxBytes = maxBytes;
  }
}

/**
 * Reads `stream` to its end.
 * @param maxBytes throws BodyTooLarge past this many bytes, without reading on
 * @param signal destroys the stream and rejects with the signal's reason
 * @throws BodyTooLarge, the signal's reason, or the stream's own error
 */
export async function readCapped(stream: Readable, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const onAbort = () => stream.destroy(asError(signal.reason));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw new BodyTooLarge(maxBytes);
      chunks.push(chunk);
    }
    signal.throwIfAborted();
    return Buffer.concat(chunks, size);
  } finally {
    signal.removeEventListener('abort', onAbort);
    stream.destroy();
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
