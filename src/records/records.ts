// What was kept, for reading: incidents, their pictures, prints. One thing at a time, and never a path from outside.
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RecordError } from '../core/errors.ts';
import { isIncidentId } from '../core/incident.ts';
import type { Clock, Records } from '../core/ports.ts';
import type { IncidentRecord, IncidentStory } from '../core/records.ts';
import type { PrintRecord } from '../core/track.ts';
import { oneAtATime } from '../lib/one-at-a-time.ts';
import { type ZipEntry, zipInPieces } from '../lib/zip.ts';
import { frameNamePattern, listFiles, namesIn } from './files.ts';
import { addLabel, headerFile, type IncidentHeader, readHeader } from './incident-header.ts';
import { listPrints, toPrintRecord } from './print-list.ts';
import type { DiskRecorder } from './recorder.ts';
import { readTrace } from './trace-schema.ts';
import { readTrack, trackIdOf } from './track-file.ts';
import { codeOf, messageOf } from './write-error.ts';

/** What of the recorder the reading side needs. */
export type RecorderView = Pick<DiskRecorder, 'health' | 'openIncidentId' | 'currentPrint' | 'inTurn'>;

const maxListed = 200;
const maxTraceBytes = 32 * 1024 * 1024;
const maxPictureBytes = 8 * 1024 * 1024;
/** Twice the largest ring and the trace. */
const maxZipBytes = 1024 * 1024 * 1024;
const readLimitMs = 10_000;

/**
 * The records in this folder.
 * @param recorder what writes them now; null for a look from outside, such as a command
 */
export function createRecords(folder: string, recorder: RecorderView | null, clock: Clock): Records {
  const incidents = join(folder, 'incidents');
  const prints = join(folder, 'prints');
  const turn = oneAtATime();

  /** A disk that hangs must not hold more than one of Node's worker threads, however often it is asked. */
  const reading = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const limit = AbortSignal.timeout(readLimitMs);
    try {
      return await turn(work, limit);
    } catch (error) {
      if (error instanceof RecordError) throw error;
      throw unreadable(what, limit.aborted ? 'the disk does not answer' : messageOf(error), error);
    }
  };

  const readOne = async (id: string): Promise<IncidentHeader | null> => {
    if (!isIncidentId(id)) return null;
    try {
      return await readHeader(join(incidents, id));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    }
  };

  const toRecord = ({ format: _, bootId: __, ...record }: IncidentHeader): IncidentRecord => {
    const isOpen = record.incident.id === recorder?.openIncidentId();
    return { ...record, isOpen };
  };

  const list = async (): Promise<IncidentRecord[]> => {
    const found: IncidentRecord[] = [];
    for (const id of await namesIn(incidents)) {
      // One that is broken must not hide the others.
      const header = await readOne(id).catch(() => null);
      if (header !== null) found.push(toRecord(header));
    }
    return found.toSorted((a, b) => b.incident.openedAt.atMs - a.incident.openedAt.atMs).slice(0, maxListed);
  };

  const read = async (id: string): Promise<IncidentStory | null> => {
    const header = await readOne(id);
    if (header === null) return null;
    const path = join(incidents, id);
    const trace = readTrace(await readBounded(join(path, 'trace.ndjson'), maxTraceBytes), 'its trace');
    const there = new Set(await namesIn(join(path, 'frames')));
    const frames = trace.frames.filter(({ name }) => there.has(name));
    return { ...toRecord(header), steps: trace.parts.flatMap(({ steps }) => steps), frames };
  };

  const picture = async (id: string, name: string): Promise<Uint8Array | null> => {
    const isFrame = frameNamePattern.test(name);
    if (!isIncidentId(id) || (!isFrame && name !== 'picture.jpg')) return null;
    const path = isFrame ? join(incidents, id, 'frames', name) : join(incidents, id, name);
    try {
      if ((await stat(path)).size > maxPictureBytes) throw new Error('it is too large');
      return await readFile(path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    }
  };

  const label: Records['label'] = async (id, answer, through) => {
    const write = async () => {
      if (!isIncidentId(id) || recorder?.openIncidentId() === id) return false;
      return addLabel(join(incidents, id), { answer, atMs: clock.now().atMs, through });
    };
    return recorder === null ? write() : recorder.inTurn(write);
  };

  const listAllPrints = async (): Promise<PrintRecord[]> => {
    const current = recorder?.currentPrint() ?? null;
    const found = await listPrints(prints, maxListed);
    // What is on disk of the running one is a little older.
    const others = found.filter(({ id }) => id !== current?.id);
    return current === null ? others : [current, ...others];
  };

  return {
    get health() {
      return recorder?.health ?? { isGood: true, trouble: null, lostFrames: 0, lostSteps: 0 };
    },
    list: () => reading('the list of incidents', list),
    read: (id) => reading(`incident ${id}`, () => read(id)),
    picture: (id, name) => reading(`a picture of incident ${id}`, () => picture(id, name)),
    export: async (id) => {
      const header = await reading(`incident ${id}`, () => readOne(id));
      if (header === null) return null;
      const path = join(incidents, id);
      const at = new Date(header.incident.openedAt.atMs);
      return zipInPieces(entriesOf(path, id), at, maxZipBytes);
    },
    label,
    prints: () => reading('the list of prints', listAllPrints),
    print: (id) =>
      reading(`print ${id}`, async () => {
        if (trackIdOf(`${id}.ndjson`) !== id) return null;
        try {
          const track = await readTrack(prints, id);
          const current = recorder?.currentPrint() ?? null;
          const record = current?.id === id ? current : toPrintRecord(track);
          return { ...record, lines: track.lines };
        } catch (error) {
          if (codeOf(error) === 'ENOENT') return null;
          throw error;
        }
      }),
  };
}

/** Everything that is in the folder of an incident and has a name of ours. */
async function* entriesOf(path: string, id: string): AsyncGenerator<ZipEntry> {
  yield { name: `${id}/README.txt`, content: readme };
  const own = (await listFiles(path)).map(({ name }) => name);
  for (const name of [headerFile, 'trace.ndjson', 'picture.jpg'].filter((each) => own.includes(each))) {
    yield { name: `${id}/${name}`, content: await readBounded(join(path, name), maxTraceBytes, null) };
  }
  for (const { name } of await listFiles(join(path, 'frames'))) {
    if (!frameNamePattern.test(name)) continue;
    const content = await readBounded(join(path, 'frames', name), maxPictureBytes, null);
    yield { name: `${id}/frames/${name}`, content };
  }
}

async function readBounded(file: string, maxBytes: number): Promise<string>;
async function readBounded(file: string, maxBytes: number, encoding: null): Promise<Uint8Array>;
async function readBounded(
  file: string,
  maxBytes: number,
  encoding: BufferEncoding | null = 'utf8',
): Promise<string | Uint8Array> {
  const handle = await open(file, 'r');
  try {
    if ((await handle.stat()).size > maxBytes) throw new Error(`${file} is larger than ${maxBytes} bytes`);
    return await handle.readFile(encoding);
  } finally {
    await handle.close();
  }
}

const readme = `What moonraker-lookout recorded of one warning or failure of a print.

incident.json   what was seen, done and answered
trace.ndjson    every input of the decision core from ten minutes before, with what it decided
picture.jpg     the picture that it was about, with the regions drawn
frames/         the pictures, named by the moment at which they were taken

moonraker-lookout replay THIS.zip takes the decisions again.

It is yours: it holds pictures of your printer and whatever stands around it, and the names of the files that were
printed, and it may hold addresses in your network. Keys and passwords are not in it. Look through the pictures before
you send it to anybody.
`;

function unreadable(what: string, why: string, cause: unknown): RecordError {
  return new RecordError(`${what} cannot be read: ${why}`, {
    code: 'RECORD_UNREADABLE',
    retry: 'later',
    hint: 'Check the disk that holds [records] path.',
    cause,
  });
}
