// Plays a sequence of inputs into the decision core and names what it orders, for tests that read like a story.
import assert from 'node:assert/strict';
import { decide } from '../../src/core/decide.ts';
import {
  type ActionOutcome,
  type Alert,
  type Answer,
  type Assessment,
  type Fault,
  type Job,
  type Moment,
  type PausedBy,
  type Print,
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

/** The defaults of the configuration, with a short mute. */
export const options: DecideOptions = {
  onFailure: 'pause',
  resumeMuteMs: 600_000,
  ignore: [],
  blindAfterMs: 300_000,
  busyLoad: 1.5,
  evidence: { warnAfterMs: 30_000, failAfterMs: 90_000, sensitivity: 'medium', intervalMs: 10_000 },
};

/** The state of a watch with a clock; `id` is the incident that was last named in an effect. */
export interface Rig {
  state: WatchState;
  now: Moment;
  id: string;
  alert: Alert | null;
  readonly options: DecideOptions;
  /** Hears one input and returns what was ordered. The state goes through JSON, as over a restart, unchanged. */
  hear(input: WatchInput): readonly Effect[];
  /** Moves the clock. */
  wait(ms: number): void;
}

/** What happens in one step of a story. */
export type Step = (rig: Rig) => readonly Effect[];

/** A watch of which nothing is known yet. */
export function createRig(over: Partial<DecideOptions> = {}): Rig {
  const rig: Rig = {
    state: initialWatchState,
    now: { atMs: 1_700_000_000_000, tickMs: 5_000_000 },
    id: '',
    alert: null,
    options: { ...options, ...over },
    hear: (input) => {
      const { state, effects } = decide(rig.state, input, rig.now, rig.options);
      const saved = JSON.parse(JSON.stringify(state)) as WatchState;
      assert.deepEqual(saved, state, 'the state is not JSON');
      rig.state = saved;
      for (const effect of effects) {
        if ('incidentId' in effect) rig.id = effect.incidentId;
        if (effect.kind === 'raise-alert') {
          rig.id = effect.alert.incidentId;
          rig.alert = effect.alert;
        }
      }
      return effects;
    },
    wait: (ms) => {
      rig.now = { atMs: rig.now.atMs + ms, tickMs: rig.now.tickMs + ms };
    },
  };
  return rig;
}

/** A print of `a.gcode`; another `startTickMs` is another print. */
export const jobA: Job = {
  filename: 'a.gcode',
  startTickMs: 1_000_000,
  printDurationMs: 600_000,
  totalDurationMs: 900_000,
  progress: 0.3,
  layer: 12,
  totalLayer: 40,
};
export const jobB: Job = { ...jobA, startTickMs: 9_000_000 };

const seen =
  (print: Print): Step =>
  (rig) =>
    rig.hear({ kind: 'print-changed', print });

export const printing = (job: Job = jobA): Step => seen({ kind: 'printing', job, pauseFlag: 'none' });
export const inMacro = seen({ kind: 'printing', job: jobA, pauseFlag: 'macro' });
export const heating = (job: Job = jobA): Step => seen({ kind: 'heating', job, pauseFlag: 'none' });
export const paused = (by: PausedBy = 'us', job: Job = jobA): Step => seen({ kind: 'paused', job, by });
export const ended = (how: 'complete' | 'cancelled' | 'error' = 'complete', job: Job = jobA): Step =>
  seen({ kind: 'ended', job, how, message: '' });
export const idle = seen({ kind: 'idle' });
export const klippyGone = seen({ kind: 'not-ready', why: 'disconnected', message: 'Klipper is gone' });
export const away = seen({ kind: 'not-ready', why: 'no-moonraker', message: 'gone' });

/** An assessment as OctoEverywhere gives it. */
export function assessment(level: 'clear' | 'watching' | 'warning' | 'failing', score: number): Assessment {
  const quality = { clear: 9, watching: 5, warning: 3, failing: 1 }[level];
  return {
    backend: 'octoeverywhere',
    score: toScore(score),
    quality,
    suggests: { isWarning: level === 'warning' || level === 'failing', isFailing: level === 'failing' },
    regions: [],
    calls: 1,
    nextInMs: 20_000,
  };
}

/** A look at the print; `job` is the one that the frame was taken of. */
export const look =
  (level: 'clear' | 'watching' | 'warning' | 'failing', score = 0.6, job: Job = jobA): Step =>
  (rig) =>
    rig.hear({
      kind: 'frame-assessed',
      assessment: assessment(level, score),
      camera: 'bed',
      job,
      layer: 12,
    });

export const fault: Fault = {
  side: 'camera',
  code: 'CAMERA_TIMEOUT',
  message: 'no picture within 10 s.',
  hint: '',
  isPermanent: false,
};
export const badKey: Fault = {
  side: 'backend',
  code: 'BACKEND_BAD_KEY',
  message: 'the key was refused.',
  hint: 'Put the right key into the configuration.',
  isPermanent: true,
};
export const miss =
  (what: Fault = fault): Step =>
  (rig) =>
    rig.hear({ kind: 'frame-missed', fault: what });

export const done = (idleTimeoutBeforeS: number | null = null): ActionOutcome => ({
  kind: 'done',
  tookMs: 800,
  idleTimeoutBeforeS,
});
export const delayed: ActionOutcome = { kind: 'delayed', waitedMs: 30_000 };
export const failed: ActionOutcome = { kind: 'failed', code: 'PAUSE_NOT_OBSERVED', message: 'not seen' };

/** The action of the incident that is open, or of the one named. */
export const acted =
  (outcome: ActionOutcome, id?: string): Step =>
  (rig) =>
    rig.hear({ kind: 'action-finished', incidentId: id ?? rig.id, outcome });
export const answerCame =
  (answer: Answer, outcome: ActionOutcome, id?: string): Step =>
  (rig) =>
    rig.hear({ kind: 'answer-finished', incidentId: id ?? rig.id, answer, outcome });
export const says =
  (answer: Answer, id?: string | null): Step =>
  (rig) =>
    rig.hear({ kind: 'answered', answer, incidentId: id === undefined ? rig.id : id });

export const order =
  (command: WatchCommand): Step =>
  (rig) =>
    rig.hear({ kind: 'commanded', command });

/** Time passes, and the loop's heartbeat is heard at its end. */
export const wait =
  (ms: number): Step =>
  (rig) => {
    rig.wait(ms);
    return rig.hear({ kind: 'time-passed' });
  };
export const restart: Step = (rig) => {
  // What is seen again within one interval is not kept on disk.
  rig.state = { ...rig.state, verdict: 'clear', last: null };
  return rig.hear({ kind: 'restarted' });
};

/** Plays the steps, each with the names of what it must order, in order. */
export function play(rig: Rig, story: readonly (readonly [Step, ...string[]])[]): Rig {
  for (const [index, [step, ...expected]] of story.entries()) {
    assert.deepEqual(step(rig).map(nameOf), expected, `step ${index + 1} of ${story.length}`);
  }
  return rig;
}

/** Such as `take pause`, `raise print failing, paused`, `tell blind`. */
function nameOf(effect: Effect): string {
  switch (effect.kind) {
    case 'take-action':
      return `take ${effect.action}`;
    case 'do-answer':
      return `do ${effect.answer}`;
    case 'note-would-have':
      return `would ${effect.what}`;
    case 'read-objects':
      return 'read objects';
    case 'skip-object':
      return `skip ${effect.object}`;
    case 'raise-alert':
      return `raise ${effect.alert.title.replace('Lookout: ', '')}`;
    case 'close-alert':
      return 'close';
    case 'tell':
      return `tell ${/blind|sees again|asked Klipper|has waited|not taken effect/.exec(effect.notice.text)?.[0]}`;
    case 'set-idle-timeout':
      return `idle ${effect.seconds}`;
    case 'lengthen-idle-timeout':
      return 'warm';
    case 'end-print':
      return 'end';
  }
}
