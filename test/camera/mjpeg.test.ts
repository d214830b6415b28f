import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { inspectJpeg } from '../../src/camera/jpeg.ts';
import { boundaryOf, createMjpegParser, type MjpegOptions } from '../../src/camera/mjpeg.ts';
import { CameraError } from '../../src/core/errors.ts';
import { makePicture, makeStream, type StreamOptions } from './pictures.ts';

const frame: StreamOptions = { delimiter: '--frame' };
const pictures = Array.from({ length: 4 }, (_, seed) => makePicture({ seed, dataBytes: 300 + 50 * seed }));

/** Feeds `bytes` in chunks of `size` and returns each picture that could be taken on the way. */
function read(bytes: Buffer, size: number, options: Partial<MjpegOptions> = {}): Buffer[] {
  const parser = createMjpegParser({ boundary: 'frame', ...options });
  const taken: Buffer[] = [];
  const take = () => {
    const picture = parser.take();
    if (picture !== null) taken.push(picture);
  };
  for (let at = 0; at < bytes.length; at += size) {
    parser.push(bytes.subarray(at, at + size));
    take();
  }
  parser.end();
  take();
  return taken;
}

/** The JPEGs without what a server may have padded behind them. */
const trimmed = (taken: readonly Buffer[]) => taken.map((one) => one.subarray(0, inspectJpeg(one).length));

describe('createMjpegParser', () => {
  const dialects: Record<string, StreamOptions> = {
    'as mjpg-streamer writes': { ...frame, headers: ['Content-Type: image/jpeg', 'X-Timestamp: 17.5'] },
    'no Content-Length': { ...frame, lengthOf: () => null },
    'line feeds only': { ...frame, lineEnd: '\n' },
    'line feeds only, no Content-Length': { ...frame, lineEnd: '\n', lengthOf: () => null },
    'no line end behind a picture': { ...frame, gap: '' },
    'no line end behind a picture, no Content-Length': { ...frame, gap: '', lengthOf: () => null },
    'a preamble': { ...frame, preamble: '\r\nThis is an MJPEG stream.\r\n\r\n' },
    'no closing delimiter': { ...frame, tail: '' },
    'no closing delimiter, no Content-Length': { ...frame, tail: '', lengthOf: () => null },
    'no headers at all': { ...frame, headers: [], lengthOf: () => null },
    'four dashes': { delimiter: '----frame' },
    'no dashes': { delimiter: 'frame' },
    'another boundary than announced': { delimiter: '--other' },
    'Content-Length of nonsense': {
      ...frame,
      headers: ['Content-Length: many', 'Content-Type: image/jpeg'],
      lengthOf: () => null,
    },
    'Content-Length in odd letters': {
      ...frame,
      headers: ['cOnTeNt-LeNgTh :  99999999999'],
      lengthOf: () => null,
    },
    'an epilogue': { ...frame, tail: '\r\n--frame--\r\nbye\r\n\r\nbye' },
  };
  for (const [name, dialect] of Object.entries(dialects)) {
    for (const size of [1, 7, 100, 1460]) {
      it(`reads a stream with ${name} in chunks of ${size}`, () => {
        const taken = read(makeStream(pictures, dialect), size);
        const expected = size < 400 ? pictures : pictures.slice(-1);
        // Large chunks hold several pictures: only the newest of each is kept.
        assert.deepEqual(trimmed(taken).slice(-expected.length), expected);
      });
    }
  }

  it('finds the delimiter without an announced boundary', () => {
    assert.deepEqual(read(makeStream(pictures, { delimiter: '--x1' }), 50, { boundary: null }), pictures);
  });

  it('finds the delimiter without an announced boundary and without headers', () => {
    const stream = makeStream(pictures, { delimiter: '--x1', headers: [], lengthOf: () => null });
    assert.deepEqual(read(stream, 50, { boundary: null }), pictures);
  });

  it('drops what stands between a counted picture and the next delimiter', () => {
    const rubbish = `\r\n${'rubbish '.repeat(5_000)}\r\n`;
    assert.deepEqual(
      read(makeStream(pictures, { ...frame, gap: rubbish }), 999, { maxBytes: 60_000 }),
      pictures,
    );
    assert.throws(
      () => read(makeStream(pictures, { ...frame, gap: rubbish }), 999, { maxBytes: 20_000 }),
      /more than/,
    );
  });

  it('is not led astray by EXIF thumbnails', () => {
    const withThumbnails = [5, 6, 7].map((seed) => makePicture({ seed, hasThumbnail: true }));
    for (const lengthOf of [undefined, () => null]) {
      const stream = makeStream(withThumbnails, lengthOf === undefined ? frame : { ...frame, lengthOf });
      assert.deepEqual(read(stream, 1), withThumbnails);
    }
  });

  it('does not take a short delimiter within a picture for one', () => {
    const [picture = Buffer.alloc(0)] = pictures;
    const odd = Buffer.concat([
      picture.subarray(0, 300),
      Buffer.from('x--b\r\ny--b--z'),
      picture.subarray(300),
    ]);
    const stream = makeStream([odd, odd], { delimiter: '--b', lengthOf: () => null });
    assert.deepEqual(read(stream, 10, { boundary: 'b' }), [odd, odd]);
  });

  it('hands a counted picture out with its last byte, before the next delimiter', () => {
    const parser = createMjpegParser({ boundary: 'frame' });
    const stream = makeStream(pictures.slice(0, 1), { ...frame, tail: '' });
    parser.push(stream.subarray(0, -1));
    assert.equal(parser.take(), null);
    parser.push(stream.subarray(-1));
    assert.deepEqual(parser.take(), pictures[0]);
    assert.equal(parser.take(), null, 'once');
  });

  it('hands an uncounted picture out with its last byte too', () => {
    const parser = createMjpegParser({ boundary: 'frame' });
    parser.push(makeStream(pictures.slice(0, 1), { ...frame, tail: '', lengthOf: () => null }));
    assert.deepEqual(parser.take(), pictures[0]);
  });

  it('passes a picture on that the server cut off, for others to judge', () => {
    const whole = makePicture({ seed: 9 });
    const cut = whole.subarray(0, 200);
    assert.deepEqual(read(makeStream([cut, whole], frame), 40), [cut, whole]);
  });

  it('keeps empty parts and other lines from counting as pictures', () => {
    const stream = Buffer.concat([
      Buffer.from('--frame\r\n\r\n\r\n'),
      makeStream(pictures, { ...frame, gap: '\r\n--frame\r\n\r\n\r\n' }),
    ]);
    const parser = createMjpegParser({ boundary: 'frame' });
    parser.push(stream);
    assert.equal(parser.count, pictures.length);
    assert.deepEqual(parser.take(), pictures.at(-1));
  });

  it('steps over pictures that are not wanted', () => {
    for (const lengthOf of [undefined, () => null]) {
      const stream = makeStream(pictures, lengthOf === undefined ? frame : { ...frame, lengthOf });
      for (const size of [1, 100, 5000]) {
        const taken = read(stream, size, { isWanted: (index) => index === 1 });
        assert.deepEqual(trimmed(taken), pictures.slice(1, 2));
      }
    }
  });

  it('finds its way again when a length is wrong while stepping over', () => {
    const stream = makeStream([...pictures, ...pictures], {
      ...frame,
      lengthOf: (picture) => picture.length - 30,
    });
    assert.deepEqual(
      read(stream, 64, { isWanted: (index) => index > 0 }),
      [...pictures, ...pictures].slice(1),
    );
  });

  it('gives a picture past the limit up, counted or not', () => {
    const large = makePicture({ dataBytes: 300_000 });
    for (const lengthOf of [undefined, () => null]) {
      for (const isWanted of [() => true, () => false]) {
        const stream = makeStream([large], lengthOf === undefined ? frame : { ...frame, lengthOf });
        assert.throws(
          () => read(stream, 1460, { maxBytes: 100_000, isWanted }),
          (error) => error instanceof CameraError && error.code === 'CAMERA_TOO_LARGE',
        );
      }
    }
  });

  it('holds no more than the limit of an endless picture in one chunk', () => {
    const endless = Buffer.concat([
      Buffer.from('--frame\r\n\r\n\xff\xd8', 'latin1'),
      Buffer.alloc(30_000_000, 7),
    ]);
    const before = process.memoryUsage().arrayBuffers;
    assert.throws(() => read(endless, endless.length, { maxBytes: 1_000_000 }), /more than/);
    assert.ok(process.memoryUsage().arrayBuffers - before < 6_000_000);
  });

  it('gives up where no picture begins', () => {
    for (const text of ['<html>'.repeat(20_000), `--frame\r\n${'X: y\r\n'.repeat(20_000)}`]) {
      assert.throws(
        () => read(Buffer.from(text), 1460),
        (error) => error instanceof CameraError && error.code === 'CAMERA_NOT_JPEG',
      );
    }
  });

  it('needs no more memory after 10,000 pictures than after 100', () => {
    const parser = createMjpegParser({ boundary: 'frame' });
    const stream = makeStream([makePicture({ dataBytes: 20_000 })], { ...frame, tail: '\r\n' });
    const run = (count: number) => {
      for (let i = 0; i < count; i += 1) parser.push(stream);
      return process.memoryUsage().arrayBuffers;
    };
    const early = run(100);
    assert.ok(run(9_900) - early < 100_000);
    assert.equal(parser.count, 10_000);
  });
});

describe('boundaryOf', () => {
  for (const [contentType, expected] of [
    ['multipart/x-mixed-replace;boundary=frame', 'frame'],
    ['multipart/x-mixed-replace; Boundary="a b;c"', 'a b;c'],
    ["multipart/x-mixed-replace; boundary='q'", 'q'],
    ['multipart/x-mixed-replace; boundary = --x ; y=z', '--x'],
    ['multipart/x-mixed-replace', null],
    ['multipart/x-mixed-replace; boundary=""', null],
  ] as const) {
    it(contentType, () => assert.equal(boundaryOf(contentType), expected));
  }
});

const pictureArbitrary = fc.record({
  dataBytes: fc.integer({ min: 8, max: 3_000 }),
  hasThumbnail: fc.boolean(),
  isProgressive: fc.boolean(),
});
const dialectArbitrary = fc.record({
  dashes: fc.constantFrom('--', '----', '-----'),
  core: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.:=-]{6,30}[A-Za-z0-9]$/),
  lineEnd: fc.constantFrom('\r\n', '\n'),
  gap: fc.constantFrom('\r\n', '\n', '', '\0\0\0\r\n'),
  preamble: fc.constantFrom('', '\r\n', 'hello\r\n\r\n'),
  isAnnounced: fc.boolean(),
});
const chunksArbitrary = fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 1, maxLength: 50 });

/** Feeds `bytes` in chunks of the given sizes, over and over. */
function readChunked(bytes: Buffer, sizes: readonly number[], boundary: string | null) {
  const parser = createMjpegParser({ boundary });
  const taken: Buffer[] = [];
  const take = () => {
    const picture = parser.take();
    if (picture !== null) taken.push(Buffer.from(picture));
  };
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    // The chunk is overwritten after use: the parser must not hold on to it.
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    parser.push(chunk);
    chunk.fill(0xaa);
    take();
    at += size;
  }
  parser.end();
  take();
  return { taken, count: parser.count };
}

/** Every picture taken is one that was sent, in their order, and the last one sent is the last one taken. */
function assertNewest(taken: readonly Buffer[], sent: readonly Buffer[]) {
  let next = 0;
  for (const one of trimmed(taken)) {
    const at = sent.findIndex((picture, index) => index >= next && picture.equals(one));
    assert.ok(at >= 0, 'a picture that was never sent, or came twice');
    next = at + 1;
  }
  assert.equal(next, sent.length);
}

describe('createMjpegParser under any chunking', () => {
  const encode = (
    specs: readonly { dataBytes: number; hasThumbnail: boolean; isProgressive: boolean }[],
    dialect: { dashes: string; core: string; lineEnd: '\r\n' | '\n'; gap: string; preamble: string },
    lengthOf: NonNullable<StreamOptions['lengthOf']>,
  ) => {
    const sent = specs.map((spec, seed) => makePicture({ ...spec, seed }));
    const { lineEnd, gap, preamble } = dialect;
    return {
      sent,
      bytes: makeStream(sent, { delimiter: dialect.dashes + dialect.core, lineEnd, gap, preamble, lengthOf }),
    };
  };

  it('gives exactly the pictures that were sent', () => {
    fc.assert(
      fc.property(
        fc.array(pictureArbitrary, { minLength: 1, maxLength: 6 }),
        dialectArbitrary,
        fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
        chunksArbitrary,
        (specs, dialect, hasLength, sizes) => {
          const lengthOf = (picture: Buffer, index: number) =>
            hasLength[index] === true ? picture.length : null;
          const { sent, bytes } = encode(specs, dialect, lengthOf);
          const { taken, count } = readChunked(bytes, sizes, dialect.isAnnounced ? dialect.core : null);
          assert.equal(count, sent.length);
          assertNewest(taken, sent);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('gives them also when Content-Length lies', () => {
    fc.assert(
      fc.property(
        fc.array(pictureArbitrary, { minLength: 1, maxLength: 6 }),
        dialectArbitrary,
        fc.array(fc.integer({ min: -2_500, max: 9_000 }), { minLength: 6, maxLength: 6 }),
        chunksArbitrary,
        (specs, dialect, errors, sizes) => {
          // A server that has begun with a right one is believed, also where a wrong one ends at the end of a later picture.
          const lengthOf = (picture: Buffer, index: number) =>
            Math.max(0, picture.length + (errors[index] || 1));
          const { sent, bytes } = encode(specs, dialect, lengthOf);
          const { taken, count } = readChunked(bytes, sizes, dialect.core);
          assert.equal(count, sent.length);
          assertNewest(taken, sent);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('gives them also when a Content-Length lies so that it ends at the end of a later thumbnail', () => {
    const sent = [0, 1, 2].map((seed) =>
      makePicture({ seed, dataBytes: 40, hasThumbnail: true, isProgressive: false }),
    );
    const inside = (sent[1]?.indexOf(Buffer.from([0xff, 0xd9])) ?? 0) + 2;
    const withoutLie = makeStream(sent, { delimiter: '--frame' });
    const starts = sent.map((picture) => withoutLie.indexOf(picture));
    const lie = (starts[1] ?? 0) - (starts[0] ?? 0) + inside;
    for (const size of [1, 7, 100_000]) {
      const bytes = makeStream(sent, {
        delimiter: '--frame',
        lengthOf: (picture, index) => (index === 0 ? lie : picture.length),
      });
      const { taken, count } = readChunked(bytes, [size], 'frame');
      assert.equal(count, 3);
      assertNewest(taken, sent);
    }
  });

  it('survives anything', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.uint8Array({ maxLength: 300 }),
            fc.constantFrom(
              ...[
                '--frame\r\n',
                '\r\n\r\n',
                '--frame--',
                'Content-Length: 40\r\n',
                '\xff\xd8',
                '\xff\xd9',
              ].map((text) => Buffer.from(text, 'latin1')),
            ),
          ),
          { maxLength: 60 },
        ),
        (chunks) => {
          const parser = createMjpegParser({ boundary: 'frame', maxBytes: 2_000 });
          try {
            for (const chunk of chunks) parser.push(chunk);
            parser.end();
          } catch (error) {
            assert.ok(error instanceof CameraError, String(error));
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
