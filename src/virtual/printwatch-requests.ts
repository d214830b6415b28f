// The requests of PrintWatch's API as the virtual service accepts them: every field, its type and its range.
import * as v from 'valibot';

/** The paths below `/api/v2/`. */
export type RequestKind = 'infer' | 'heartbeat' | 'notify' | 'print/event';

const id = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/, '32 hex digits'));
const identity = {
  api_key: v.string(),
  printer_id: id,
  ticket_id: id,
  version: v.pipe(v.string(), v.regex(/^\d+\.\d+\.\d+$/, 'a version')),
};
const finite = v.pipe(v.number(), v.finite());
const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const whole = v.pipe(v.number(), v.integer());
const state = v.picklist([0, 1, 2, 500]);
const times = {
  printTime: v.nullable(v.pipe(finite, v.minValue(0))),
  printTimeLeft: v.nullable(v.pipe(finite, v.minValue(0))),
  progress: v.pipe(v.number(), v.minValue(0), v.maxValue(100)),
  job_name: v.string(),
};
const email = v.pipe(v.string(), v.email('an e-mail address'));
const time = v.pipe(v.string(), v.regex(/^\d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d$/, '%m/%d/%Y %H:%M:%S'));

const inferSchema = v.pipe(
  v.strictObject({
    ...identity,
    ...times,
    state,
    conf: fraction,
    buffer_length: v.pipe(whole, v.minValue(1)),
    buffer_percent: v.pipe(whole, v.minValue(1), v.maxValue(100)),
    thresholds: v.strictTuple([fraction, fraction]),
    scores: v.array(finite),
    sma_spaghetti: finite,
    enable_feedback_images: v.boolean(),
    image_array: v.string(),
    force: v.picklist(['False', 'True']),
    email_addr: v.optional(email),
  }),
  v.check(
    ({ scores, buffer_length }) => scores.length <= 4 * buffer_length,
    'at most 4 × buffer_length scores',
  ),
  v.check(({ thresholds: [notify, act] }) => notify <= act, 'thresholds in order'),
);

/** A picture with everything that goes along. */
export type InferRequest = v.InferOutput<typeof inferSchema>;

/** What is in every request. */
export type AnyRequest = { readonly [Field in keyof typeof identity]: string };

const settings = v.optional(v.record(v.string(), v.unknown()));
const event = v.strictObject({
  type: v.picklist(['paused', 'resumed', 'done', 'cancelled', 'failed']),
  time,
  time_elapsed: v.pipe(finite, v.minValue(0)),
  time_left: times.printTimeLeft,
  level: fraction,
  timestamp: v.pipe(whole, v.minValue(0)),
});
const notification = v.picklist(['warning', 'action']);

const others = {
  heartbeat: v.strictObject({ ...identity, state, settings }),
  notify: v.strictObject({ ...identity, ...times, email_addr: email, notification, time }),
  'print/event': v.strictObject({ ...identity, event }),
};

/** A request that was read, or what is wrong with it: `missing` fields (code 215), or FastAPI's `detail` (HTTP 422). */
export type Read<Request> =
  | { readonly kind: 'read'; readonly request: Request }
  | { readonly kind: 'missing'; readonly fields: readonly string[] }
  | {
      readonly kind: 'invalid';
      readonly detail: readonly { readonly loc: string[]; readonly msg: string }[];
    };

/** Reads the body of an infer request. */
export function readInfer(json: unknown): Read<InferRequest> {
  return readAs(inferSchema, json);
}

/** Reads the body of any other request. */
export function readOther(kind: Exclude<RequestKind, 'infer'>, json: unknown): Read<AnyRequest> {
  return readAs<AnyRequest>(others[kind], json);
}

function readAs<Request>(schema: v.GenericSchema<unknown, Request>, json: unknown): Read<Request> {
  const read = v.safeParse(schema, json);
  if (read.success) return { kind: 'read', request: read.output };
  const problems = read.issues.map((issue) => ({ path: v.getDotPath(issue) ?? '', issue }));
  const missing = problems
    .filter(({ path, issue }) => path !== '' && issue.received === 'undefined')
    .map(({ path }) => path);
  if (missing.length === problems.length) return { kind: 'missing', fields: missing };
  const detail = problems.map(({ path, issue }) => ({
    loc: ['body', ...path.split('.')],
    msg: issue.message,
  }));
  return { kind: 'invalid', detail };
}
