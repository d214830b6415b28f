// Obico's published rule as an oracle: what its server would have decided on the same scores. Written from its description.

/** What Obico remembers of one printer. */
export interface ObicoState {
  /** Smoothed score of this print. */
  readonly ewm: number;
  /** Mean of the last 310 frames of this print. */
  readonly short: number;
  /** Mean of the last 7,200 frames of this printer, over all prints. */
  readonly long: number;
  readonly framesOfPrint: number;
  readonly framesOfLife: number;
}

/** What it says after a frame. */
export type ObicoVerdict = 'nothing' | 'warn' | 'pause';

const alpha = 2 / (12 + 1);
const shortFrames = 310;
const longFrames = 7_200;
const safeFrames = 30;
const low = 0.38;
const high = 0.78;
const factor = 3.8;
const escalation = 1.75;

/** A printer before a print, with 20 h of watching behind it whose mean score was `long`. */
export function obicoBefore(long: number): ObicoState {
  return { ewm: 0, short: 0, long, framesOfPrint: 0, framesOfLife: longFrames };
}

/** One frame, 10 s after the one before. @param p the sum of the confidences of all boxes, not limited to 1 */
export function obicoFrame(state: ObicoState, p: number): ObicoState {
  const framesOfPrint = state.framesOfPrint + 1;
  const framesOfLife = state.framesOfLife + 1;
  return {
    framesOfPrint,
    framesOfLife,
    ewm: alpha * p + (1 - alpha) * state.ewm,
    short: state.short + (p - state.short) / (framesOfPrint >= shortFrames ? shortFrames : framesOfPrint + 1),
    long: state.long + (p - state.long) / (framesOfLife >= longFrames ? longFrames : framesOfLife + 1),
  };
}

/** What it says now, at sensitivity 1. */
export function obicoVerdict(state: ObicoState): ObicoVerdict {
  if (isFailing(state, escalation)) return 'pause';
  return isFailing(state, 1) ? 'warn' : 'nothing';
}

function isFailing({ ewm, short, long, framesOfPrint }: ObicoState, divisor: number): boolean {
  if (framesOfPrint < safeFrames) return false;
  const q = (ewm - long) / divisor;
  if (q < low) return false;
  return q > high || q > factor * (short - long);
}
