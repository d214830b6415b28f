// Reads the core's own values back from disk. Loose objects: what a schema here does not know is kept, or a replay would not be exact.
import * as v from 'valibot';
import type { ActionOutcome, Assessment, Print } from '../core/types.ts';
import type { DecideOptions, WatchCommand, WatchInput, WatchState } from '../core/watch-state.ts';
import { bedCornersSchema, bedObjectsSchema, pointSchema } from './bed-schemas.ts';
import {
  answerSchema,
  heatSchema,
  incidentSchema,
  jobRefSchema,
  momentSchema,
  onFailureSchema,
  scoreSchema,
  shadowSchema,
} from './incident-schemas.ts';

/** A schema that gives what the core calls T. */
type Reads<T> = v.GenericSchema<unknown, T>;

const job = v.looseObject({
  filename: v.string(),
  startTickMs: v.number(),
  printDurationMs: v.number(),
  totalDurationMs: v.number(),
  progress: v.number(),
  layer: v.nullable(v.number()),
  totalLayer: v.nullable(v.number()),
});
const pauseFlag = v.picklist(['none', 'unsettled', 'macro', 'stale']);

const print: Reads<Print> = v.variant('kind', [
  v.looseObject({
    kind: v.literal('not-ready'),
    why: v.picklist(['no-moonraker', 'disconnected', 'startup', 'error', 'shutdown']),
    message: v.string(),
  }),
  v.looseObject({ kind: v.literal('idle') }),
  v.looseObject({ kind: v.literal('heating'), job, pauseFlag }),
  v.looseObject({ kind: v.literal('printing'), job, pauseFlag }),
  v.looseObject({
    kind: v.literal('paused'),
    job,
    by: v.picklist(['us', 'somebody', 'file', 'sensor', 'm25']),
  }),
  v.looseObject({
    kind: v.literal('ended'),
    job,
    how: v.picklist(['complete', 'cancelled', 'error']),
    message: v.string(),
  }),
]);

const fault = v.looseObject({
  side: v.picklist(['camera', 'backend', 'moonraker']),
  code: v.string(),
  message: v.string(),
  hint: v.string(),
  isPermanent: v.boolean(),
});

const region = v.looseObject({
  x1: v.number(),
  y1: v.number(),
  x2: v.number(),
  y2: v.number(),
  score: scoreSchema,
});

/** An assessment as it was given. */
const assessmentSchema = v.looseObject({
  backend: v.string(),
  score: scoreSchema,
  quality: v.nullable(v.number()),
  suggests: v.nullable(v.looseObject({ isWarning: v.boolean(), isFailing: v.boolean() })),
  neutral: v.exactOptional(v.number()),
  regions: v.array(region),
  cells: v.exactOptional(
    v.looseObject({ columns: v.number(), rows: v.number(), scores: v.array(v.number()), top: v.number() }),
  ),
  calls: v.number(),
  nextInMs: v.number(),
}) satisfies Reads<Assessment>;

const outcome: Reads<ActionOutcome> = v.variant('kind', [
  v.looseObject({
    kind: v.literal('done'),
    tookMs: v.number(),
    idleTimeoutBeforeS: v.nullable(v.number()),
  }),
  v.looseObject({ kind: v.literal('delayed'), waitedMs: v.number() }),
  v.looseObject({ kind: v.literal('failed'), code: v.string(), message: v.string() }),
]);

const background = v.looseObject({
  camera: v.string(),
  backend: v.string(),
  kept: heatSchema,
  fresh: heatSchema,
  pending: heatSchema,
  watchedMs: v.number(),
  teachMs: v.number(),
  agedMs: v.number(),
});

const mute = v.variant('kind', [
  v.looseObject({ kind: v.literal('until'), untilTickMs: v.number() }),
  v.looseObject({ kind: v.literal('print'), job: jobRefSchema }),
  v.looseObject({ kind: v.literal('file'), filename: v.string() }),
]);
const hold = v.looseObject({ isOff: v.boolean(), mutes: v.array(mute) });

const command: Reads<WatchCommand> = v.variant('kind', [
  v.looseObject({
    kind: v.literal('mute'),
    for: v.variant('kind', [
      v.looseObject({ kind: v.literal('minutes'), minutes: v.number() }),
      v.looseObject({ kind: v.literal('print') }),
      v.looseObject({ kind: v.literal('file') }),
    ]),
  }),
  v.looseObject({ kind: v.literal('unmute') }),
  v.looseObject({ kind: v.literal('switch'), isOn: v.boolean() }),
  v.looseObject({ kind: v.picklist(['pause', 'resume', 'cancel']) }),
]);

const areas = v.array(v.array(pointSchema));
const view = v.looseObject({
  camera: v.string(),
  grid: v.string(),
  takenTickMs: v.nullable(v.number()),
  other: v.nullable(v.looseObject({ grid: v.string(), sinceTickMs: v.number(), looks: v.number() })),
  toldTickMs: v.nullable(v.number()),
});

/** Every field of the state. A new one is added here, and is then in the records; what survives a restart is picked from them. */
export const stateFields = {
  job: v.nullable(jobRefSchema),
  isPrinting: v.boolean(),
  wasPaused: v.boolean(),
  filePauseTickMs: v.nullable(v.number()),
  verdict: v.picklist(['clear', 'watching', 'warning', 'failing']),
  last: v.nullable(v.looseObject({ assessment: assessmentSchema, counted: scoreSchema, at: momentSchema })),
  trouble: v.nullable(v.looseObject({ since: momentSchema, layer: v.nullable(v.number()) })),
  evidence: v.looseObject({
    ms: v.number(),
    tickMs: v.nullable(v.number()),
    stretches: v.array(v.looseObject({ ms: v.number(), hasFailure: v.boolean() })),
  }),
  backgrounds: v.array(background),
  view: v.optional(v.nullable(view), null),
  incident: v.nullable(incidentSchema),
  incidentCount: v.number(),
  isAlertDue: v.boolean(),
  accepted: v.nullable(v.looseObject({ score: scoreSchema, hasCleared: v.boolean(), isTold: v.boolean() })),
  quietUntilTickMs: v.nullable(v.number()),
  hold: v.optional(hold, { isOff: false, mutes: [] }),
  drawn: v.optional(v.nullable(areas), null),
  shadow: v.optional(shadowSchema, { questions: [], isAsked: false, heats: {} }),
  blind: v.nullable(v.looseObject({ since: momentSchema, fault, isTold: v.boolean() })),
  busy: v.optional(
    v.nullable(v.looseObject({ since: momentSchema, load: v.number(), isTold: v.boolean() })),
    null,
  ),
  idleTimeoutBeforeS: v.nullable(v.number()),
} satisfies { readonly [Field in keyof WatchState]: Reads<WatchState[Field]> };

/** Every input, by kind. A new one is added here. */
const inputs = {
  'print-changed': v.looseObject({ kind: v.literal('print-changed'), print }),
  'frame-assessed': v.looseObject({
    kind: v.literal('frame-assessed'),
    assessment: assessmentSchema,
    camera: v.string(),
    grid: v.optional(v.nullable(v.string()), null),
    job,
    layer: v.nullable(v.number()),
  }),
  'frame-missed': v.looseObject({ kind: v.literal('frame-missed'), fault }),
  'action-finished': v.looseObject({
    kind: v.literal('action-finished'),
    incidentId: v.string(),
    outcome,
  }),
  'answer-finished': v.looseObject({
    kind: v.literal('answer-finished'),
    incidentId: v.string(),
    answer: answerSchema,
    outcome,
  }),
  answered: v.looseObject({
    kind: v.literal('answered'),
    answer: answerSchema,
    incidentId: v.nullable(v.string()),
  }),
  'idle-timeout-lengthened': v.looseObject({
    kind: v.literal('idle-timeout-lengthened'),
    beforeS: v.number(),
  }),
  commanded: v.looseObject({ kind: v.literal('commanded'), command }),
  'pause-step-finished': v.looseObject({
    kind: v.literal('pause-step-finished'),
    step: v.looseObject({
      step: v.picklist(['after_pause_gcode', 'hotend_standby']),
      result: v.picklist(['done', 'skipped', 'failed']),
      message: v.string(),
    }),
  }),
  'areas-changed': v.looseObject({ kind: v.literal('areas-changed'), areas }),
  'load-measured': v.looseObject({ kind: v.literal('load-measured'), load: v.nullable(v.number()) }),
  'objects-read': v.looseObject({
    kind: v.literal('objects-read'),
    incidentId: v.string(),
    objects: v.nullable(bedObjectsSchema),
  }),
  'time-passed': v.looseObject({ kind: v.literal('time-passed') }),
  restarted: v.looseObject({ kind: v.literal('restarted') }),
} satisfies { readonly [Kind in WatchInput['kind']]: Reads<Extract<WatchInput, { kind: Kind }>> };

/** Any input. */
export const inputSchema: Reads<WatchInput> = v.variant('kind', [
  inputs['print-changed'],
  ...Object.values(inputs),
]);

/** Every option of the core. A new one is added here, and is then in the records. */
export const optionFields = {
  mode: v.exactOptional(v.picklist(['act', 'shadow'])),
  onFailure: onFailureSchema,
  confirmMs: v.exactOptional(v.number()),
  resumeMuteMs: v.number(),
  blindAfterMs: v.number(),
  busyLoad: v.optional(v.number(), 0),
  evidence: v.looseObject({
    warnAfterMs: v.number(),
    failAfterMs: v.number(),
    sensitivity: v.picklist(['low', 'medium', 'high']),
    intervalMs: v.number(),
  }),
  ignore: areas,
  bedCorners: v.exactOptional(bedCornersSchema),
} satisfies { readonly [Field in keyof DecideOptions]: Reads<DecideOptions[Field]> };
