// Whatever the service says, and wherever it puts our key: no log line, error, notice or document shows it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { oldJob, startRig } from '../backends/printwatch-rig.ts';
import { never } from '../backends/rig.ts';
import { findLeaks } from '../contract/leaks.ts';
import { startService } from '../contract/service.ts';
import { aPrinter } from '../support/parts.ts';

const apiKey = 'sub_k3y/+= ü"\\1';
const spellings = [
  apiKey,
  encodeURIComponent(apiKey),
  Buffer.from(apiKey).toString('base64'),
  `Bearer ${apiKey}`,
];

const words = fc.oneof(fc.constantFrom(...spellings), fc.string({ maxLength: 12 }));
const value = fc.oneof(
  words,
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(words, { maxLength: 3 }),
);
const fields = [
  'message',
  'detail',
  'action',
  'settings',
  'interval',
  'boxes',
  'smas',
  'levels',
  'score',
  'error',
];
const body = fc.oneof(
  fc.record({
    statusCode: fc.option(fc.constantFrom(200, 210, 211, 212, 213, 214, 215, 216, 217, 218, 401, 429, 500), {
      nil: undefined,
    }),
    rest: fc.dictionary(fc.oneof(fc.constantFrom(...fields), words), value, { maxKeys: 4 }),
  }),
  fc.record({
    detail: fc.array(fc.record({ loc: fc.array(words, { maxLength: 3 }), msg: words }), { maxLength: 3 }),
  }),
);
const answer = fc.record({
  status: fc.constantFrom(200, 200, 217, 400, 401, 403, 422, 429, 500, 503),
  body,
});

test('the key stays where it belongs', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(answer, { minLength: 1, maxLength: 4 }), async (answers) => {
      let at = 0;
      const service = await startService(() => {
        const { status, body: each } = answers[at++ % answers.length] ?? { status: 200, body: {} };
        const json =
          'rest' in each ? { ...each.rest, ...(each.statusCode && { statusCode: each.statusCode }) } : each;
        return { status, json };
      });
      const ends: (() => Promise<void>)[] = [service.close];
      const rig = await startRig(
        { after: (end) => ends.push(end) },
        { apiKey, emailAddr: 'me@home.example' },
      );
      rig.restart({ url: service.origin });
      const stop = new AbortController();
      const running = rig.backend.run?.(aPrinter({ kind: 'idle' }), stop.signal);
      const traces: unknown[] = [rig.log.lines, rig.store.documents, rig.notices, rig.commands];
      try {
        for (const work of [
          () => rig.assess(oldJob()),
          () => rig.backend.confirm?.(never),
          () =>
            rig.backend.channel?.raise(
              { incidentId: `i${at}`, level: 'failing', title: '', lines: [], answers: [] },
              null,
              never,
            ),
          () => rig.assess(oldJob()),
        ]) {
          traces.push(await Promise.resolve(work()).catch((error: unknown) => error));
          await rig.clock.advance(30_000);
        }
      } finally {
        stop.abort();
        await running;
        for (const end of ends) await end();
      }
      assert.ok(service.requests.length > 0);
      assert.deepEqual(findLeaks(traces, [apiKey]), []);
    }),
    { numRuns: 60 },
  );
});
