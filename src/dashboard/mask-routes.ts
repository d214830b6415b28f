// Areas that are not judged: read, and saved unless somebody else has saved meanwhile.
import type { Context, Hono, MiddlewareHandler } from 'hono';
import * as v from 'valibot';
import { areaLimits } from '../core/areas.ts';
import type { Log } from '../core/ports.ts';
import { type GuardEnv, readBody } from './guard.ts';
import type { MaskStore } from './printer-view.ts';
import { type Refuse, tellFailure } from './refusal.ts';

/** What the routes work with. */
export interface MaskDeps {
  /** The areas of the printer that the query names, and what tells its pages; null for a name that there is not. */
  readonly find: (c: Context<GuardEnv>) => { readonly masks: MaskStore; readonly changed: () => void } | null;
  readonly guardAction: MiddlewareHandler<GuardEnv>;
  readonly refuse: Refuse;
  readonly log: Log;
}

const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const drawn = v.strictObject({
  areas: v.pipe(
    v.array(
      v.pipe(
        v.array(v.strictObject({ x: fraction, y: fraction })),
        v.minLength(3),
        v.maxLength(areaLimits.points),
      ),
    ),
    v.maxLength(areaLimits.areas),
  ),
  version: v.pipe(v.string(), v.maxLength(64)),
});

/** Adds the routes. */
export function addMaskRoutes(app: Hono<GuardEnv>, { find, guardAction, refuse, log }: MaskDeps): void {
  app.get('/api/v1/masks', (c) => {
    const found = find(c);
    if (found === null) return refuse(c, 'NOT_FOUND');
    try {
      return c.json(found.masks.read());
    } catch (error) {
      return tellFailure(c, error, log);
    }
  });
  app.post('/api/v1/masks', guardAction, async (c) => {
    const found = find(c);
    if (found === null) return refuse(c, 'NOT_FOUND');
    const body = await readBody(c);
    if (typeof body === 'string') return refuse(c, body, c.get('client'));
    const read = v.safeParse(drawn, body);
    if (!read.success) return refuse(c, 'NOT_JSON', c.get('client'), v.summarize(read.issues).slice(0, 200));
    try {
      await found.masks.save(read.output.areas, read.output.version);
      log.info('areas of the picture were changed on the page', { areas: read.output.areas.length });
      found.changed();
      return c.json({
        result: { text: 'Saved. The next picture is judged without them.', ...found.masks.read() },
      });
    } catch (error) {
      return tellFailure(c, error, log);
    }
  });
}
