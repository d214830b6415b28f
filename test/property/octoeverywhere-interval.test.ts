// Whatever fails, whoever is started again and however often it is asked: no call comes before its time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ServiceFault } from '../../src/virtual/octoeverywhere-faults.ts';
import { drawScene } from '../../src/virtual/scene.ts';
import { startRig } from '../backends/octoeverywhere-rig.ts';
import { aJob } from '../support/parts.ts';

const faults = [
  'none',
  'none',
  'reset',
  'bad-gateway',
  'not-found',
  'html',
  'cut-json',
  'wrong-types',
  'OE_INTERNAL_ERROR',
  'OE_BACKEND_THROTTLED',
  'OE_IMAGE_DECODE_FAILED',
  'OE_BAD_ARGS',
] as const satisfies readonly ServiceFault[];

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('ask'), waitS: fc.integer({ min: 0, max: 70 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('ask-when-ready') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart') }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fault'),
      fault: fc.constantFrom(...faults),
      host: fc.constantFrom('primary', 'fallback', 'both'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('interval'), seconds: fc.integer({ min: 20, max: 60 }) }),
  },
);

/** Small, for it is judged some hundred times. */
const picture = await drawScene(
  { isPrinting: true, grown: 0.5, spaghetti: 0, gantry: 0.5, isDark: false },
  { width: 32, height: 18 },
);

test('the service never sees a call too soon', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      const rig = await startRig(t);
      for (const each of steps) {
        if ('waitS' in each) await rig.clock.advance(each.waitS * 1_000);
        if ('seconds' in each) rig.service.setIntervalSec(each.seconds);
        else if ('fault' in each)
          rig.service.setFault(each.fault, each.host as 'primary' | 'fallback' | 'both');
        else if (each.kind === 'restart') rig.restart();
        else {
          if (each.kind === 'ask-when-ready') await rig.clock.advance(rig.backend.readyInMs?.() ?? 0);
          const asking = rig.assess(aJob(), picture).catch(() => {});
          // It may wait out the last moment of an interval by itself.
          await rig.clock.advance(2_000);
          await asking;
        }
      }
      const tooSoon = rig.service.calls.filter(({ errorType }) => errorType === 'OE_CONTEXT_RATE_LIMITED');
      await rig.service.close();
      assert.deepEqual(tooSoon, []);
    }),
    { numRuns: 80 },
  );
});
