// Takes the decisions of a trace again, with the options of then or with others.
import { decide } from './decide.ts';
import { isSameJson } from './same-json.ts';
import type { RecordedStep, StepResult, Trace } from './trace.ts';
import { type DecideOptions, initialWatchState, type WatchState } from './watch-state.ts';

/** One step of then, and what it comes to now. */
export interface ReplayRow {
  readonly step: RecordedStep;
  readonly now: StepResult;
  readonly isSame: boolean;
  /** Steps are missing before this one: the state of then is taken up, whatever had become of it here. */
  readonly isAfterGap: boolean;
}

/**
 * The rows of a trace. With the options of then every row is the same, or the core has changed since. With others the frames and
 * the printer still do what they did then: a print that would have been paused goes on in the record.
 * @param optionsOf gives the options for a stretch, from those it was recorded with
 * @param isDrawnKept false: the areas of the options hold, whatever was drawn meanwhile
 */
export function replay(
  trace: Trace,
  optionsOf: (recorded: Partial<DecideOptions>) => DecideOptions,
  isDrawnKept = true,
): ReplayRow[] {
  const rows: ReplayRow[] = [];
  for (const [index, { begin, steps }] of trace.parts.entries()) {
    const options = optionsOf(begin.options);
    const settle = (next: WatchState): WatchState => (isDrawnKept ? next : { ...next, drawn: null });
    let state = settle({ ...initialWatchState, ...begin.state });
    for (const [position, step] of steps.entries()) {
      const decision = decide(state, step.input, step.at, options);
      state = settle(decision.state);
      const { verdict, evidence, incident } = state;
      const now: StepResult = {
        ...{ effects: decision.effects, verdict, evidenceMs: evidence.ms },
        ...{ incident: incident?.id ?? null, level: incident?.level ?? null },
      };
      rows.push({ step, now, isSame: isSameResult(step, now), isAfterGap: index > 0 && position === 0 });
    }
  }
  return rows;
}

function isSameResult(a: StepResult, b: StepResult): boolean {
  return (
    a.verdict === b.verdict &&
    a.evidenceMs === b.evidenceMs &&
    a.incident === b.incident &&
    a.level === b.level &&
    isSameJson(a.effects, b.effects)
  );
}
