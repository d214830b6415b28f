// Looks for keys and pictures where they must never be: in errors, their causes, and log lines.

/** A find: where and what. */
export interface Leak {
  readonly where: string;
  readonly what: string;
}

/** Any run of bytes longer than this inside an error or a log line is taken for a picture or a body. */
const maxBytes = 64;

/**
 * Walks everything that can be reached from `root`: own and inherited properties, hidden ones, symbols, maps and sets.
 * Secrets are looked for as they are, percent-encoded and in base64.
 */
export function findLeaks(root: unknown, secrets: readonly string[]): Leak[] {
  const forms = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  ]);
  const leaks: Leak[] = [];
  const seen = new Set<unknown>();
  const visit = (value: unknown, where: string): void => {
    if (typeof value === 'string') {
      if (forms.some((form) => value.includes(form))) leaks.push({ where, what: 'a secret' });
      return;
    }
    if (value === null || (typeof value !== 'object' && typeof value !== 'function') || seen.has(value))
      return;
    seen.add(value);
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
      if (value.byteLength > maxBytes) leaks.push({ where, what: `${value.byteLength} bytes` });
      return;
    }
    if (typeof value === 'function') return;
    if (value instanceof Map || value instanceof Set) visit([...value], `${where}.entries`);
    for (const key of Reflect.ownKeys(value)) {
      visit(typeof key === 'symbol' ? key.description : key, `${where} key`);
      visit(Reflect.get(value, key), `${where}.${String(key)}`);
    }
  };
  visit(root, 'it');
  return leaks;
}
