// What is recorded of the decision core: enough to take every decision again.
import type { Gate } from './gates.ts';
import type { Moment } from './types.ts';
import type { Effect, WatchInput, WatchState } from './watch-state.ts';

/** One step of the core: `before`, `input`, `at` and the options give exactly `after` and `effects`. */
export interface Step {
  readonly at: Moment;
  readonly input: WatchInput;
  readonly before: WatchState;
  readonly after: WatchState;
  readonly effects: readonly Effect[];
  /** Why no frame is judged at this moment; null while frames are judged. For people: no step depends on it. */
  readonly gate: Gate | null;
}
