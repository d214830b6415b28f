// A place that a model has marked, before its score is calibrated.

/** A rectangle in picture fractions with the model's own score, 0..1. */
export interface Marked {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly score: number;
}
