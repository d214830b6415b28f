// The last minutes of a print: frames and trace in a folder that is kept small, copied when an incident opens.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  append,
  copySynced,
  frameName,
  listFiles,
  makeFolder,
  namesIn,
  readAll,
  tickOfFrame,
  write,
} from './files.ts';
import type { StepText } from './trace-lines.ts';

/** Where and how much. */
export interface RingOptions {
  readonly folder: string;
  /** What is older than this is dropped, ms. */
  readonly keepMs: number;
  /** Bytes of frames at most. */
  readonly maxBytes: number;
}

/** A frame on its way to disk. */
export interface FrameFile {
  readonly tickMs: number;
  readonly jpeg: Uint8Array;
  /** Its line in the trace. */
  readonly line: string;
}

/** A ring on disk. Its methods must not overlap; each rejects with the error of the file system. */
export interface Ring {
  addFrame(frame: FrameFile): Promise<void>;
  addStep(step: StepText): Promise<void>;
  /** Steps are missing before the next one. */
  skip(): void;
  /** Forgets everything: another print begins. */
  clear(): Promise<void>;
  /** Its whole trace as text; '' where there is none. */
  readTrace(): Promise<string>;
  /** Copies the frames that the folder does not have yet, the newest first. */
  copyFrames(folder: string): Promise<void>;
}

/** One file of the trace; every one begins with the state, so that the oldest can be dropped. */
interface Segment {
  readonly name: string;
  readonly tickMs: number;
  bytes: number;
}

interface Kept {
  readonly tickMs: number;
  readonly bytes: number;
}

/** A new file of the trace after this long, or this large. */
const segmentMs = 60_000;
const maxSegmentBytes = 512 * 1024;
/** An hour of it has less, in a usual print. */
const maxTraceBytes = 4 * 1024 * 1024;

/** Makes a ring. What an earlier process of the same boot has left is taken up with the first use. */
export function createRing({ folder, keepMs, maxBytes }: RingOptions, bootId: string): Ring {
  const bootFile = `boot-${bootId.replaceAll(/[^a-zA-Z0-9-]/g, '') || 'unknown'}`;
  let frames: Kept[] = [];
  let segments: Segment[] = [];
  let isOpen = false;
  /** Lines of frames that wait for the step they belong to: a file of the trace must begin with the state. */
  let frameLines = '';
  let mustBegin = true;

  const openFolder = async (): Promise<void> => {
    if (isOpen) return;
    await makeFolder(folder);
    const found = await listFiles(folder);
    // Ticks of another boot say nothing about now.
    if (!found.some(({ name }) => name === bootFile)) {
      await wipe();
      await write(join(folder, bootFile), '', false);
    } else {
      frames = found.flatMap(({ name, bytes }) => {
        const tickMs = tickOfFrame(name);
        return tickMs === null ? [] : [{ tickMs, bytes }];
      });
      segments = found.flatMap(({ name, bytes }) => {
        const digits = /^s(\d{12,15})\.ndjson$/.exec(name)?.[1];
        return digits === undefined ? [] : [{ name, tickMs: Number(digits), bytes }];
      });
    }
    mustBegin = true;
    isOpen = true;
  };

  const wipe = async (): Promise<void> => {
    for (const name of await namesIn(folder)) await rm(join(folder, name), { recursive: true, force: true });
    frames = [];
    segments = [];
  };

  /** After any error the folder is looked at afresh: it may be gone, or half of what was known of it. */
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      await openFolder();
      return await work();
    } catch (error) {
      isOpen = false;
      throw error;
    }
  };

  const prune = async (tickMs: number): Promise<void> => {
    let frameBytes = sizeOf(frames);
    for (let oldest = frames[0]; oldest !== undefined; oldest = frames[0]) {
      if (oldest.tickMs >= tickMs - keepMs && frameBytes <= maxBytes) break;
      await rm(join(folder, frameName(oldest.tickMs)), { force: true });
      frames.shift();
      frameBytes -= oldest.bytes;
    }
    let traceBytes = sizeOf(segments);
    for (let next = segments[1]; next !== undefined; next = segments[1]) {
      // A file may go when the next one reaches back far enough.
      if (next.tickMs >= tickMs - keepMs && traceBytes <= maxTraceBytes) break;
      const oldest = segments[0];
      if (oldest === undefined) break;
      await rm(join(folder, oldest.name), { force: true });
      segments.shift();
      traceBytes -= oldest.bytes;
    }
  };

  const startSegment = async (step: StepText): Promise<Segment> => {
    const why = segments.length === 0 ? 'start' : mustBegin ? 'gap' : 'rotation';
    const tickMs = Math.round(step.at.tickMs);
    const name = `s${tickMs.toString().padStart(12, '0')}.ndjson`;
    const text = step.begin(why);
    await append(join(folder, name), text, true, false);
    const segment = { name, tickMs, bytes: Buffer.byteLength(text) };
    segments.push(segment);
    mustBegin = false;
    return segment;
  };

  return {
    addFrame: (frame) =>
      guarded(async () => {
        await write(join(folder, frameName(frame.tickMs)), frame.jpeg, false);
        frames.push({ tickMs: Math.round(frame.tickMs), bytes: frame.jpeg.length });
        frameLines += frame.line;
        await prune(frame.tickMs);
      }),
    addStep: (step) =>
      guarded(async () => {
        const last = segments.at(-1);
        const isFull =
          last === undefined ||
          step.at.tickMs - last.tickMs >= segmentMs ||
          last.bytes + step.line.length > maxSegmentBytes;
        const segment = isFull || mustBegin ? await startSegment(step) : last;
        const text = frameLines + step.line;
        frameLines = '';
        await append(join(folder, segment.name), text, false, false);
        segment.bytes += Buffer.byteLength(text);
        await prune(step.at.tickMs);
      }),
    skip: () => {
      mustBegin = true;
    },
    clear: () =>
      guarded(async () => {
        for (const { tickMs } of frames) await rm(join(folder, frameName(tickMs)), { force: true });
        for (const { name } of segments) await rm(join(folder, name), { force: true });
        frames = [];
        segments = [];
        frameLines = '';
        mustBegin = true;
      }),
    readTrace: () => guarded(() => readAll(segments.map(({ name }) => join(folder, name)))),
    copyFrames: (target) =>
      guarded(async () => {
        const there = new Set(await namesIn(target));
        for (const { tickMs } of frames.toReversed()) {
          const name = frameName(tickMs);
          if (!there.has(name)) await copySynced(join(folder, name), join(target, name));
        }
      }),
  };
}

function sizeOf(kept: readonly { readonly bytes: number }[]): number {
  return kept.reduce((sum, { bytes }) => sum + bytes, 0);
}
