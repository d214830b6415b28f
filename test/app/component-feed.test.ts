import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createComponentFeed } from '../../src/app/component-feed.ts';
import type { StatusAnswer } from '../../src/core/control.ts';
import type { Step } from '../../src/core/trace.ts';
import { type Assessment, type JobRef, toScore } from '../../src/core/types.ts';
import { initialWatchState, type WatchState } from '../../src/core/watch-state.ts';
import type { ComponentState, HistoryFigures } from '../../src/moonraker/component.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createQuietLog } from '../support/quiet-log.ts';

const present: ComponentState = { kind: 'present', settings: { sections: {}, problems: [] } };
const idle: StatusAnswer = {
  text: 'Lookout: nothing is printing.',
  version: '0.1.0',
  at: 1,
  is_watching: false,
  gate: { kind: 'not-printing', text: 'nothing is printing' },
  printer: 'idle',
  print: null,
  mode: 'act',
  verdict: 'clear',
  last: null,
  incident: null,
  blind: null,
  host_busy: null,
  quiet_for: 0,
  assessments: 0,
  calls: 0,
} as StatusAnswer;

const job = (startTickMs: number): JobRef => ({ filename: 'part.gcode', startTickMs });

function setUp(first: ComponentState = present) {
  const clock = createFakeClock();
  const published: unknown[] = [];
  const written: HistoryFigures[] = [];
  const told: string[] = [];
  let state = first;
  let status = idle;
  let isFailing = false;
  let tellState: () => void = () => undefined;
  const send = async (keep: () => void) => {
    if (isFailing) throw new Error('gone');
    keep();
  };
  const feed = createComponentFeed({
    component: {
      get state() {
        return state;
      },
      onState: (listener) => {
        tellState = () => listener(state);
        return () => undefined;
      },
      publish: (next) => send(() => published.push(next)),
      writeHistory: (figures) => send(() => written.push(figures)),
    },
    status: () => status,
    tell: ({ text }) => told.push(text),
    clock,
    log: createQuietLog(),
  });
  const stop = new AbortController();
  const running = feed.run(stop.signal);
  const step = (after: Partial<WatchState>, score: number | null = null) => {
    const at = clock.now();
    const assessment: Assessment = {
      ...{ backend: 'obico', score: toScore(score ?? 0), quality: null, suggests: null, regions: [] },
      ...{ calls: 0, nextInMs: 10_000 },
    };
    const before = { ...initialWatchState, isPrinting: true, job: after.job ?? null };
    feed.step({
      ...{ at, before, effects: [], gate: null, through: null },
      after: {
        ...before,
        ...after,
        last: score === null ? null : { assessment, counted: assessment.score, at },
      },
      input:
        score === null
          ? { kind: 'time-passed' }
          : { kind: 'frame-assessed', assessment, job: after.job ?? job(0), layer: null },
    } as Step);
  };
  return {
    ...{ clock, published, written, told, step },
    become: (next: Partial<StatusAnswer>) => {
      status = { ...status, ...next };
    },
    component: (next: ComponentState) => {
      state = next;
      tellState();
    },
    fail: (next: boolean) => {
      isFailing = next;
    },
    end: async () => {
      stop.abort();
      await running;
    },
  };
}

describe("the component's feed", () => {
  it('tells the state when it changes, at most once a second, and anew to a Moonraker that has restarted', async () => {
    const { clock, published, step, become, component, end } = setUp();
    await clock.advance(0);
    assert.equal(published.length, 1);
    assert.deepEqual(published[0], {
      ...{
        state: 'online',
        version: '0.1.0',
        is_watching: false,
        gate: 'not-printing',
        mode: 'act',
        verdict: 'clear',
      },
      ...{ blind: null, incident: null },
    });
    become({ at: 2, text: 'other words' });
    step({});
    await clock.advance(5_000);
    assert.equal(published.length, 1, 'what only time changes is no news');
    become({ verdict: 'warning' });
    step({});
    await clock.advance(0);
    become({ verdict: 'failing' });
    step({});
    await clock.advance(500);
    assert.equal(published.length, 2);
    await clock.advance(1_000);
    assert.equal(published.length, 3);
    component({ kind: 'unknown' });
    await clock.advance(2_000);
    component(present);
    await clock.advance(2_000);
    assert.equal(published.length, 4);
    await end();
  });

  it('writes the figures of the running print: at once with an incident, else every 15 s, and afresh for the next', async () => {
    const { clock, written, step, end } = setUp();
    await clock.advance(2_000);
    assert.equal(written.length, 0, 'nothing is printing');
    step({ job: job(1) }, 0.1);
    await clock.advance(2_000);
    assert.deepEqual(written.at(-1), { worstQuality: 9.1, evidenceS: 0, incidents: 0, blindMin: 0 });
    step({ job: job(1) }, 0.5);
    await clock.advance(2_000);
    assert.equal(written.length, 1);
    await clock.advance(14_000);
    step({ job: job(1) });
    await clock.advance(2_000);
    assert.equal(written.at(-1)?.worstQuality, 5.5);
    step({ job: job(1), incident: { id: 'a1', level: 'warning' } as never }, 0.9);
    await clock.advance(2_000);
    assert.deepEqual([written.at(-1)?.incidents, written.at(-1)?.worstQuality], [1, 1.9]);
    step({ job: job(999_000) }, 0);
    await clock.advance(2_000);
    assert.deepEqual(written.at(-1), { worstQuality: 10, evidenceS: 0, incidents: 0, blindMin: 0 });
    await end();
  });

  it('asks nothing of a Moonraker without the component, and goes on after a message that was lost', async () => {
    const without = setUp({ kind: 'absent' });
    without.step({ job: job(1) }, 0.9);
    await without.clock.advance(60_000);
    assert.deepEqual([without.published, without.written], [[], []]);
    await without.end();
    const lossy = setUp();
    lossy.fail(true);
    await lossy.clock.advance(5_000);
    lossy.fail(false);
    await lossy.clock.advance(30_000);
    assert.equal(lossy.published.length, 1);
    await lossy.end();
  });

  it('says once why a component that is there cannot be used', async () => {
    const { clock, told, component, end } = setUp({ kind: 'unknown' });
    await clock.advance(0);
    for (const why of ['no token', 'no token', 'another version']) component({ kind: 'refused', why });
    assert.deepEqual(told, [
      'Lookout cannot use its component in Moonraker: no token.',
      'Lookout cannot use its component in Moonraker: another version.',
    ]);
    await end();
  });
});
