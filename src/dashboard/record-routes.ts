// What was kept of incidents and prints: lists, stories, pictures, a zip, and what a person says of it later.
import { Readable } from 'node:stream';
import type { Context, Hono, MiddlewareHandler } from 'hono';
import * as v from 'valibot';
import { isIncidentId } from '../core/incident.ts';
import type { Log, Records } from '../core/ports.ts';
import { type GuardEnv, readBody } from './guard.ts';
import { type Refuse, tellFailure } from './refusal.ts';
import { trackOf } from './track.ts';

/** What the routes work with. */
export interface RecordDeps {
  /** The records of the printer that the query names; null for a name that there is not. */
  readonly find: (c: Context<GuardEnv>) => Records | null;
  readonly guardAction: MiddlewareHandler<GuardEnv>;
  readonly refuse: Refuse;
  readonly log: Log;
}

/** What can be said of an incident that is over. */
const label = v.strictObject({ answer: v.picklist(['false-alarm', 'right']) });

/** Adds the routes. */
export function addRecordRoutes(app: Hono<GuardEnv>, { find, guardAction, refuse, log }: RecordDeps): void {
  const answering =
    (answer: (records: Records, c: Context<GuardEnv>) => Promise<Response | object | null>) =>
    async (c: Context<GuardEnv>): Promise<Response> => {
      const records = find(c);
      if (records === null) return refuse(c, 'NOT_FOUND');
      try {
        const found = await answer(records, c);
        if (found === null) return refuse(c, 'NOT_FOUND');
        return found instanceof Response ? found : c.json(found);
      } catch (error) {
        return tellFailure(c, error, log);
      }
    };
  const idOf = (c: Context<GuardEnv>) => c.req.param('id') ?? '';

  app.get(
    '/api/v1/incidents',
    answering(async (records) => ({ incidents: await records.list() })),
  );
  app.get(
    '/api/v1/incidents/:id',
    answering((records, c) => records.read(idOf(c))),
  );
  app.get(
    '/api/v1/incidents/:id/export',
    answering(async (records, c) => {
      const id = idOf(c);
      const pieces = isIncidentId(id) ? await records.export(id) : null;
      if (pieces === null) return null;
      return c.body(Readable.toWeb(Readable.from(pieces, { objectMode: false })) as ReadableStream, 200, {
        'Content-Type': 'application/zip',
        'Content-Disposition': `attachment; filename="lookout-${id}.zip"`,
      });
    }),
  );
  app.get(
    '/api/v1/incidents/:id/pictures/:name',
    answering(async (records, c) => {
      const picture = await records.picture(idOf(c), c.req.param('name') ?? '');
      if (picture === null) return null;
      // It may be a piece of a larger buffer.
      return c.body(new Uint8Array(picture), 200, {
        'Content-Type': 'image/jpeg',
        'Cache-Control': 'private, max-age=3600',
      });
    }),
  );
  app.post('/api/v1/incidents/:id/label', guardAction, async (c) => {
    const body = await readBody(c);
    if (typeof body === 'string') return refuse(c, body, c.get('client'));
    const read = v.safeParse(label, body);
    if (!read.success) return refuse(c, 'NOT_JSON', c.get('client'), 'answer is false-alarm or right');
    const keep = async (records: Records) => {
      const isKept = isIncidentId(idOf(c)) && (await records.label(idOf(c), read.output.answer, 'dashboard'));
      return isKept ? { result: { text: 'Kept.' } } : null;
    };
    return answering(keep)(c);
  });
  app.get(
    '/api/v1/prints',
    answering(async (records) => ({ prints: await records.prints() })),
  );
  app.get(
    '/api/v1/prints/:id',
    answering(async (records, c) => {
      const story = await records.print(idOf(c));
      return story === null ? null : { ...story, track: trackOf(story) };
    }),
  );
}
