// Reads an incident for a replay: from its folder, or from a zip that may come from anybody.
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RecordError } from '../core/errors.ts';
import type { Trace } from '../core/trace.ts';
import { readZip } from '../lib/unzip.ts';
import { type IncidentHeader, parseHeader } from './incident-header.ts';
import { readTrace } from './trace-schema.ts';
import { messageOf } from './write-error.ts';

/** What a replay needs of an incident. */
export interface IncidentFile {
  readonly header: IncidentHeader;
  readonly trace: Trace;
}

const maxHeaderBytes = 256 * 1024;
const maxTraceBytes = 32 * 1024 * 1024;

/**
 * The incident at this path.
 * @throws RecordError RECORD_UNREADABLE with what is wrong: no such file, no zip, a part that is missing, too large or broken
 */
export async function readIncidentFile(path: string): Promise<IncidentFile> {
  try {
    const isFolder = (await stat(path)).isDirectory();
    const { header, trace } = isFolder ? await readFolder(path) : await readArchive(path);
    return { header: parseHeader(header), trace: readTrace(trace, 'trace.ndjson') };
  } catch (error) {
    if (error instanceof RecordError) throw error;
    throw new RecordError(`${path} cannot be read as an incident: ${messageOf(error)}`, {
      code: 'RECORD_UNREADABLE',
      retry: 'never',
      hint: 'It takes the zip that `moonraker-lookout export` writes, or the folder of an incident.',
      cause: error,
    });
  }
}

async function readFolder(path: string) {
  return {
    header: await readText(join(path, 'incident.json'), maxHeaderBytes),
    trace: await readText(join(path, 'trace.ndjson'), maxTraceBytes),
  };
}

async function readText(file: string, maxBytes: number): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Error(`${file} is no file`);
    if (stats.size > maxBytes) throw new Error(`${file} is larger than ${maxBytes} bytes`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

async function readArchive(path: string) {
  const pattern = /^(?:[a-z0-9]{1,32}\/)?(incident\.json|trace\.ndjson)$/;
  const files = await readZip(path, (name) => {
    const meant = pattern.exec(name)?.[1];
    if (meant === undefined) return null;
    return meant === 'trace.ndjson' ? maxTraceBytes : maxHeaderBytes;
  });
  const get = (wanted: string) => {
    const [content, ...more] = [...files].flatMap(([name, each]) => (name.endsWith(wanted) ? [each] : []));
    if (content === undefined) throw new Error(`there is no ${wanted} in it`);
    if (more.length > 0) throw new Error(`there is more than one ${wanted} in it`);
    return content.toString('utf8');
  };
  return { header: get('incident.json'), trace: get('trace.ndjson') };
}
