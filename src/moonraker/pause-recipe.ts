// The pause recipe: sends the pause, and believes only what it sees.
import { MoonrakerError } from '../core/errors.ts';
import type { ActionOutcome } from '../core/types.ts';
import { type Answered, type Observation, observing, type RecipeDeps } from './observe.ts';

/** An answered pause shows within 250 ms; Klipper's own sampling and a slow host are in here. */
const observeMs = 3_000;
/** The macro that ends a print may park, cool and wait before a pause behind it gets its turn. */
const takeBackLimitMs = 120_000;
/** Between two looks: brisk at first, then sparing, because a macro or a heater may take minutes. */
const lookEveryMs = (elapsedMs: number) => (elapsedMs < 15_000 ? 1_000 : 3_000);
/** Moonraker or Klipper may restart; after this the pause is given up. */
const awayLimitMs = 120_000;
const maxAttempts = 2;
/** A macro that parks for a picture resumes by itself within this time; a pause that lasts longer is somebody's. */
const macroPauseMs = 20_000;

/** Limits of the recipe. */
export interface PauseOptions {
  /** After this the user is told that the pause hangs behind other G-code. ms */
  readonly pauseTimeoutMs: number;
}

type Attempt = { readonly answered: () => Answered };

/**
 * Pauses the print and waits until Klipper says so.
 *
 * A stale `is_paused` makes Klipper answer `ok` and go on printing, so it is cleared first — but only when the file
 * is seen to move, because during a PAUSE inside the file the flag looks the same. A pause that is answered without
 * effect is sent once more. One that is not answered is never sent again: it waits behind other G-code, and a second
 * one would pause again after a resume. When the print ends first, the flag that the pause leaves behind is cleared.
 * @param onDelay called once when the pause has not shown within the timeout; waiting goes on
 * @returns `done` or `failed` with PAUSE_NOT_OBSERVED, KLIPPY_NOT_READY or MOONRAKER_UNREACHABLE
 * @throws the signal's reason
 */
export async function pausePrint(
  { pauseTimeoutMs }: PauseOptions,
  deps: RecipeDeps,
  onDelay: (outcome: ActionOutcome) => void,
  signal: AbortSignal,
): Promise<ActionOutcome> {
  return observing(deps, signal, async (eyes) => {
    let attempts = 0;
    let attempt: Attempt | null = null;
    let answeredAtMs: number | null = null;
    let awaySinceMs: number | null = null;
    let hasSaidDelay = false;
    const motion = createMotionWatch();

    const start = (isFlagStale: boolean) => {
      attempts += 1;
      answeredAtMs = null;
      motion.reset();
      attempt = eyes.send(async (own) => {
        if (isFlagStale) await deps.runGcode('CLEAR_PAUSE', own);
        await deps.call('printer.print.pause', own);
      });
    };

    await eyes.look();
    for (;;) {
      signal.throwIfAborted();
      const phase = eyes.phase();
      if (phase === 'paused') {
        // Not ours: a timelapse macro pauses at each layer and resumes a moment later, and then ours is still needed.
        if (attempts === 0 && (await eyes.wait(() => eyes.phase() !== 'paused', macroPauseMs))) continue;
        return { kind: 'done', tookMs: eyes.elapsedMs(), idleTimeoutBeforeS: null };
      }
      if (phase === 'broken')
        return failed('KLIPPY_NOT_READY', `Klipper has stopped: ${deps.snapshot().message}`);
      if (phase === 'over') {
        await takeBack(attempt, eyes, deps, signal);
        return failed('PAUSE_NOT_OBSERVED', 'nothing is printing any more');
      }
      if (!hasSaidDelay && eyes.elapsedMs() >= pauseTimeoutMs) {
        hasSaidDelay = true;
        onDelay({ kind: 'delayed', waitedMs: eyes.elapsedMs() });
      }
      if (phase === 'away') {
        awaySinceMs ??= eyes.elapsedMs();
        if (eyes.elapsedMs() - awaySinceMs >= awayLimitMs) return lost(deps);
        motion.reset();
        await eyes.wait(() => eyes.phase() !== 'away', 1_000);
        continue;
      }
      awaySinceMs = null;
      const answered = readAnswer(attempt);
      if (answered === 'pending') {
        const untilDelayMs = hasSaidDelay ? 60_000 : pauseTimeoutMs - eyes.elapsedMs();
        const isNews = () => eyes.phase() !== 'printing' || readAnswer(attempt) !== 'pending';
        await eyes.wait(isNews, Math.max(untilDelayMs, 0));
        continue;
      }
      if (answered === 'none' && !deps.snapshot().isPaused) {
        start(false);
        continue;
      }
      if (answered === 'none' || answered === 'lost') {
        // Sent or not, something may still stand in Klipper's queue: a file that moves on proves that it is empty.
        const snapshot = await eyes.look();
        if (snapshot === null || !motion.isMoving(snapshot.filePosition, answered === 'lost' ? 2 : 1)) {
          await eyes.wait(() => eyes.phase() !== 'printing', lookEveryMs(eyes.elapsedMs()));
        } else if (attempts < maxAttempts) start(snapshot.isPaused);
        else return notObserved(eyes, attempt);
        continue;
      }
      answeredAtMs ??= eyes.elapsedMs();
      if (eyes.elapsedMs() - answeredAtMs < observeMs) {
        if (await eyes.wait(() => eyes.phase() !== 'printing', observeMs / 3)) continue;
        await eyes.look();
      } else if (attempts < maxAttempts) start(deps.snapshot().isPaused);
      else return notObserved(eyes, attempt);
    }
  });
}

/**
 * The print has ended before the pause got its turn. A PAUSE that runs with nothing printing only sets `is_paused`,
 * and with that left behind a PAUSE in the next print, anybody's, would do nothing.
 */
async function takeBack(
  attempt: Attempt | null,
  eyes: Observation,
  deps: RecipeDeps,
  signal: AbortSignal,
): Promise<void> {
  if (attempt === null) return;
  if (!(await eyes.wait(() => attempt.answered() !== 'pending', takeBackLimitMs))) return;
  const snapshot = await eyes.look();
  if (snapshot?.isPaused !== true || eyes.phase() !== 'over') return;
  await deps.runGcode('CLEAR_PAUSE', signal).catch(() => signal.throwIfAborted());
}

/** `lost`: the connection went while it was out, so that it may have reached Klipper or not. */
function readAnswer(attempt: Attempt | null): 'none' | 'pending' | 'lost' | 'answered' {
  if (attempt === null) return 'none';
  const answered = attempt.answered();
  if (answered === 'pending') return 'pending';
  if (answered === 'ok') return 'answered';
  const { error } = answered;
  const isLost = error instanceof MoonrakerError && lostCodes.has(error.code);
  return isLost ? 'lost' : 'answered';
}

const lostCodes = new Set([
  'MOONRAKER_CLOSED',
  'MOONRAKER_UNREACHABLE',
  'KLIPPY_NOT_READY',
  'MOONRAKER_TIMEOUT',
]);

/** Tells from file positions whether the file moves on. */
function createMotionWatch() {
  let last: number | null = null;
  let steps = 0;
  return {
    reset: () => {
      last = null;
      steps = 0;
    },
    /** Takes a reading; true once the position has changed `needed` times. */
    isMoving: (position: number, needed: number) => {
      if (last !== null && position !== last) steps += 1;
      last = position;
      return steps >= needed;
    },
  };
}

function notObserved(eyes: Observation, attempt: Attempt | null): ActionOutcome {
  const answered = attempt?.answered() ?? 'pending';
  const said = typeof answered === 'object' && answered.error instanceof Error ? answered.error.message : '';
  const why = eyes.lastErrorLine() || said;
  const message = 'the pause was sent twice, but the print goes on';
  return failed('PAUSE_NOT_OBSERVED', why === '' ? message : `${message}: ${why}`);
}

function lost(deps: RecipeDeps): ActionOutcome {
  const { klippy, message } = deps.snapshot();
  const code = klippy === 'no-moonraker' ? 'MOONRAKER_UNREACHABLE' : 'KLIPPY_NOT_READY';
  return failed(code, `the pause may or may not have come through: ${message}`);
}

function failed(code: string, message: string): ActionOutcome {
  return { kind: 'failed', code, message };
}
