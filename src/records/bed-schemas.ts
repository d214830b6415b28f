// Reads what is known of the bed and the objects on it back from disk.
import * as v from 'valibot';
import type { BedObjects } from '../core/objects.ts';
import type { DecideOptions } from '../core/watch-state.ts';

/** A point, in picture fractions or mm. */
export const pointSchema = v.object({ x: v.number(), y: v.number() });

/** The corners of the bed in the picture. */
export const bedCornersSchema = v.tuple([
  pointSchema,
  pointSchema,
  pointSchema,
  pointSchema,
]) satisfies v.GenericSchema<unknown, NonNullable<DecideOptions['bedCorners']>>;

/** The objects of a print, as they were read. */
export const bedObjectsSchema: v.GenericSchema<unknown, BedObjects> = v.looseObject({
  bed: v.looseObject({ minX: v.number(), minY: v.number(), maxX: v.number(), maxY: v.number() }),
  objects: v.array(v.looseObject({ name: v.string(), polygon: v.array(pointSchema) })),
  excluded: v.array(v.string()),
});
