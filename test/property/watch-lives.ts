// Random lives of prints: everything that the decision core can hear, in any order, with settings of any kind.
import fc from 'fast-check';
import { decide } from '../../src/core/decide.ts';
import type { BedObjects } from '../../src/core/objects.ts';
import { rectangle } from '../../src/core/regions.ts';
import { gridColumns, gridRows, toSceneGrid } from '../../src/core/scene-grid.ts';
import {
  type Answer,
  type Job,
  type Moment,
  type Print,
  type Region,
  toScore,
} from '../../src/core/types.ts';
import {
  type DecideOptions,
  type Effect,
  initialWatchState,
  type WatchCommand,
  type WatchInput,
  type WatchState,
} from '../../src/core/watch-state.ts';

/** One happening; answers, outcomes and objects name incidents by how many ids ago they were seen. */
export type Event =
  /** `jobStep`: how many prints later (a changed print) or earlier (a look) than the one known. */
  | { readonly kind: 'input'; readonly input: WatchInput; readonly jobStep: number }
  | { readonly kind: 'outcome'; readonly input: Outcome; readonly ago: number }
  | { readonly kind: 'restart' }
  | { readonly kind: 'wait'; readonly ms: number };
type Outcome = Extract<
  WatchInput,
  { kind: 'action-finished' | 'answer-finished' | 'answered' | 'objects-read' }
>;

/** The prints of a life, one after another; none comes back. Starts are little more apart than the tolerance. */
export function jobOf(index: number): Job {
  return {
    filename: index % 3 === 2 ? 'b.gcode' : 'a.gcode',
    startTickMs: 1_000_000 + index * 2_500,
    printDurationMs: 600_000,
    totalDurationMs: 900_000,
    progress: 0.5,
    layer: 3,
    totalLayer: null,
  };
}
const job = fc.constant(jobOf(0));

const print: fc.Arbitrary<Print> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('printing' as const),
      job,
      pauseFlag: fc.constant('none' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('paused' as const),
      job,
      by: fc.constantFrom('us', 'somebody', 'file'),
    }),
  },
  fc.record({
    kind: fc.constant('printing' as const),
    job,
    pauseFlag: fc.constantFrom('unsettled', 'macro', 'stale'),
  }),
  fc.record({ kind: fc.constant('heating' as const), job, pauseFlag: fc.constant('none' as const) }),
  fc.record({
    kind: fc.constant('ended' as const),
    job,
    how: fc.constantFrom('complete', 'cancelled', 'error'),
    message: fc.constant(''),
  }),
  fc.constant({ kind: 'idle' as const }),
  fc.constant({ kind: 'not-ready' as const, why: 'no-moonraker' as const, message: 'away' }),
);

type Level = 'clear' | 'watching' | 'warning' | 'failing';

/** A look by a backend that decides for itself. */
export function lookLike(level: Level, score: number, of: Job): WatchInput {
  return {
    kind: 'frame-assessed',
    camera: 'bed',
    job: of,
    layer: 3,
    assessment: {
      backend: 'cloud',
      score: toScore(score),
      quality: level === 'clear' ? 9 : 4,
      suggests: { isWarning: level === 'warning', isFailing: level === 'failing' },
      regions: [],
      calls: 1,
      nextInMs: 20_000,
    },
  };
}

/** Any look by a backend that decides for itself. */
export const lookOf = (of: Job) =>
  fc
    .tuple(
      fc.constantFrom<Level[]>('clear', 'watching', 'warning', 'failing', 'failing'),
      fc.integer({ min: 0, max: 20 }),
    )
    .map(([level, percent]) => lookLike(level, percent / 20, of));

/** The bed is the picture: LEFT and RIGHT stand in its halves. */
const square = (x: number) => [
  { x, y: 30 },
  { x: x + 30, y: 30 },
  { x: x + 30, y: 70 },
  { x, y: 70 },
];
const plate: BedObjects = {
  bed: { minX: 0, minY: 0, maxX: 100, maxY: 100 },
  objects: [
    { name: 'LEFT', polygon: square(10) },
    { name: 'RIGHT', polygon: square(60) },
  ],
  excluded: [],
};
const boxOn = (x: number, score: number): Region => ({
  ...{ x1: x, y1: 0.3, x2: x + 0.3, y2: 0.7, score: toScore(score) },
});
const somewhere = fc.constantFrom<('left' | 'right')[][]>(
  [],
  ['left'],
  ['left'],
  ['right'],
  ['left', 'right'],
);
const grids = [0, 1].map((side) =>
  toSceneGrid(
    Array.from({ length: gridColumns * gridRows }, (_, at) => ((at + side * 3) % 7 < 3 ? 0.8 : 0.2)),
  ),
);

const corners = [
  { x: 0, y: 1 },
  { x: 1, y: 1 },
  { x: 1, y: 0 },
  { x: 0, y: 0 },
] as const;

/** Looks by a backend that only scores: boxes, or a grid of cells. */
const scored = fc
  .record({
    percent: fc.constantFrom(0, 30, 60, 90, 90, 100),
    where: somewhere,
    hasCells: fc.boolean(),
    grid: fc.constantFrom(null, ...grids),
    backend: fc.constantFrom('boxes', 'other'),
  })
  .map(({ percent, where, hasCells, grid, backend }): WatchInput => {
    const score = toScore(percent / 100);
    const regions = where.map((side) => boxOn(side === 'left' ? 0.1 : 0.6, percent / 100));
    const cells = { columns: 2, rows: 1, scores: [score, 0], top: 1 };
    return {
      ...{ kind: 'frame-assessed', camera: 'bed', grid, job: jobOf(0), layer: 3 },
      assessment: {
        ...{
          backend,
          score,
          quality: null,
          suggests: null,
          neutral: 0.2,
          regions,
          calls: 0,
          nextInMs: 10_000,
        },
        ...(hasCells ? { cells } : {}),
      },
    };
  });
const look = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(lookOf(jobOf(0)), somewhere).map(([input, where]) => withBoxes(input, where)),
  },
  { weight: 3, arbitrary: scored },
);

function withBoxes(input: WatchInput, where: readonly ('left' | 'right')[]): WatchInput {
  if (input.kind !== 'frame-assessed') return input;
  const regions = where.map((side) => boxOn(side === 'left' ? 0.1 : 0.6, 0.9));
  return { ...input, assessment: { ...input.assessment, regions } };
}

const miss = fc.boolean().map(
  (isPermanent): WatchInput => ({
    kind: 'frame-missed',
    fault: { side: 'camera', code: 'CAMERA_TIMEOUT', message: 'no picture.', hint: '', isPermanent },
  }),
);

const outcome = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('done' as const),
      tookMs: fc.constant(1),
      idleTimeoutBeforeS: fc.constantFrom(null, 600, 900),
    }),
  },
  fc.constant({ kind: 'delayed' as const, waitedMs: 30_000 }),
  fc.constant({ kind: 'failed' as const, code: 'PAUSE_NOT_OBSERVED', message: 'not seen' }),
);
const incidentId = '';
const result: fc.Arbitrary<Outcome> = fc.oneof(
  outcome.map((ended) => ({ kind: 'action-finished' as const, incidentId, outcome: ended })),
  fc
    .tuple(fc.constantFrom<Answer[]>('pause', 'resume', 'cancel', 'skip-object'), outcome)
    .map(([answer, ended]) => ({ kind: 'answer-finished' as const, incidentId, answer, outcome: ended })),
  fc
    .constantFrom<Answer[]>(
      ...(['pause', 'resume', 'cancel', 'false-alarm', 'seen', 'ignore', 'skip-object'] as const),
      ...(['right', 'wrong'] as const),
    )
    .map((answer) => ({ kind: 'answered' as const, incidentId, answer })),
  fc
    .constantFrom(null, plate, plate, plate, { ...plate, excluded: ['RIGHT'] })
    .map((objects) => ({ kind: 'objects-read' as const, incidentId, objects })),
);

const mostlyZero = fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1);

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(print, mostlyZero).map(([next, jobStep]) => ({
      kind: 'input' as const,
      jobStep,
      input: { kind: 'print-changed' as const, print: next },
    })),
  },
  {
    weight: 8,
    arbitrary: fc
      .tuple(look, mostlyZero)
      .map(([input, jobStep]) => ({ kind: 'input' as const, jobStep, input })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(null, 0, 1.3, 4).map((load) => ({
      kind: 'input' as const,
      jobStep: 0,
      input: { kind: 'load-measured' as const, load },
    })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom([], [rectangle({ x: 0, y: 0 }, { x: 0.5, y: 1 })]).map((areas) => ({
      kind: 'input' as const,
      jobStep: 0,
      input: { kind: 'areas-changed' as const, areas },
    })),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom<WatchCommand[]>(
        { kind: 'pause' },
        { kind: 'resume' },
        { kind: 'cancel' },
        { kind: 'mute', for: { kind: 'minutes', minutes: 1 } },
        { kind: 'mute', for: { kind: 'minutes', minutes: 1_440 } },
        { kind: 'mute', for: { kind: 'print' } },
        { kind: 'mute', for: { kind: 'file' } },
        ...[{ kind: 'unmute' } as const, { kind: 'unmute' } as const],
        { kind: 'switch', isOn: false },
        ...[{ kind: 'switch', isOn: true } as const, { kind: 'switch', isOn: true } as const],
      )
      .map((command) => ({
        ...{ kind: 'input' as const, jobStep: 0 },
        input: { kind: 'commanded' as const, command },
      })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<WatchInput[]>(
        { kind: 'idle-timeout-lengthened', beforeS: 700 },
        {
          kind: 'pause-step-finished',
          step: { step: 'hotend_standby', result: 'failed', message: 'no macro' },
        },
        { kind: 'pause-step-finished', step: { step: 'after_pause_gcode', result: 'done', message: '' } },
      )
      .map((input) => ({ kind: 'input' as const, jobStep: 0, input })),
  },
  { weight: 2, arbitrary: miss.map((input) => ({ kind: 'input' as const, jobStep: 0, input })) },
  // 0: the newest incident; 5: nobody knows which; 6: what was never an incident.
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('outcome' as const),
      input: result,
      ago: fc.constantFrom(0, 0, 0, 0, 1, 5, 6),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom(1, 5_000, 60_000, 200_000, 700_000)
      .map((ms) => ({ kind: 'wait' as const, ms })),
  },
);

/** Any settings. */
export const options: fc.Arbitrary<DecideOptions> = fc
  .record({
    onFailure: fc.constantFrom('pause', 'pause', 'pause', 'confirm', 'confirm', 'cancel', 'gcode', 'alert'),
    resumeMuteMs: fc.constantFrom(0, 60_000, 600_000),
    ignore: fc.constantFrom([], [], [rectangle({ x: 0.5, y: 0 }, { x: 1, y: 1 })]),
    blindAfterMs: fc.constantFrom(0, 300_000),
    busyLoad: fc.constantFrom(0, 1.5),
    evidence: fc.constant({
      warnAfterMs: 30_000,
      failAfterMs: 90_000,
      sensitivity: 'medium' as const,
      intervalMs: 10_000,
    }),
    hasCorners: fc.boolean(),
  })
  .map(({ hasCorners, ...rest }) => ({
    ...rest,
    confirmMs: 30_000,
    ...(hasCorners ? { bedCorners: corners } : {}),
  }));

/** Any settings that do nothing. */
export const inShadow = options.map((settings): DecideOptions => ({ ...settings, mode: 'shadow' }));

/** Any settings in any mode. */
export const inAnyMode = fc.oneof(options, inShadow);

/** A life as far as it has been lived. */
export interface Life {
  state: WatchState;
  now: Moment;
  jobIndex: number;
  readonly ids: string[];
  readonly settings: DecideOptions;
}

/** Nothing is known yet. */
export function begin(settings: DecideOptions): Life {
  return { state: initialWatchState, now: { atMs: 0, tickMs: 5_000_000 }, jobIndex: 0, ids: [], settings };
}

/** Lives through one event. `watch` sees each input with what it made. */
export function live(
  life: Life,
  happening: Event,
  watch: (input: WatchInput, effects: readonly Effect[], before: WatchState) => void,
): void {
  const input = toInput(life, happening);
  const before = life.state;
  const { state, effects } = decide(before, input, life.now, life.settings);
  watch(input, effects, before);
  life.state = state;
  for (const effect of effects) {
    const id =
      effect.kind === 'raise-alert'
        ? effect.alert.incidentId
        : 'incidentId' in effect
          ? effect.incidentId
          : null;
    if (id !== null && !life.ids.includes(id)) life.ids.unshift(id);
  }
}

function toInput(life: Life, happening: Event): WatchInput {
  switch (happening.kind) {
    case 'input':
      return withJob(life, happening.input, happening.jobStep);
    case 'wait':
      life.now = { atMs: life.now.atMs, tickMs: life.now.tickMs + happening.ms };
      return { kind: 'time-passed' };
    case 'restart':
      life.state = JSON.parse(JSON.stringify(life.state)) as WatchState;
      return { kind: 'restarted' };
    case 'outcome': {
      if (happening.ago === 5 && happening.input.kind === 'answered')
        return { ...happening.input, incidentId: null };
      if (happening.ago === 6) return { ...happening.input, incidentId: 'x"; M112' };
      return { ...happening.input, incidentId: life.ids[happening.ago] ?? 'never0n1' };
    }
  }
}

function withJob(life: Life, input: WatchInput, jobStep: number): WatchInput {
  if (input.kind === 'print-changed' && 'job' in input.print) {
    life.jobIndex += jobStep;
    const print = { ...input.print, job: jobOf(life.jobIndex) };
    if (print.kind === 'ended') life.jobIndex += 1;
    return { ...input, print };
  }
  if (input.kind === 'print-changed' && input.print.kind === 'idle') life.jobIndex += 1;
  if (input.kind === 'frame-assessed') return { ...input, job: jobOf(life.jobIndex - jobStep) };
  return input;
}

/** Up to 80 events. */
export const lives = fc.array(event, { minLength: 1, maxLength: 80, size: 'max' });
