// Any model behind the Open Inference Protocol v2: Triton, KServe, MLServer, OpenVINO Model Server and others.
import { BackendError } from '../core/errors.ts';
import { isSameJob } from '../core/job.ts';
import type { KeyValues } from '../core/keys.ts';
import type { Backend } from '../core/ports.ts';
import type { Assessment, JobRef } from '../core/types.ts';
import { undecodable } from './bad-frame.ts';
import { lookTwice } from './decoders/second-look.ts';
import { BadOutput } from './decoders/tensor.ts';
import type { BackendDeps } from './deps.ts';
import type { Fit } from './fit.ts';
import { BadCard } from './model-card.ts';
import { createInferenceApi } from './open-inference-api.ts';
import { cardFor } from './open-inference-card.ts';
import { watchHealth } from './open-inference-health.ts';
import type { openInferenceKeys } from './open-inference-keys.ts';
import { makePlan, type Plan, shapeFor } from './open-inference-plan.ts';
import type { InputTensor } from './open-inference-wire.ts';
import { createPacedCalls } from './paced-calls.ts';
import { paintedOut } from './painted.ts';
import { blankPicture, type Picture, pictureTensor, smallJpeg } from './picture-tensor.ts';

/** The settings of the section, and a limit that only tests change. */
export interface OpenInferenceOptions extends KeyValues<typeof openInferenceKeys> {
  /** Ms for each request; 30,000. */
  readonly timeoutMs?: number;
}

const name = 'open-inference';

/**
 * The Open Inference backend. It only scores. What the model takes is asked once a print, and again after anything went wrong.
 * Nothing is kept over a restart, and nothing is paid for.
 * Codes: those of http-errors.ts, BACKEND_BAD_MODEL and BACKEND_BAD_FRAME.
 */
export function createOpenInference(options: OpenInferenceOptions, deps: BackendDeps): Backend {
  const { clock } = deps;
  const { model, minIntervalMs: intervalMs, timeoutMs = 30_000 } = options;
  const log = deps.log.child('backends/open-inference');
  const api = createInferenceApi({ ...options, model: model ?? '', timeoutMs }, { clock, log });
  const paced = createPacedCalls({ name, intervalMs }, clock);
  let known: { readonly plan: Plan; readonly job: JobRef } | null = null;

  const makeNewPlan = async (signal: AbortSignal): Promise<Plan> => {
    if (model === null) throw noModel();
    const card = await cardFor(options, signal).catch((error: unknown) => {
      throw error instanceof BadCard ? badCard(error) : error;
    });
    const plan = makePlan(card, await api.metadata(signal));
    log.info('asked what the model takes', { plan: plan.summary });
    return plan;
  };

  const planFor = async (job: JobRef, signal: AbortSignal): Promise<Plan> => {
    if (known !== null && isSameJob(known.job, job)) return known.plan;
    const plan = await makeNewPlan(signal);
    known = { plan, job };
    return plan;
  };

  const look = async (plan: Plan, picture: Picture, signal: AbortSignal) => {
    const isWhole = plan.card.output.decoder === 'score';
    const seen = isWhole ? await paintedOut(name, picture, deps.ignored, signal) : picture;
    const { input, fit } = await feed(plan, seen);
    signal.throwIfAborted();
    try {
      return await lookTwice(plan.card, input.data, fit, () => api.infer(input, plan.outputs, signal));
    } catch (error) {
      throw error instanceof BadOutput ? badOutput(error) : error;
    }
  };

  const judge = async (picture: Picture, job: JobRef, signal: AbortSignal): Promise<Assessment> => {
    try {
      const plan = await planFor(job, signal);
      const { score, regions, cells } = await look(plan, picture, signal);
      const { neutral } = plan.card;
      return {
        backend: name,
        score,
        quality: null,
        suggests: null,
        neutral,
        regions,
        ...(cells === null ? {} : { cells }),
        calls: 0,
        nextInMs: intervalMs,
      };
    } catch (error) {
      // Another model may be there by now. A picture that is broken says nothing about that.
      if (!(error instanceof BackendError && error.code === 'BACKEND_BAD_FRAME')) known = null;
      throw error;
    }
  };

  return {
    name,
    readyInMs: paced.readyInMs,
    assess: (frame, job, signal) => paced.make(() => judge(frame, job, signal), signal),
    confirm: async (signal) => {
      const plan = await makeNewPlan(signal);
      await look(plan, await blankPicture({ width: 640, height: 360 }), signal);
      paced.forgive();
      const way = api.encoding === 'binary' ? 'raw tensors' : 'JSON';
      return `${model} is ready: it takes ${plan.summary}. Pictures go as ${way}.`;
    },
    run: (printer, signal) =>
      model === null
        ? Promise.resolve()
        : watchHealth(printer, { checkReady: api.checkReady, clock, log, onNotice: deps.onNotice }, signal),
  };
}

/** The picture as the model wants it, and where it lies in there. Throws BACKEND_BAD_FRAME. */
async function feed(plan: Plan, picture: Picture): Promise<{ input: InputTensor; fit: Fit }> {
  const { name: input, shape, datatype, size } = plan.feed;
  try {
    if (datatype === 'BYTES') {
      const small = size === null ? picture : await smallJpeg(picture, size);
      const whole = { width: small.width, height: small.height };
      const fit = { input: whole, left: 0, top: 0, picture: whole };
      return { input: { name: input, shape, datatype, data: small.jpeg }, fit };
    }
    const { pixels, fit } = await pictureTensor(picture, size, datatype, plan.card.input);
    return { input: { name: input, shape: shapeFor(plan, fit.input), datatype, data: pixels }, fit };
  } catch (cause) {
    throw undecodable(name, cause);
  }
}

function noModel(): BackendError {
  return new BackendError(`${name}: no model is set`, {
    code: 'BACKEND_BAD_MODEL',
    retry: 'never',
    hint: 'Set model in [backend open-inference] to the name that the model has on the server, and restart.',
    cause: new Error('no model'),
  });
}

function badCard(cause: BadCard): BackendError {
  return new BackendError(`${name}: ${cause.message}`, {
    code: 'BACKEND_BAD_MODEL',
    retry: 'never',
    hint: 'Mend it by docs/model-card.md and restart.',
    cause,
  });
}

function badOutput(cause: BadOutput): BackendError {
  return new BackendError(`${name}: the model's answer ${cause.message}`, {
    code: 'BACKEND_BAD_ANSWER',
    retry: 'soon',
    hint: 'If this stays, the decoder or its settings are not for this model: check the section or the model card.',
    cause,
  });
}
