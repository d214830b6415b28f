// How well a backend tells good pictures from bad ones, for people who try it on pictures of their own.
import type { Assessment } from '../core/types.ts';
import type { Label } from './detect-pictures.ts';

/** A judged picture of which it is known what it shows. */
export interface LabelledScore {
  readonly label: Label;
  /** 0..1. */
  readonly score: number;
  /** The backend takes it for a failure. */
  readonly isCalled: boolean;
}

/** All figures are 0..1; NaN where there is nothing to divide by. */
export interface Figures {
  readonly good: number;
  readonly bad: number;
  /** Bad pictures that were taken for a failure. */
  readonly found: number;
  /** Good ones that were. */
  readonly wrong: number;
  readonly recall: number;
  readonly precision: number;
  /** How often a bad picture scores above a good one (area under the ROC curve); equal scores count half. */
  readonly auroc: number;
  /** The share of bad pictures above the lowest score from which at least 97 of 100 called ones are bad. */
  readonly recallAtPrecision97: number;
}

const wantedPrecision = 0.97;

/** Whether one picture counts towards a warning: the service says so, or the score is above the neutral point. */
export function isCalled({ suggests, score, neutral = 0 }: Assessment): boolean {
  return suggests === null ? score > neutral : suggests.isWarning || suggests.isFailing;
}

/** The figures of pictures of both kinds. */
export function figuresOf(scores: readonly LabelledScore[]): Figures {
  const bad = scores.filter(({ label }) => label === 'bad');
  const good = scores.filter(({ label }) => label === 'good');
  const found = bad.filter((each) => each.isCalled).length;
  const wrong = good.filter((each) => each.isCalled).length;
  return {
    good: good.length,
    bad: bad.length,
    found,
    wrong,
    recall: found / bad.length,
    precision: found / (found + wrong),
    auroc: aurocOf(bad, good),
    recallAtPrecision97: recallWherePrecise(scores) / bad.length,
  };
}

function aurocOf(bad: readonly LabelledScore[], good: readonly LabelledScore[]): number {
  let wins = 0;
  for (const { score } of bad) {
    for (const other of good) wins += score > other.score ? 1 : score === other.score ? 0.5 : 0;
  }
  return wins / (bad.length * good.length);
}

/** The most bad pictures that are above some score at the wanted precision. */
function recallWherePrecise(scores: readonly LabelledScore[]): number {
  const sorted = [...scores].sort((a, b) => b.score - a.score);
  let hits = 0;
  let best = 0;
  sorted.forEach(({ label, score }, at) => {
    if (label === 'bad') hits += 1;
    // A threshold cannot part what scores the same.
    const isStep = sorted[at + 1]?.score !== score;
    if (isStep && hits / (at + 1) >= wantedPrecision) best = hits;
  });
  return best;
}

/** The figures as lines of text. */
export function tellFigures(figures: Figures): readonly string[] {
  const { good, bad, found, wrong } = figures;
  const number = (value: number) => (Number.isNaN(value) ? '-' : value.toFixed(3));
  const row = (what: string, value: number, more = '') =>
    `${what.padEnd(27)} ${number(value)}  ${more}`.trimEnd();
  return [
    `${bad} bad and ${good} good pictures were judged.`,
    row('AUROC', figures.auroc),
    row('recall where it warns', figures.recall, `${found} of ${bad} bad ones`),
    row('precision there', figures.precision, `${wrong} of ${good} good ones are taken for a failure`),
    row('recall at precision 0.97', figures.recallAtPrecision97),
  ];
}
