// From a model's raw number to a score in 0..1, and from there to a probability.
import type { Activation, Calibration } from '../../core/model-card.ts';
import { type Score, toScore } from '../../core/types.ts';
import { BadOutput, checkClass } from './tensor.ts';

/** Half-precision models answer a little more than 1. */
const tolerance = 0.001;

/** A raw number as a score, 0..1. Throws BadOutput for NaN and infinity, and for what is no score without an activation. */
export function activate(raw: number, activation: Exclude<Activation, 'softmax'>): number {
  if (!Number.isFinite(raw)) throw new BadOutput(`holds ${raw}`);
  if (activation === 'sigmoid') return sigmoid(raw);
  if (raw < -tolerance || raw > 1 + tolerance)
    throw new BadOutput(
      `holds ${raw}, which is no score from 0 to 1: its card or section needs an activation`,
    );
  return Math.min(Math.max(raw, 0), 1);
}

/** The score of one of several classes, 0..1, from the raw numbers of them all. Throws BadOutput. */
export function scoreOfClass(classes: ArrayLike<number>, wanted: number, activation: Activation): number {
  checkClass(wanted, classes.length);
  const raw = classes[wanted] ?? Number.NaN;
  if (activation !== 'softmax') return activate(raw, activation);
  if (classes.length < 2) throw new BadOutput('has one class only, of which softmax would always make 1');
  return softmax(classes, raw);
}

function softmax(classes: ArrayLike<number>, raw: number): number {
  let sum = 0;
  for (let at = 0; at < classes.length; at += 1) {
    const other = classes[at] ?? Number.NaN;
    if (!Number.isFinite(other)) throw new BadOutput(`holds ${other}`);
    sum += Math.exp(other - raw);
  }
  // A far greater rival makes the sum infinite and the score 0, as it should be.
  return 1 / sum;
}

/** What is certain stays a finite logit. */
const margin = 1e-6;

/** A score as a probability. */
export function calibrate(score: number, calibration: Calibration | null): Score {
  if (calibration === null) return toScore(score);
  const safe = Math.min(Math.max(score, margin), 1 - margin);
  return toScore(sigmoid(calibration.slope * Math.log(safe / (1 - safe)) + calibration.offset));
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
