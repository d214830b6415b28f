// Tells whether a URL stays on this host.

/** True for `localhost`, 127.0.0.0/8 and `[::1]`, as `URL.hostname` spells them. Names that merely resolve there do not count. */
export function isLoopback(url: URL): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
}
