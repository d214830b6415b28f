// Reads a recorded Moonraker session and plays it into the print tracker, in two ways of reading Klipper's status.
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import {
  initialPrintTracker,
  type PrinterSnapshot,
  type PrintTrackerInput,
  type PrintTrackerState,
  trackPrint,
} from '../../src/core/print.ts';
import type { NotReadyWhy, Print } from '../../src/core/types.ts';

/**
 * `full`: every field with every change. `lean`: as the product reads; the fields that tick are read at state changes
 * and every 10 s and are stale in between.
 */
export type ReadingStyle = 'full' | 'lean';

/** How to play a session. */
export interface ReplayOptions {
  readonly style: ReadingStyle;
  /** The pauses that the recorder sent are announced to the tracker as ours. */
  readonly isPauseOurs: boolean;
}

type Tree = Record<string, Record<string, unknown>>;

const line = v.object({ t: v.number(), dir: v.picklist(['in', 'out', 'note']), raw: v.string() });
const tree = v.record(v.string(), v.record(v.string(), v.unknown()));
const frame = v.object({
  id: v.optional(v.nullable(v.number())),
  method: v.optional(v.string()),
  params: v.optional(v.unknown()),
  result: v.optional(v.unknown()),
});
const reading = v.object({ eventtime: v.number(), status: tree });
const update = v.tuple([tree, v.number()]);
const serverInfo = v.object({
  klippy_state: v.picklist(['ready', 'disconnected', 'startup', 'error', 'shutdown']),
});
const gcodeLines = v.tuple([v.string()]);
const status = v.object({
  webhooks: v.object({
    state: v.picklist(['ready', 'startup', 'error', 'shutdown']),
    state_message: v.string(),
  }),
  print_stats: v.object({
    state: v.picklist(['standby', 'printing', 'paused', 'complete', 'cancelled', 'error']),
    filename: v.string(),
    message: v.string(),
    print_duration: v.number(),
    total_duration: v.number(),
    info: v.object({ current_layer: v.nullable(v.number()), total_layer: v.nullable(v.number()) }),
  }),
  virtual_sdcard: v.object({ is_active: v.boolean(), file_position: v.number(), progress: v.number() }),
  pause_resume: v.object({ is_paused: v.boolean() }),
});

/** The prints that the tracker saw in the session, one for each reading, from the first subscription on. */
export function replay(file: string, options: ReplayOptions): readonly Print[] {
  const player = createPlayer(options);
  for (const text of readFileSync(file, 'utf8').trim().split('\n')) {
    const { t, dir, raw } = v.parse(line, JSON.parse(text));
    if (dir === 'note') {
      // What comes after is the recorder hanging up.
      if (raw === 'END' || raw === 'PHASE end') break;
      player.note(raw);
    } else {
      const parsed = parseJson(raw);
      if (parsed !== null) player[dir](parsed, t * 1000);
    }
  }
  return player.prints;
}

type Frame = v.InferOutput<typeof frame>;

function parseJson(raw: string): Frame | null {
  try {
    return v.parse(frame, JSON.parse(raw));
  } catch {
    return null;
  }
}

function createPlayer({ style, isPauseOurs }: ReplayOptions) {
  const prints: Print[] = [];
  const asked = new Map<number, string>();
  let tracker: PrintTrackerState = initialPrintTracker;
  let merged: Tree = {};
  let ticking: Tree = {};
  let view: 'ready' | NotReadyWhy = 'no-moonraker';
  let isSubscribed = false;
  let isFilamentOut = false;
  let eventtime = 0;
  let lastFullEventtime = 0;

  const track = (input: PrintTrackerInput) => {
    tracker = trackPrint(tracker, input);
    if (input.kind === 'read') prints.push(tracker.print);
    const isSettled = tracker.print.kind === 'paused' && tracker.isOurPauseOut;
    if (isSettled && ![...asked.values()].includes('printer.print.pause')) track({ kind: 'pause-settled' });
  };
  const read = (isFull: boolean, tickMs: number) => {
    if (isFull) {
      ticking = structuredClone(merged);
      lastFullEventtime = eventtime;
    }
    const snapshot = { ...toSnapshot(merged, ticking, eventtime), isFilamentOut };
    track({ kind: 'read', snapshot, isFull, tickMs });
  };
  const readNotReady = (why: 'ready' | NotReadyWhy, tickMs: number) => {
    view = why === 'ready' ? 'startup' : why;
    isSubscribed = false;
    const snapshot = { ...emptySnapshot, klippy: view, message: view };
    track({ kind: 'read', snapshot, isFull: false, tickMs });
  };
  const readChange = (diff: Tree, tickMs: number) => {
    const hasNewState = diff['print_stats']?.['state'] !== undefined;
    const hasBegun =
      tracker.print.kind === 'heating' && diff['print_stats']?.['print_duration'] !== undefined;
    if (style === 'full') return read(true, tickMs);
    if (hasEventField(diff)) read(false, tickMs);
    if (hasNewState || hasBegun || eventtime - lastFullEventtime >= 10) read(true, tickMs);
  };

  return {
    prints,
    note: (text: string) => {
      if (text.startsWith('socket closed')) readNotReady('no-moonraker', 0);
      if (text.startsWith('filament runs out')) isFilamentOut = true;
    },
    out: ({ id, method }: Frame) => {
      if (id != null && method !== undefined) asked.set(id, method);
      if (isPauseOurs && method === 'printer.print.pause') track({ kind: 'pause-requested' });
    },
    in: (message: Frame, tickMs: number) => {
      const method = message.method ?? asked.get(message.id ?? -1) ?? '';
      if (message.id != null) asked.delete(message.id);
      const { params, result } = message;
      switch (method) {
        case 'printer.objects.subscribe': {
          if (result === undefined) return;
          ({ status: merged, eventtime } = v.parse(reading, result));
          isSubscribed = true;
          return read(true, tickMs);
        }
        case 'notify_status_update': {
          const [diff, at] = v.parse(update, params);
          for (const [object, fields] of Object.entries(diff))
            merged[object] = { ...merged[object], ...fields };
          eventtime = at;
          return readChange(diff, tickMs);
        }
        case 'server.info': {
          const { klippy_state: state } = v.parse(serverInfo, result);
          return isSubscribed || view === state || prints.length === 0
            ? undefined
            : readNotReady(state, tickMs);
        }
        case 'notify_klippy_disconnected':
          return readNotReady('disconnected', tickMs);
        case 'notify_klippy_ready':
          return isSubscribed ? undefined : readNotReady('startup', tickMs);
        case 'notify_gcode_response':
          for (const text of v.parse(gcodeLines, params)[0].split('\n')) {
            track({ kind: 'gcode-response', line: text, tickMs });
          }
      }
    },
  };
}

/** True for a change that the product's subscription to fields that do not tick would send. */
function hasEventField(diff: Tree): boolean {
  const fields: Record<string, readonly string[]> = {
    webhooks: ['state'],
    print_stats: ['state', 'filename', 'message', 'info'],
    virtual_sdcard: ['is_active'],
    pause_resume: ['is_paused'],
  };
  return Object.entries(fields).some(([object, names]) =>
    names.some((name) => diff[object]?.[name] !== undefined),
  );
}

const emptySnapshot: PrinterSnapshot = {
  klippy: 'startup',
  message: '',
  state: 'standby',
  errorMessage: '',
  filename: '',
  printDurationMs: 0,
  totalDurationMs: 0,
  filePosition: 0,
  isPaused: false,
  isSdActive: false,
  progress: 0,
  layer: null,
  totalLayer: null,
  isFilamentOut: false,
  eventTickMs: 0,
};

function toSnapshot(now: Tree, ticking: Tree, eventtime: number): PrinterSnapshot {
  const { webhooks, print_stats: stats, virtual_sdcard: card, pause_resume: pause } = v.parse(status, now);
  const old = v.parse(status, ticking);
  return {
    klippy: webhooks.state,
    message: webhooks.state_message,
    state: stats.state,
    errorMessage: stats.message,
    filename: stats.filename,
    printDurationMs: old.print_stats.print_duration * 1000,
    totalDurationMs: old.print_stats.total_duration * 1000,
    filePosition: old.virtual_sdcard.file_position,
    isPaused: pause.is_paused,
    isSdActive: card.is_active,
    progress: old.virtual_sdcard.progress,
    layer: stats.info.current_layer,
    totalLayer: stats.info.total_layer,
    isFilamentOut: false,
    eventTickMs: eventtime * 1000,
  };
}
