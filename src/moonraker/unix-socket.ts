// Moonraker's Unix socket as a transport: UTF-8 JSON, one byte 0x03 after every message.
import { createConnection } from 'node:net';
import { connectTimedOut, unreachable } from './connect-errors.ts';
import type { Transport, TransportDeps, TransportEvents, TransportLimits } from './transport.ts';

const endOfMessage = 0x03;

/** Cuts a byte stream into messages. */
export interface FrameSplitter {
  /** Takes the next bytes; false when a message is larger than allowed, after which nothing more is read. */
  push(chunk: Buffer): boolean;
}

/** Cuts at each 0x03 and hands over what lies between; empty messages are skipped. */
export function createFrameSplitter(maxBytes: number, onFrame: (frame: Buffer) => void): FrameSplitter {
  let pieces: Buffer[] = [];
  let size = 0;
  let isOverfull = false;
  const add = (piece: Buffer) => {
    size += piece.length;
    isOverfull = size > maxBytes;
    if (!isOverfull && piece.length > 0) pieces.push(piece);
  };
  return {
    push: (chunk) => {
      let start = 0;
      while (!isOverfull) {
        const end = chunk.indexOf(endOfMessage, start);
        add(chunk.subarray(start, end === -1 ? chunk.length : end));
        if (end === -1 || isOverfull) break;
        const frame =
          pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces, size);
        pieces = [];
        size = 0;
        start = end + 1;
        if (frame.length > 0) onFrame(frame);
      }
      if (isOverfull) pieces = [];
      return !isOverfull;
    },
  };
}

/**
 * Opens the socket at `path`.
 * @throws MoonrakerError MOONRAKER_UNREACHABLE, or the signal's reason
 */
export function openUnixSocket(
  path: string,
  events: TransportEvents,
  limits: TransportLimits,
  { clock }: TransportDeps,
  signal: AbortSignal,
): Promise<Transport> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path });
    const connecting = new AbortController();
    let failure: unknown = null;
    let hasOpened = false;
    let isOversized = false;
    let hasEnded = false;
    const giveUp = (reason: unknown) => {
      failure = reason;
      socket.destroy();
    };
    const onAbort = () => giveUp(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    clock.sleep(limits.connectTimeoutMs, connecting.signal).then(
      () => giveUp(connectTimedOut(path, limits.connectTimeoutMs)),
      () => undefined,
    );
    const settle = () => {
      connecting.abort();
      signal.removeEventListener('abort', onAbort);
    };
    const splitter = createFrameSplitter(limits.maxFrameBytes, (frame) => {
      if (!hasEnded) events.onFrame(frame);
    });
    socket.on('connect', () => {
      hasOpened = true;
      settle();
      resolve({
        // The kernel closes both ends together: there is no half-open Unix socket.
        needsPing: false,
        waitingBytes: () => socket.writableLength,
        send: (text) => {
          if (socket.writable) socket.write(`${text}\x03`);
        },
        ping: () => undefined,
        close: () => {
          socket.end();
          socket.destroySoon();
        },
        terminate: () => socket.destroy(),
      });
    });
    socket.on('data', (chunk: Buffer) => {
      if (isOversized || splitter.push(chunk)) return;
      isOversized = true;
      socket.destroy();
    });
    socket.on('error', (error) => {
      failure ??= unreachable(path, error);
    });
    socket.on('close', () => {
      settle();
      hasEnded = true;
      if (hasOpened) events.onEnd({ code: 1006, reason: '', isOversized });
      else reject(failure ?? unreachable(path, null));
    });
  });
}
