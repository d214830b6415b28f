// The command `detect`: has pictures from files judged by one backend, for trying a service or tuning a threshold.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BackendName, backendKeys, createBackend } from '../backends/registry.ts';
import { LookoutError } from '../core/errors.ts';
import type { Backend } from '../core/ports.ts';
import type { Assessment, Frame, Job } from '../core/types.ts';
import { systemClock } from '../lib/clock.ts';
import { drawRegions } from '../lib/draw-regions.ts';
import { createStore } from '../records/store.ts';
import { createLogService } from '../service/log.ts';
import { bench } from './detect-bench.ts';
import { figuresOf, isCalled, tellFigures } from './detect-figures.ts';
import { findPictures, type Label, type PictureFile, readFrame } from './detect-pictures.ts';
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
  /** Files, and folders of them. */
  readonly pictures: readonly string[];
  readonly isJson: boolean;
  /** Folder to write the pictures to, with what was seen drawn in; null for none. */
  readonly draw: string | null;
  /** Times the built-in detector in place of telling what it sees. */
  readonly isBench: boolean;
}

/** One picture and what came of it. */
interface Result {
  readonly file: string;
  readonly label: Label | null;
  readonly assessment: Assessment | null;
  readonly error: string | null;
}

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
  if (options.isBench) {
    try {
      const lines = await bench(config, options.pictures[0] ?? null, service.log, signal);
      process.stdout.write(`${lines.join('\n')}\n`);
      return 0;
    } catch (error) {
      signal.throwIfAborted();
      process.stderr.write(`${sayError(error)}\n`);
      return 1;
    }
  }
  const pictures = findPictures(options.pictures);
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
  for (const picture of pictures) {
    const result = await judge(backend, picture, options.draw, signal);
    results.push(result);
    if (!options.isJson) process.stdout.write(`${row(result)}\n`);
  }
  if (options.isJson)
    process.stdout.write(`[\n${results.map((each) => JSON.stringify(each)).join(',\n')}\n]\n`);
  // Beside JSON there is room for it only there.
  const out = options.isJson ? process.stderr : process.stdout;
  for (const line of summary(results)) out.write(`${line}\n`);
  return results.every(({ error }) => error === null) ? 0 : 1;
}

/** Figures, where pictures of both kinds were judged. */
function summary(results: readonly Result[]): readonly string[] {
  const scores = results.flatMap(({ label, assessment }) =>
    label === null || assessment === null
      ? []
      : [{ label, score: assessment.score, isCalled: isCalled(assessment) }],
  );
  const hasBoth = ['good', 'bad'].every((label) => scores.some((each) => each.label === label));
  return hasBoth ? ['', ...tellFigures(figuresOf(scores))] : [];
}

function findBackend(name: string): BackendName | null {
  const names = Object.keys(backendKeys) as BackendName[];
  return names.find((known) => known === name) ?? null;
}

async function judge(
  backend: Backend,
  { path: file, name, label }: PictureFile,
  draw: string | null,
  signal: AbortSignal,
): Promise<Result> {
  try {
    const frame = await readFrame(file);
    const waitMs = backend.readyInMs?.() ?? 0;
    if (waitMs > 0)
      process.stderr.write(`${backend.name} wants ${Math.ceil(waitMs / 1000)} s between pictures\n`);
    await systemClock.sleep(waitMs, signal);
    const assessment = await backend.assess(frame, aPrint(), signal);
    if (draw !== null) await writeDrawn(frame, assessment, join(draw, name));
    return { file, label, assessment, error: null };
  } catch (error) {
    signal.throwIfAborted();
    return { file, label, assessment: null, error: sayError(error) };
  }
}

function sayError(error: unknown): string {
  const isOurs = error instanceof LookoutError;
  return isOurs ? `${error.message} [${error.code}] ${error.hint}`.trim() : String(error);
}

/** Whatever the picture was before, it is a JPEG now. */
async function writeDrawn(frame: Frame, { regions }: Assessment, path: string): Promise<void> {
  const file = path.replace(/(\.jpe?g|\.png|\.webp)?$/i, '.jpg');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, await drawRegions(frame, regions));
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
