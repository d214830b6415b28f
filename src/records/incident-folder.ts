// The folder of one incident while it is open: header, trace, frames and the picture. Taken up again wherever it was left.
import { rename, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Incident } from '../core/incident.ts';
import { isSameJob } from '../core/job.ts';
import type { Label } from '../core/records.ts';
import { drawRegions, type Rectangle } from '../lib/draw-regions.ts';
import { append, frameName, listFiles, makeFolder, namesIn, replace, write } from './files.ts';
import { headerFile, type IncidentHeader, incidentFormat, maxLabels, readHeader } from './incident-header.ts';
import type { FrameFile, Ring } from './ring.ts';
import type { StepText } from './trace-lines.ts';

/** Where and how much. */
export interface IncidentFolderOptions {
  readonly folder: string;
  /** Bytes of frames after the opening at most. */
  readonly maxFrameBytes: number;
  /** Nothing is written where less than this is free: Klipper and Moonraker need the room. */
  readonly minFreeBytes: number;
  readonly program: string;
  readonly bootId: string;
}

/** A frame with what was seen on it. */
export interface SeenFrame {
  readonly jpeg: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly regions: readonly Rectangle[];
}

/** What is known of an incident after a step. */
export interface IncidentStep {
  readonly incident: Incident;
  readonly closed: IncidentHeader['closed'];
  /** What somebody has answered with this step. */
  readonly label: Label | null;
  /** The frame that is shown of it. */
  readonly seen: SeenFrame | null;
  /** What was lost on the way since the step before. */
  readonly lost: { readonly frames: number; readonly steps: number };
}

/** An open incident on disk. Its methods must not overlap; each rejects with the error of the file system. */
export interface IncidentFolder {
  readonly id: string;
  /** False where there is nothing to write it to yet, or enough is written. */
  addFrame(frame: FrameFile): Promise<boolean>;
  addStep(step: StepText, known: IncidentStep): Promise<void>;
  /** Steps are missing before the next one. */
  skip(): void;
}

/** An incident that stays open for days. */
const maxTraceBytes = 8 * 1024 * 1024;

const traceFile = 'trace.ndjson';

/** The folder of this incident. Nothing is written before the first step. */
export function createIncidentFolder(
  first: Incident,
  options: IncidentFolderOptions,
  ring: Ring,
): IncidentFolder {
  const { folder, minFreeBytes, program, bootId } = options;
  const trace = join(folder, traceFile);
  const frames = join(folder, 'frames');
  let header: IncidentHeader = {
    ...{ format: incidentFormat, program, bootId, incident: first, closed: null, labels: [] },
    ...{ hasPicture: false, lostFrames: 0, lostSteps: 0 },
  };
  let written: IncidentHeader | null = null;
  let isTakenUp = false;
  let isReady = false;
  let traceBytes = 0;
  let isFull = false;
  let frameBytes = 0;

  /** After any error the folder is looked at afresh: it may be gone. */
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      isReady = false;
      throw error;
    }
  };

  const writeHeader = async (): Promise<void> => {
    await replace(join(folder, headerFile), `${JSON.stringify(header, null, 2)}\n`);
    written = header;
  };

  /** An earlier process may have opened it. One of the same name from another boot is moved out of the way. */
  const readEarlier = async (): Promise<void> => {
    if (isTakenUp) return;
    const earlier = await readHeader(folder).catch(() => null);
    if (earlier !== null) {
      const isOurs = earlier.bootId === bootId && isSameJob(earlier.incident.job, first.job);
      if (isOurs) {
        const { labels, hasPicture, lostFrames, lostSteps } = earlier;
        header = {
          ...header,
          ...{ hasPicture, labels: [...labels, ...header.labels] },
          ...{ lostFrames: lostFrames + header.lostFrames, lostSteps: lostSteps + header.lostSteps },
        };
      } else await moveAside(folder);
    }
    isTakenUp = true;
  };

  const takeUp = async (step: StepText): Promise<void> => {
    await makeFolder(dirname(folder));
    await checkRoom(dirname(folder), minFreeBytes);
    await readEarlier();
    await makeFolder(frames);
    await writeHeader();
    if ((await namesIn(folder)).includes(traceFile)) {
      // The line before may have been cut off by whatever ended the process that wrote it.
      await append(trace, `\n${step.begin('gap')}${step.line}`, false, true);
    } else {
      const before = await ring.readTrace().catch(() => '');
      const isThere = before.endsWith(step.line);
      await replace(trace, isThere ? before : `${before}${step.begin('gap')}${step.line}`);
    }
    traceBytes = bytesOf(await listFiles(folder), (name) => name === traceFile);
    const opened = frameName(first.openedAt.tickMs);
    frameBytes = bytesOf(await listFiles(frames), (name) => name > opened);
    isReady = true;
    // Last, because it takes longest. A ring that cannot be read is no reason to write nothing more; a disk that is full
    // is told with the next frame.
    await ring.copyFrames(frames).catch(() => {});
  };

  const appendLine = async (text: string, isSynced = true): Promise<void> => {
    // Full is full: a shorter line that still fitted would follow on one that is missing.
    isFull ||= traceBytes + text.length > maxTraceBytes;
    if (isFull) return;
    await append(trace, text, false, isSynced);
    traceBytes += Buffer.byteLength(text);
  };

  const drawPicture = async (seen: SeenFrame): Promise<void> => {
    // A picture that cannot be drawn on is still the one that was judged.
    const picture = await drawRegions(seen, seen.regions).catch(() => seen.jpeg);
    await write(join(folder, 'picture.jpg'), picture, true);
    header = { ...header, hasPicture: true };
  };

  return {
    id: first.id,
    addFrame: (frame) =>
      guarded(async () => {
        if (!isReady || frameBytes + frame.jpeg.length > options.maxFrameBytes) return false;
        await checkRoom(folder, minFreeBytes);
        await write(join(frames, frameName(frame.tickMs)), frame.jpeg, true);
        frameBytes += frame.jpeg.length;
        await appendLine(frame.line);
        return true;
      }),
    addStep: (step, { incident, closed, label, seen, lost }) =>
      guarded(async () => {
        const isNewLevel = incident.level !== header.incident.level;
        header = {
          ...header,
          incident,
          closed,
          labels: label === null ? header.labels : [...header.labels, label].slice(-maxLabels),
          lostFrames: header.lostFrames + lost.frames,
          lostSteps: header.lostSteps + lost.steps,
        };
        if (isReady) await appendLine(step.line, !step.isQuiet);
        else await takeUp(step);
        if (seen !== null && (isNewLevel || !header.hasPicture)) await drawPicture(seen);
        if (isNews(header, written)) await writeHeader();
      }),
    skip: () => {
      isReady = false;
    },
  };
}

/** The score changes with each frame, and the disk is an SD card: that is written with the next news. */
function isNews(header: IncidentHeader, written: IncidentHeader | null): boolean {
  return written === null || news(header) !== news(written);
}

function news({ incident, closed, labels, hasPicture }: IncidentHeader): string {
  const { level, action, answer, wouldHave } = incident;
  return JSON.stringify([level, action, answer, wouldHave, closed, labels.length, hasPicture]);
}

async function moveAside(folder: string): Promise<void> {
  const taken = new Set(await namesIn(dirname(folder)));
  for (let count = 1; count < 100; count += 1) {
    const aside = `${folder}b${count}`;
    if (!taken.has(aside.slice(dirname(folder).length + 1))) return rename(folder, aside);
  }
}

/** Rejects as a full disk does, before it is full. */
async function checkRoom(folder: string, minFreeBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes >= minFreeBytes) return;
  const error = new Error(`only ${Math.floor(freeBytes / 1e6)} MB of the disk are free`);
  throw Object.assign(error, { code: 'ENOSPC' });
}

function bytesOf(
  files: readonly { readonly name: string; readonly bytes: number }[],
  isMeant: (name: string) => boolean,
): number {
  return files.reduce((sum, { name, bytes }) => sum + (isMeant(name) ? bytes : 0), 0);
}
