// Keeps the newest value of each Klipper field that we read, whatever order readings arrive in.
import type { StatusTree } from './messages.ts';

/** The newest values. */
export interface StatusStore {
  /**
   * Takes one reading.
   * @param eventtimeS Klipper's monotonic clock: an older value never replaces a newer one, because an answer to a
   *   query can be handed over after the change that followed it
   */
  merge(status: StatusTree, eventtimeS: number): void;
  /** The value of a field; undefined while it was never read. */
  get(object: string, field: string): unknown;
  /** Forgets everything: Klipper has gone and its clock may start anew. */
  clear(): void;
}

interface Value {
  readonly value: unknown;
  readonly eventtimeS: number;
}

/** Fields kept at most; we subscribe to some twenty. */
const maxFields = 500;

/** Starts empty. */
export function createStatusStore(): StatusStore {
  const values = new Map<string, Value>();
  return {
    merge: (status, eventtimeS) => {
      for (const [object, fields] of Object.entries(status)) {
        for (const [field, value] of Object.entries(fields)) {
          const key = keyOf(object, field);
          const known = values.get(key);
          if (known === undefined ? values.size >= maxFields : known.eventtimeS > eventtimeS) continue;
          values.set(key, { value, eventtimeS });
        }
      }
    },
    get: (object, field) => values.get(keyOf(object, field))?.value,
    clear: () => values.clear(),
  };
}

/** Object names hold spaces (`filament_switch_sensor X`) but never a line end. */
function keyOf(object: string, field: string): string {
  return `${object}\n${field}`;
}
