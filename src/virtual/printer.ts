// A cartesian Klipper printer as a state machine on real time: files, prints, faults, restarts, and what a camera sees.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type VirtualPrint, writeGcodeFile } from './gcode-file.ts';
import { createKlipper, type Klipper, type KlipperOptions } from './klipper.ts';
import type { VirtualMacro } from './macros.ts';
import { KlippyGone } from './reactor.ts';
import type { VirtualScene } from './scene.ts';
import { createSceneWatcher } from './scene-watcher.ts';

export type { VirtualPrint } from './gcode-file.ts';

/** State of the printer as a companion sees it; `disconnected` while the host process is away. */
export type VirtualPrinterState = 'ready' | 'shutdown' | 'startup' | 'error' | 'disconnected';

/** How the printer is built. Every option has a default. */
export interface VirtualPrinterOptions {
  /** How many times faster than real the machine heats, moves and parks; 1 or more. Default 1. */
  readonly speed?: number;
  /** ms between two status samples. Default 250, as Klipper. */
  readonly sampleMs?: number;
  /** ms of the machine's time that PAUSE parks with the G-code lock held. Default 500. */
  readonly parkMs?: number;
  /** Real ms that a restart takes until `ready`. Default 2000. */
  readonly restartMs?: number;
  /** Real seconds without motion until heaters and motors go off. Default 600. */
  readonly idleTimeoutS?: number;
  /** `mainsail`: the macros of mainsail.cfg, an error in the file cancels. `plain`: Klipper alone. Default `mainsail`. */
  readonly macros?: 'mainsail' | 'plain';
  /** True: printer.cfg includes klipper/lookout.cfg, as its last line. Default false. */
  readonly hasLookoutMacros?: boolean;
  /** Further macros by name. */
  readonly ownMacros?: Readonly<Record<string, VirtualMacro>>;
  /** A folder into which files are written too, for a real Moonraker to find. Default: none. */
  readonly gcodesPath?: string;
}

/** A virtual printer. */
export interface VirtualPrinter {
  /** Makes a file known, so that it can be started by name. */
  addFile(print: VirtualPrint): void;
  /** Names and sizes of all files. */
  files(): readonly { path: string; size: number; modified: number }[];
  /** Klipper's status tree, all objects. Empty while disconnected. */
  status(): Record<string, Record<string, unknown>>;
  /** Seconds on CLOCK_MONOTONIC. */
  eventtime(): number;
  /** Runs a script under the G-code lock. Rejects with VirtualGcodeError, or KlippyGone when a restart comes between. */
  gcode(script: string): Promise<void>;
  /** SDCARD_PRINT_FILE. Rejects with VirtualGcodeError. */
  startPrint(filename: string): Promise<void>;
  /** Holds the G-code lock from the next free moment on, as an M109 does. Returns the way to let go. */
  holdLock(): () => void;
  /** Immediate: state `shutdown`, heaters off, the print stands. `reason` is Klipper's first words. */
  emergencyStop(reason?: string): void;
  /** What RESTART does: the host process ends and comes back. Resolves at its next `ready` or `error`. */
  restart(): Promise<void>;
  /** The host process dies without a word and stays away until `restart`. */
  kill(): void;
  /** Makes the following starts end in `error` with this text; null mends it. */
  setConfigError(text: string | null): void;
  /** What the filament sensor sees. */
  setFilament(isDetected: boolean): void;
  onGcodeResponse(listener: (line: string) => void): () => void;
  onState(listener: (state: VirtualPrinterState) => void): () => void;
  readonly state: VirtualPrinterState;
  /** Klipper's state text. */
  readonly stateMessage: string;
  /** What the camera sees. */
  scene(): VirtualScene;
  /** Every script that came from outside, and how often a command ran wherever it came from. */
  readonly log: { readonly scripts: readonly string[]; count(command: string): number };
  /** The running host process, for the two ways in (Klippy socket, Moonraker); null while disconnected. */
  readonly klipper: Klipper | null;
  /** Where the files are, as Klipper tells it. */
  readonly gcodesPath: string;
  /** Ends everything at once. */
  close(): void;
}

/** Scripts remembered in `log`. */
const maxScripts = 10_000;

/** Makes a printer that is `ready`, cold and not homed. */
export function createVirtualPrinter(options: VirtualPrinterOptions = {}): VirtualPrinter {
  const gcodesPath = options.gcodesPath ?? '/home/pi/printer_data/gcodes';
  const files = new Map<string, { print: VirtualPrint; text: string; modified: number }>();
  const outputListeners = new Set<(line: string) => void>();
  const stateListeners = new Set<(state: VirtualPrinterState) => void>();
  const counts = new Map<string, number>();
  const scripts: string[] = [];
  const pins = new Map([['light', 1]]);
  let configError: string | null = null;
  let klipper: Klipper | null = null;
  let restartTimer: NodeJS.Timeout | null = null;
  let isClosed = false;

  const tellState = (state: VirtualPrinterState) => {
    for (const listener of [...stateListeners]) listener(state);
  };
  const lifeOptions = (): KlipperOptions => ({
    speed: options.speed ?? 1,
    sampleMs: options.sampleMs ?? 250,
    parkMs: options.parkMs ?? 500,
    idleTimeoutS: options.idleTimeoutS ?? 600,
    gcodesPath,
    macros: options.macros ?? 'mainsail',
    hasLookoutMacros: options.hasLookoutMacros ?? false,
    ownMacros: options.ownMacros ?? {},
    configError,
    readFile: (filename) => files.get(filename)?.text ?? null,
    pins,
    onOutput: (line) => {
      for (const listener of [...outputListeners]) listener(line);
    },
    onCommand: (name) => counts.set(name, (counts.get(name) ?? 0) + 1),
    onState: tellState,
    onRestartAsked: () => void restart(),
  });
  const boot = () => {
    klipper = createKlipper(lifeOptions());
    tellState('startup');
    klipper.finishStart();
  };
  const kill = () => {
    if (restartTimer !== null) clearTimeout(restartTimer);
    restartTimer = null;
    if (klipper === null) return;
    const gone = klipper;
    klipper = null;
    tellState('disconnected');
    gone.dispose();
  };
  const restart = (): Promise<void> => {
    klipper?.gcode.respondInfo('Klipper state: Disconnect');
    kill();
    if (isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      restartTimer = setTimeout(() => {
        restartTimer = null;
        boot();
        resolve();
      }, options.restartMs ?? 2000);
    });
  };
  const running = (): Klipper => {
    if (klipper === null) throw new KlippyGone();
    return klipper;
  };
  const gcode = async (script: string) => {
    scripts.push(script);
    if (scripts.length > maxScripts) scripts.shift();
    await running().gcode.run(script);
  };
  const scene = createSceneWatcher({
    klipper: () => klipper,
    print: (filename) => files.get(filename)?.print ?? null,
    isDark: () => pins.get('light') === 0,
  });

  klipper = createKlipper(lifeOptions());
  klipper.finishStart();

  return {
    gcodesPath,
    addFile: (print) => {
      const text = writeGcodeFile(print);
      files.set(print.filename, { print, text, modified: Date.now() / 1000 });
      if (options.gcodesPath === undefined) return;
      const path = join(gcodesPath, print.filename);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    },
    files: () => [...files].map(([path, { text, modified }]) => ({ path, size: text.length, modified })),
    status: () =>
      Object.fromEntries(
        (klipper?.objectNames ?? []).map((name) => [name, klipper?.objectStatus(name) ?? {}]),
      ),
    eventtime: () => Number(process.hrtime.bigint()) / 1e9,
    gcode,
    startPrint: (filename) => gcode(`SDCARD_PRINT_FILE FILENAME="${filename.replaceAll('"', '\\"')}"`),
    holdLock: () => {
      const taken = running().gcode.lock.acquire();
      taken.catch(() => undefined);
      let isReleased = false;
      return () => {
        if (isReleased) return;
        isReleased = true;
        taken.then(
          (release) => release(),
          () => undefined,
        );
      };
    },
    emergencyStop: (reason = 'Shutdown due to webhooks request') => running().shutdown(reason),
    restart,
    kill,
    setConfigError: (text) => {
      configError = text;
    },
    setFilament: (isDetected) => klipper?.sensor.setDetected(isDetected),
    onGcodeResponse: (listener) => {
      outputListeners.add(listener);
      return () => outputListeners.delete(listener);
    },
    onState: (listener) => {
      stateListeners.add(listener);
      return () => stateListeners.delete(listener);
    },
    get state() {
      return klipper?.state ?? 'disconnected';
    },
    get stateMessage() {
      return klipper?.stateMessage ?? 'Klippy Disconnected';
    },
    scene,
    log: { scripts, count: (command) => counts.get(command.toUpperCase()) ?? 0 },
    get klipper() {
      return klipper;
    },
    close: () => {
      isClosed = true;
      kill();
      outputListeners.clear();
      stateListeners.clear();
    },
  };
}
