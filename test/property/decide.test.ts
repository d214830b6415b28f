// Safety rules 1 to 3 over random lives of prints: whatever happens, in whatever order.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decide } from '../../src/core/decide.ts';
import { rectangle } from '../../src/core/regions.ts';
import { replay } from '../../src/core/replay.ts';
import { type Job, type Moment, type Print, toScore } from '../../src/core/types.ts';
import {
  type DecideOptions,
  type Effect,
  initialWatchState,
  type WatchInput,
  type WatchState,
} from '../../src/core/watch-state.ts';
import { stepText } from '../../src/records/trace-lines.ts';
import { readTrace } from '../../src/records/trace-schema.ts';
import { createOracle } from './watch-oracle.ts';

/** One happening; answers and outcomes name incidents by how many ids ago they were seen. */
type Event =
  /** `jobStep`: how many prints later (a changed print) or earlier (a look) than the one known. */
  | { readonly kind: 'input'; readonly input: WatchInput; readonly jobStep: number }
  | { readonly kind: 'outcome'; readonly input: Outcome; readonly ago: number }
  | { readonly kind: 'restart' }
  | { readonly kind: 'wait'; readonly ms: number };
type Outcome = Extract<WatchInput, { kind: 'action-finished' | 'answer-finished' | 'answered' }>;

/** The prints of a life, one after another; none comes back. Starts are little more apart than the tolerance. */
function jobOf(index: number): Job {
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

function lookLike(level: Level, score: number, of: Job): WatchInput {
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

const lookOf = (of: Job) =>
  fc
    .tuple(
      fc.constantFrom<Level[]>('clear', 'watching', 'warning', 'failing', 'failing'),
      fc.integer({ min: 0, max: 20 }),
    )
    .map(([level, percent]) => lookLike(level, percent / 20, of));
const look = lookOf(jobOf(0));

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
    .tuple(fc.constantFrom('pause', 'resume', 'cancel'), outcome)
    .map(([answer, ended]) => ({ kind: 'answer-finished' as const, incidentId, answer, outcome: ended })),
  fc
    .constantFrom('pause', 'resume', 'cancel', 'false-alarm', 'seen')
    .map((answer) => ({ kind: 'answered' as const, incidentId, answer })),
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
    weight: 1,
    arbitrary: fc.constantFrom('pause' as const, 'resume' as const, 'cancel' as const).map((kind) => ({
      kind: 'input' as const,
      jobStep: 0,
      input: { kind: 'commanded' as const, command: { kind } },
    })),
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

const options: fc.Arbitrary<DecideOptions> = fc.record({
  onFailure: fc.constantFrom('pause', 'pause', 'pause', 'cancel', 'gcode', 'alert'),
  resumeMuteMs: fc.constantFrom(0, 60_000, 600_000),
  ignore: fc.constant([]),
  blindAfterMs: fc.constantFrom(0, 300_000),
  busyLoad: fc.constantFrom(0, 1.5),
  evidence: fc.constant({
    warnAfterMs: 30_000,
    failAfterMs: 90_000,
    sensitivity: 'medium' as const,
    intervalMs: 10_000,
  }),
});

interface Life {
  state: WatchState;
  now: Moment;
  jobIndex: number;
  readonly ids: string[];
  readonly settings: DecideOptions;
}

function begin(settings: DecideOptions): Life {
  return { state: initialWatchState, now: { atMs: 0, tickMs: 5_000_000 }, jobIndex: 0, ids: [], settings };
}

/** Lives through one event. `watch` sees each input with what it made. */
function live(
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

const lives = fc.array(event, { minLength: 1, maxLength: 80, size: 'max' });
const runs = { numRuns: 3_000, includeErrorInReport: true };

describe('any life of any print', () => {
  it('keeps the rules: one action an incident, only on a failing look at a running print, never in the mute', () => {
    fc.assert(
      fc.property(options, lives, (settings, events) => {
        const life = begin(settings);
        const oracle = createOracle(settings);
        for (const happening of events)
          live(life, happening, (input, effects) => oracle.check(input, effects, life.now));
      }),
      runs,
    );
  });

  it('a fault only ever tells: verdict, trouble, incident, acceptance and mute stay as they are', () => {
    fc.assert(
      fc.property(options, lives, (settings, events) => {
        const life = begin(settings);
        for (const happening of events) {
          live(life, happening, (input, effects, before) => {
            if (input.kind !== 'frame-missed') return;
            assert.ok(effects.length <= 1 && effects.every(({ kind }) => kind === 'tell'));
            const { state } = decide(before, input, life.now, settings);
            assert.deepEqual({ ...state, blind: null }, { ...before, blind: null });
          });
        }
      }),
      runs,
    );
  });

  it('the same inputs have the same effects, and a state that went through JSON is the same state', () => {
    fc.assert(
      fc.property(options, lives, (settings, events) => {
        const life = begin(settings);
        for (const happening of events) {
          live(life, happening, (input, _effects, before) => {
            const copy = JSON.parse(JSON.stringify(before)) as WatchState;
            const decided = decide(before, input, life.now, settings);
            assert.deepEqual(decide(copy, input, life.now, settings), decided);
            assert.deepEqual(JSON.parse(JSON.stringify(decided)), decided);
            assert.deepEqual(before, copy);
          });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('what is written down of a life gives the same decisions when it is read back', () => {
    fc.assert(
      fc.property(options, lives, (settings, events) => {
        const life = begin(settings);
        const source = { program: 'x', bootId: 'x', options: settings };
        let text = '';
        for (const happening of events) {
          live(life, happening, (input, effects, before) => {
            const after = decide(before, input, life.now, settings).state;
            const step = stepText(
              { at: life.now, input, before, after, effects, gate: null, through: null },
              source,
            );
            text += (text === '' ? step.begin('start') : '') + step.line;
          });
        }
        const rows = replay(readTrace(text, 'it'), (recorded) => recorded as DecideOptions);
        assert.equal(rows.length, events.length);
        for (const { step, now, isSame } of rows) assert.ok(isSame, JSON.stringify([step, now]));
      }),
      { numRuns: 300 },
    );
  });

  it('whatever went before, the next print that fails is acted upon, at once and once', () => {
    fc.assert(
      fc.property(options, lives, (settings, events) => {
        const life = begin(settings);
        for (const happening of events) live(life, happening, () => undefined);
        const fresh: readonly WatchInput[] = [
          { kind: 'print-changed', print: { kind: 'heating', job: jobOf(0), pauseFlag: 'none' } },
          { kind: 'print-changed', print: { kind: 'printing', job: jobOf(0), pauseFlag: 'none' } },
          failingLook,
          failingLook,
        ];
        life.jobIndex += 1;
        const seen: Effect[] = [];
        for (const input of fresh) {
          live(life, { kind: 'input', jobStep: 0, input }, (_input, effects) => seen.push(...effects));
        }
        const acts = seen.filter(
          ({ kind }) => kind === (settings.onFailure === 'alert' ? 'raise-alert' : 'take-action'),
        );
        assert.equal(acts.length, 1);
      }),
      runs,
    );
  });

  it('after a resume it acts exactly at the first failing look past the mute once the trouble has cleared or grown', () => {
    const steps = fc.array(
      fc.tuple(lookOf(jobOf(0)), fc.constantFrom(0, 1_000, 30_000, 100_000, 299_999, 300_000)),
      {
        minLength: 1,
        maxLength: 30,
        size: 'max',
      },
    );
    const settings: DecideOptions = {
      onFailure: 'pause',
      resumeMuteMs: 600_000,
      ignore: [],
      blindAfterMs: 300_000,
      busyLoad: 0,
      evidence: { warnAfterMs: 30_000, failAfterMs: 90_000, sensitivity: 'medium', intervalMs: 10_000 },
    };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 }), steps, (percent, looks) => {
        const life = begin(settings);
        const hear = (input: WatchInput): boolean => {
          let hasActed = false;
          live(life, { kind: 'input', jobStep: 0, input }, (_input, effects) => {
            hasActed = effects.some(({ kind }) => kind === 'take-action');
          });
          return hasActed;
        };
        const printing: WatchInput = {
          kind: 'print-changed',
          print: { kind: 'printing', job: jobOf(0), pauseFlag: 'none' },
        };
        hear(printing);
        assert.ok(hear(lookLike('failing', percent / 20, jobOf(0))));
        hear({ kind: 'print-changed', print: { kind: 'paused', job: jobOf(0), by: 'us' } });
        hear(printing);
        const muteEndsMs = life.now.tickMs + settings.resumeMuteMs;
        let isNew = false;
        for (const [input, waitMs] of looks) {
          life.now = { atMs: 0, tickMs: life.now.tickMs + waitMs };
          if (input.kind !== 'frame-assessed') throw new Error('a look is an assessment');
          const { suggests, quality, score } = input.assessment;
          const isTrouble = suggests?.isWarning === true || suggests?.isFailing === true;
          if (isTrouble && Math.round(score * 20) >= percent + 3) isNew = true;
          if (!isTrouble && (quality ?? 0) > 5) isNew = true;
          const isDue: boolean = isNew && suggests?.isFailing === true && life.now.tickMs >= muteEndsMs;
          assert.equal(hear(input), isDue);
          if (isDue) return;
        }
      }),
      runs,
    );
  });

  it('what an action came to is told, unless a person has answered or the print is over', () => {
    fc.assert(
      fc.property(options, lives, (settings, events) => {
        const life = begin(settings);
        const answered = new Set<string | null>();
        let acting: string | null = null;
        for (const happening of events) {
          live(life, happening, (input, effects, before) => {
            if (input.kind === 'answered') answered.add(input.incidentId).add(before.incident?.id ?? null);
            const isOver =
              input.kind === 'print-changed' ||
              (input.kind === 'action-finished' && input.incidentId !== acting);
            if (
              input.kind === 'action-finished' &&
              !isOver &&
              input.outcome.kind !== 'delayed' &&
              acting !== null
            ) {
              const raised = effects.some(
                (effect) => effect.kind === 'raise-alert' && effect.alert.incidentId === acting,
              );
              assert.ok(raised || answered.has(acting), 'nobody was told');
              acting = null;
            }
            const isGone = effects.some(
              (effect) => effect.kind === 'close-alert' && effect.incidentId === acting,
            );
            if (isGone || effects.some(({ kind }) => kind === 'end-print')) acting = null;
            for (const effect of effects) if (effect.kind === 'take-action') acting = effect.incidentId;
          });
        }
      }),
      runs,
    );
  });
});

const failingLook = lookLike('failing', 0.7, jobOf(0));
