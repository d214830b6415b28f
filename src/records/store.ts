// Small JSON documents in a folder that survive a restart and a power cut.
import { closeSync, fstatSync, openSync, readFileSync, renameSync } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RecordError } from '../core/errors.ts';
import type { Log, Store } from '../core/ports.ts';
import { codeOf, messageOf, notWritten } from './write-error.ts';

/** Where the documents are. */
export interface StoreOptions {
  /** Absolute path; made with the first save, readable by this user only. */
  readonly folder: string;
}

/** What the store needs from outside. */
export interface StoreDeps {
  readonly log: Log;
}

/** A document larger than this is a mistake. */
const maxBytes = 1024 * 1024;

/** A temporary file older than this was left behind by a process that died. */
const staleMs = 600_000;

/** The newest value that waits for its turn, and everybody who waits for it. */
interface Waiting {
  text: string;
  readonly done: Promise<void>;
}

/**
 * A store with one file `NAME.json` for each document. Names are lower-case letters, digits, `.`, `-` and `_`. A save
 * that comes while one of the same name is being written waits, and only the newest of those that wait is written.
 * A document that cannot be read is moved aside to `NAME.corrupt` and logged.
 * Saving rejects with RecordError RECORD_NOT_WRITTEN: nothing has changed on disk then.
 */
export function createStore({ folder }: StoreOptions, { log }: StoreDeps): Store {
  const writing = new Map<string, Promise<void>>();
  const waiting = new Map<string, Waiting>();
  let lane: Promise<void> = Promise.resolve();
  let isReady = false;

  const writeDocument = async (name: string, text: string): Promise<void> => {
    if (!isReady) await prepareFolder(folder);
    isReady = true;
    // The process id keeps two processes on one folder from writing into each other's file.
    const temporary = join(folder, `.${name}.${process.pid}.tmp`);
    try {
      await writeSynced(temporary, text);
      await rename(temporary, join(folder, `${name}.json`));
    } catch (error) {
      // The folder may have been taken away: look again next time.
      isReady = false;
      await rm(temporary, { force: true }).catch(() => {});
      throw error;
    }
    // The new document is in place. Where a file system cannot do this, a power cut may bring the old one back.
    await syncFolder(folder).catch(() => {});
  };

  /** One after another: a disk that hangs must not hold more than one of Node's few worker threads. */
  const takeTurn = (name: string, text: string): Promise<void> => {
    const work = lane.then(() => writeDocument(name, text));
    lane = work.catch(() => {});
    return work;
  };

  const startWriting = (name: string, text: string): Promise<void> => {
    const work = takeTurn(name, text)
      .catch((cause: unknown) => {
        throw notWritten(`the record ${name}`, folder, cause);
      })
      .finally(() => writing.delete(name));
    writing.set(name, work);
    return work;
  };

  return {
    load: (name) => {
      const file = join(folder, `${checkName(name)}.json`);
      try {
        return JSON.parse(readDocument(file));
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return null;
        const aside = setAside(file, join(folder, `${name}.corrupt`), error);
        log.warn(`a record cannot be read and starts anew: ${name}`, {
          error: new RecordError(`${file}: ${messageOf(error)}`, {
            code: 'RECORD_UNREADABLE',
            retry: 'never',
            hint: aside,
            cause: error,
          }),
        });
        return null;
      }
    },
    save: async (name, value) => {
      checkName(name);
      // Taken now: the caller may change the value while this one waits.
      const text = serialise(name, value);
      const next = waiting.get(name);
      if (next !== undefined) {
        next.text = text;
        return next.done;
      }
      const current = writing.get(name);
      if (current === undefined) return startWriting(name, text);
      const entry: Waiting = {
        text,
        done: current
          .catch(() => {})
          .then(() => {
            waiting.delete(name);
            return startWriting(name, entry.text);
          }),
      };
      waiting.set(name, entry);
      return entry.done;
    },
  };
}

function checkName(name: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,99}$/.test(name)) throw new RangeError(`not a name of a document: ${name}`);
  return name;
}

function serialise(name: string, value: unknown): string {
  const text: string | undefined = JSON.stringify(value);
  const bytes = text === undefined ? 0 : Buffer.byteLength(text);
  if (text === undefined || bytes > maxBytes) {
    const why = text === undefined ? 'its value is not JSON' : `it has ${bytes} bytes of at most ${maxBytes}`;
    throw new RecordError(`the record ${name} cannot be saved: ${why}`, {
      code: 'RECORD_NOT_WRITTEN',
      retry: 'never',
      hint: 'Please report this: it is a defect of moonraker-lookout.',
    });
  }
  return text;
}

function readDocument(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    if (fstatSync(descriptor).size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/** Moves an unreadable document out of the way; says what became of it. */
function setAside(file: string, aside: string, error: unknown): string {
  // A file that we may not read is not broken: moving it would lose it.
  if (codeOf(error) !== undefined) return `Check the permissions: ls -l ${file}`;
  try {
    renameSync(file, aside);
    return `It has been moved to ${aside}; delete it when you do not need it.`;
  } catch (failure) {
    return `It could not be moved aside (${messageOf(failure)}); delete it by hand.`;
  }
}

async function prepareFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const now = Date.now();
  for (const name of await readdir(folder)) {
    if (!/^\..+\.\d+\.tmp$/.test(name)) continue;
    const path = join(folder, name);
    const { mtimeMs } = await lstat(path);
    if (now - mtimeMs > staleMs) await rm(path, { force: true });
  }
}

async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the rename itself survive a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
