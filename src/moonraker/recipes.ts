// Resume and cancel: send, then believe only what is seen; and the idle timeout that would cool a paused bed.
import * as v from 'valibot';
import type { Log } from '../core/ports.ts';
import type { ActionOutcome } from '../core/types.ts';
import type { MoonrakerConnection } from './connection.ts';
import { idleTimeoutSettingsSchema, statusAnswerSchema } from './messages.ts';
import { type Answered, observing, type Phase, type RecipeDeps } from './observe.ts';

/** After the answer the new state shows within 250 ms, or not at all: `ok` to a resume with a cold nozzle does nothing. */
const observeMs = 15_000;
/** A RESUME macro may heat up again first, and answers only then. */
const answerLimitMs = 30 * 60_000;
/** A filament runout shows `paused` half a second before `is_paused`. */
const flagSettleMs = 1_000;

/**
 * Resumes a paused print and waits until it prints. After an M25, which sets no flag, RESUME would do nothing: M24 then.
 * @returns `done`, or `failed` with RESUME_NOT_OBSERVED and the last G-code error, or KLIPPY_NOT_READY
 */
export async function resumePrint(deps: RecipeDeps, signal: AbortSignal): Promise<ActionOutcome> {
  return act(deps, signal, {
    code: 'RESUME_NOT_OBSERVED',
    from: ['paused'],
    to: ['printing'],
    nothingToDo: 'nothing is paused',
    inVain: 'the print is still paused after the resume',
    send: async (own) => {
      if (!deps.snapshot().isPaused) await deps.clock.sleep(flagSettleMs, own);
      if (!deps.snapshot().isPaused) await deps.query(own);
      if (deps.snapshot().isPaused) await deps.call('printer.print.resume', own);
      else await deps.runGcode('M24', own);
    },
  });
}

/**
 * Cancels a print and waits until it neither prints nor is paused.
 * @returns `done`, or `failed` with CANCEL_NOT_OBSERVED and the last G-code error, or KLIPPY_NOT_READY
 */
export async function cancelPrint(deps: RecipeDeps, signal: AbortSignal): Promise<ActionOutcome> {
  return act(deps, signal, {
    code: 'CANCEL_NOT_OBSERVED',
    from: ['printing', 'paused'],
    to: ['over'],
    nothingToDo: 'nothing is printing',
    inVain: 'the print goes on after the cancel',
    send: (own) => deps.call('printer.print.cancel', own),
  });
}

interface Action {
  readonly code: 'RESUME_NOT_OBSERVED' | 'CANCEL_NOT_OBSERVED';
  readonly from: readonly Phase[];
  readonly to: readonly Phase[];
  readonly nothingToDo: string;
  readonly inVain: string;
  readonly send: (signal: AbortSignal) => Promise<void>;
}

async function act(deps: RecipeDeps, signal: AbortSignal, action: Action): Promise<ActionOutcome> {
  return observing(deps, signal, async (eyes) => {
    const isDone = () => action.to.includes(eyes.phase());
    const done = (): ActionOutcome => ({ kind: 'done', tookMs: eyes.elapsedMs(), idleTimeoutBeforeS: null });
    const broken = () => failed('KLIPPY_NOT_READY', `Klipper is not ready: ${deps.snapshot().message}`);

    await eyes.look();
    // Somebody was faster.
    if (isDone()) return done();
    if (eyes.phase() === 'away' || eyes.phase() === 'broken') return broken();
    if (!action.from.includes(eyes.phase())) return failed(action.code, action.nothingToDo);
    const request = eyes.send(action.send);
    const isSettled = () => isDone() || eyes.phase() === 'broken';
    await eyes.wait(() => isSettled() || request.answered() !== 'pending', answerLimitMs);
    // A reading can be lost with its connection: look once more before giving up.
    if (!(await eyes.wait(isSettled, observeMs))) await eyes.look();
    if (isDone()) return done();
    if (eyes.phase() === 'broken') return broken();
    const why = eyes.lastErrorLine() || errorText(request.answered());
    return failed(action.code, why === '' ? action.inVain : `${action.inVain}: ${why}`);
  });
}

function errorText(answered: Answered): string {
  return typeof answered === 'object' && answered.error instanceof Error ? answered.error.message : '';
}

function failed(code: string, message: string): ActionOutcome {
  return { kind: 'failed', code, message };
}

/** What keeping the bed warm needs. */
export interface IdleTimeoutDeps {
  readonly connection: Pick<MoonrakerConnection, 'call'>;
  readonly recipe: RecipeDeps;
  readonly log: Log;
}

/**
 * Makes Klipper's idle timeout at least `wantedS`, so that a paused print keeps its bed warm and its position.
 * @returns the timeout in force before, in seconds; null when it is long enough or cannot be read
 * @throws the signal's reason
 */
export async function lengthenIdleTimeout(
  wantedS: number,
  { connection, recipe, log }: IdleTimeoutDeps,
  signal: AbortSignal,
): Promise<number | null> {
  try {
    const beforeS = await readIdleTimeoutS(connection, signal);
    if (beforeS === null || beforeS >= wantedS) return null;
    // Not waited for: it runs after the pause macro, which may still be parking, and the alert must not be late.
    recipe
      .runGcode(`SET_IDLE_TIMEOUT TIMEOUT=${Math.round(wantedS)}`, signal)
      .catch((error) => log.warn('the idle timeout could not be changed', { error: String(error) }));
    return beforeS;
  } catch (error) {
    signal.throwIfAborted();
    log.warn('the idle timeout could not be read', { error: String(error) });
    return null;
  }
}

async function readIdleTimeoutS(
  connection: Pick<MoonrakerConnection, 'call'>,
  signal: AbortSignal,
): Promise<number | null> {
  const query = async (object: string, field: string): Promise<unknown> => {
    const objects = { [object]: [field] };
    const answer = await connection.call('printer.objects.query', { objects }, statusAnswerSchema, {
      signal,
    });
    return answer.status[object]?.[field];
  };
  const now = v.safeParse(v.number(), await query('idle_timeout', 'idle_timeout'));
  if (now.success) return now.output;
  // Klipper before August 2025 does not say what is in force, only what is configured.
  const settings = v.safeParse(idleTimeoutSettingsSchema, await query('configfile', 'settings'));
  return settings.success ? settings.output.idle_timeout.timeout : null;
}
