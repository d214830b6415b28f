// The command `detect`: has pictures from files judged by one backend, for trying a service or tuning a threshold.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type BackendName, backendKeys, createBackend } from '../backends/registry.ts';
import { inspectJpeg } from '../camera/jpeg.ts';
import { LookoutError } from '../core/errors.ts';
import type { Backend } from '../core/ports.ts';
import type { Assessment, Frame, Job } from '../core/types.ts';
import { systemClock } from '../lib/clock.ts';
import { createStore } from '../records/store.ts';
import { createLogService } from '../service/log.ts';
import { readBootId } from './host.ts';
import { loadWithMoonrakerConf } from './moonraker-conf.ts';
import type { RunOptions } from './run.ts';
import { choosePrinters } from './settings.ts';

/** What the command line gives besides the configuration. */
export interface DetectOptions extends RunOptions {
  /** As in `[backend NAME]`; null takes the first of `[backend] use`. */
  readonly backend: string | null;
  /** As in `[printer NAME]`: whose settings to use; null takes the first. */
  readonly printer: string | null;
  /** JPEG files. */
  readonly pictures: readonly string[];
  readonly isJson: boolean;
}

/** One picture and what came of it. */
interface Result {
  readonly file: string;
  readonly assessment: Assessment | null;
  readonly error: string | null;
}

const maxBytes = 8 * 1024 * 1024;

/** Exit code 0 when every picture was judged, 1 when one was not, 64 for a backend that does not exist. */
export async function detect(options: DetectOptions, signal: AbortSignal): Promise<number> {
  const loaded = await loadWithMoonrakerConf(options);
  const [{ name: printer, config }, ...others] = choosePrinters(loaded, options.printer);
  if (others.length > 0) {
    process.stderr.write(`with the settings of printer ${printer}; --printer NAME takes those of another\n`);
  }
  const name = findBackend(options.backend ?? config.backend.use[0] ?? '');
  if (name === null) {
    process.stderr.write(
      `there is no backend "${options.backend}"; there are: ${Object.keys(backendKeys).join(', ')}\n`,
    );
    return 64;
  }
  const service = createLogService(
    { level: 'warn', file: null },
    { clock: systemClock, stdout: process.stderr },
  );
  service.registerSecrets(loaded.secrets);
  // Contexts and waiting times of the running service are not ours to touch. Kept all the same: a service may count whoever
  // asks for the first time as one more printer, and its waiting times hold from one run to the next.
  const folder = join(config.records.path, 'detect');
  const backend = createBackend(name, config.backends, {
    clock: systemClock,
    log: service.log,
    store: createStore({ folder }, { log: service.log }),
    random: Math.random,
    bootId: readBootId(),
    onNotice: ({ text }) => process.stderr.write(`${text}\n`),
  });
  const results: Result[] = [];
  for (const file of options.pictures) {
    const result = await judge(backend, file, signal);
    results.push(result);
    if (!options.isJson) process.stdout.write(`${row(result)}\n`);
  }
  if (options.isJson) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  return results.every(({ error }) => error === null) ? 0 : 1;
}

function findBackend(name: string): BackendName | null {
  const names = Object.keys(backendKeys) as BackendName[];
  return names.find((known) => known === name) ?? null;
}

async function judge(backend: Backend, file: string, signal: AbortSignal): Promise<Result> {
  try {
    const frame = readFrame(file);
    const waitMs = backend.readyInMs?.() ?? 0;
    if (waitMs > 0)
      process.stderr.write(`${backend.name} wants ${Math.ceil(waitMs / 1000)} s between pictures\n`);
    await systemClock.sleep(waitMs, signal);
    return { file, assessment: await backend.assess(frame, aPrint(), signal), error: null };
  } catch (error) {
    signal.throwIfAborted();
    const isOurs = error instanceof LookoutError;
    const text = isOurs ? `${error.message} [${error.code}] ${error.hint}`.trim() : String(error);
    return { file, assessment: null, error: text };
  }
}

function readFrame(file: string): Frame {
  const { size } = statSync(file);
  if (size > maxBytes) throw new RangeError(`${size} bytes are more than the ${maxBytes} of a frame`);
  const jpeg = readFileSync(file);
  const { width, height } = inspectJpeg(jpeg);
  return { jpeg, width, height, camera: file, ...systemClock.now() };
}

/** A print that is far enough along for every service, and a new one each time: what is said of a picture must not depend on the one before. */
function aPrint(): Job {
  return {
    filename: 'detect',
    startTickMs: systemClock.now().tickMs,
    printDurationMs: 600_000,
    totalDurationMs: 600_000,
    progress: 0.5,
    layer: null,
    totalLayer: null,
  };
}

function row({ file, assessment, error }: Result): string {
  if (assessment === null) return `${file}\tERROR\t${error}`;
  const { score, quality, suggests, regions } = assessment;
  // No service calls a print failing after one picture, so its silence does not mean that all is well.
  const says = suggests?.isFailing ? 'failing' : suggests?.isWarning ? 'warning' : '';
  const boxes = regions.map(({ x1, y1, x2, y2 }) =>
    [x1, y1, x2, y2].map((side) => side.toFixed(2)).join(','),
  );
  return [file, `score ${score.toFixed(3)}`, `quality ${quality ?? '-'}`, says, boxes.join(' ')].join('\t');
}
