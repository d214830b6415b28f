// Reads incidents, and what shadow mode remembers of them, back from disk. Loose objects, as in core-schemas.ts.
import * as v from 'valibot';
import type { Incident } from '../core/incident.ts';
import type { Place } from '../core/regions.ts';
import { maxQuestions, type Shadow } from '../core/shadow-state.ts';
import {
  type Answer,
  allAnswers,
  type FailureAction,
  type Moment,
  type OnFailure,
  type Score,
} from '../core/types.ts';

/** A schema that gives what the core calls T. */
type Reads<T> = v.GenericSchema<unknown, T>;

/** A score. */
export const scoreSchema = v.pipe(
  v.number(),
  v.minValue(0),
  v.maxValue(1),
  v.transform((value) => value as Score),
);

/** A moment on both clocks. */
export const momentSchema: Reads<Moment> = v.object({ atMs: v.number(), tickMs: v.number() });

/** Names a print. */
export const jobRefSchema = v.looseObject({ filename: v.string(), startTickMs: v.number() });
/** What a person can answer. */
export const answerSchema: Reads<Answer> = v.picklist(allAnswers);
const place: Reads<Place> = v.picklist([
  ...(['upper left', 'top', 'upper right', 'left', 'centre', 'right'] as const),
  ...(['lower left', 'bottom', 'lower right', 'whole picture'] as const),
]);
const failureAction: Reads<FailureAction> = v.picklist(['pause', 'cancel', 'gcode', 'alert']);
/** What is set for a print that fails. */
export const onFailureSchema: Reads<OnFailure> = v.picklist(['pause', 'cancel', 'gcode', 'alert', 'confirm']);
const idSchema = v.pipe(v.string(), v.regex(/^[a-z0-9]{1,32}$/));

/** An incident as the core knows it. */
export const incidentSchema = v.looseObject({
  id: idSchema,
  job: jobRefSchema,
  level: v.picklist(['warning', 'failing']),
  openedAt: momentSchema,
  troubleSince: momentSchema,
  layer: v.nullable(v.number()),
  backend: v.string(),
  score: scoreSchema,
  quality: v.nullable(v.number()),
  seen: v.nullable(v.string()),
  where: v.optional(v.nullable(place), null),
  lastSeenTickMs: v.number(),
  action: v.nullable(
    v.looseObject({
      what: failureAction,
      state: v.picklist(['requested', 'delayed', 'done', 'failed', 'orphaned']),
      requestedAt: momentSchema,
      message: v.string(),
    }),
  ),
  answer: v.nullable(answerSchema),
  confirmUntilTickMs: v.exactOptional(v.number()),
  object: v.exactOptional(v.string()),
  isAccepted: v.boolean(),
  wouldHave: v.exactOptional(v.nullable(v.looseObject({ what: onFailureSchema, at: momentSchema }))),
}) satisfies Reads<Incident>;

/** Scores by place. */
export const heatSchema = v.record(v.string(), v.number());
/** What shadow mode wants to know. */
export const shadowSchema = v.looseObject({
  questions: v.pipe(v.array(incidentSchema), v.maxLength(maxQuestions)),
  isAsked: v.boolean(),
  heats: v.record(v.string(), heatSchema),
}) satisfies Reads<Shadow>;
