// Tells whether two values are the same as JSON.

/** True when both are equal as JSON values, whatever the order of their keys; a missing key is not null. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keysOf = (value: object) => Object.entries(value).filter(([, part]) => part !== undefined);
  const [inA, inB] = [keysOf(a), new Map(keysOf(b))];
  return (
    inA.length === inB.size && inA.every(([key, part]) => inB.has(key) && isSameJson(part, inB.get(key)))
  );
}
