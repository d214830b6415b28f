// The loop and its gates: behind a shut one no picture is fetched and nothing is done; with all open a failing print is paused.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { gateOf } from '../../src/core/gates.ts';
import type { Print } from '../../src/core/types.ts';
import type { WatchCommand } from '../../src/core/watch-state.ts';
import { startWatch, watchOptions } from '../app/watch-rig.ts';
import { aJob, aStore, failing } from '../support/parts.ts';

const job = fc
  .record({ printDurationMs: fc.constantFrom(0, 30_000, 3_600_000), layer: fc.constantFrom(null, 1, 2, 9) })
  .map(aJob);
const print: fc.Arbitrary<Print> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('printing' as const),
      job,
      pauseFlag: fc.constantFrom('none', 'none', 'none', 'macro', 'unsettled', 'stale'),
    }),
  },
  fc.record({ kind: fc.constant('heating' as const), job, pauseFlag: fc.constant('none' as const) }),
  fc.record({ kind: fc.constant('paused' as const), job, by: fc.constantFrom('us', 'somebody', 'file') }),
  fc.constant({ kind: 'idle' as const }),
  fc.constant({ kind: 'not-ready' as const, why: 'shutdown' as const, message: 'away' }),
);
const settings = fc.record({
  isEnabled: fc.constantFrom(true, true, true, false),
  startAfterMs: fc.constantFrom(0, 0, 600_000),
  ignoreLayers: fc.constantFrom(0, 0, 2),
});
const commands = fc.array(
  fc.constantFrom<WatchCommand[]>(
    { kind: 'mute', for: { kind: 'minutes', minutes: 30 } },
    { kind: 'mute', for: { kind: 'print' } },
    { kind: 'mute', for: { kind: 'file' } },
    { kind: 'unmute' },
    { kind: 'switch', isOn: false },
    { kind: 'switch', isOn: true },
  ),
  { maxLength: 2 },
);

describe('any print behind any gates', () => {
  it('is looked at and paused exactly when all of them are open', async () => {
    let pauses = 0;
    await fc.assert(
      fc.asyncProperty(print, settings, commands, async (before, over, said) => {
        const { clock, printer, camera, backend, watch, end } = startWatch({ kind: 'idle' }, aStore(), over);
        backend.answer = failing;
        await clock.advance(0);
        // Heard of while it heats, so that it can be muted for this print before the first look.
        if ('job' in before) printer.set({ kind: 'heating', job: before.job, pauseFlag: 'none' });
        for (const command of said) watch.command(command, 'test');
        printer.set(before);
        const { hold } = watch.status().state;
        const gate = gateOf(before, { ...watchOptions, ...over }, { hold, now: clock.now() });
        await clock.advance(60_000);
        assert.equal(camera.grabs > 0, gate === null, `${camera.grabs} pictures at ${gate?.kind}`);
        assert.equal(printer.calls.includes('pause'), gate === null);
        pauses += gate === null ? 1 : 0;
        await end();
      }),
      { numRuns: 600 },
    );
    assert.ok(pauses > 10, `it hardly ever paused: ${pauses}`);
  });
});
