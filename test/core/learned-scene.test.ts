// What a camera always shows, over whole prints: learned, taught, kept, and never a place where a failure can hide.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decide } from '../../src/core/decide.ts';
import { type Region, toScore } from '../../src/core/types.ts';
import { initialWatchState, type WatchState } from '../../src/core/watch-state.ts';
import { playTrack, sumOf } from '../support/play-track.ts';
import { boxAt, clean, dirt, type ScoreTrack, spaghetti } from '../support/score-tracks.ts';
import { acted, createRig, done, jobA, look, paused, printing, says } from './watch-rig.ts';

function track(at: (second: number) => readonly Region[], seconds = 3_600): ScoreTrack {
  return { name: 'test', at, seconds, failsAt: null, usual: 0.02 };
}
const next = (state: WatchState) => ({ state, startTickMs: 100_000_000 });
const knownOf = (state: WatchState) => Object.keys(state.backgrounds[0]?.kept ?? {}).length;

/** A logo that a detector takes for spaghetti: sure, and always there. */
const logo = () => boxAt(0.8, 0.2, 0.1, 0.93);

describe('a dirty background', () => {
  const dirty = track((second) => [...clean(1, second), ...dirt(1, second)]);

  it('never alarms, in whatever print, and is kept from those that ended well', () => {
    const first = playTrack(dirty);
    assert.deepEqual([first.warnedAt, first.pausedAt], [null, null]);
    assert.ok(knownOf(first.state) > 0);
    // Watched from minute 20 on: there is no first minute to learn from.
    const joined = track((second) => (second < 1_200 ? [] : dirty.at(second)) ?? []);
    assert.notEqual(playTrack(joined).warnedAt, null);
    assert.equal(playTrack(joined, next(first.state)).warnedAt, null);
    assert.equal(knownOf(playTrack(dirty, { ends: 'cancelled' }).state), 0);
  });

  it('is forgotten when it has gone', () => {
    const first = playTrack(dirty);
    const washed = playTrack(
      track((second) => clean(2, second), 6 * 3_600),
      next(first.state),
    );
    assert.equal(knownOf(washed.state), 0);
  });
});

describe('a false alarm', () => {
  it('teaches what is seen: the same scene never alarms again, in this print or the next', () => {
    const sure = track(logo);
    assert.notEqual(playTrack(sure).pausedAt, null);
    const first = playTrack(sure, { answer: 'false-alarm' });
    assert.notEqual(first.warnedAt, null);
    assert.equal(first.pausedAt, null);
    const second = playTrack(sure, next(first.state));
    assert.deepEqual([second.warnedAt, second.pausedAt], [null, null]);
  });

  it('hides no failure elsewhere', () => {
    const taught = playTrack(track(logo), { answer: 'false-alarm' });
    const both = track((second) => [...logo(), ...spaghetti(3, second, 1_200, 0.4, 0.6)]);
    const { pausedAt } = playTrack(both, next(taught.state));
    assert.ok(pausedAt !== null && pausedAt < 1_200 + 200, String(pausedAt));
  });

  it('of a backend that only scores leaves it able to pause', () => {
    const assess = () => ({ regions: [] });
    const sure = track(() => boxAt(0.5, 0.5, 0.1, 0.6));
    const taught = playTrack(sure, { assess, neutral: 0.2, answer: 'false-alarm' });
    assert.equal(playTrack(sure, { assess, neutral: 0.2, ...next(taught.state) }).warnedAt, null);
    const failing = track((second) => boxAt(0.5, 0.5, 0.1, second < 1_200 ? 0.6 : 0.97));
    const { pausedAt } = playTrack(failing, { assess, neutral: 0.2, ...next(taught.state) });
    assert.ok(pausedAt !== null && pausedAt > 1_200 && pausedAt < 1_400, String(pausedAt));
  });

  it('said of a backend that decides for itself teaches nothing', () => {
    const rig = createRig();
    for (const step of [printing(), look('failing'), paused(), acted(done()), says('false-alarm')]) step(rig);
    assert.deepEqual(rig.state.backgrounds, []);
  });

  it('said after a restart, before anything was seen, teaches nothing', () => {
    const rig = createRig();
    for (const step of [printing(), look('warning')]) step(rig);
    rig.state = { ...rig.state, last: null };
    says('false-alarm')(rig);
    assert.deepEqual(rig.state.backgrounds, []);
  });
});

it('trouble is told to be where it is, not where the known background is surer', () => {
  const learned = playTrack(
    track(() => boxAt(0.9, 0.1, 0.1, 0.65)),
    { neutral: 0.38 },
  ).state;
  const rig = createRig();
  rig.state = { ...initialWatchState, backgrounds: learned.backgrounds };
  printing()(rig);
  for (let frame = 0; frame < 30; frame += 1) {
    rig.wait(10_000);
    const regions = [...boxAt(0.9, 0.1, 0.1, 0.65), ...boxAt(0.1, 0.9, 0.1, 0.6)];
    const assessment = { ...scored, regions, score: toScore(1), nextInMs: 10_000 };
    rig.hear({
      kind: 'frame-assessed',
      assessment,
      camera: 'bed',
      job: { ...jobA, printDurationMs: 3_600_000 },
      layer: null,
    });
  }
  assert.match(rig.alert?.lines[0] ?? '', /lower left of the picture/);
});
const scored = { backend: 'obico', quality: null, suggests: null, neutral: 0.38, calls: 0 };

describe('a grid of cells', () => {
  /** Cells of a model of 8 by 8: all at 0.05 but those given. */
  const assess = (cells: Record<number, number>) => () => {
    const scores = Array.from({ length: 64 }, (_, at) => cells[at] ?? 0.05);
    return { regions: [], cells: { columns: 8, rows: 8, scores, top: 2 } };
  };
  const at = (score: number) => track(() => boxAt(0.5, 0.5, 0.1, score));

  it('is discounted cell by cell', () => {
    const lamp = { 0: 0.5, 1: 0.5 };
    assert.equal(playTrack(at(0.5), { neutral: 0.2, assess: assess(lamp) }).warnedAt, null);
    const learned = playTrack(at(0.5), { neutral: 0.2, assess: assess(lamp) });
    const failed = { ...lamp, 40: 0.9, 41: 0.9 };
    const { pausedAt } = playTrack(at(0.9), { neutral: 0.2, assess: assess(failed), ...next(learned.state) });
    assert.ok(pausedAt !== null && pausedAt <= 130, String(pausedAt));
  });
});

it('a backend that decides for itself is not touched by what another has learned', () => {
  const learned = playTrack(track((second) => dirt(4, second))).state;
  const rig = createRig();
  rig.state = { ...initialWatchState, backgrounds: learned.backgrounds };
  printing()(rig);
  const effects = look('failing')(rig);
  assert.deepEqual(
    effects.map(({ kind }) => kind),
    ['take-action'],
  );
  assert.deepEqual(
    rig.state.backgrounds,
    decide(rig.state, { kind: 'time-passed' }, rig.now, rig.options).state.backgrounds,
  );
  assert.equal(sumOf(dirt(4, 0)) > 0.3, true);
});
