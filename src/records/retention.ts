// Keeps the folder of records small: what is too old goes, and the oldest of what is too much. An open incident stays.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { listFiles, namesIn } from './files.ts';
import { readHeader } from './incident-header.ts';
import { listPrints } from './print-list.ts';

/** What is kept. */
export interface RetentionOptions {
  /** Holds `incidents` and `prints`. */
  readonly folder: string;
  readonly keepMs: number;
  /** Bytes of all incidents together. */
  readonly maxBytes: number;
}

/** Tracks of prints at most; one has at most a few hundred KB. */
const maxPrints = 500;

/**
 * Deletes what need not be kept.
 * @param openIds of the incident and the print that are open
 * @param nowMs wall time. A clock that jumped ahead would age everything: the newest incident is always kept.
 */
export async function retain(
  { folder, keepMs, maxBytes }: RetentionOptions,
  openIds: ReadonlySet<string>,
  nowMs: number,
): Promise<void> {
  const incidents = join(folder, 'incidents');
  const found: { id: string; atMs: number; bytes: number }[] = [];
  for (const id of await namesIn(incidents)) {
    const path = join(incidents, id);
    // Without a header nobody can say when it was: it counts as the oldest.
    const atMs = await readHeader(path).then(
      ({ incident }) => incident.openedAt.atMs,
      () => 0,
    );
    const files = [...(await listFiles(path)), ...(await listFiles(join(path, 'frames')))];
    found.push({ id, atMs, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) });
  }
  found.sort((a, b) => b.atMs - a.atMs);
  let total = 0;
  for (const [index, { id, atMs, bytes }] of found.entries()) {
    total += bytes;
    const isDue = total > maxBytes || atMs < nowMs - keepMs;
    if (index > 0 && isDue && !openIds.has(id)) {
      await rm(join(incidents, id), { recursive: true, force: true });
      total -= bytes;
    }
  }
  await retainPrints(join(folder, 'prints'), { keepMs, openIds, nowMs });
}

async function retainPrints(
  folder: string,
  { keepMs, openIds, nowMs }: { keepMs: number; openIds: ReadonlySet<string>; nowMs: number },
): Promise<void> {
  const found = await listPrints(folder, Number.POSITIVE_INFINITY);
  for (const [index, { id, startedAtMs }] of found.entries()) {
    const isDue = index >= maxPrints || startedAtMs < nowMs - keepMs;
    if (index > 0 && isDue && !openIds.has(id)) await rm(join(folder, `${id}.ndjson`), { force: true });
  }
}
