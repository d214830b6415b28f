// Where Moonraker listens: a websocket address or a Unix socket, read from what a person wrote.
import { MoonrakerError } from '../core/errors.ts';

/** Where to connect. */
export type Endpoint =
  /** `ca`: PEM of a private certificate authority for `wss:`; null trusts the system's. */
  | { readonly kind: 'websocket'; readonly url: string; readonly ca: string | null }
  | { readonly kind: 'unix'; readonly path: string };

/**
 * Reads an address: `ws://host:7125`, `wss://host/prefix`, `http(s)://…`, `unix:/path` or an absolute path.
 * `/websocket` is added where the path does not end in it, so a route prefix may be given alone.
 * @throws MoonrakerError MOONRAKER_UNREACHABLE when it is none of these, or holds a password
 */
export function toEndpoint(address: string, ca: string | null = null): Endpoint {
  const text = address.trim();
  if (text.startsWith('/')) return { kind: 'unix', path: text };
  const unix = /^unix:(?:\/\/)?(\/.+)$/.exec(text)?.[1];
  if (unix !== undefined) return { kind: 'unix', path: unix };
  const url = URL.canParse(text) ? new URL(text) : null;
  const scheme = url === null ? undefined : schemes.get(url.protocol);
  if (url === null || scheme === undefined || url.hostname === '') {
    throw unusable('the Moonraker address is neither a ws:// or wss:// URL nor a path to moonraker.sock');
  }
  if (url.username !== '' || url.password !== '') {
    throw unusable('the Moonraker address must not hold a user or password');
  }
  const path = url.pathname.replace(/\/+$/, '');
  const socketPath = path.endsWith('/websocket') ? path : `${path}/websocket`;
  return { kind: 'websocket', url: `${scheme}//${url.host}${socketPath}`, ca };
}

/** The endpoint for people: never a secret, never a query. */
export function describeEndpoint(endpoint: Endpoint): string {
  return endpoint.kind === 'unix' ? endpoint.path : endpoint.url;
}

const schemes = new Map([
  ['ws:', 'ws:'],
  ['wss:', 'wss:'],
  ['http:', 'ws:'],
  ['https:', 'wss:'],
]);

function unusable(message: string): MoonrakerError {
  return new MoonrakerError(message, {
    code: 'MOONRAKER_UNREACHABLE',
    retry: 'never',
    hint: 'Write it like ws://127.0.0.1:7125/websocket or /home/pi/printer_data/comms/moonraker.sock.',
  });
}
