// A websocket as a transport.
import WebSocket from 'ws';
import { connectTimedOut, unreachable } from './connect-errors.ts';
import type { Endpoint } from './endpoint.ts';
import type { Transport, TransportDeps, TransportEvents, TransportLimits } from './transport.ts';

/** How long a peer may take to answer our close before the line is dropped. */
const closeWaitMs = 500;

/**
 * Opens a websocket: no compression (Moonraker has none), no redirects, frames up to the limit.
 * @throws MoonrakerError MOONRAKER_UNREACHABLE, or the signal's reason
 */
export function openWebsocket(
  endpoint: Extract<Endpoint, { kind: 'websocket' }>,
  events: TransportEvents,
  limits: TransportLimits,
  { clock }: TransportDeps,
  signal: AbortSignal,
): Promise<Transport> {
  signal.throwIfAborted();
  const socket = new WebSocket(endpoint.url, {
    perMessageDeflate: false,
    maxPayload: limits.maxFrameBytes,
    followRedirects: false,
    ...(endpoint.ca === null ? {} : { ca: endpoint.ca }),
  });
  let isOversized = false;
  const life = new AbortController();

  return new Promise((resolve, reject) => {
    let failure: unknown = null;
    let hasOpened = false;
    const giveUp = (reason: unknown) => {
      failure = reason;
      socket.terminate();
    };
    const onAbort = () => giveUp(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    clock.sleep(limits.connectTimeoutMs, life.signal).then(
      () => giveUp(connectTimedOut(endpoint.url, limits.connectTimeoutMs)),
      () => undefined,
    );
    const settle = () => {
      life.abort();
      signal.removeEventListener('abort', onAbort);
    };
    socket.on('open', () => {
      hasOpened = true;
      settle();
      resolve(asTransport(socket, { clock }));
    });
    socket.on('error', (error: Error & { code?: string }) => {
      if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') isOversized = true;
      failure ??= unreachable(endpoint.url, error);
    });
    socket.on('close', (code, reason) => {
      settle();
      if (hasOpened) events.onEnd({ code, reason: reason.toString().slice(0, 200), isOversized });
      else reject(failure ?? unreachable(endpoint.url, null));
    });
    // Without fragments or `binaryType` changes ws always gives one Buffer a frame.
    socket.on('message', (data) => events.onFrame(Buffer.isBuffer(data) ? data : Buffer.alloc(0)));
    socket.on('pong', events.onAlive);
    socket.on('ping', events.onAlive);
  });
}

function asTransport(socket: WebSocket, { clock }: TransportDeps): Transport {
  return {
    needsPing: true,
    waitingBytes: () => socket.bufferedAmount,
    send: (text) => socket.send(text, () => undefined),
    ping: () => {
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    },
    close: () => {
      if (socket.readyState === WebSocket.CLOSED) return;
      const wait = new AbortController();
      socket.once('close', () => wait.abort());
      socket.close(1000);
      clock.sleep(closeWaitMs, wait.signal).then(
        () => socket.terminate(),
        () => undefined,
      );
    },
    terminate: () => socket.terminate(),
  };
}
