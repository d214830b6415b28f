// What goes into a zip for a bug report: what the doctor found, the settings, the end of the log, the records. No secrets.
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describeSettings, type Setting } from '../../config/settings.ts';
import type { ZipEntry } from '../../lib/zip.ts';
import type { Mask } from '../../service/mask.ts';

/** What the bundle is made from. */
export interface BundleSources {
  /** Lines that the doctor said. */
  readonly said: readonly string[];
  /** null while the configuration cannot be read: then neither log nor records are known. */
  readonly settings: readonly Setting[] | null;
  readonly logFile: string | null;
  /** Each printer's folder; without a name for the only one. */
  readonly records: readonly { readonly printer: string | null; readonly folder: string }[];
}

/** Bytes of the log's end; three files of it hold a day at least. */
const maxLogBytes = 1_000_000;
const maxDocumentBytes = 1_000_000;
const maxDocuments = 50;

/** Names of values that are nobody's business: keys and addresses that a service gave, and who we are to it. */
const privateName = /token|key|secret|passw|url|(?:printer|ticket|context|process|user)_?id$/i;

/** The files of the bundle, every one through the mask. What cannot be read is left out and named in README.txt. */
export function bundleEntries(sources: BundleSources, mask: Pick<Mask, 'hide'>): ZipEntry[] {
  const entries: ZipEntry[] = [{ name: 'doctor.txt', content: `${sources.said.join('\n')}\n` }];
  const missing: string[] = [];
  const take = (name: string, read: () => string) => {
    try {
      entries.push({ name, content: read() });
    } catch (error) {
      missing.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const { settings, logFile, records } = sources;
  if (settings !== null) take('settings.txt', () => `${describeSettings(settings).join('\n')}\n`);
  if (logFile !== null) take('moonraker-lookout.log', () => readTail(logFile));
  for (const { printer, folder } of records) {
    const place = printer === null ? 'records' : `records/${printer}`;
    for (const document of listDocuments(folder)) {
      take(`${place}/${document}`, () => readDocument(join(folder, document)));
    }
  }
  entries.push({
    name: 'README.txt',
    content: [
      'Made by moonraker-lookout doctor --bundle, for a bug report. Keys and passwords are masked (****).',
      'It does hold names of files that were printed, of folders and users of this host, and addresses in your network.',
      ...(missing.length === 0 ? [] : ['', 'Left out:', ...missing]),
      '',
    ].join('\n'),
  });
  return entries.map(({ name, content }) => ({ name, content: mask.hide(String(content)) }));
}

function readTail(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const bytes = Buffer.alloc(Math.min(size, maxLogBytes));
    const length = readSync(descriptor, bytes, 0, bytes.length, size - bytes.length);
    const text = bytes.toString('utf8', 0, length);
    // The first line may have lost its head, and with it what tells a secret.
    return size > maxLogBytes ? text.slice(text.indexOf('\n') + 1) : text;
  } finally {
    closeSync(descriptor);
  }
}

function listDocuments(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^[a-z0-9][a-z0-9._-]*\.json$/.test(name))
      .slice(0, maxDocuments);
  } catch {
    return [];
  }
}

/** A document with its private values masked. Throws for one that is not JSON: nobody can say what is in it. */
function readDocument(file: string): string {
  if (statSync(file).size > maxDocumentBytes) throw new RangeError('it is too large');
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return `${JSON.stringify(value, (name, part) => (isPrivate(name, part) ? '****' : part), 2)}\n`;
}

function isPrivate(name: string, value: unknown): boolean {
  return (
    privateName.test(name) && (typeof value === 'string' || (typeof value === 'object' && value !== null))
  );
}
