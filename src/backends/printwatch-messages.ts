// What PrintWatch says, as schemas, and the status that its answers carry twice. Field names keep the service's spelling.
import * as v from 'valibot';
import { type Region, type Score, toScore } from '../core/types.ts';

/** Boxes lie on a square of this side, whatever the shape of the picture. */
const boxSide = 640;
/** A box may stick out a little; past this it is no box. */
const maxCoordinate = 10 * boxSide;
const maxBoxes = 1_000;

/** Python's and JSON's ways to write a flag. */
const flag = v.pipe(
  v.union([v.boolean(), v.picklist(['True', 'False', 'true', 'false'])]),
  v.transform((value) => value === true || value === 'True' || value === 'true'),
);
/** A moving average of scores, 0..1; rounding may carry it a little outside. */
const average = v.pipe(v.number(), v.minValue(-1), v.maxValue(2));
const coordinate = v.pipe(v.number(), v.minValue(-maxCoordinate), v.maxValue(maxCoordinate));
const box = v.pipe(
  v.tupleWithRest([coordinate, coordinate, coordinate, coordinate], v.unknown()),
  v.check(([x1, y1, x2, y2]) => x1 <= x2 && y1 <= y2, 'a box from top left to bottom right'),
  v.check(([x1, y1, x2, y2]) => x1 <= boxSide && y1 <= boxSide && x2 >= 0 && y2 >= 0, 'a box in the picture'),
);

/** Answer to infer. */
export const judgementSchema = v.object({
  defect_detected: flag,
  /** Of this picture; goes back to the service with the next ones. */
  score: v.pipe(v.number(), v.minValue(-1_000), v.maxValue(1_000)),
  /** `smas[0][0]` is the defect level of the print. */
  smas: v.tupleWithRest([v.tupleWithRest([average], v.unknown())], v.unknown()),
  /** Notify and act; the service may add more. */
  levels: v.tupleWithRest([flag, flag], v.unknown()),
  boxes: v.nullish(v.pipe(v.array(box), v.maxLength(maxBoxes))),
  /** Seconds until the next picture; sent to free keys. */
  interval: v.nullish(v.pipe(v.number(), v.finite(), v.minValue(0))),
  /** A command from PrintWatch's app, or whatever else. */
  action: v.optional(v.unknown()),
});

/** A judgement as read. */
export type Judgement = v.InferOutput<typeof judgementSchema>;

/** Answer to everything else: only a command may be of interest. Settings made in the app are left aside; ours count. */
export const acknowledgementSchema = v.object({ action: v.optional(v.unknown()) });

/** The defect level of the print, 0..1; what lies outside by rounding is clamped. */
export function levelOf({ smas }: Judgement): Score {
  return clampToScore(smas[0][0]);
}

/** What goes back to the service as `sma_spaghetti`: the first value of the last entry. */
export function smaOf({ smas }: Judgement): number {
  const last = v.safeParse(v.tupleWithRest([average], v.unknown()), smas.at(-1));
  return last.success ? last.output[0] : smas[0][0];
}

/** The boxes in fractions of the picture, clipped to it. The service gives them no score of their own: they get the picture's. */
export function regionsOf({ boxes, score }: Judgement): Region[] {
  const fraction = (value: number) => Math.min(Math.max(value / boxSide, 0), 1);
  return (boxes ?? [])
    .map(([x1, y1, x2, y2]) => ({
      x1: fraction(x1),
      y1: fraction(y1),
      x2: fraction(x2),
      y2: fraction(y2),
      score: clampToScore(score),
    }))
    .filter(({ x1, y1, x2, y2 }) => x1 < x2 && y1 < y2);
}

function clampToScore(value: number): Score {
  return toScore(Math.min(Math.max(value, 0), 1));
}

const minIntervalS = 10;
const maxIntervalS = 1_800;

/** The wait that an answer asks for in ms, within 10..1800 s; null where it does not say. */
export function intervalMs({ interval }: Judgement): number | null {
  if (interval === null || interval === undefined) return null;
  return Math.min(Math.max(interval, minIntervalS), maxIntervalS) * 1_000;
}

/** Keys by how they begin, and the time between two pictures that each allows. */
const keyKinds = [
  { prefix: 'sub_', intervalMs: 10_000, name: 'a subscription' },
  { prefix: 'fmu_', intervalMs: 30_000, name: 'free' },
] as const;

/** What kind of key this is; null for none that PrintWatch gives out. */
export function keyKindOf(apiKey: string): (typeof keyKinds)[number] | null {
  return keyKinds.find(({ prefix }) => apiKey.startsWith(prefix)) ?? null;
}

/** Until the service says otherwise. A key of an unknown kind gets the slowest pace. */
export function firstIntervalMs(apiKey: string): number {
  return keyKindOf(apiKey)?.intervalMs ?? 30_000;
}

const statusSchema = v.object({
  statusCode: v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{3}$/), v.transform(Number))]),
    v.integer(),
    v.minValue(200),
    v.maxValue(599),
  ),
});
const detailSchema = v.object({ detail: v.unknown() });

/**
 * The status that counts: `statusCode` in the body, else a payload that was not valid (FastAPI's `detail`), else HTTP's.
 * A body cannot turn an HTTP error into an answer.
 */
export function statusOf(httpStatus: number, body: unknown): number {
  const own = v.safeParse(statusSchema, body);
  if (own.success) {
    const { statusCode } = own.output;
    return statusCode === 200 && httpStatus >= 300 ? httpStatus : statusCode;
  }
  return httpStatus < 300 && v.is(detailSchema, body) ? 422 : httpStatus;
}
