// One open line to Moonraker that carries text frames, whether it is a websocket or a Unix socket.
import type { Clock } from '../core/ports.ts';
import type { Endpoint } from './endpoint.ts';
import { openUnixSocket } from './unix-socket.ts';
import { openWebsocket } from './websocket.ts';

/** How a transport ended. */
export interface TransportEnd {
  /** Websocket close code: 1001 Moonraker shut down, 1006 it vanished; 1006 for a Unix socket. */
  readonly code: number;
  readonly reason: string;
  /** The peer sent a frame above the limit. */
  readonly isOversized: boolean;
}

/** What a transport tells its owner. Called in the order of arrival, never after `onEnd`. */
export interface TransportEvents {
  /** One whole frame, undecoded. The buffer is the receiver's. */
  readonly onFrame: (frame: Buffer) => void;
  /** The peer answered a ping or sent one. */
  readonly onAlive: () => void;
  /** Exactly once. */
  readonly onEnd: (end: TransportEnd) => void;
}

/** An open line. */
export interface Transport {
  /** False where the kernel reports a dead peer by itself. */
  readonly needsPing: boolean;
  /** Bytes handed over but not yet sent. */
  readonly waitingBytes: () => number;
  readonly send: (text: string) => void;
  readonly ping: () => void;
  /** Says goodbye; `onEnd` follows when the peer has answered. */
  readonly close: () => void;
  /** Drops the line at once; `onEnd` follows. */
  readonly terminate: () => void;
}

/** Limits of a transport. */
export interface TransportLimits {
  /** A larger frame ends the transport. Moonraker itself takes 10 MiB. */
  readonly maxFrameBytes: number;
  readonly connectTimeoutMs: number;
}

/** What a transport needs. */
export interface TransportDeps {
  readonly clock: Clock;
}

/**
 * Opens the line.
 * @throws MoonrakerError MOONRAKER_UNREACHABLE, or the signal's reason
 */
export function openTransport(
  endpoint: Endpoint,
  events: TransportEvents,
  limits: TransportLimits,
  deps: TransportDeps,
  signal: AbortSignal,
): Promise<Transport> {
  return endpoint.kind === 'unix'
    ? openUnixSocket(endpoint.path, events, limits, deps, signal)
    : openWebsocket(endpoint, events, limits, deps, signal);
}
