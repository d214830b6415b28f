// The detector's own process: loads the model, judges one picture after the other, and ends with its parent.
import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { BackendError } from '../../core/errors.ts';
import type { DetectorRequest, Failure, Judged, Opened, OpenRequest } from './messages.ts';
import { loadModel, type Model } from './model.ts';
import { wasmFolder } from './places.ts';
import { loadRuntime } from './runtime.ts';

const { signal } = new AbortController();
/** Pictures after which V8 tidies up: by itself it would wait for tens of megabytes. It takes some ms. */
const tidyEvery = 16;
/** Of 1000: of all that runs on this host, this is to go first when memory runs out. */
const endFirst = '900';
let model: Model | null = null;
let untilTidy = 1;

try {
  // Printing comes first: whatever else runs on this host is served before us.
  setPriority(constants.priority.PRIORITY_LOW);
} catch {
  // Not allowed here; then the unit's own Nice has to do.
}
try {
  writeFileSync('/proc/self/oom_score_adj', endFirst);
} catch {
  // Not Linux, or /proc is not to be written: then the unit's own OOMScoreAdjust has to do.
}

/** Called once there is an answer, so that nobody waits for it. */
function tidyUp(): void {
  untilTidy -= 1;
  if (untilTidy > 0) return;
  untilTidy = tidyEvery;
  globalThis.gc?.();
}

async function open(request: OpenRequest): Promise<Opened> {
  const runtime = loadRuntime(request.runtime, wasmFolder);
  model = await loadModel(request.model, request.card, runtime, signal);
  const { name, summary, neutral, decoder } = model;
  return { kind: 'opened', name, summary, neutral, decoder, runtime: runtime.name };
}

async function answer(request: DetectorRequest): Promise<Opened | Judged> {
  if (request.kind === 'open') return open(request);
  if (model === null) throw new TypeError('no model is open');
  const before = process.cpuUsage();
  const { score, regions, cells, decodeMs, inferMs } = await model.judge(request);
  const { user, system } = process.cpuUsage(before);
  const rssBytes = process.memoryUsage.rss();
  return {
    kind: 'judged',
    score,
    regions: [...regions],
    cells: cells === null ? null : { ...cells, scores: [...cells.scores] },
    decodeMs,
    inferMs,
    cpuMs: (user + system) / 1_000,
    rssBytes,
  };
}

function toFailure(error: unknown): Failure {
  if (error instanceof BackendError) {
    const { code, message, hint, retry } = error;
    return { kind: 'failed', code, message: message.slice(0, 2_000), hint, retry };
  }
  return {
    kind: 'failed',
    code: 'BACKEND_BAD_ANSWER',
    message: `builtin: ${error instanceof Error ? error.message : String(error)}`.slice(0, 2_000),
    hint: 'This is a bug in moonraker-lookout: please report it with the log.',
    retry: 'soon',
  };
}

process.on('message', (request: DetectorRequest) => {
  answer(request)
    .catch(toFailure)
    .then((message) => {
      process.send?.(message, undefined, {}, tidyUp);
    });
});
// Stopping is up to the parent, which a terminal's Ctrl-C reaches too.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
