import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { inspectJpeg } from '../../src/camera/jpeg.ts';
import { drawScene, type VirtualScene } from '../../src/virtual/scene.ts';

const scene: VirtualScene = { isPrinting: true, grown: 0.4, spaghetti: 0, gantry: 0.5, isDark: false };

interface Pixels {
  readonly data: Buffer;
  readonly mean: number;
  /** Share of the picture in the colour of the filament. */
  readonly filament: number;
}

async function look(jpeg: Uint8Array): Promise<Pixels> {
  const data = await sharp(jpeg).removeAlpha().raw().toBuffer();
  let sum = 0;
  let filament = 0;
  for (let at = 0; at < data.length; at += 3) {
    const [red = 0, green = 0, blue = 0] = data.subarray(at, at + 3);
    sum += red + green + blue;
    if (red > 120 && red > 1.5 * green && green > blue) filament += 1;
  }
  return { data, mean: sum / data.length, filament: (filament * 3) / data.length };
}

describe('drawScene', () => {
  it('gives a 720p JPEG of a usual size', async () => {
    const jpeg = await drawScene(scene);
    const { width, height, length } = inspectJpeg(jpeg);
    assert.deepEqual([width, height, length], [1280, 720, jpeg.length]);
    assert.ok(length > 50_000 && length < 120_000, `${length} bytes`);
  });

  it('gives the size that is asked for', async () => {
    const { width, height } = inspectJpeg(await drawScene(scene, { width: 640, height: 480 }));
    assert.deepEqual([width, height], [640, 480]);
  });

  it('repeats itself with a seed and never without one', async () => {
    const size = { width: 640, height: 360 };
    const draw = (seed?: number) => drawScene({ ...scene, spaghetti: 0.6 }, size, seed);
    assert.deepEqual(await draw(7), await draw(7));
    assert.notDeepEqual(await draw(7), await draw(8));
    assert.notDeepEqual(await draw(), await draw());
  });

  it('shows more filament as the part grows and as the mess grows', async () => {
    const shares: number[] = [];
    const steps = [
      { grown: 0 },
      { grown: 0.2 },
      { grown: 0.4 },
      { spaghetti: 0.1 },
      { spaghetti: 0.5 },
      { spaghetti: 1 },
    ];
    for (const step of steps) shares.push((await look(await drawScene({ ...scene, ...step }))).filament);
    assert.deepEqual(
      shares,
      [...shares].sort((a, b) => a - b),
      shares.join(' '),
    );
    const [none = 1, , part = 0, , , mess = 0] = shares;
    assert.ok(none < 0.001 && part > 0.01 && mess > part * 1.4, shares.join(' '));
  });

  it('moves the gantry', async () => {
    const left = await look(await drawScene({ ...scene, gantry: 0 }, undefined, 1));
    const right = await look(await drawScene({ ...scene, gantry: 1 }, undefined, 1));
    let moved = 0;
    for (let at = 0; at < left.data.length; at += 3) {
      if (Math.abs((left.data[at] ?? 0) - (right.data[at] ?? 0)) > 40) moved += 3;
    }
    assert.ok(moved / left.data.length > 0.01);
  });

  it('is dark when the light is off', async () => {
    const [day, night] = [
      await look(await drawScene(scene)),
      await look(await drawScene({ ...scene, isDark: true })),
    ];
    assert.ok(day.mean > 50 && night.mean < 10, `${day.mean} ${night.mean}`);
  });
});
