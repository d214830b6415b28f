// What is recorded of the decision core: enough to take every decision again.
import type { Gate } from './gates.ts';
import type { Moment, Verdict } from './types.ts';
import type { DecideOptions, Effect, WatchInput, WatchState } from './watch-state.ts';

/** One step of the core: `before`, `input`, `at` and the options give exactly `after` and `effects`. */
export interface Step {
  readonly at: Moment;
  readonly input: WatchInput;
  readonly before: WatchState;
  readonly after: WatchState;
  readonly effects: readonly Effect[];
  /** Why no frame is judged at this moment; null while frames are judged. For people: no step depends on it. */
  readonly gate: Gate | null;
  /** How an answer came in, such as `prompt`; null for everything else. */
  readonly through: string | null;
}

/** What a step has led to, as far as a person sees it. */
export interface StepResult {
  readonly effects: readonly Effect[];
  readonly verdict: Verdict;
  readonly evidenceMs: number;
  /** Id and level of the incident that is open after the step. */
  readonly incident: string | null;
  readonly level: 'warning' | 'failing' | null;
}

/** A step as it was recorded: without the states, which follow from the one at the beginning. */
export interface RecordedStep extends StepResult {
  readonly at: Moment;
  readonly input: WatchInput;
  /** Kind of the gate. */
  readonly gate: string | null;
  /** Name of the frame that it is about; null where there is none, or it was not kept. */
  readonly frame: string | null;
}

/** A stretch without a gap. */
export interface TracePart {
  readonly begin: {
    /** `start`: of the record; `gap`: steps are missing before it (a restart, a full disk). */
    readonly why: 'start' | 'rotation' | 'gap';
    /** Version of the program that wrote it. */
    readonly program: string;
    readonly bootId: string;
    readonly at: Moment;
    /** The options of then; a later version may have more of them. */
    readonly options: Partial<DecideOptions>;
    readonly state: Partial<WatchState>;
  };
  readonly steps: readonly RecordedStep[];
}

/** A frame that was recorded. */
export interface TraceFrame {
  readonly at: Moment;
  /** Of its file. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly camera: string;
}

/** All that was recorded of an incident. */
export interface Trace {
  readonly parts: readonly TracePart[];
  readonly frames: readonly TraceFrame[];
  /** Lines that were cut off, by a power cut or a killed process. */
  readonly cutLines: number;
}
