// Klipper's exclude_object: which objects the print has, and leaving one of them out.
import * as v from 'valibot';
import { type BedObject, type BedObjects, canSkip, isObjectName } from '../core/objects.ts';
import type { ActionOutcome } from '../core/types.ts';
import type { MoonrakerConnection } from './connection.ts';
import { statusAnswerSchema } from './messages.ts';
import { observing, type RecipeDeps } from './observe.ts';

/** More than a bed can hold is no list of objects; more points than this are no outline. */
const maxObjects = 1_000;
const maxPoints = 1_000;
/** EXCLUDE_OBJECT waits for the G-code lock: behind a macro that heats up, say. */
const answerLimitMs = 30 * 60_000;
/** Between its answer and what is seen of it. */
const observeMs = 5_000;
const lookEveryMs = 500;

const polygonSchema = v.pipe(v.array(v.tuple([v.number(), v.number()])), v.maxLength(maxPoints));
const objectsSchema = v.object({
  exclude_object: v.object({
    objects: v.pipe(
      v.array(v.object({ name: v.string(), polygon: v.fallback(polygonSchema, []) })),
      v.minLength(1),
      v.maxLength(maxObjects),
    ),
    excluded_objects: v.array(v.string()),
  }),
  toolhead: v.object({
    axis_minimum: v.looseTuple([v.number(), v.number()]),
    axis_maximum: v.looseTuple([v.number(), v.number()]),
  }),
});

/** The question is asked when something fails, and never subscribed to: outlines are long, and change with each file. */
const wanted = {
  exclude_object: ['objects', 'excluded_objects'],
  toolhead: ['axis_minimum', 'axis_maximum'],
};

/**
 * Reads the objects of the print. The bed is what the axes reach.
 * @returns null where Klipper has no `[exclude_object]`, or the file names no objects
 * @throws MoonrakerError; the signal's reason
 */
export async function readBedObjects(
  connection: Pick<MoonrakerConnection, 'call'>,
  signal: AbortSignal,
): Promise<BedObjects | null> {
  const { status } = await connection.call('printer.objects.query', { objects: wanted }, statusAnswerSchema, {
    signal,
  });
  const read = v.safeParse(objectsSchema, status);
  if (!read.success) return null;
  const { exclude_object: found, toolhead } = read.output;
  const [minX, minY] = toolhead.axis_minimum;
  const [maxX, maxY] = toolhead.axis_maximum;
  if (minX >= maxX || minY >= maxY) return null;
  const objects: BedObject[] = found.objects.map(({ name, polygon }) => ({
    name,
    polygon: polygon.map(([x, y]) => ({ x, y })),
  }));
  return { bed: { minX, minY, maxX, maxY }, objects, excluded: found.excluded_objects };
}

/** What leaving an object out needs. */
export interface SkipDeps {
  readonly connection: Pick<MoonrakerConnection, 'call'>;
  readonly recipe: RecipeDeps;
}

/**
 * Leaves an object out and believes only what Klipper then lists. Klipper takes any name without a word, so the name
 * is looked up first.
 * @returns `done`, or `failed` with SKIP_NOT_OBSERVED
 * @throws MoonrakerError when the objects cannot be read before; the signal's reason
 */
export async function skipObject(
  name: string,
  { connection, recipe }: SkipDeps,
  signal: AbortSignal,
): Promise<ActionOutcome> {
  const failed = (message: string): ActionOutcome => ({ kind: 'failed', code: 'SKIP_NOT_OBSERVED', message });
  // The name comes from the file: it must not become a second command.
  if (!isObjectName(name)) return failed('its name cannot stand in a line of G-code');
  return observing(recipe, signal, async (eyes) => {
    const done = (): ActionOutcome => ({ kind: 'done', tookMs: eyes.elapsedMs(), idleTimeoutBeforeS: null });
    const isExcluded = async () =>
      (await readBedObjects(connection, signal))?.excluded.includes(name) === true;

    const before = await readBedObjects(connection, signal);
    if (before === null || !before.objects.some((object) => object.name === name)) {
      return failed(`the print has no object ${name}`);
    }
    if (before.excluded.includes(name)) return done();
    if (!canSkip(before, name)) return failed('it is the last object that is left');
    const request = eyes.send((own) => recipe.runGcode(`EXCLUDE_OBJECT NAME=${name}`, own));
    await eyes.wait(() => request.answered() !== 'pending', answerLimitMs);
    const answeredMs = eyes.elapsedMs();
    for (;;) {
      const isDone = await isExcluded().catch(() => {
        signal.throwIfAborted();
        return false;
      });
      if (isDone) return done();
      if (eyes.elapsedMs() - answeredMs >= observeMs) break;
      await recipe.clock.sleep(lookEveryMs, signal);
    }
    const why = eyes.lastErrorLine();
    return failed(`Klipper still prints ${name}${why === '' ? '' : `: ${why}`}`);
  });
}
