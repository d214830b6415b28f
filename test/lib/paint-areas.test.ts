import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { contains, rectangle } from '../../src/core/regions.ts';
import { paintAreas } from '../../src/lib/paint-areas.ts';

const width = 320;
const height = 240;

/** Stripes of 20 pixels, left half reddish, right half bluish: nowhere flat. */
async function stripes(channels: 1 | 3 = 3): Promise<Uint8Array> {
  const data = Buffer.alloc(width * height * channels);
  for (let at = 0; at < width * height; at += 1) {
    const [x, y] = [at % width, Math.floor(at / width)];
    const grey = Math.floor(y / 20) % 2 === 0 ? 60 : 150;
    for (let channel = 0; channel < channels; channel += 1) {
      const isOwn = channel === (x < width / 2 ? 0 : 2);
      data[at * channels + channel] = grey + (isOwn ? 60 : 0);
    }
  }
  return sharp(data, { raw: { width, height, channels } }).jpeg({ quality: 95 }).toBuffer();
}

const pixelsOf = async (jpeg: Uint8Array) => sharp(jpeg).toColourspace('srgb').removeAlpha().raw().toBuffer();

/** The largest difference to `before` of pixels well outside, and the spread of the values well inside of the areas. */
async function measure(before: Uint8Array, after: Uint8Array, areas: Parameters<typeof paintAreas>[1]) {
  const [old, now] = [await pixelsOf(before), await pixelsOf(after)];
  const margin = 17;
  let changed = 0;
  const inside: number[][] = [[], [], []];
  for (let y = 0; y < height; y += 3) {
    for (let x = 0; x < width; x += 3) {
      const isIn = (dx: number, dy: number) =>
        areas.some((area) => contains(area, { x: (x + dx + 0.5) / width, y: (y + dy + 0.5) / height }));
      const near = [-margin, 0, margin].flatMap((dx) => [-margin, 0, margin].map((dy) => isIn(dx, dy)));
      for (let channel = 0; channel < 3; channel += 1) {
        const at = (y * width + x) * 3 + channel;
        if (near.every((each) => each)) inside[channel]?.push(now[at] ?? 0);
        if (near.every((each) => !each))
          changed = Math.max(changed, Math.abs((now[at] ?? 0) - (old[at] ?? 0)));
      }
    }
  }
  const spreads = inside.map((values) => Math.max(...values) - Math.min(...values));
  return { changed, spread: Math.max(...spreads), count: inside[0]?.length ?? 0, inside };
}

describe('painting areas out', () => {
  it('returns the very bytes where there are none, also of what is no picture', async () => {
    const bytes = Uint8Array.of(1, 2, 3);
    assert.equal(await paintAreas(bytes, []), bytes);
  });

  const shapes = {
    'a rectangle': [rectangle({ x: 0.2, y: 0.2 }, { x: 0.7, y: 0.6 })],
    'one up to the edges of the picture': [rectangle({ x: 0, y: 0.5 }, { x: 1, y: 1 })],
    'a polygon': [
      [
        { x: 0.5, y: 0.05 },
        { x: 0.95, y: 0.9 },
        { x: 0.1, y: 0.8 },
      ],
    ],
    'two, of which one has a notch': [
      rectangle({ x: 0, y: 0 }, { x: 0.3, y: 0.3 }),
      [
        { x: 0.4, y: 0.4 },
        { x: 1, y: 0.4 },
        { x: 0.7, y: 0.7 },
        { x: 1, y: 1 },
        { x: 0.4, y: 1 },
      ],
    ],
  };
  for (const [name, areas] of Object.entries(shapes)) {
    it(`makes it flat inside and leaves the rest as it was: ${name}`, async () => {
      const before = await stripes();
      const after = await paintAreas(before, areas);
      const { changed, spread, count } = await measure(before, after, areas);
      assert.ok(count > 100, `${count} pixels inside`);
      // Several areas have a colour each.
      assert.ok(areas.length > 1 || spread <= 4, `spread of ${spread}`);
      assert.ok(changed <= 20, `changed by ${changed} outside`);
      const { width: w, height: h, channels } = await sharp(after).metadata();
      assert.deepEqual([w, h, channels], [width, height, 3]);
    });
  }

  it('takes nothing over but the pixels: a thumbnail beside them would show what was there', async () => {
    const before = await sharp(await stripes())
      .withExif({ IFD0: { Copyright: 'what was there' } })
      .toBuffer();
    assert.ok(before.includes('what was there'));
    const after = Buffer.from(await paintAreas(before, [rectangle({ x: 0, y: 0 }, { x: 0.5, y: 1 })]));
    assert.ok(!after.includes('what was there'));
    assert.equal((await sharp(after).metadata()).exif, undefined);
  });

  it('takes the colour of what lies around', async () => {
    const areas = [rectangle({ x: 0.6, y: 0.2 }, { x: 0.9, y: 0.7 })];
    const { inside } = await measure(await stripes(), await paintAreas(await stripes(), areas), areas);
    const [red = 0, green = 0, blue = 0] = inside.map((values) => values[0] ?? 0);
    assert.ok(blue - red > 40 && Math.abs(red - green) < 8, `${red} ${green} ${blue}`);
  });

  it('paints grey pictures, and rejects for one that is cut off', async () => {
    const areas = [rectangle({ x: 0.1, y: 0.1 }, { x: 0.9, y: 0.9 })];
    const grey = await stripes(1);
    assert.ok((await measure(grey, await paintAreas(grey, areas), areas)).spread <= 4);
    await assert.rejects(paintAreas(grey.subarray(0, grey.length / 2), areas));
    await assert.rejects(paintAreas(Uint8Array.of(0xff, 0xd8), areas));
  });
});
