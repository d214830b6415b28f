// on_failure: confirm over random lives: never sooner than it was said, never twice, only on a running print that is watched.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Answer, Print } from '../../src/core/types.ts';
import type { Effect, WatchInput } from '../../src/core/watch-state.ts';
import { assessment, createRig, done, failed, jobA } from '../core/watch-rig.ts';

const confirmMs = 60_000;
const print = fc.constantFrom<Print>(
  { kind: 'printing', job: jobA, pauseFlag: 'none' },
  { kind: 'printing', job: jobA, pauseFlag: 'none' },
  { kind: 'printing', job: jobA, pauseFlag: 'macro' },
  { kind: 'paused', job: jobA, by: 'somebody' },
  { kind: 'paused', job: jobA, by: 'file' },
  { kind: 'not-ready', why: 'no-moonraker', message: 'away' },
);
const input: fc.Arbitrary<WatchInput> = fc.oneof(
  { weight: 3, arbitrary: print.map((each) => ({ kind: 'print-changed' as const, print: each })) },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom('clear', 'watching', 'warning', 'failing', 'failing', 'failing')
      .map((level) => ({
        ...{ kind: 'frame-assessed' as const, camera: 'bed', job: jobA, layer: 3 },
        assessment: assessment(level, 0.6),
      })),
  },
  fc
    .constantFrom<Answer[]>('ignore', 'seen', 'pause', 'cancel', 'false-alarm')
    .map((answer) => ({ kind: 'answered' as const, answer, incidentId: null })),
  fc
    .constantFrom(done(), failed)
    .map((outcome) => ({ kind: 'action-finished' as const, incidentId: '', outcome })),
  fc.constantFrom<WatchInput[]>(
    { kind: 'restarted' },
    { kind: 'commanded', command: { kind: 'mute', for: { kind: 'minutes', minutes: 2 } } },
    { kind: 'commanded', command: { kind: 'switch', isOn: false } },
    { kind: 'commanded', command: { kind: 'switch', isOn: true } },
  ),
);
const events = fc.array(fc.oneof(input, fc.constantFrom(1, 10_000, 59_999, 60_000, 400_000)), {
  minLength: 5,
  maxLength: 60,
  size: 'max',
});

describe('any life of a print with a question before the pause', () => {
  it('pauses only after the whole time, at most once an incident, never unwatched, muted or switched off', () => {
    let acts = 0;
    fc.assert(
      fc.property(events, (happenings) => {
        const rig = createRig({ onFailure: 'confirm', confirmMs });
        /** By incident. Asked again with what is left it still ends when it was said at first. */
        const asked = new Map<string, number>();
        let isWatched = false;
        let offUntilTickMs = 0;
        let isOff = false;
        const acted = new Set<string>();
        const check = (effects: readonly Effect[]) => {
          for (const effect of effects) {
            if (effect.kind === 'raise-alert' && effect.alert.answers.includes('ignore')) {
              const id = effect.alert.incidentId;
              asked.set(id, asked.get(id) ?? rig.now.tickMs);
            }
            if (effect.kind !== 'take-action') continue;
            acts += 1;
            assert.equal(effect.action, 'pause');
            assert.ok(
              rig.now.tickMs - (asked.get(effect.incidentId) ?? rig.now.tickMs) >= confirmMs,
              'sooner than it was said',
            );
            assert.ok(isWatched && !isOff && rig.now.tickMs >= offUntilTickMs, 'on a print nobody watches');
            assert.ok(!acted.has(effect.incidentId), 'twice');
            acted.add(effect.incidentId);
          }
        };
        for (const happening of happenings) {
          if (typeof happening === 'number') {
            rig.wait(happening);
            check(rig.hear({ kind: 'time-passed' }));
            continue;
          }
          if (happening.kind === 'print-changed') {
            isWatched = happening.print.kind === 'printing' && happening.print.pauseFlag === 'none';
          }
          const isAway = happening.kind === 'print-changed' && happening.print.kind === 'not-ready';
          if (happening.kind === 'restarted') isWatched = false;
          // Nobody may have read the question: it must be asked anew, for the whole time.
          if (happening.kind === 'restarted' || isAway) asked.clear();
          if (happening.kind === 'commanded' && happening.command.kind === 'mute') {
            offUntilTickMs = rig.now.tickMs + 120_000;
          }
          if (happening.kind === 'commanded' && happening.command.kind === 'switch') {
            isOff = !happening.command.isOn;
          }
          const named = 'incidentId' in happening ? { ...happening, incidentId: rig.id } : happening;
          check(rig.hear(named));
        }
      }),
      { numRuns: 3_000 },
    );
    assert.ok(acts > 50, `it hardly ever paused: ${acts}`);
  });
});
