// JPEG files that need no encoder: real markers around made-up picture data. They inspect as JPEG and do not decode.

/** What the made-up picture looks like from outside. */
export interface PictureOptions {
  readonly width?: number;
  readonly height?: number;
  /** Bytes of picture data. */
  readonly dataBytes?: number;
  /** Different numbers give different data. */
  readonly seed?: number;
  /** Puts a whole small JPEG into an EXIF segment, as phones and some cameras do. */
  readonly hasThumbnail?: boolean;
  readonly isProgressive?: boolean;
}

/** Makes one picture, SOI to EOI. */
export function makePicture(options: PictureOptions = {}): Buffer {
  const { width = 1280, height = 720, dataBytes = 500, seed = 1 } = options;
  const parts = [
    Buffer.from([0xff, 0xd8]),
    segment(0xe0, Buffer.from('JFIF\0\x01\x01\0\0\x01\0\x01\0\0', 'latin1')),
  ];
  if (options.hasThumbnail === true) {
    const thumbnail = makePicture({ width: 160, height: 120, dataBytes: 40, seed: seed + 77 });
    parts.push(segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), thumbnail])));
  }
  const size = Buffer.from([height >> 8, height & 255, width >> 8, width & 255]);
  const isProgressive = options.isProgressive === true;
  parts.push(
    segment(0xdb, Buffer.alloc(65, 3)),
    segment(
      isProgressive ? 0xc2 : 0xc0,
      Buffer.concat([Buffer.from([8]), size, Buffer.from([1, 1, 0x11, 0])]),
    ),
  );
  for (let scan = 0; scan < (isProgressive ? 2 : 1); scan += 1) {
    parts.push(
      segment(0xc4, Buffer.alloc(20, 1)),
      segment(0xda, Buffer.from([1, 1, 0, 0, 0x3f, 0])),
      scanData(dataBytes, seed + scan),
    );
  }
  parts.push(Buffer.from([0xff, 0xd9]));
  return Buffer.concat(parts);
}

function segment(marker: number, body: Buffer): Buffer {
  const length = body.length + 2;
  return Buffer.concat([Buffer.from([0xff, marker, length >> 8, length & 255]), body]);
}

/** Random bytes as an entropy coder leaves them: FF only before 00 or a restart marker, and never last. */
function scanData(size: number, seed: number): Buffer {
  const data = Buffer.alloc(size);
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  for (let at = 0; at < size; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    data[at] = state >>> 24;
    if (data[at - 1] === 0xff) data[at] = at % 3 === 0 ? 0xd0 + (at % 8) : 0;
  }
  if (size > 0) data[size - 1] = 0x15;
  // Pictures of one size must differ for certain.
  if (size >= 8) data.writeUInt32BE(seed & 0x7f7f7f7f, 0);
  return data;
}

/** How a server writes its multipart stream. */
export interface StreamOptions {
  /** The line in front of each part, dashes included. */
  readonly delimiter: string;
  readonly lineEnd?: '\r\n' | '\n';
  /** Content-Length of a part; null leaves the header out. */
  readonly lengthOf?: (picture: Buffer, index: number) => number | null;
  readonly preamble?: string;
  /** What stands between a picture and the delimiter behind it. */
  readonly gap?: string;
  /** What ends the stream. */
  readonly tail?: string;
  readonly headers?: readonly string[];
}

/** Writes the pictures as one stream. */
export function makeStream(pictures: readonly Buffer[], options: StreamOptions): Buffer {
  const { delimiter, lineEnd = '\r\n', gap = lineEnd, headers = ['Content-Type: image/jpeg'] } = options;
  const parts: Buffer[] = [Buffer.from(options.preamble ?? '', 'latin1')];
  pictures.forEach((picture, index) => {
    const length = options.lengthOf === undefined ? picture.length : options.lengthOf(picture, index);
    const lines = length === null ? headers : [...headers, `Content-Length: ${length}`];
    parts.push(
      Buffer.from([delimiter, ...lines, '', ''].join(lineEnd), 'latin1'),
      picture,
      Buffer.from(
        index < pictures.length - 1 ? gap : (options.tail ?? `${gap}${delimiter}--${lineEnd}`),
        'latin1',
      ),
    );
  });
  return Buffer.concat(parts);
}
