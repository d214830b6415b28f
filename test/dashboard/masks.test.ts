// Areas drawn on the page: what comes in is a polygon within the picture, or it is turned away and nothing changes.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { areaLimits } from '../../src/core/areas.ts';
import { startRig } from './rig.ts';

const triangle = [
  { x: 0, y: 0 },
  { x: 1, y: 0 },
  { x: 0, y: 1 },
];
const many = <T>(count: number, each: T): T[] => Array.from({ length: count }, () => each);

describe('areas from the page', () => {
  it('are saved, and read back', async (t) => {
    const { act, ask, view } = await startRig(t);
    const answer = await act('/api/v1/masks', { areas: [triangle], version: 'v1' });
    assert.equal(answer.status, 200);
    assert.deepEqual(view.ignored, [triangle]);
    assert.deepEqual((await ask('/api/v1/masks')).json(), { areas: [triangle], version: 'v1' });
    assert.equal((await ask('/api/v1/masks?printer=other')).code(), 'NOT_FOUND');
  });

  for (const [what, body] of [
    ['a polygon of two points', { areas: [triangle.slice(0, 2)], version: 'v1' }],
    ['a point beside the picture', { areas: [[...triangle, { x: 1.01, y: 0.5 }]], version: 'v1' }],
    ['a point before the picture', { areas: [[...triangle, { x: -0.01, y: 0.5 }]], version: 'v1' }],
    ['pixels', { areas: [triangle.map(({ x, y }) => ({ x: x * 640, y: y * 480 }))], version: 'v1' }],
    ['text for a number', { areas: [[...triangle, { x: '0.5', y: 0.5 }]], version: 'v1' }],
    ['a point without y', { areas: [[...triangle, { x: 0.5 }]], version: 'v1' }],
    ['too many points', { areas: [many(areaLimits.points + 1, { x: 0.5, y: 0.5 })], version: 'v1' }],
    ['too many areas', { areas: many(areaLimits.areas + 1, triangle), version: 'v1' }],
    ['no version', { areas: [triangle] }],
    ['no list', { areas: 'all', version: 'v1' }],
    ['nothing', null],
  ] as const) {
    it(`are refused: ${what}`, async (t) => {
      const { act, view } = await startRig(t);
      const answer = await act('/api/v1/masks', body);
      assert.equal(answer.status, 400);
      assert.deepEqual(view.ignored, []);
    });
  }
});
