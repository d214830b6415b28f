// The track of each print on disk (prints/ID.ndjson): every look and what happened, thinned out where a print is long.
import { basename, dirname, join } from 'node:path';
import { isSameJob } from '../core/job.ts';
import { addToSummary, noSummary, type PrintSummary } from '../core/print-summary.ts';
import type { Step } from '../core/trace.ts';
import {
  lookOf,
  marksOf,
  type PrintEnd,
  type PrintRecord,
  type TrackLook,
  worseLook,
} from '../core/track.ts';
import type { JobRef } from '../core/types.ts';
import { append, makeFolder, namesIn, replace } from './files.ts';
import { readTrack, type TrackFile, trackFormat, trackIdOf } from './track-file.ts';

/** Where and how much. */
export interface PrintTrackOptions {
  readonly folder: string;
  readonly bootId: string;
  /** Looks of one print at most; then every two become their worse one. Even. */
  readonly maxLooks: number;
  /** Told with each print that has ended. */
  readonly onEnded: (print: PrintRecord) => void;
}

/** Follows prints. Its methods must not overlap. */
export interface PrintTrack {
  /** Rejects with the error of the file system; the summary has the step all the same. */
  add(step: Step): Promise<void>;
  /** Writes what has been counted of the print that runs: this process ends, and another will go on with it. */
  flush(): Promise<void>;
  /** The print that runs, up to now; null while none does. */
  current(): PrintRecord | null;
}

/** A print as it runs. */
interface Running {
  readonly job: JobRef;
  readonly id: string;
  readonly startedAtMs: number;
  summary: PrintSummary;
  lastTickMs: number;
  gate: string | null;
  printMs: number | null;
  /** So many looks make one line. */
  stride: number;
  looks: number;
  pending: { look: TrackLook; count: number } | null;
  /** The first line of its file. */
  readonly begin: string;
  /** Lines not on disk yet. */
  lines: string;
  isOnDisk: boolean;
  linesSinceSums: number;
}

/** The sums are written this often, so that a restart goes on with them. */
const sumsEvery = 10;
/** While a disk is full, what waits for it. Older lines are dropped. */
const maxWaitingChars = 256 * 1024;
/** Of the newest tracks: one of them may be of the print that runs when this process starts. */
const lookedAtOnStart = 3;

/** Makes a follower. Nothing is written before the first step of a print. */
export function createPrintTrack(options: PrintTrackOptions): PrintTrack {
  const { folder, bootId, maxLooks, onEnded } = options;
  let running: Running | null = null;

  const start = async (job: JobRef, step: Step): Promise<Running> => {
    const { at } = step;
    const earlier = await findEarlier(folder, bootId, job).catch(() => null);
    if (earlier !== null) return takeUp(earlier, job, at.tickMs);
    const startedAtMs = Math.round(at.atMs - (at.tickMs - job.startTickMs));
    const taken = new Set((await namesIn(folder).catch(() => [])).map(trackIdOf));
    let stamp = startedAtMs;
    while (taken.has(stamp.toString(36))) stamp += 1;
    const id = stamp.toString(36);
    const { filename, startTickMs } = job;
    const begin = toLine({ kind: 'begin', format: trackFormat, bootId, filename, startTickMs, startedAtMs });
    return {
      ...{ job, id, startedAtMs, summary: noSummary, lastTickMs: at.tickMs, gate: null, printMs: null },
      ...{ stride: 1, looks: 0, pending: null, begin, lines: '', isOnDisk: false, linesSinceSums: 0 },
    };
  };

  const takeUp = ({ id, begin, lines, summary }: TrackFile, job: JobRef, tickMs: number): Running => ({
    ...{ job, id, startedAtMs: begin.startedAtMs, summary, lastTickMs: tickMs, gate: null, printMs: null },
    ...{ stride: 1, looks: lines.filter(({ kind }) => kind === 'look').length, pending: null },
    // The line before may have been cut off.
    ...{ begin: toLine(begin), lines: '\n', isOnDisk: true, linesSinceSums: 0 },
  });

  const write = async (print: Running): Promise<void> => {
    if (print.isOnDisk && print.lines === '') return;
    const file = fileOf(folder, print.id);
    try {
      if (!print.isOnDisk) await makeFolder(folder);
      await append(file, (print.isOnDisk ? '' : print.begin) + print.lines, !print.isOnDisk, false);
    } catch (error) {
      // It may be gone, and the last line of it may be cut off.
      print.isOnDisk = false;
      print.lines = `\n${print.lines.slice(-maxWaitingChars)}`;
      throw error;
    }
    print.isOnDisk = true;
    print.lines = '';
    if (print.looks <= maxLooks) return;
    await thin(file);
    print.stride *= 2;
    print.looks = Math.ceil(print.looks / 2);
  };

  const addLook = (print: Running, look: TrackLook): void => {
    const { pending } = print;
    const next =
      pending === null
        ? { look, count: 1 }
        : { look: worseLook(look, pending.look), count: pending.count + 1 };
    if (next.count < print.stride) {
      print.pending = next;
      return;
    }
    print.pending = null;
    print.lines += toLine(next.look);
    print.looks += 1;
    print.linesSinceSums += 1;
    if (print.linesSinceSums >= sumsEvery) addSums(print);
  };

  const follow = (print: Running, step: Step): void => {
    const { at, input, gate } = step;
    print.summary = addToSummary(print.summary, step, at.tickMs - print.lastTickMs);
    print.lastTickMs = at.tickMs;
    if (input.kind === 'print-changed' && 'job' in input.print)
      print.printMs = input.print.job.printDurationMs;
    const kind = gate?.kind ?? null;
    if (kind !== print.gate) print.lines += toLine({ kind: 'gate', atMs: at.atMs, gate: kind });
    print.gate = kind;
    const marks = marksOf(step);
    for (const mark of marks) print.lines += toLine(mark);
    const look = lookOf(step, print.printMs);
    if (look !== null) addLook(print, look);
    // An incident must be counted also where the process is killed right after it.
    if (marks.length > 0) addSums(print);
  };

  const end = async (print: Running, how: PrintEnd, atMs: number): Promise<void> => {
    running = null;
    if (print.pending !== null) print.lines += toLine(print.pending.look);
    addSums(print);
    print.lines += toLine({ kind: 'end', atMs, how });
    onEnded(recordOf(print, { atMs, how }));
    await write(print);
  };

  return {
    add: async (step) => {
      const { after, at, input } = step;
      const job = after.job;
      if (running !== null && (job === null || !isSameJob(running.job, job))) {
        const ended = running;
        const seen =
          input.kind === 'print-changed' && input.print.kind === 'ended' ? input.print.how : 'unknown';
        follow(ended, step);
        await end(ended, job === null ? seen : 'unknown', at.atMs);
      }
      if (job === null) return;
      running ??= await start(job, step);
      follow(running, step);
      await write(running);
    },
    flush: async () => {
      if (running === null) return;
      addSums(running);
      await write(running);
    },
    current: () => (running === null ? null : recordOf(running, null)),
  };
}

function addSums(print: Running): void {
  print.lines += toLine({ kind: 'sums', ...print.summary });
  print.linesSinceSums = 0;
}

function recordOf(
  print: Running,
  ended: { readonly atMs: number; readonly how: PrintEnd } | null,
): PrintRecord {
  const { id, job, startedAtMs, summary } = print;
  const { filename } = job;
  return { id, filename, startedAtMs, endedAtMs: ended?.atMs ?? null, how: ended?.how ?? null, summary };
}

/** The track of this print that an earlier process has begun. */
async function findEarlier(folder: string, bootId: string, job: JobRef): Promise<TrackFile | null> {
  // Ids sort by the start of the print while their length is the same, which it is for decades.
  const ids = (await namesIn(folder)).map(trackIdOf).filter((id) => id !== null);
  for (const id of ids.toSorted().slice(-lookedAtOnStart)) {
    const track = await readTrack(folder, id).catch(() => null);
    if (track === null || track.end !== null) continue;
    if (track.begin.bootId === bootId && isSameJob(track.begin, job)) return track;
  }
  return null;
}

/** Every two looks become their worse one; everything else stays. */
async function thin(file: string): Promise<void> {
  const { begin, lines, summary } = await readTrack(dirname(file), trackIdOf(basename(file)) ?? '');
  const kept: string[] = [];
  let waiting: TrackLook | null = null;
  for (const line of lines) {
    if (line.kind !== 'look') {
      kept.push(toLine(line));
      continue;
    }
    if (waiting !== null) kept.push(toLine(worseLook(line, waiting)));
    waiting = waiting === null ? line : null;
  }
  if (waiting !== null) kept.push(toLine(waiting));
  const sums = toLine({ kind: 'sums', ...summary });
  await replace(file, [toLine(begin), ...kept, sums].join(''));
}

function fileOf(folder: string, id: string): string {
  return join(folder, `${id}.ndjson`);
}

function toLine(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
