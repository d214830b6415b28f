// Remembers which of the possible addresses works, so that the others are not tried with each picture.
import type { Source } from './source.ts';

/** Which addresses to try next, best first. */
export interface SourcePicker {
  /** The one that worked last; all of `sources` when none has, when it is gone from them, or when it has failed too often. */
  plan(sources: readonly Source[]): readonly Source[];
  /** Tells that a picture came from this source. True when another one worked before. */
  worked(source: Source): boolean;
  /** Tells that this source gave no picture. */
  failed(source: Source): void;
}

/** A source that worked once is given up after this many failures in a row. */
const maxFailures = 3;

/** Makes a picker that has chosen nothing. */
export function createSourcePicker(): SourcePicker {
  let chosen: Source | null = null;
  let known = '';
  let failures = 0;
  return {
    plan: (sources) => {
      const listed = sources.map(keyOf).join('\n');
      // After any change of the list the order of the user holds again.
      if (listed !== known || failures >= maxFailures) {
        known = listed;
        chosen = null;
        failures = 0;
      }
      const key = chosen === null ? '' : keyOf(chosen);
      const current = sources.find((source) => keyOf(source) === key);
      return current === undefined ? sources : [current];
    },
    worked: (source) => {
      const isNew = chosen === null || keyOf(chosen) !== keyOf(source);
      chosen = source;
      failures = 0;
      return isNew;
    },
    failed: (source) => {
      if (chosen !== null && keyOf(chosen) === keyOf(source)) failures += 1;
    },
  };
}

function keyOf(source: Source): string {
  return JSON.stringify([source.name, source.url.href, source.view]);
}
