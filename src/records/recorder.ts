// The recorder: takes frames and steps from the loop at once, and writes them to disk behind its back.
import { join } from 'node:path';
import type { Incident } from '../core/incident.ts';
import { isSameJob } from '../core/job.ts';
import type { Clock, Log, Recorder } from '../core/ports.ts';
import type { ClosedHow, Label, RecordHealth } from '../core/records.ts';
import { questionOf } from '../core/shadow-state.ts';
import type { Step } from '../core/trace.ts';
import type { PrintRecord } from '../core/track.ts';
import type { Assessment, Frame, JobRef, Notice } from '../core/types.ts';
import type { DecideOptions } from '../core/watch-state.ts';
import { frameName } from './files.ts';
import { createHealthWatch, type RecordArea } from './health.ts';
import { createIncidentFolder, type IncidentFolder, type SeenFrame } from './incident-folder.ts';
import { addLabel } from './incident-header.ts';
import { createLane } from './lane.ts';
import { createPrintTrack } from './print-track.ts';
import { retain } from './retention.ts';
import { createRing, type FrameFile } from './ring.ts';
import { frameLine, type StepText, stepText } from './trace-lines.ts';

/** The `[records]` section, and what the trace says of its maker. */
export interface RecorderOptions {
  /** Holds `incidents` and `prints`. */
  readonly folder: string;
  /** For the frames of the last minutes: in memory (tmpfs) where there is one. */
  readonly ringFolder: string;
  /** How far back an incident reaches, ms. */
  readonly ringTimeMs: number;
  /** Bytes of the ring, and of the frames that an incident gets after its opening. */
  readonly ringBytes: number;
  readonly keepMs: number;
  readonly keepBytes: number;
  /** Nothing is written where less than this is free on the disk. */
  readonly minFreeBytes: number;
  readonly program: string;
  readonly bootId: string;
  readonly decide: DecideOptions;
}

/** What the recorder needs from outside. */
export interface RecorderDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly onNotice: (notice: Notice) => void;
  /** Told with each print that has ended. */
  readonly onPrintEnded: (print: PrintRecord) => void;
}

/** A recorder with what others need to know of it. */
export interface DiskRecorder extends Recorder {
  readonly health: RecordHealth;
  /** Of the incident that is open; null while none is. */
  readonly openIncidentId: () => string | null;
  /** The print that runs, up to now. */
  readonly currentPrint: () => PrintRecord | null;
  /** Does this in turn with the writing, so that both may touch the same files. Rejects where too much waits. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** Looks after what is kept, until the signal aborts; then writes what waits, for 2 s at most. */
  run(signal: AbortSignal): Promise<void>;
}

/** Frames and steps that wait for a slow disk; more would grow without end. */
const maxWaiting = 500;
const maxWaitingBytes = 16 * 1024 * 1024;
/** No disk that works takes this long for one file. */
const stuckAfterMs = 10_000;
const drainMs = 2_000;
/** Also looked after without an incident: days pass. */
const retainEveryMs = 6 * 3_600_000;
const maxLooks = 2_000;

type Work = () => Promise<void>;

/** Makes a recorder. Nothing is written before the first step of a print. */
export function createRecorder(options: RecorderOptions, deps: RecorderDeps): DiskRecorder {
  const { folder, ringFolder, program, bootId } = options;
  const { clock } = deps;
  const log = deps.log.child('records/recorder');
  const incidents = join(folder, 'incidents');
  const source = { program, bootId, options: options.decide };
  const health = createHealthWatch({ clock, log, onNotice: deps.onNotice });
  const lane = createLane<Work>(
    { maxItems: maxWaiting, maxBytes: maxWaitingBytes, stuckAfterMs },
    { clock, work: (work) => work(), onStuck: (isStuck) => health.stuck(isStuck, folder) },
  );
  const ring = createRing(
    { folder: ringFolder, keepMs: options.ringTimeMs, maxBytes: options.ringBytes },
    bootId,
  );
  const track = createPrintTrack({
    ...{ folder: join(folder, 'prints'), bootId, maxLooks },
    onEnded: deps.onPrintEnded,
  });
  let open: IncidentFolder | null = null;
  let seen: SeenFrame | null = null;
  let lost = { frames: 0, steps: 0 };
  /** A step did not get into the queue: the next one must say what it came upon. */
  let hasGap = false;

  /** Work that gives false had nothing to write. */
  const attempt = async (area: RecordArea, where: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      if ((await work()) !== false) health.worked(area);
    } catch (error) {
      health.failed(area, where, error);
    }
  };

  const writeFrame = async (frame: FrameFile): Promise<void> => {
    await attempt('ring', ringFolder, () => ring.addFrame(frame));
    const incident = open;
    if (incident !== null) await attempt('incident', folder, () => incident.addFrame(frame));
  };

  const writeStep = async (step: Step, isAfterGap: boolean): Promise<void> => {
    const text = stepText(step, source);
    await attempt('ring', ringFolder, async () => {
      if (isAfterGap) ring.skip();
      if (!isSamePrint(step.before.job, step.after.job)) {
        seen = null;
        await ring.clear();
      }
      if (isOfInterest(step)) await ring.addStep(text);
      else ring.skip();
    });
    await attempt('print', folder, () => track.add(step));
    const late = lateLabelOf(step);
    if (late !== null) {
      await attempt('incident', folder, () => addLabel(join(incidents, late.id), late.label));
    }
    await writeIncident(step, text, isAfterGap);
  };

  const writeIncident = async (step: Step, text: StepText, isAfterGap: boolean): Promise<void> => {
    const { before, after, at } = step;
    const label = labelOf(step);
    if (open !== null && after.incident?.id !== open.id) {
      const closing = open;
      const incident = before.incident?.id === open.id ? before.incident : null;
      open = null;
      if (incident !== null) {
        const closed = { atMs: at.atMs, how: closedHow(step) };
        const missing = takeLost();
        await attempt('incident', folder, () =>
          closing.addStep(text, { incident, closed, label, seen: null, lost: missing }),
        );
      }
      await keepSmall();
    }
    if (after.incident === null) return;
    open ??= folderOf(after.incident);
    const { incident } = after;
    const current = open;
    if (isAfterGap) current.skip();
    const missing = takeLost();
    await attempt('incident', folder, () =>
      current.addStep(text, { incident, closed: null, label, seen, lost: missing }),
    );
  };

  const takeLost = () => {
    const taken = lost;
    lost = { frames: 0, steps: 0 };
    return taken;
  };

  const folderOf = (incident: Incident): IncidentFolder => {
    const { minFreeBytes, ringBytes } = options;
    const path = join(incidents, incident.id);
    return createIncidentFolder(
      incident,
      { folder: path, maxFrameBytes: ringBytes, minFreeBytes, program, bootId },
      ring,
    );
  };

  const keepSmall = (): Promise<void> => {
    const ids = [open?.id, track.current()?.id].filter((id) => id !== undefined);
    return attempt('retention', folder, () =>
      retain({ folder, keepMs: options.keepMs, maxBytes: options.keepBytes }, new Set(ids), clock.now().atMs),
    );
  };

  const addFrame = (frame: Frame, assessment: Assessment | null): void => {
    const { jpeg, width, height, tickMs } = frame;
    const line = frameLine(frame, frameName(tickMs));
    const isTaken = lane.add(() => {
      seen = { jpeg, width, height, regions: assessment?.regions ?? [] };
      return writeFrame({ tickMs, jpeg, line });
    }, jpeg.length);
    if (isTaken) return;
    lost = { ...lost, frames: lost.frames + 1 };
    health.lost('frame');
  };

  const addStep = (step: Step): void => {
    const isAfterGap = hasGap;
    if (lane.add(() => writeStep(step, isAfterGap), 0)) {
      hasGap = false;
      return;
    }
    hasGap = true;
    lost = { ...lost, steps: lost.steps + 1 };
    health.lost('step');
  };

  return {
    get health() {
      return health.health;
    },
    openIncidentId: () => open?.id ?? null,
    currentPrint: () => track.current(),
    frame: addFrame,
    step: addStep,
    inTurn: (work) =>
      new Promise((resolve, reject) => {
        const isTaken = lane.add(() => work().then(resolve, reject), 0);
        if (!isTaken) reject(new Error('too much waits to be written'));
      }),
    run: async (signal) => {
      while (!signal.aborted) {
        lane.add(keepSmall, 0);
        await clock.sleep(retainEveryMs, signal).catch(() => {});
      }
      lane.add(() => attempt('print', folder, track.flush), 0);
      await lane.drain(drainMs);
    },
  };
}

/** Nothing prints and nothing was ordered: such steps come twice a minute for days. */
function isOfInterest({ before, after, effects }: Step): boolean {
  const isIdle = (state: Step['before']) => state.job === null && state.incident === null;
  return !isIdle(before) || !isIdle(after) || effects.length > 0;
}

function isSamePrint(a: JobRef | null, b: JobRef | null): boolean {
  return a === null || b === null ? a === b : isSameJob(a, b);
}

function labelOf({ input, before, at, through }: Step): Label | null {
  if (input.kind !== 'answered' || before.incident === null) return null;
  const isMeant = input.incidentId === null || input.incidentId === before.incident.id;
  return isMeant ? { answer: input.answer, atMs: at.atMs, through } : null;
}

/** A person has judged what shadow mode saw in a print that is over. */
function lateLabelOf({ input, before, at, through }: Step): { id: string; label: Label } | null {
  if (input.kind !== 'answered' || input.incidentId === null) return null;
  const { answer, incidentId: id } = input;
  const isJudged = answer === 'right' || answer === 'wrong';
  if (!isJudged || questionOf(before.shadow, id) === null) return null;
  return { id, label: { answer, atMs: at.atMs, through } };
}

function closedHow({ input }: Step): ClosedHow {
  switch (input.kind) {
    case 'answered':
    case 'answer-finished':
      return 'answered';
    case 'print-changed': {
      const { print } = input;
      if (print.kind === 'printing' || print.kind === 'heating') return 'resumed';
      return print.kind === 'ended' && print.how === 'cancelled' ? 'cancelled' : 'print-ended';
    }
    default:
      return 'went-away';
  }
}
