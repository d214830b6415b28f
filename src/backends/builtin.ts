// The built-in detector: a model on this host, in a process of its own. Nothing leaves the house.
import { BackendError } from '../core/errors.ts';
import type { KeyValues } from '../core/keys.ts';
import type { Backend } from '../core/ports.ts';
import { toScore } from '../core/types.ts';
import type { DetectorOptions } from './builtin/detector.ts';
import { createDetectors } from './builtin/detectors.ts';
import { shippedModel } from './builtin/places.ts';
import type { builtinKeys } from './builtin-keys.ts';
import type { BackendDeps } from './deps.ts';
import { createPacedCalls } from './paced-calls.ts';
import { paintedOut } from './painted.ts';
import { blankPicture, type Picture } from './picture-tensor.ts';

/** The settings of the section, and limits that only tests change. */
export type BuiltinOptions = KeyValues<typeof builtinKeys> &
  Pick<DetectorOptions, 'timeoutMs' | 'idleMs' | 'maxBytes' | 'leastFreeBytes'>;

const name = 'builtin';
/** Pixels a side. Anything smaller is no picture of a print, anything larger takes memory that a Pi does not have. */
const sides = { min: 16, max: 8_192 };
const maxBytes = 8 * 1024 * 1024;

/**
 * The built-in backend. It only scores, costs nothing, and keeps nothing.
 * Codes: BACKEND_BAD_MODEL, BACKEND_NO_RUNTIME, BACKEND_BAD_FRAME, BACKEND_BAD_ANSWER, BACKEND_TIMEOUT, BACKEND_UNREACHABLE,
 * BACKEND_BUSY.
 */
export function createBuiltin(options: BuiltinOptions, deps: BackendDeps): Backend {
  const { timeoutMs, idleMs, maxBytes: maxMemory, leastFreeBytes } = options;
  const detector = (deps.detectors ?? createDetectors(deps)).take({
    ...chosenModel(options),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(idleMs === undefined ? {} : { idleMs }),
    ...(maxMemory === undefined ? {} : { maxBytes: maxMemory }),
    ...(leastFreeBytes === undefined ? {} : { leastFreeBytes }),
  });
  // Nobody counts the calls, so [detection] interval alone sets the pace; only refusals are held here.
  const paced = createPacedCalls({ name, intervalMs: 0 }, deps.clock);
  const user = {};

  const judge = (picture: Picture, signal: AbortSignal) => {
    checkPicture(picture);
    return detector.judge(
      ({ decoder }) => (decoder === 'score' ? paintedOut(name, picture, deps.ignored, signal) : picture),
      user,
      signal,
    );
  };

  return {
    name,
    readyInMs: paced.readyInMs,
    assess: async ({ jpeg, width, height }, _job, signal) => {
      const { opened, judged } = await paced.make(() => judge({ jpeg, width, height }, signal), signal);
      const { score, regions, cells } = judged;
      return {
        backend: name,
        score: toScore(score),
        quality: null,
        suggests: null,
        neutral: opened.neutral,
        regions: regions.map((region) => ({ ...region, score: toScore(region.score) })),
        calls: 0,
        nextInMs: 0,
        ...(cells === null ? {} : { cells }),
      };
    },
    confirm: async (signal) => {
      try {
        const picture = await blankPicture({ width: 640, height: 360 });
        const { opened, judged } = await judge(picture, signal);
        paced.forgive();
        const tookMs = Math.round(judged.decodeMs + judged.inferMs);
        const memoryMb = Math.round(judged.rssBytes / 1024 / 1024);
        return `${opened.name} runs on ${opened.runtime}: ${tookMs} ms for the first picture, ${memoryMb} MiB while a print is watched. It takes ${opened.summary}.`;
      } finally {
        detector.leave(user);
      }
    },
    printEnded: () => detector.leave(user),
  };
}

/** Which model these settings choose, and what runs it. */
export function chosenModel(
  settings: KeyValues<typeof builtinKeys>,
): Pick<DetectorOptions, 'model' | 'card' | 'runtime'> {
  const model = settings.model ?? shippedModel;
  return { model, card: `${model.replace(/\.onnx$/i, '')}.json`, runtime: settings.runtime };
}

/** Throws BACKEND_BAD_FRAME for a picture that is not to be decoded. */
function checkPicture({ jpeg, width, height }: Picture): void {
  const isSized = [width, height].every((side) => side >= sides.min && side <= sides.max);
  if (isSized && jpeg.length <= maxBytes && jpeg[0] === 0xff && jpeg[1] === 0xd8) return;
  const what =
    jpeg[0] === 0xff && jpeg[1] === 0xd8
      ? `of ${width} × ${height} pixels and ${jpeg.length} bytes`
      : 'that is no JPEG';
  throw new BackendError(`${name}: a picture ${what} is not judged`, {
    code: 'BACKEND_BAD_FRAME',
    retry: 'soon',
    hint: `Only JPEGs of ${sides.min} to ${sides.max} pixels a side and at most 8 MiB are.`,
    cause: new Error('not decoded'),
  });
}
