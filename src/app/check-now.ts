// One look because somebody asks for it. Of a running print it is one of the print's own; otherwise nothing follows from it.
import type { CheckAnswer } from '../core/control.ts';
import { ControlError } from '../core/errors.ts';
import { explainCheck, explainTooSoon } from '../core/explain-control.ts';
import { verdictOf } from '../core/judge.ts';
import type { Backend, Camera, Clock } from '../core/ports.ts';
import type { Assessment, Frame, Job, Moment, Print, Verdict } from '../core/types.ts';
import { startDeadline } from '../lib/deadline.ts';
import type { Watch } from './watch.ts';

/** What a check works with. */
export interface CheckDeps {
  readonly watch: Pick<Watch, 'status' | 'lookSoon' | 'onChange'>;
  readonly camera: Camera;
  readonly backend: Backend;
  readonly clock: Clock;
}

/** A camera and a service may each take their time. */
const checkLimitMs = 90_000;

/**
 * Looks once and says what the backend makes of it.
 * @throws CameraError, BackendError; ControlError CONTROL_NOT_NOW when the service cannot be asked again yet; the signal's reason
 */
export async function checkNow(deps: CheckDeps, signal: AbortSignal): Promise<CheckAnswer> {
  const waitMs = deps.backend.readyInMs?.() ?? 0;
  if (waitMs > 0) throw notNow(`${deps.backend.name}: ${explainTooSoon(waitMs)}`);
  const deadline = startDeadline(checkLimitMs, signal);
  try {
    return deps.watch.status().gate === null
      ? await lookWithWatch(deps, deadline.signal)
      : await lookAside(deps, deadline.signal);
  } catch (error) {
    if (!deadline.hasPassed()) throw error;
    throw notNow(`no picture could be judged within ${checkLimitMs / 1000} s`, 'The log tells more.');
  } finally {
    deadline.done();
  }
}

/** The loop looks, so that there is never more than one picture and one request under way. */
function lookWithWatch({ watch, camera }: CheckDeps, signal: AbortSignal): Promise<CheckAnswer> {
  return new Promise((resolve, reject) => {
    const end = watch.onChange((status, input) => {
      if (input.kind === 'frame-assessed') {
        const { last, verdict } = status.state;
        finish(() => resolve(answer(camera.name, input.assessment, verdict, last?.at ?? null, true)));
      } else if (input.kind === 'frame-missed') {
        const { code, message, hint } = input.fault;
        finish(() => reject(notNow(`${message} [${code}]`, hint)));
      } else if (status.gate !== null) finish(() => reject(notNow('the print was interrupted meanwhile')));
    });
    const onAbort = () => finish(() => reject(signal.reason));
    const finish = (settle: () => void) => {
      end();
      signal.removeEventListener('abort', onAbort);
      settle();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    watch.lookSoon();
  });
}

/** Nothing is watched now. A print that begins meanwhile goes first. */
async function lookAside(deps: CheckDeps, signal: AbortSignal): Promise<CheckAnswer> {
  const { watch, camera, backend } = deps;
  const { print } = watch.status();
  const own = new AbortController();
  const onAbort = () => own.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const end = watch.onChange(({ gate }) => {
    if (gate === null) own.abort(notNow('the print goes first; ask again'));
  });
  const job = jobOf(print) ?? nobodysJob(deps.clock.now());
  try {
    const frame: Frame = await camera.grab(own.signal);
    const assessment = await backend.assess(frame, job, own.signal);
    return answer(frame.camera, assessment, saysOf(assessment), frame, false);
  } finally {
    end();
    signal.removeEventListener('abort', onAbort);
    if (jobOf(print) === null) backend.printEnded?.(job);
  }
}

function jobOf(print: Print): Job | null {
  return print.kind === 'heating' || print.kind === 'printing' || print.kind === 'paused' ? print.job : null;
}

/** A print far enough along for every service: what is asked is what it makes of the picture. */
function nobodysJob({ tickMs }: Moment): Job {
  const minutes = 60_000;
  return {
    ...{ filename: 'check', startTickMs: tickMs, progress: 0.5, layer: null, totalLayer: null },
    ...{ printDurationMs: 10 * minutes, totalDurationMs: 10 * minutes },
  };
}

function saysOf(assessment: Assessment): Verdict {
  if (assessment.suggests !== null) return verdictOf(assessment);
  return assessment.score > (assessment.neutral ?? 0) ? 'watching' : 'clear';
}

function answer(
  camera: string,
  assessment: Assessment,
  says: Verdict,
  at: Moment | null,
  isCounted: boolean,
): CheckAnswer {
  const { backend, score, quality, regions } = assessment;
  return {
    text: explainCheck(assessment, says, isCounted),
    ...{ camera, backend, score, quality, says, regions },
    at: Math.round(at?.atMs ?? 0) / 1000,
    is_counted: isCounted,
  };
}

function notNow(message: string, hint = ''): ControlError {
  return new ControlError(message, { code: 'CONTROL_NOT_NOW', retry: 'soon', hint });
}
