// What the ml_api says, as schemas, and what its boxes mean.
import * as v from 'valibot';
import { type Region, type Score, toScore } from '../core/types.ts';
import { type Fit, toPicture } from './fit.ts';
import { pictureSize } from './obico-picture.ts';

/** The model itself knows 845 boxes. */
const maxBoxes = 1_000;
/** Of the picture, which is square. */
const side = pictureSize.width;
/** A box may be larger than the picture that it lies in; past this it is none. */
const maxSide = 10 * side;
const whole: Fit = { input: pictureSize, left: 0, top: 0, picture: pictureSize };

/** The middle of a box lies in the picture, up to rounding. */
const centre = v.pipe(v.number(), v.minValue(-1), v.maxValue(side + 1));
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
  return seen(detections).flatMap(([, confidence, [x, y, width, height]]) => {
    const [left, top] = [x - width / 2, y - height / 2];
    const place = toPicture(whole, { x1: left, y1: top, x2: left + width, y2: top + height });
    return place === null ? [] : [{ ...place, score: toScore(confidence) }];
  });
}

function seen(detections: Detections): Detections {
  return detections.filter(([, confidence]) => confidence > leastConfidence);
}
