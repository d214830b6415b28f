// Shadow mode over random lives of prints: it does nothing, and sees the same.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { begin, inShadow, live, lives, options } from './watch-lives.ts';

const runs = { numRuns: 3_000, includeErrorInReport: true };

describe('any life of any print in shadow mode', () => {
  it('in shadow mode nothing is done and no alarm is raised, whatever happens; only an order without an alert is carried out', () => {
    let noted = 0;
    let asked = 0;
    fc.assert(
      fc.property(inShadow, lives, (settings, events) => {
        const life = begin(settings);
        const notedFor = new Set<string>();
        let hasToldIdle = false;
        for (const happening of events) {
          live(life, happening, (input, effects, before) => {
            // A person's own pause may have changed it, and that is put back.
            hasToldIdle ||= input.kind === 'idle-timeout-lengthened';
            if ('outcome' in input && input.outcome.kind === 'done') {
              hasToldIdle ||= input.outcome.idleTimeoutBeforeS !== null;
            }
            for (const effect of effects) {
              switch (effect.kind) {
                case 'do-answer':
                  assert.equal(input.kind === 'commanded' && input.command.kind, effect.answer);
                  break;
                case 'set-idle-timeout':
                  assert.ok(hasToldIdle);
                  break;
                case 'raise-alert':
                  assert.equal(effect.alert.level, 'question');
                  assert.notEqual(before.shadow.questions.length + (before.incident === null ? 0 : 1), 0);
                  asked += 1;
                  break;
                case 'note-would-have':
                  assert.equal(effect.what, settings.onFailure);
                  assert.ok(!notedFor.has(effect.incidentId), 'twice for one incident');
                  notedFor.add(effect.incidentId);
                  noted += 1;
                  break;
                default:
                  assert.ok(['close-alert', 'tell', 'end-print'].includes(effect.kind), effect.kind);
              }
            }
          });
          const { job, shadow, incident } = life.state;
          assert.ok(shadow.questions.length <= 5);
          assert.ok(!shadow.isAsked || (job === null && shadow.questions.length > 0));
          assert.equal(incident?.action ?? null, null);
          // What is kept of scenes is of these incidents only.
          const ids = [incident?.id, ...shadow.questions.map(({ id }) => id)];
          assert.ok(Object.keys(shadow.heats).every((id) => ids.includes(id)));
        }
      }),
      runs,
    );
    assert.ok(noted > 500 && asked > 300, `it hardly ever came to anything: ${noted}, ${asked}`);
  });

  it('shadow mode sees the same: up to the first failing look both modes think the same of the print', () => {
    fc.assert(
      fc.property(options, lives, (settings, events) => {
        const [act, shadow] = [begin(settings), begin({ ...settings, mode: 'shadow' })];
        for (const happening of events) {
          // Answers are given to alerts, and there are none here.
          if (happening.kind === 'outcome') continue;
          live(act, happening, () => undefined);
          live(shadow, happening, () => undefined);
          assert.equal(shadow.state.verdict, act.state.verdict);
          assert.equal(shadow.state.incident?.level, act.state.incident?.level);
          assert.deepEqual(shadow.state.last, act.state.last);
          assert.deepEqual(shadow.state.accepted, act.state.accepted);
          if (act.state.incident?.level === 'failing') {
            assert.equal(shadow.state.incident?.wouldHave?.what, settings.onFailure);
            return;
          }
        }
      }),
      runs,
    );
  });
});
