// What we ask of URLs in a configuration, and Moonraker's address in one form.
import { posix } from 'node:path';

/** No user and password in the URL: they would end up in logs and error messages. */
export function isBareUrl(url: URL): boolean {
  return url.username === '' && url.password === '' && url.hostname !== '';
}

/** The URL names this host itself. */
export function isLoopback(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(\.\d+){3}$/.test(url.hostname);
}

/**
 * Moonraker's address as `ws(s)://HOST[:PORT][/PREFIX]/websocket` or `unix:/absolute/path`; null if it is neither.
 * http(s) becomes ws(s), a missing `/websocket` is added after the route prefix, and a path alone is a socket.
 * @param home the home folder, for `~/…`
 */
export function toEndpoint(text: string, home: string): string | null {
  const socket = /^(?:unix:(?:\/\/)?)?([~/].*)$/.exec(text)?.[1];
  if (socket !== undefined) {
    const path = posix.normalize(socket.replace(/^~(?=\/)/, () => home));
    return path.startsWith('/') && path !== '/' ? `unix:${path}` : null;
  }
  if (!/^(ws|http)s?:\/\/\S+$/i.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  if (!isBareUrl(url) || url.search !== '' || url.hash !== '') return null;
  const isSecure = url.protocol === 'wss:' || url.protocol === 'https:';
  const prefix = url.pathname.replace(/\/+$/, '').replace(/\/websocket$/, '');
  return `${isSecure ? 'wss' : 'ws'}://${url.host}${prefix}/websocket`;
}

/** The URL with user, password and the values of query parameters that look like keys replaced by `****`. */
export function maskUrl(text: string): string {
  return text
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1****@')
    .replace(secretParameter, (_, start: string) => `${start}****`);
}

/** The values of query parameters that look like keys, as written and decoded. Short ones (`key=1`) are no secrets. */
export function secretsInUrl(text: string): string[] {
  return [...text.matchAll(secretParameter)]
    .map(([, , value = '']) => value)
    .filter((value) => value.length >= 6)
    .flatMap((value) => [value, decoded(value)]);
}

/** The URL without what stands behind its host: with some services that is the key. */
export function maskPath(text: string): string {
  const { protocol, host } = new URL(text);
  return `${protocol}//${host}/****`;
}

/** Parts of the path that are long enough to be keys. */
export function longParts(text: string): string[] {
  return new URL(text).pathname.split('/').filter((part) => part.length >= 12);
}

const secretParameter = /([?&][^=&#]*(?:pass|pwd|token|key|auth|secret|sig)[^=&#]*=)([^&#]+)/gi;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
