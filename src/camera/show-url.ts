// Prints an address without its secrets.

/** User, password and the values of the query are left out; host, port and path stay. */
export function showUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}${url.search === '' ? '' : '?…'}`;
}
