// What a model is fed with: exact values, order, bars and colours.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp, { type Sharp } from 'sharp';
import { type PixelRules, pictureTensor, smallJpeg, turnHalf } from '../../src/backends/picture-tensor.ts';
import { drawScene } from '../../src/virtual/scene.ts';

const plain: PixelRules = {
  layout: 'nhwc',
  colour: 'rgb',
  mean: [0, 0, 0],
  scale: [1, 1, 1],
  resize: 'stretch',
  multiple: null,
  padding: 114,
};
const size = { width: 4, height: 2 };
/** A JPEG of one colour has that colour in every pixel, give or take the rounding of its own colour space. */
const red = await one({ r: 250, g: 20, b: 30 });
const [r = 0, g = 0, b = 0] = await sharp(red).raw().toBuffer();

function one(background: { r: number; g: number; b: number }, { width, height } = size): Promise<Buffer> {
  const create = { width, height, channels: 3 as const, background };
  return sharp({ create }).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer();
}

const tensor = async (
  change: Partial<PixelRules> = {},
  datatype: 'FP32' | 'UINT8' = 'UINT8',
  input = size,
) => [...(await pictureTensor({ ...size, jpeg: red }, input, datatype, { ...plain, ...change })).pixels];
const times = <T>(count: number, ...values: T[]): T[] => new Array(count).fill(values).flat();

test('colours come last or first, in either order', async () => {
  assert.ok(Math.abs(r - 250) < 3 && Math.abs(g - 20) < 3 && Math.abs(b - 30) < 3);
  assert.deepEqual(await tensor(), times(8, r, g, b));
  assert.deepEqual(await tensor({ colour: 'bgr' }), times(8, b, g, r));
  assert.deepEqual(await tensor({ layout: 'nchw' }), [...times(8, r), ...times(8, g), ...times(8, b)]);
  assert.deepEqual(await tensor({ layout: 'nchw', colour: 'bgr' }), [
    ...times(8, b),
    ...times(8, g),
    ...times(8, r),
  ]);
});

test('mean and scale are those of the model’s own first, second and third colour', async () => {
  const rules = { mean: [10, 20, 30], scale: [1, 0.5, 0.25] } as const;
  assert.deepEqual(await tensor(rules, 'FP32'), times(8, r - 10, (g - 20) / 2, (b - 30) / 4));
  assert.deepEqual(
    await tensor({ ...rules, colour: 'bgr' }, 'FP32'),
    times(8, b - 10, (g - 20) / 2, (r - 30) / 4),
  );
  assert.deepEqual(await tensor(rules), times(8, r, g, b), 'not for bytes');
});

test('FP32 is the nearest 32-bit number', async () => {
  const values = await tensor({ scale: [1 / 255, 1 / 255, 1 / 255] }, 'FP32');
  assert.deepEqual(values, times(8, ...[r, g, b].map((value) => Math.fround(value / 255))));
});

test('bars of a letterbox are grey, after mean and scale', async () => {
  const square = { width: 4, height: 4 };
  const bar = times(4, 114, 114, 114);
  assert.deepEqual(await tensor({ resize: 'letterbox' }, 'UINT8', square), [
    ...bar,
    ...times(8, r, g, b),
    ...bar,
  ]);
  const scaled = await tensor(
    { resize: 'letterbox', layout: 'nchw', mean: [14, 0, 0], padding: 64 },
    'FP32',
    square,
  );
  const plane = (grey: number, value: number) => [...times(4, grey), ...times(8, value), ...times(4, grey)];
  assert.deepEqual(scaled, [...plane(50, r - 14), ...plane(64, g), ...plane(64, b)]);
  const wide = { width: 6, height: 2 };
  const row = [114, 114, 114, ...times(4, r, g, b), 114, 114, 114];
  assert.deepEqual(await tensor({ resize: 'letterbox' }, 'UINT8', wide), [...row, ...row]);
});

test('every pixel stays where it was', async () => {
  const scene = { isPrinting: true, grown: 0.5, spaghetti: 0.4, gantry: 0.5, isDark: false };
  const input = { width: 96, height: 54 };
  const jpeg = await drawScene(scene, input);
  const rgb = await sharp(jpeg).raw().toBuffer();
  const { pixels } = await pictureTensor({ jpeg, ...input }, input, 'UINT8', plain);
  assert.deepEqual(Buffer.from(pixels), rgb);
  const { pixels: planes } = await pictureTensor({ jpeg, ...input }, input, 'FP32', {
    ...plain,
    layout: 'nchw',
  });
  for (let at = 0; at < rgb.length; at += 1) {
    assert.equal(planes[(at % 3) * input.width * input.height + Math.floor(at / 3)], rgb[at]);
  }
});

test('a large picture is scaled without losing its place', async () => {
  const [left, right] = [await one({ r: 255, g: 255, b: 255 }), await one({ r: 0, g: 0, b: 0 })];
  const half = { width: 1000, height: 1000 };
  const jpeg = await sharp({ create: { width: 2000, height: 1000, channels: 3, background: '#000' } })
    .composite([
      {
        input: await sharp(left).resize(half.width, half.height, { fit: 'fill' }).toBuffer(),
        left: 0,
        top: 0,
      },
      {
        input: await sharp(right).resize(half.width, half.height, { fit: 'fill' }).toBuffer(),
        left: 1000,
        top: 0,
      },
    ])
    .jpeg()
    .toBuffer();
  const input = { width: 100, height: 50 };
  const { pixels } = await pictureTensor({ jpeg, width: 2000, height: 1000 }, input, 'UINT8', plain);
  for (let at = 0; at < 100; at += 1) {
    const value = pixels[at * 3] ?? -1;
    if (at < 49) assert.ok(value > 250, `${at}: ${value}`);
    if (at > 50) assert.ok(value < 5, `${at}: ${value}`);
  }
});

for (const [what, make] of [
  ['grey', (image: Sharp) => image.toColourspace('b-w')],
  ['CMYK', (image: Sharp) => image.toColourspace('cmyk')],
  ['progressive', (image: Sharp) => image],
] as const) {
  test(`a ${what} picture has three colours as any other`, async () => {
    const create = { width: 64, height: 32, channels: 3 as const, background: { r: 128, g: 128, b: 128 } };
    const jpeg = await make(sharp({ create }))
      .jpeg({ progressive: what === 'progressive' })
      .toBuffer();
    const { pixels } = await pictureTensor({ jpeg, width: 64, height: 32 }, size, 'UINT8', plain);
    assert.equal(pixels.length, 24);
    for (const value of pixels) assert.ok(Math.abs(value - 128) < 16, `${value}`);
  });
}

test('an EXIF orientation is not applied', async () => {
  const leftHalfWhite = Buffer.alloc(16 * 16).map((_, at) => (at % 16 < 8 ? 255 : 0));
  const square = { width: 16, height: 16 };
  const jpeg = await sharp(leftHalfWhite, { raw: { ...square, channels: 1 } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  assert.equal((await sharp(jpeg).metadata()).orientation, 6);
  const { pixels } = await pictureTensor({ ...square, jpeg }, square, 'UINT8', plain);
  for (const row of [0, 15]) {
    assert.ok((pixels[row * 48] ?? 0) > 240 && (pixels[row * 48 + 45] ?? 255) < 15, `row ${row}`);
  }
});

test('a picture that is cut off or none is refused', async () => {
  const scene = await drawScene(
    { isPrinting: true, grown: 0.5, spaghetti: 0, gantry: 0.5, isDark: false },
    { width: 640, height: 360 },
  );
  for (const jpeg of [scene.subarray(0, scene.length / 2), Buffer.from('<html>'), Buffer.alloc(0)]) {
    await assert.rejects(pictureTensor({ jpeg, width: 640, height: 360 }, size, 'UINT8', plain));
  }
});

test('a JPEG for a model that decodes itself is never larger than it can use', async () => {
  const jpeg = await one({ r: 1, g: 2, b: 3 }, { width: 640, height: 360 });
  const picture = { jpeg, width: 640, height: 360 };
  assert.equal(await smallJpeg(picture, { width: 640, height: 640 }), picture, 'as it is where it fits');
  const small = await smallJpeg(picture, { width: 320, height: 320 });
  const { width, height } = await sharp(small.jpeg).metadata();
  assert.deepEqual([small.width, small.height, width, height], [320, 180, 320, 180]);
});

test('a picture upside down has its last pixel first, colours in their order, and turned again is the picture', () => {
  const last = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  turnHalf(last, 'nhwc');
  assert.deepEqual([...last], [10, 11, 12, 7, 8, 9, 4, 5, 6, 1, 2, 3]);
  const values = Array.from({ length: 18 }, (_, at) => at + 0.5);
  const first = Float32Array.from(values);
  turnHalf(first, 'nchw');
  assert.deepEqual([...first.slice(0, 6)], [5.5, 4.5, 3.5, 2.5, 1.5, 0.5]);
  assert.deepEqual([...first.slice(12)], [17.5, 16.5, 15.5, 14.5, 13.5, 12.5]);
  turnHalf(first, 'nchw');
  assert.deepEqual([...first], values);
});
