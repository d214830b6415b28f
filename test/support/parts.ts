// Small stand-ins for the ports, for tests of the loop itself: each does only what the test tells it.

import type { BedObjects } from '../../src/core/objects.ts';
import type { Backend, Camera, Channel, Printer, Recorder, Store } from '../../src/core/ports.ts';
import type { Step } from '../../src/core/trace.ts';
import {
  type ActionOutcome,
  type Assessment,
  type Frame,
  type Job,
  type PauseStep,
  type Print,
  toScore,
} from '../../src/core/types.ts';

/** A job that has printed for a minute. */
export function aJob(change: Partial<Job> = {}): Job {
  return {
    filename: 'benchy.gcode',
    startTickMs: 500_000,
    printDurationMs: 60_000,
    totalDurationMs: 90_000,
    progress: 0.1,
    layer: 12,
    totalLayer: 200,
    ...change,
  };
}

/** An assessment of a backend that decides for itself; clear unless told otherwise. */
export function anAssessment(change: Partial<Assessment> = {}): Assessment {
  return {
    backend: 'octoeverywhere',
    score: toScore(0.05),
    quality: 9,
    suggests: { isWarning: false, isFailing: false },
    regions: [],
    calls: 1,
    nextInMs: 20_000,
    ...change,
  };
}

/** An assessment that suggests a pause. */
export const failing = anAssessment({
  score: toScore(0.9),
  quality: 1,
  suggests: { isWarning: true, isFailing: true },
});

/** A printer that a test drives. */
export interface TestPrinter extends Printer {
  print: Print;
  isActing: boolean;
  /** Every method that was called and every script that was run, in order. */
  readonly calls: string[];
  /** What a pause comes to; null: it takes effect at once. */
  outcome: ActionOutcome | null;
  /** What Klipper lists. */
  objects: BedObjects | null;
  set(next: Print): void;
  tellStep(step: PauseStep): void;
}

/** A printer whose print the test sets. */
export function aPrinter(print: Print): TestPrinter {
  const listeners = new Set<(print: Print) => void>();
  const steps = new Set<(step: PauseStep) => void>();
  const calls: string[] = [];
  const printer: TestPrinter = {
    print,
    calls,
    outcome: null,
    objects: null,
    set: (next) => {
      printer.print = next;
      for (const listener of listeners) listener(next);
    },
    run: (signal: AbortSignal) =>
      new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
    onPrint: (listener: (print: Print) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    isActing: false,
    onGcodeResponse: () => () => {},
    sample: async () => {
      calls.push('sample');
      return printer.print;
    },
    pause: async (): Promise<ActionOutcome> => {
      calls.push('pause');
      if (printer.outcome !== null) return printer.outcome;
      if (printer.print.kind === 'printing')
        printer.set({ kind: 'paused', job: printer.print.job, by: 'us' });
      return { kind: 'done', tookMs: 0, idleTimeoutBeforeS: 600 };
    },
    resume: async (): Promise<ActionOutcome> => {
      calls.push('resume');
      if (printer.print.kind === 'paused') {
        printer.set({ kind: 'printing', job: printer.print.job, pauseFlag: 'none' });
      }
      return { kind: 'done', tookMs: 0, idleTimeoutBeforeS: null };
    },
    cancel: async (): Promise<ActionOutcome> => {
      calls.push('cancel');
      if (printer.print.kind === 'paused' || printer.print.kind === 'printing') {
        printer.set({ kind: 'ended', job: printer.print.job, how: 'cancelled', message: '' });
      }
      return { kind: 'done', tookMs: 0, idleTimeoutBeforeS: null };
    },
    bedObjects: async () => printer.objects,
    skipObject: async (name): Promise<ActionOutcome> => {
      calls.push(`skip ${name}`);
      return printer.outcome ?? { kind: 'done', tookMs: 0, idleTimeoutBeforeS: null };
    },
    hostLoad: async () => 0.1,
    lengthenIdleTimeout: async () => {
      calls.push('lengthenIdleTimeout');
      return 600;
    },
    onPauseStep: (listener) => {
      steps.add(listener);
      return () => steps.delete(listener);
    },
    tellStep: (step) => {
      for (const listener of steps) listener(step);
    },
    runGcode: async (script) => {
      calls.push(script);
    },
  };
  return printer;
}

/** A camera that counts and gives a tiny frame, or throws what the test sets. */
export function aCamera() {
  const camera = {
    name: 'test',
    grabs: 0,
    error: null as Error | null,
    grab: async () => {
      camera.grabs += 1;
      if (camera.error !== null) throw camera.error;
      return { jpeg: new Uint8Array(4), width: 640, height: 480, atMs: 0, tickMs: 0, camera: 'test' };
    },
  } satisfies Camera & Record<string, unknown>;
  return camera;
}

/** A backend that a test drives. */
export interface TestBackend extends Backend {
  assessed: number;
  /** File names of the prints that it was told have ended. */
  readonly ended: string[];
  answer: Assessment | Error | Promise<Assessment>;
  readyMs: number;
}

/** A backend that answers what the test sets. */
export function aBackend(): TestBackend {
  const ended: string[] = [];
  const backend: TestBackend = {
    name: 'octoeverywhere',
    assessed: 0,
    ended,
    answer: anAssessment(),
    readyMs: 0,
    readyInMs: () => backend.readyMs,
    assess: async (_frame, _job, signal) => {
      backend.assessed += 1;
      const { answer } = backend;
      if (answer instanceof Error) throw answer;
      if (!(answer instanceof Promise)) return answer;
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
      return Promise.race([answer, aborted]);
    },
    printEnded: (job) => {
      ended.push(job.filename);
    },
  };
  return backend;
}

/** A channel that remembers what it was told. */
export function aChannel() {
  const said: string[] = [];
  const channel = {
    name: 'test',
    takesQuestions: true,
    said,
    raise: async (alert: { title: string }) => {
      said.push(`raise ${alert.title}`);
    },
    close: async (incidentId: string) => {
      said.push(`close ${incidentId}`);
    },
    tell: async (notice: { text: string }) => {
      said.push(`tell ${notice.text}`);
    },
  } satisfies Channel & Record<string, unknown>;
  return channel;
}

/** A store in memory; documents go through JSON as they do on disk. */
export function aStore() {
  const documents = new Map<string, string>();
  const store = {
    documents,
    load: (name: string): unknown => {
      const text = documents.get(name);
      return text === undefined ? null : JSON.parse(text);
    },
    save: async (name: string, value: unknown) => {
      documents.set(name, JSON.stringify(value));
    },
  } satisfies Store & Record<string, unknown>;
  return store;
}

/** A recorder that keeps everything in memory. */
export function aRecorder() {
  const frames: { readonly frame: Frame; readonly assessment: Assessment | null }[] = [];
  const steps: Step[] = [];
  const recorder = {
    frames,
    steps,
    frame: (frame: Frame, assessment: Assessment | null) => {
      frames.push({ frame, assessment });
    },
    step: (step: Step) => {
      steps.push(step);
    },
  } satisfies Recorder & Record<string, unknown>;
  return recorder;
}
