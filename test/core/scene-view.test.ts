import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noBackground } from '../../src/core/background.ts';
import { gridColumns, gridRows, toSceneGrid } from '../../src/core/scene-grid.ts';
import { type SceneView, seeView } from '../../src/core/scene-view.ts';
import { assessment, createRig, ended, jobA, jobB, printing } from './watch-rig.ts';

const cells = gridColumns * gridRows;
/** Stripes of a width that no other of them has: no shift makes one of another. */
const view = (seed: number) =>
  toSceneGrid(Array.from({ length: cells }, (_, at) => ((at * 7_919 * seed + at * at * 104_729) % 251) + 1));
const [here, there, elsewhere] = [view(1), view(2), view(3)];
const at = (seconds: number) => ({ atMs: 0, tickMs: seconds * 1_000 });

function see(view: SceneView | null, grid: string | null, seconds: number, camera = 'bed') {
  return seeView(view, { camera, grid }, at(seconds));
}

/** Looks at `grid` every 20 s and returns the last step. */
function stare(from: SceneView | null, grid: string, seconds: readonly number[]) {
  let step = { view: from, hasMoved: false, isNews: false };
  for (const second of seconds) step = see(step.view, grid, second);
  return step;
}

describe('seeView', () => {
  it('takes the first view as it is, and frames that were not looked at for nothing', () => {
    const { view, ...rest } = see(null, here, 0);
    assert.deepEqual(rest, { hasMoved: false, isNews: false });
    assert.equal(view?.grid, here);
    assert.equal(see(view, null, 10).view, view);
    assert.equal(seeView(view, { camera: 'bed' }, at(10)).view, view);
    assert.equal(see(view, here, 10).view, view);
  });

  it('calls a view that has lasted a minute the view, and tells it once an hour', () => {
    const first = see(null, here, 0).view;
    assert.equal(stare(first, there, [20, 40, 60]).hasMoved, false);
    const moved = stare(first, there, [20, 40, 60, 80]);
    assert.deepEqual([moved.hasMoved, moved.isNews, moved.view?.grid], [true, true, there]);
    const again = stare(moved.view, here, [100, 120, 140, 160]);
    assert.deepEqual([again.hasMoved, again.isNews], [true, false]);
    const later = stare(again.view, there, [4_000, 4_020, 4_040, 4_060]);
    assert.deepEqual([later.hasMoved, later.isNews], [true, true]);
  });

  it('needs four looks however long they take', () => {
    assert.equal(stare(see(null, here, 0).view, there, [100, 200, 300]).hasMoved, false);
  });

  it('waits while people are in front of it', () => {
    const first = see(null, here, 0).view;
    const away = see(see(first, there, 20).view, elsewhere, 100).view;
    assert.deepEqual(away?.other, { grid: elsewhere, sinceTickMs: 100_000, looks: 1 });
    assert.equal(see(away, here, 120).view?.other, null);
  });

  it('renews the grid every half an hour, and at once after a restart', () => {
    const first = see(null, here, 0).view;
    assert.equal(see(first, here, 1_700).view, first);
    assert.equal(see(first, here, 1_800).view?.takenTickMs, 1_800_000);
    const restored: SceneView = {
      camera: 'bed',
      grid: here,
      takenTickMs: null,
      other: null,
      toldTickMs: null,
    };
    assert.equal(see(restored, here, 5).view?.takenTickMs, 5_000);
  });

  it('begins anew with another camera', () => {
    const { view, hasMoved } = see(see(null, here, 0).view, there, 10, 'second');
    assert.deepEqual([view?.camera, view?.grid, hasMoved], ['second', there, false]);
  });
});

describe('the core when a camera is moved', () => {
  it('tells it once, forgets what it has learned there, and goes on judging', () => {
    const rig = createRig();
    printing()(rig);
    const kept = { 3: 0.5 };
    const known = { ...noBackground('bed', 'octoeverywhere'), kept };
    rig.state = { ...rig.state, backgrounds: [known, { ...known, camera: 'second' }] };
    const look = (grid: string) => {
      rig.wait(20_000);
      const of = assessment('clear', 0);
      return rig.hear({ kind: 'frame-assessed', assessment: of, camera: 'bed', grid, job: jobA, layer: 1 });
    };
    const told = [here, here, there, there, there, there, there].map((grid) =>
      look(grid).flatMap((effect) => (effect.kind === 'tell' ? effect.notice.text : [])),
    );
    assert.deepEqual(
      told.map((texts) => texts.length),
      [0, 0, 0, 0, 0, 1, 0],
    );
    assert.match(told[5]?.[0] ?? '', /the camera bed shows another view than before/);
    assert.ok(!rig.state.backgrounds.some(({ camera, kept }) => camera === 'bed' && '3' in kept));
    assert.ok(rig.state.backgrounds.some(({ camera }) => camera === 'second'));
    assert.equal(rig.state.last?.assessment.score, 0);
  });

  it('notices a camera that was moved between two prints', () => {
    const rig = createRig();
    const look = (grid: string, job: typeof jobA) => {
      rig.wait(20_000);
      const of = assessment('clear', 0);
      return rig.hear({ kind: 'frame-assessed', assessment: of, camera: 'bed', grid, job, layer: 1 });
    };
    printing()(rig);
    look(here, jobA);
    ended()(rig);
    printing(jobB)(rig);
    const told = [there, there, there, there].map((grid) => look(grid, jobB).length);
    assert.deepEqual(told, [0, 0, 0, 1]);
  });
});
