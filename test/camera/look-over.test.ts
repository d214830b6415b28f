// What a picture is looked over for before it is judged: on drawn scenes, and on the same ones spoilt in the usual ways.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import sharp, { type JpegOptions, type Sharp } from 'sharp';
import { createLookOver } from '../../src/camera/look-over.ts';
import type { View } from '../../src/camera/pixels.ts';
import { readSmall, type SmallPicture } from '../../src/camera/small-picture.ts';
import { CameraError } from '../../src/core/errors.ts';
import { gridColumns, isSameView } from '../../src/core/scene-grid.ts';
import { drawScene, type VirtualScene } from '../../src/virtual/scene.ts';

const upright: View = { rotation: 0, flipHorizontal: false, flipVertical: false };
const now = { atMs: 0, tickMs: 0 };
const eoi = Buffer.from([0xff, 0xd9]);
const draw = (over: Partial<VirtualScene> = {}, size?: { width: number; height: number }) =>
  drawScene({ isPrinting: true, grown: 0.4, spaghetti: 0, gantry: 0.5, isDark: false, ...over }, size, 7);

let scene: Buffer;
before(async () => {
  scene = Buffer.from(await draw());
});

/** Looks once and gives the code of the error, or 'fine'. */
function look(jpeg: Uint8Array): string {
  try {
    createLookOver().look(jpeg, upright, now);
    return 'fine';
  } catch (error) {
    assert.ok(error instanceof CameraError);
    assert.notEqual(error.hint, '');
    return error.code;
  }
}

/** Drops bytes of the picture's data, as a bad cable does. */
const lose = (jpeg: Buffer, from: number, bytes: number) => {
  const at = Math.round(jpeg.length * from);
  return Buffer.concat([jpeg.subarray(0, at), jpeg.subarray(at + bytes)]);
};

/** Adds to the brightness and the colours from one block on, strip by strip, as a lost difference does. */
async function offset(jpeg: Buffer, row: number, column: number, by: readonly [number, number, number]) {
  const { data, info } = await sharp(jpeg).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  for (let y = row * 16; y < info.height; y += 1) {
    const left = y < (row + 1) * 16 ? column * 16 : 0;
    for (let at = (y * info.width + left) * 3; at < (y + 1) * info.width * 3; at += 1) {
      data[at] = Math.min(Math.max((data[at] ?? 0) + (by[at % 3] ?? 0), 0), 255);
    }
  }
  return sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } })
    .jpeg()
    .toBuffer();
}

describe('createLookOver', () => {
  it('lets scenes of a print pass', async () => {
    for (const over of [{}, { spaghetti: 1 }, { grown: 1, gantry: 0.9 }, { isPrinting: false }]) {
      assert.equal(look(await draw(over)), 'fine');
    }
    assert.equal(look(await draw({}, { width: 320, height: 240 })), 'fine');
  });

  it('refuses what shows nothing', async () => {
    const spoil = (work: (image: Sharp) => Sharp) => work(sharp(scene)).jpeg().toBuffer();
    assert.equal(look(await draw({ isDark: true })), 'CAMERA_TOO_DARK');
    assert.equal(look(await spoil((image) => image.linear(20, 200))), 'CAMERA_OVEREXPOSED');
    assert.equal(look(await spoil((image) => image.linear(0.05, 90))), 'CAMERA_COVERED');
    assert.equal(look(await spoil((image) => image.blur(90))), 'CAMERA_BLURRED');
    assert.equal(look(await spoil((image) => image.linear(0.4, 0))), 'fine');
    assert.equal(look(await spoil((image) => image.blur(4))), 'fine');
  });

  it('refuses what lost data on the way', async () => {
    const half = Buffer.concat([scene.subarray(0, scene.length >> 1), eoi]);
    assert.equal(look(half), 'CAMERA_BROKEN_PICTURE');
    assert.equal(look(await sharp(half, { failOn: 'none' }).jpeg().toBuffer()), 'CAMERA_BROKEN_PICTURE');
    // Short of that, codes fall into step again; what follows may be off by nothing that shows.
    const losses = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].map((from) => look(lose(scene, from, 300)));
    assert.ok(losses.filter((code) => code === 'CAMERA_BROKEN_PICTURE').length >= 4, losses.join());
    assert.equal(look(lose(scene, 0.4, 3_000)), 'CAMERA_BROKEN_PICTURE');
    assert.equal(look(await offset(scene, 20, 33, [-60, 40, -60])), 'CAMERA_BROKEN_PICTURE');
    assert.equal(look(await offset(scene, 30, 60, [50, 50, 50])), 'CAMERA_BROKEN_PICTURE');
  });

  it('lets a level edge pass, which has no stairs', async () => {
    assert.equal(look(await offset(scene, 20, 0, [50, 50, 50])), 'fine');
  });

  it('takes a break that is always in the same place for a part of the scene', async () => {
    const looks = createLookOver();
    const broken = await offset(scene, 20, 33, [-60, 40, -60]);
    assert.throws(() => looks.look(broken, upright, now), /wrong/);
    assert.throws(() => looks.look(broken, upright, now), /wrong/);
    assert.notEqual(looks.look(broken, upright, now), null);
  });

  it('gives the grid as the user sees the picture', async () => {
    const at = (view: Partial<View>, jpeg: Uint8Array) =>
      createLookOver().look(jpeg, { ...upright, ...view }, now) ?? '';
    const plain = at({}, scene);
    const turn = (work: (image: Sharp) => Sharp) => work(sharp(scene)).jpeg({ quality: 95 }).toBuffer();
    assert.ok(isSameView(plain, at({ rotation: 180 }, await turn((image) => image.rotate(180)))));
    assert.ok(isSameView(plain, at({ flipHorizontal: true }, await turn((image) => image.flop()))));
    assert.ok(isSameView(plain, at({ flipVertical: true }, await turn((image) => image.flip()))));
    // What stands turned by a quarter is seen upright again by the quarter that is missing.
    assert.ok(isSameView(plain, at({ rotation: 270 }, await turn((image) => image.rotate(90)))));
    assert.ok(isSameView(plain, at({ rotation: 90 }, await turn((image) => image.rotate(270)))));
    assert.ok(!isSameView(plain, at({ rotation: 180 }, scene)));
    assert.equal(plain.length % gridColumns, 0);
  });
});

describe('readSmall', () => {
  /** Mean difference of brightness to what sharp decodes, in levels. */
  async function difference(jpeg: Buffer, small: SmallPicture): Promise<number> {
    const { width, height, planes } = small;
    const { data } = await sharp(jpeg)
      .resize(width, height, { fit: 'fill' })
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    let sum = 0;
    for (let at = 0; at < width * height; at += 1) {
      const [red = 0, green = 0, blue = 0] = data.subarray(at * 3, at * 3 + 3);
      sum += Math.abs(0.299 * red + 0.587 * green + 0.114 * blue - ((planes[0]?.[at] ?? 0) + 128));
    }
    return sum / (width * height);
  }

  it('reads every kind of JPEG that cameras send', async () => {
    const kinds: readonly JpegOptions[] = [
      {},
      { chromaSubsampling: '4:4:4' },
      { progressive: true },
      { progressive: true, chromaSubsampling: '4:4:4' },
      { optimiseCoding: false },
      { mozjpeg: true },
      { quality: 20 },
    ];
    for (const kind of kinds) {
      const jpeg = await sharp(scene).jpeg(kind).toBuffer();
      const small = readSmall(jpeg);
      assert.ok(small !== null);
      assert.deepEqual([small.width, small.height, small.missing], [160, 90, 0]);
      assert.ok((await difference(jpeg, small)) < 1, JSON.stringify(kind));
    }
    const grey = readSmall(await sharp(scene).toColourspace('b-w').jpeg().toBuffer());
    assert.deepEqual([grey?.planes.length, grey?.missing], [1, 0]);
  });

  it('reads Motion JPEG, which leaves the tables out', async () => {
    const jpeg = await sharp(scene).jpeg({ optimiseCoding: false }).toBuffer();
    let bare: Buffer = jpeg;
    for (
      let at = bare.indexOf(Buffer.from([0xff, 0xc4]));
      at > 0;
      at = bare.indexOf(Buffer.from([0xff, 0xc4]))
    ) {
      bare = Buffer.concat([bare.subarray(0, at), bare.subarray(at + 2 + bare.readUInt16BE(at + 2))]);
    }
    assert.ok(bare.length < jpeg.length - 400);
    assert.deepEqual(readSmall(bare), readSmall(jpeg));
  });

  it('leaves alone what is no camera picture', async () => {
    const cmyk = await sharp(scene).resize(64).toColourspace('cmyk').jpeg().toBuffer();
    assert.equal(readSmall(cmyk), null);
    assert.equal(look(cmyk), 'fine');
    const arithmetic = Buffer.from(scene);
    arithmetic[arithmetic.indexOf(Buffer.from([0xff, 0xc0])) + 1] = 0xc9;
    assert.equal(readSmall(arithmetic), null);
  });

  it('survives anything', async () => {
    const jpegs = [
      await sharp(scene).resize(160).jpeg().toBuffer(),
      await sharp(scene).resize(160).jpeg({ progressive: true }).toBuffer(),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...jpegs),
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), fc.nat(255)), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (jpeg, changes, keep) => {
          const broken = Buffer.from(jpeg.subarray(0, Math.max(2, Math.round(jpeg.length * keep))));
          for (const [place, value] of changes)
            broken[Math.max(2, Math.floor(place * broken.length))] = value;
          const small = readSmall(broken);
          if (small !== null) assert.ok(small.missing >= 0 && small.missing <= 1 && small.planes.length > 0);
          look(broken);
        },
      ),
      { numRuns: 300 },
    );
  });
});
