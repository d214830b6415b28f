import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { drawRegions } from '../../src/lib/draw-regions.ts';

const width = 320;
const height = 240;

async function grey(): Promise<Uint8Array> {
  const create = { width, height, channels: 3 as const, background: '#808080' };
  return sharp({ create }).jpeg().toBuffer();
}

/** The brightest and the darkest value near a point. */
async function around(jpeg: Uint8Array, x: number, y: number): Promise<readonly [number, number]> {
  const area = { left: x - 4, top: y - 4, width: 8, height: 8 };
  const pixels = await sharp(jpeg).extract(area).greyscale().raw().toBuffer();
  return [Math.max(...pixels), Math.min(...pixels)];
}

describe('drawing regions', () => {
  it('leaves a picture without any as it is', async () => {
    const jpeg = await grey();
    assert.equal(await drawRegions({ jpeg, width, height }, []), jpeg);
  });

  it('draws them where they are, in white on black', async () => {
    const jpeg = await grey();
    const drawn = await drawRegions({ jpeg, width, height }, [{ x1: 0.25, y1: 0.25, x2: 0.75, y2: 0.75 }]);
    const { width: w, height: h } = await sharp(drawn).metadata();
    assert.deepEqual([w, h], [width, height]);
    for (const [x, y] of [
      [80, 120],
      [240, 120],
      [160, 60],
      [160, 180],
    ] as const) {
      const [brightest, darkest] = await around(drawn, x, y);
      assert.ok(brightest > 200 && darkest < 60, `${x},${y}: ${brightest} ${darkest}`);
    }
    const [brightest, darkest] = await around(drawn, 160, 120);
    assert.ok(brightest < 160 && darkest > 100, 'the middle stays as it was');
  });

  it('takes boxes beyond the edge, and hundreds of them', async () => {
    const jpeg = await grey();
    const many = Array.from({ length: 300 }, () => ({ x1: -1, y1: -1, x2: 2, y2: 2 }));
    assert.ok((await drawRegions({ jpeg, width, height }, many)).length > 0);
  });

  it('rejects a picture that is none', async () => {
    const jpeg = new Uint8Array(100);
    await assert.rejects(drawRegions({ jpeg, width, height }, [{ x1: 0, y1: 0, x2: 1, y2: 1 }]));
  });
});
