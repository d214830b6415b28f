// Klipper's virtual_sdcard: reads a file line by line into the dispatcher and lets everybody else go first.
import type { GcodeDispatch } from './gcode-dispatch.ts';
import { VirtualGcodeError } from './gcode-line.ts';
import type { PrintStats } from './print-stats.ts';
import { KlippyGone, type Reactor } from './reactor.ts';

/** The SD card of one life. */
export interface VirtualSd {
  /** True while the file is being read. */
  readonly isActive: boolean;
  /** Name of the open file, null when none is. */
  readonly file: string | null;
  /** Opens a file. Throws VirtualGcodeError `SD busy` or `Unable to open file`. */
  open(filename: string): void;
  /** Starts or goes on (M24). Throws `SD busy`. */
  start(): void;
  /** Stops after the running line (M25). Resolves when it stands, at once when called from the file itself. */
  stop(): Promise<void>;
  /** Ends the print as cancelled. */
  cancel(): Promise<void>;
  /** SDCARD_RESET_FILE. */
  reset(): Promise<void>;
  /** What a shutdown does: the file stands still, open. */
  halt(): void;
  status(): Record<string, unknown>;
}

/** What the SD card needs. */
export interface VirtualSdDeps {
  readonly reactor: Reactor;
  readonly gcode: GcodeDispatch;
  readonly stats: PrintStats;
  /** Text of a file; null when there is no such file. */
  readonly read: (filename: string) => string | null;
  /** Absolute path of a file. */
  readonly pathOf: (filename: string) => string;
  /** Run when a line of the file is refused. */
  readonly onErrorGcode: string;
  /** A file was opened or closed: object lists are forgotten. */
  readonly onReset: () => void;
}

/** Makes an SD card without an open file. */
export function createVirtualSd(deps: VirtualSdDeps): VirtualSd {
  const { gcode, stats } = deps;
  let file: { name: string; text: string } | null = null;
  let position = 0;
  let size = 0;
  let isActive = false;
  let mustStop = false;
  let isLineFromFile = false;
  const watchers = new Set<() => void>();
  let wakeLoop: () => void = () => undefined;

  const closeFile = () => {
    file = null;
  };
  /** Waits until nobody else wants the lock, or until the loop is asked to stop. */
  const waitForTurn = () =>
    Promise.race([gcode.lock.whenFree(), new Promise<void>((resolve) => (wakeLoop = resolve))]);

  /** The file stands still or is over; `message` when a line of it was refused. */
  const settle = (message: string | null) => {
    if (!isActive) return;
    isActive = false;
    if (message !== null) stats.ended('error', message);
    else if (file !== null) stats.stopped();
    else stats.ended('complete');
    for (const watcher of watchers) watcher();
    watchers.clear();
  };

  /** Runs one line and lets go of the lock. A stop asked for by the line itself is done before anybody else has it. */
  const runLine = async (line: string, next: number): Promise<void> => {
    const release = await gcode.lock.acquire();
    isLineFromFile = true;
    try {
      await gcode.runInside(line);
      // A cancel from inside the file has set the position itself.
      if (file !== null) position = next;
      if (mustStop) settle(null);
    } finally {
      isLineFromFile = false;
      release();
    }
  };

  const readLines = async (): Promise<string | null> => {
    while (!mustStop && file !== null) {
      if (position >= size) {
        closeFile();
        gcode.respondRaw('Done printing file');
        break;
      }
      if (gcode.lock.isHeld) {
        await waitForTurn();
        continue;
      }
      const found = file.text.indexOf('\n', position);
      const end = found < 0 ? size : found;
      try {
        await runLine(file.text.slice(position, end), end + 1);
      } catch (error) {
        if (!(error instanceof VirtualGcodeError)) throw error;
        // It counts as a line of the file: a cancel in it must not wait for the loop that waits for it.
        isLineFromFile = true;
        await gcode.run(deps.onErrorGcode).catch(ignoreRefusal);
        isLineFromFile = false;
        return error.message;
      }
    }
    return null;
  };

  const loop = async () => {
    stats.started();
    settle(await readLines());
  };

  const stop = async () => {
    if (!isActive) return;
    mustStop = true;
    wakeLoop();
    if (!isLineFromFile) await new Promise<void>((resolve) => watchers.add(resolve));
  };

  return {
    get isActive() {
      return isActive;
    },
    get file() {
      return file?.name ?? null;
    },
    open: (filename) => {
      if (isActive) throw new VirtualGcodeError('SD busy');
      const name = filename.replace(/^\//, '');
      stats.reset();
      deps.onReset();
      closeFile();
      position = size = 0;
      const text = deps.read(name);
      if (text === null) throw new VirtualGcodeError('Unable to open file');
      gcode.respondRaw(`File opened:${name} Size:${text.length}`);
      gcode.respondRaw('File selected');
      file = { name, text };
      size = text.length;
      stats.select(name);
    },
    start: () => {
      if (isActive) throw new VirtualGcodeError('SD busy');
      if (file === null) return gcode.respondRaw('!! Unable to seek file');
      isActive = true;
      mustStop = false;
      loop().catch((error: unknown) => {
        if (!(error instanceof KlippyGone)) throw error;
      });
    },
    stop,
    cancel: async () => {
      if (file !== null) {
        await stop();
        closeFile();
        stats.ended('cancelled');
      }
      position = size = 0;
    },
    reset: async () => {
      if (isLineFromFile) throw new VirtualGcodeError('SDCARD_RESET_FILE cannot be run from the sdcard');
      await stop();
      closeFile();
      position = size = 0;
      stats.reset();
      deps.onReset();
    },
    halt: () => {
      mustStop = true;
      wakeLoop();
    },
    status: () => ({
      file_path: file === null ? null : deps.pathOf(file.name),
      progress: size === 0 ? 0 : position / size,
      is_active: isActive,
      file_position: position,
      file_size: size,
    }),
  };
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof VirtualGcodeError)) throw error;
}
