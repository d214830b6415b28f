// What the ml_api says, as schemas, and what its boxes mean.
import * as v from 'valibot';
import { type Region, type Score, toScore } from '../core/types.ts';
import { pictureSide } from './obico-picture.ts';

/** The model itself knows 845 boxes. */
const maxBoxes = 1_000;
/** A box may be larger than the picture that it lies in; past this it is none. */
const maxSide = 10 * pictureSide;

/** The middle of a box lies in the picture, up to rounding. */
const centre = v.pipe(v.number(), v.minValue(-1), v.maxValue(pictureSide + 1));
const length = v.pipe(v.number(), v.minValue(0), v.maxValue(maxSide));
const detection = v.tuple([
  v.string(),
  v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  v.tuple([centre, centre, length, length]),
]);

/** Answer to `/p/`. */
export const judgementSchema = v.object({
  detections: v.pipe(v.array(detection), v.maxLength(maxBoxes)),
  message: v.optional(v.unknown()),
  error: v.optional(v.unknown()),
});

type Judgement = v.InferOutput<typeof judgementSchema>;

/** What was found in one picture: label, confidence 0..1, and the box as [middle x, middle y, width, height]. */
export type Detections = Judgement['detections'];

/** True for an error in the form of an answer: servers of old reported them with status 200 and no detections. */
export function isError({ message, error }: Judgement): boolean {
  return [message, error].some((words) => words !== undefined && words !== null && words !== '');
}

/** Answer to `/hc/`. */
export const healthSchema = v.picklist(['ok', 'error']);

/** Words of an error. */
export const messageSchema = v.object({ message: v.string() });

/** Boxes below are noise: the limit of the ml_api itself and of Obico's own sum. */
const leastConfidence = 0.08;

/** Obico's measure of a frame: the sum of the confidences above 0.08, here capped to 1. */
export function scoreOf(detections: Detections): Score {
  const sum = seen(detections).reduce((total, [, confidence]) => total + confidence, 0);
  return toScore(Math.min(sum, 1));
}

/**
 * The boxes in fractions of the picture, clipped to it. The ml_api scales the height of a box by the width of the picture
 * (`lib/onnx.py`); ours is square, so heights are right as they are, and stay right with a server that has mended it.
 */
export function regionsOf(detections: Detections): Region[] {
  const fraction = (pixels: number) => Math.min(Math.max(pixels / pictureSide, 0), 1);
  return seen(detections)
    .map(([, confidence, [x, y, width, height]]) => ({
      x1: fraction(x - width / 2),
      y1: fraction(y - height / 2),
      x2: fraction(x + width / 2),
      y2: fraction(y + height / 2),
      score: toScore(confidence),
    }))
    .filter(({ x1, y1, x2, y2 }) => x1 < x2 && y1 < y2);
}

function seen(detections: Detections): Detections {
  return detections.filter(([, confidence]) => confidence > leastConfidence);
}
