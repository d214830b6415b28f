import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspectJpeg, jpegSize } from '../../src/camera/jpeg.ts';
import { CameraError } from '../../src/core/errors.ts';
import { makePicture } from './pictures.ts';

const failsWith = (code: string, text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof CameraError);
  assert.equal(error.code, code);
  assert.match(`${error.message} | ${error.hint}`, text);
  assert.notEqual(error.hint, '');
  return true;
};

describe('inspectJpeg', () => {
  it('reads size and length of a baseline picture', () => {
    const picture = makePicture({ width: 1920, height: 1080 });
    assert.deepEqual(inspectJpeg(picture), {
      width: 1920,
      height: 1080,
      isProgressive: false,
      length: picture.length,
    });
  });

  it('reads a progressive picture with several scans', () => {
    const picture = makePicture({ width: 640, height: 480, isProgressive: true });
    const info = inspectJpeg(picture);
    assert.deepEqual([info.width, info.height, info.isProgressive], [640, 480, true]);
    assert.equal(info.length, picture.length);
  });

  it('takes neither size nor end from an EXIF thumbnail', () => {
    const picture = makePicture({ width: 800, height: 600, hasThumbnail: true });
    assert.ok(
      picture.indexOf(Buffer.from([0xff, 0xd9])) < picture.length - 2,
      'the thumbnail has an EOI of its own',
    );
    const info = inspectJpeg(picture);
    assert.deepEqual([info.width, info.height, info.length], [800, 600, picture.length]);
  });

  it('calls a picture cut off even where the thumbnail has an end', () => {
    const picture = makePicture({ hasThumbnail: true });
    assert.throws(
      () => inspectJpeg(picture.subarray(0, picture.length - 2)),
      failsWith('CAMERA_TRUNCATED', /cut off/),
    );
  });

  it('finds every cut', () => {
    const picture = makePicture({ dataBytes: 60, hasThumbnail: true });
    for (let length = 2; length < picture.length; length += 1) {
      assert.throws(
        () => inspectJpeg(picture.subarray(0, length)),
        failsWith('CAMERA_TRUNCATED', /cut off/),
        `${length}`,
      );
    }
  });

  for (const [name, padding] of [
    ['zeros', Buffer.alloc(4096)],
    ['a line end', Buffer.from('\r\n')],
    ['rubbish', Buffer.from('trailer 123')],
  ] as const) {
    it(`leaves ${name} behind the picture out of its length`, () => {
      const picture = makePicture();
      assert.equal(inspectJpeg(Buffer.concat([picture, padding])).length, picture.length);
    });
  }

  it('reads a view into a larger buffer', () => {
    const picture = makePicture();
    const large = new Uint8Array(picture.length + 20);
    large.set(picture, 7);
    assert.equal(inspectJpeg(large.subarray(7)).length, picture.length);
  });

  it('steps over stray bytes and filling between segments', () => {
    const picture = makePicture();
    const odd = Buffer.concat([
      picture.subarray(0, 2),
      Buffer.from([0x00, 0x12, 0xff, 0xff]),
      picture.subarray(2),
    ]);
    assert.equal(inspectJpeg(odd).width, 1280);
  });

  const soi = [0xff, 0xd8];
  for (const [name, bytes] of [
    ['no picture data', [...soi, 0xff, 0xd9]],
    ['a scan without a frame header', [...soi, 0xff, 0xda, 0, 4, 1, 1, 0xff, 0xd9]],
    ['a segment of length 1', [...soi, 0xff, 0xe0, 0, 1, 0xff, 0xd9]],
    ['a frame header of 3 bytes', [...soi, 0xff, 0xc0, 0, 3, 8, 0xff, 0xd9]],
    ['a height of 0', [...makePicture({ height: 0 })]],
  ] as const) {
    it(`calls ${name} broken`, () => {
      assert.throws(() => inspectJpeg(Uint8Array.from(bytes)), failsWith('CAMERA_UNDECODABLE', /broken/));
    });
  }

  for (const [name, bytes, said] of [
    ['an empty body', Buffer.alloc(0), /sent nothing .*plugged in/],
    ['a web page', Buffer.from('\n<!DOCTYPE html><html><title>Mainsail'), /web page/],
    ['a web page with a mark', Buffer.from('\ufeff<html>'), /web page/],
    ['XML', Buffer.from('<?xml version="1.0"?><error/>'), /XML/],
    ['a PNG', Buffer.from('89504e470d0a1a0a0000000d', 'hex'), /PNG/],
    ['a GIF', Buffer.from('GIF89a'), /GIF/],
    ['a WebP', Buffer.from('RIFF\n\0\0\0WEBPVP8 '), /WebP/],
    ['an MP4', Buffer.from('\0\0\0\x18ftypisom', 'latin1'), /video/],
    ['H.264', Buffer.from('00000001674d0028', 'hex'), /video/],
    ['a play list', Buffer.from('#EXTM3U\n'), /video/],
    ['JSON', Buffer.from('{"error": 1}'), /JSON/],
    ['a text', Buffer.from('Camera not found'), /a text/],
    ['noise', Buffer.from([3, 200, 17, 250, 9]), /no picture/],
    ['zeros', Buffer.alloc(100), /no picture/],
  ] as const) {
    it(`names ${name}`, () => {
      assert.throws(() => inspectJpeg(bytes), failsWith('CAMERA_NOT_JPEG', said));
      assert.equal(jpegSize(bytes), 0);
    });
  }
});
