// The lines of a trace (NDJSON): where it begins, every step of the core, every frame. `trace-schema.ts` reads them.
import type { Step } from '../core/trace.ts';
import type { Frame, Moment } from '../core/types.ts';
import type { DecideOptions, WatchState } from '../core/watch-state.ts';

/** Version of the format; another one is not read. */
export const traceFormat = 1;

/** Why a trace takes up the state anew. Only `rotation` goes on where the line before it ended. */
export type BeginWhy = 'start' | 'rotation' | 'gap';

/** What is the same for all lines of one process. */
export interface TraceSource {
  /** Version of the program. */
  readonly program: string;
  readonly bootId: string;
  readonly options: DecideOptions;
}

/** A step as it is queued for the disk. */
export interface StepText {
  readonly at: Moment;
  /** The line of the step, with its newline. */
  readonly line: string;
  /** Nothing came of it: it need not survive a power cut. */
  readonly isQuiet: boolean;
  /** The line that must go before it where the one before it is missing. */
  readonly begin: (why: BeginWhy) => string;
}

/** A step as text. The state is turned into text only where it is needed. */
export function stepText(step: Step, source: TraceSource): StepText {
  const { at, input, effects, gate, before, after } = step;
  const { verdict, evidence, incident } = after;
  const line = {
    ...{ kind: 'step', at, input, effects, gate: gate?.kind ?? null },
    ...{ verdict, evidenceMs: evidence.ms, incident: incident?.id ?? null, level: incident?.level ?? null },
  };
  return {
    at,
    line: toLine(line),
    isQuiet: input.kind === 'time-passed' && effects.length === 0,
    begin: (why) => beginLine(why, at, before, source),
  };
}

/** The line of a frame. It stands before the line of the step that the frame led to. */
export function frameLine(frame: Omit<Frame, 'jpeg'>, name: string): string {
  const { atMs, tickMs, width, height, camera } = frame;
  return toLine({ kind: 'frame', at: { atMs, tickMs }, name, width, height, camera });
}

function beginLine(why: BeginWhy, at: Moment, state: WatchState, source: TraceSource): string {
  const { program, bootId, options } = source;
  return toLine({ kind: 'begin', format: traceFormat, why, program, bootId, at, options, state });
}

function toLine(value: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(value)}\n`;
}
