// Safety rules 1 to 3 over random lives of prints: whatever happens, in whatever order.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { onlyNews } from '../../src/alerts/news.ts';
import { decide } from '../../src/core/decide.ts';
import { replay } from '../../src/core/replay.ts';
import type { Alert } from '../../src/core/types.ts';
import type { DecideOptions, Effect, WatchInput, WatchState } from '../../src/core/watch-state.ts';
import { stepText } from '../../src/records/trace-lines.ts';
import { readTrace } from '../../src/records/trace-schema.ts';
import { aStore } from '../support/parts.ts';
import { createQuietLog } from '../support/quiet-log.ts';
import { begin, inAnyMode, jobOf, live, lives, lookLike, lookOf, options } from './watch-lives.ts';
import { createOracle } from './watch-oracle.ts';

const runs = { numRuns: 3_000, includeErrorInReport: true };

describe('any life of any print', () => {
  it('keeps the rules: one action an incident, only on a failing look at a running print, never in the mute', () => {
    fc.assert(
      fc.property(options, lives, (settings, events) => {
        const life = begin(settings);
        const oracle = createOracle(settings);
        for (const happening of events)
          live(life, happening, (input, effects) => oracle.check(input, effects, life.now));
      }),
      runs,
    );
  });

  it('a fault only ever tells: verdict, trouble, incident, acceptance and mute stay as they are', () => {
    fc.assert(
      fc.property(inAnyMode, lives, (settings, events) => {
        const life = begin(settings);
        for (const happening of events) {
          live(life, happening, (input, effects, before) => {
            if (input.kind !== 'frame-missed') return;
            assert.ok(effects.length <= 1 && effects.every(({ kind }) => kind === 'tell'));
            const { state } = decide(before, input, life.now, settings);
            assert.deepEqual({ ...state, blind: null }, { ...before, blind: null });
          });
        }
      }),
      runs,
    );
  });

  it('the same inputs have the same effects, whatever the wall clock says, and a state that went through JSON is the same state', () => {
    fc.assert(
      fc.property(inAnyMode, lives, (settings, events) => {
        const life = begin(settings);
        for (const happening of events) {
          live(life, happening, (input, _effects, before) => {
            const copy = JSON.parse(JSON.stringify(before)) as WatchState;
            const decided = decide(before, input, life.now, settings);
            assert.deepEqual(decide(copy, input, life.now, settings), decided);
            // A wall clock that jumps decides nothing, and is read for how long ago something was at most.
            const jumped = { ...life.now, atMs: (life.now.tickMs % 7) * 1e11 - 3e11 };
            const elsewhere = decide(before, input, jumped, settings).effects;
            assert.deepEqual(elsewhere.map(withoutLines), decided.effects.map(withoutLines));
            assert.deepEqual(JSON.parse(JSON.stringify(decided)), decided);
            assert.deepEqual(before, copy);
          });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('what is written down of a life gives the same decisions when it is read back', () => {
    fc.assert(
      fc.property(inAnyMode, lives, (settings, events) => {
        const life = begin(settings);
        const source = { program: 'x', bootId: 'x', options: settings };
        let text = '';
        for (const happening of events) {
          live(life, happening, (input, effects, before) => {
            const after = decide(before, input, life.now, settings).state;
            const step = stepText(
              { at: life.now, input, before, after, effects, gate: null, through: null },
              source,
            );
            text += (text === '' ? step.begin('start') : '') + step.line;
          });
        }
        const rows = replay(readTrace(text, 'it'), (recorded) => recorded as DecideOptions);
        assert.equal(rows.length, events.length);
        for (const { step, now, isSame } of rows) assert.ok(isSame, JSON.stringify([step, now]));
      }),
      { numRuns: 300 },
    );
  });

  it('whatever went before, the next print that fails is acted upon, at once and once', () => {
    fc.assert(
      fc.property(options, lives, (settings, events) => {
        const life = begin(settings);
        for (const happening of events) live(life, happening, () => undefined);
        const fresh: readonly WatchInput[] = [
          { kind: 'commanded', command: { kind: 'unmute' } },
          { kind: 'commanded', command: { kind: 'switch', isOn: true } },
          { kind: 'print-changed', print: { kind: 'heating', job: jobOf(0), pauseFlag: 'none' } },
          { kind: 'print-changed', print: { kind: 'printing', job: jobOf(0), pauseFlag: 'none' } },
          failingLook,
          failingLook,
        ];
        life.jobIndex += 1;
        const seen: Effect[] = [];
        for (const input of fresh) {
          live(life, { kind: 'input', jobStep: 0, input }, (_input, effects) => seen.push(...effects));
        }
        live(life, { kind: 'wait', ms: 30_000 }, (_input, effects) => seen.push(...effects));
        const acts = seen.filter(
          ({ kind }) => kind === (settings.onFailure === 'alert' ? 'raise-alert' : 'take-action'),
        );
        assert.equal(acts.length, 1);
      }),
      runs,
    );
  });

  it('after a resume it acts exactly at the first failing look past the mute once the trouble has cleared or grown', () => {
    const steps = fc.array(
      fc.tuple(lookOf(jobOf(0)), fc.constantFrom(0, 1_000, 30_000, 100_000, 299_999, 300_000)),
      {
        minLength: 1,
        maxLength: 30,
        size: 'max',
      },
    );
    const settings: DecideOptions = {
      onFailure: 'pause',
      resumeMuteMs: 600_000,
      ignore: [],
      blindAfterMs: 300_000,
      busyLoad: 0,
      evidence: { warnAfterMs: 30_000, failAfterMs: 90_000, sensitivity: 'medium', intervalMs: 10_000 },
    };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 }), steps, (percent, looks) => {
        const life = begin(settings);
        const hear = (input: WatchInput): boolean => {
          let hasActed = false;
          live(life, { kind: 'input', jobStep: 0, input }, (_input, effects) => {
            hasActed = effects.some(({ kind }) => kind === 'take-action');
          });
          return hasActed;
        };
        const printing: WatchInput = {
          kind: 'print-changed',
          print: { kind: 'printing', job: jobOf(0), pauseFlag: 'none' },
        };
        hear(printing);
        assert.ok(hear(lookLike('failing', percent / 20, jobOf(0))));
        hear({ kind: 'print-changed', print: { kind: 'paused', job: jobOf(0), by: 'us' } });
        hear(printing);
        const muteEndsMs = life.now.tickMs + settings.resumeMuteMs;
        let isNew = false;
        for (const [input, waitMs] of looks) {
          life.now = { atMs: 0, tickMs: life.now.tickMs + waitMs };
          if (input.kind !== 'frame-assessed') throw new Error('a look is an assessment');
          const { suggests, quality, score } = input.assessment;
          const isTrouble = suggests?.isWarning === true || suggests?.isFailing === true;
          if (isTrouble && Math.round(score * 20) >= percent + 3) isNew = true;
          if (!isTrouble && (quality ?? 0) > 5) isNew = true;
          const isDue: boolean = isNew && suggests?.isFailing === true && life.now.tickMs >= muteEndsMs;
          assert.equal(hear(input), isDue);
          if (isDue) return;
        }
      }),
      runs,
    );
  });

  it('what an action came to is told, unless a person has answered or the print is over', () => {
    fc.assert(
      fc.property(options, lives, (settings, events) => {
        const life = begin(settings);
        const answered = new Set<string | null>();
        let acting: string | null = null;
        for (const happening of events) {
          live(life, happening, (input, effects, before) => {
            if (input.kind === 'answered') answered.add(input.incidentId).add(before.incident?.id ?? null);
            const isOver =
              input.kind === 'print-changed' ||
              (input.kind === 'action-finished' && input.incidentId !== acting);
            if (
              input.kind === 'action-finished' &&
              !isOver &&
              input.outcome.kind !== 'delayed' &&
              acting !== null
            ) {
              const raised = effects.some(
                (effect) => effect.kind === 'raise-alert' && effect.alert.incidentId === acting,
              );
              assert.ok(raised || answered.has(acting), 'nobody was told');
              acting = null;
            }
            const isGone = effects.some(
              (effect) => effect.kind === 'close-alert' && effect.incidentId === acting,
            );
            if (isGone || effects.some(({ kind }) => kind === 'end-print')) acting = null;
            for (const effect of effects) if (effect.kind === 'take-action') acting = effect.incidentId;
          });
        }
      }),
      runs,
    );
  });

  it('a phone hears of one incident a warning at most, then what became of it, and nothing twice in a row', async () => {
    await fc.assert(
      fc.asyncProperty(options, lives, async (settings, events) => {
        const life = begin(settings);
        const heard: Alert[] = [];
        const raise = async (alert: Alert) => void heard.push(alert);
        const phone = onlyNews(
          { name: 'phone', raise, close: async () => {}, tell: async () => {} },
          { store: aStore(), log: createQuietLog() },
          false,
        );
        const raised: Alert[] = [];
        for (const happening of events) {
          live(life, happening, (_input, effects) => {
            for (const effect of effects) if (effect.kind === 'raise-alert') raised.push(effect.alert);
          });
        }
        for (const alert of raised) await phone.raise(alert, null, new AbortController().signal);
        const last = new Map<string, Alert>();
        for (const alert of heard) {
          const before = last.get(alert.incidentId);
          if (before !== undefined) {
            assert.equal(alert.level, 'failing', 'a second warning');
            assert.notEqual(alert.title, before.title);
          }
          last.set(alert.incidentId, alert);
        }
      }),
      { numRuns: 500 },
    );
  });
});

const failingLook = lookLike('failing', 0.7, jobOf(0));

function withoutLines(effect: Effect): Effect {
  return effect.kind === 'raise-alert' ? { ...effect, alert: { ...effect.alert, lines: [] } } : effect;
}
