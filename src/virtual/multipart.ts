// Reads a multipart/form-data body that is wholly in memory, strictly: every delimiter and header must be right.

/** One part of a form. */
export interface FormPart {
  readonly name: string;
  /** null for a field that is no file. */
  readonly filename: string | null;
  readonly contentType: string | null;
  readonly bytes: Buffer;
}

/**
 * Splits a form into its parts (RFC 7578, RFC 2046 §5.1).
 * @returns null when the type is not multipart/form-data or the body breaks a rule
 */
export function parseForm(contentType: string, body: Buffer): FormPart[] | null {
  const boundary = /^multipart\/form-data;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))$/i.exec(contentType);
  const delimiter = boundary && Buffer.from(`--${boundary[1] ?? boundary[2]}`);
  if (delimiter === null || !body.subarray(0, delimiter.length).equals(delimiter)) return null;
  const parts: FormPart[] = [];
  const next = Buffer.concat([Buffer.from('\r\n'), delimiter]);
  let at = delimiter.length;
  for (;;) {
    const mark = body.toString('latin1', at, at + 2);
    if (mark === '--') {
      const rest = body.toString('latin1', at + 2);
      return rest === '' || rest === '\r\n' ? parts : null;
    }
    if (mark !== '\r\n') return null;
    const end = body.indexOf(next, at + 2);
    const part = end < 0 ? null : parsePart(body.subarray(at + 2, end));
    if (part === null) return null;
    parts.push(part);
    at = end + next.length;
  }
}

function parsePart(part: Buffer): FormPart | null {
  const blank = part.indexOf('\r\n\r\n');
  if (blank < 0) return null;
  const headers = new Map<string, string>();
  for (const line of part.toString('utf8', 0, blank).split('\r\n')) {
    const [, name, value] = /^([A-Za-z-]+):[ \t]*(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return null;
    headers.set(name.toLowerCase(), value);
  }
  const disposition = headers.get('content-disposition') ?? '';
  const name = /^form-data;.*\bname="([^"]*)"/.exec(disposition)?.[1];
  if (name === undefined) return null;
  return {
    name,
    filename: /\bfilename="([^"]*)"/.exec(disposition)?.[1] ?? null,
    contentType: headers.get('content-type') ?? null,
    bytes: part.subarray(blank + 4),
  };
}
