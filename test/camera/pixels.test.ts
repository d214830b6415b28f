import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { applyView, type View } from '../../src/camera/pixels.ts';
import { CameraError } from '../../src/core/errors.ts';
import { makePicture } from './pictures.ts';

const upright: View = { rotation: 0, flipHorizontal: false, flipVertical: false };
const colours: Record<string, readonly [number, number, number]> = {
  red: [230, 20, 20],
  green: [20, 200, 20],
  blue: [20, 20, 230],
  white: [240, 240, 240],
};

/** 320 × 160 with a colour in each quarter: red green / blue white. */
async function fourColours(): Promise<Buffer> {
  const tile = (name: string, left: number, top: number) => {
    const [r = 0, g = 0, b = 0] = colours[name] ?? [];
    return {
      input: { create: { width: 160, height: 80, channels: 3 as const, background: { r, g, b } } },
      left,
      top,
    };
  };
  const ground = { create: { width: 320, height: 160, channels: 3 as const, background: '#000' } };
  return await sharp(ground)
    .composite([tile('red', 0, 0), tile('green', 160, 0), tile('blue', 0, 80), tile('white', 160, 80)])
    .jpeg({ quality: 95 })
    .toBuffer();
}

/** The colours in the corners: top left, top right, bottom left, bottom right. */
async function corners(jpeg: Uint8Array): Promise<string> {
  const { data, info } = await sharp(jpeg).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const nameAt = (x: number, y: number) => {
    const at = (y * info.width + x) * 3;
    const pixel = [...data.subarray(at, at + 3)];
    const distance = (name: string) =>
      Math.hypot(...pixel.map((value, index) => value - (colours[name]?.[index] ?? 0)));
    return Object.keys(colours).sort((a, b) => distance(a) - distance(b))[0];
  };
  const [right, bottom] = [info.width - 9, info.height - 9];
  return [nameAt(8, 8), nameAt(right, 8), nameAt(8, bottom), nameAt(right, bottom)].join(' ');
}

describe('applyView', () => {
  // As CSS shows it in the UIs: rotated clockwise first, then mirrored on the screen.
  const table: readonly [Partial<View>, string, readonly [number, number]][] = [
    [{ rotation: 90 }, 'blue red white green', [160, 320]],
    [{ rotation: 180 }, 'white blue green red', [320, 160]],
    [{ rotation: 270 }, 'green white red blue', [160, 320]],
    [{ flipHorizontal: true }, 'green red white blue', [320, 160]],
    [{ flipVertical: true }, 'blue white red green', [320, 160]],
    [{ flipHorizontal: true, flipVertical: true }, 'white blue green red', [320, 160]],
    [{ rotation: 90, flipHorizontal: true }, 'red blue green white', [160, 320]],
    [{ rotation: 90, flipVertical: true }, 'white green blue red', [160, 320]],
    [{ rotation: 180, flipHorizontal: true }, 'blue white red green', [320, 160]],
    [{ rotation: 270, flipHorizontal: true }, 'white green blue red', [160, 320]],
    [{ rotation: 270, flipVertical: true }, 'red blue green white', [160, 320]],
    [{ rotation: 90, flipHorizontal: true, flipVertical: true }, 'green white red blue', [160, 320]],
  ];
  for (const [view, expected, size] of table) {
    it(`turns the corners for ${JSON.stringify(view)}`, async () => {
      const jpeg = await fourColours();
      const turned = await applyView({ jpeg, width: 320, height: 160 }, { ...upright, ...view }, 1080);
      assert.deepEqual([turned.width, turned.height], size);
      assert.equal(await corners(turned.jpeg), expected);
    });
  }

  it('scales down to the height that is left after turning', async () => {
    const jpeg = await fourColours();
    const flat = await applyView({ jpeg, width: 320, height: 160 }, upright, 80);
    assert.deepEqual([flat.width, flat.height], [160, 80]);
    const tall = await applyView({ jpeg, width: 320, height: 160 }, { ...upright, rotation: 90 }, 240);
    assert.deepEqual([tall.width, tall.height], [120, 240]);
    assert.equal(await corners(tall.jpeg), 'blue red white green');
    assert.deepEqual((await sharp(tall.jpeg).metadata()).height, 240);
  });

  it('passes a picture that needs nothing on as the same bytes', async () => {
    const picture = { jpeg: makePicture(), width: 1280, height: 720 };
    assert.equal(await applyView(picture, upright, 1080), picture);
    assert.equal(await applyView(picture, upright, 720), picture);
  });

  it('leaves an EXIF orientation alone', async () => {
    const jpeg = await sharp(await fourColours())
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const turned = await applyView({ jpeg, width: 320, height: 160 }, { ...upright, rotation: 180 }, 1080);
    assert.equal(await corners(turned.jpeg), 'white blue green red');
    assert.equal((await sharp(turned.jpeg).metadata()).orientation, undefined);
  });

  it('says that a picture cannot be decoded', async () => {
    const picture = { jpeg: makePicture({ dataBytes: 4_000 }), width: 1280, height: 720 };
    await assert.rejects(applyView(picture, { ...upright, rotation: 90 }, 1080), (error) => {
      assert.ok(error instanceof CameraError);
      assert.equal(error.code, 'CAMERA_UNDECODABLE');
      assert.notEqual(error.hint, '');
      return true;
    });
  });

  it('loads sharp only for a picture that needs it', async () => {
    const script = `
      import { applyView } from './src/camera/pixels.ts';
      import './src/camera/camera.ts';
      import { makePicture } from './test/camera/pictures.ts';
      const isLoaded = () => process.report.getReport().sharedObjects.some((path) => /sharp|vips/.test(path));
      const picture = { jpeg: makePicture(), width: 1280, height: 720 };
      const view = { rotation: 0, flipHorizontal: false, flipVertical: false };
      await applyView(picture, view, 1080);
      const before = isLoaded();
      await applyView(picture, view, 100).catch(() => {});
      process.stdout.write(JSON.stringify({ before, after: isLoaded() }));`;
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      script,
    ]);
    assert.deepEqual(JSON.parse(stdout), { before: false, after: true });
  });
});
