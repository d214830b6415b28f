// Measures the MJPEG parser: bytes and pictures a second by chunk size, kept and stepped over, and memory over many pictures.
import { createMjpegParser, type MjpegParser } from '../../src/camera/mjpeg.ts';

/** One measured case. */
export interface MjpegRow {
  readonly what: string;
  readonly chunkBytes: number;
  /** Decimal megabytes a second. */
  readonly mbPerS: number;
  readonly framesPerS: number;
  /** The goal in MB/s; null where there is none. */
  readonly goalMbPerS: number | null;
  readonly isMet: boolean;
  /** Pictures that came out otherwise than they went in; 0 unless the parser is broken. */
  readonly wrongFrames: number;
}

/** Growth of the process from the 1,000th to the last of these pictures, in MB. */
export interface MjpegMemory {
  readonly frames: number;
  readonly rssGrowthMb: number;
}

const boundary = 'boundarydonotcross';
/** As a 720p picture of a Raspberry Pi camera. */
const frameBytes = 74_500;
const frames = 600;
const passes = 9;
const warmUps = 3;

interface Case {
  readonly what: string;
  readonly hasLength: boolean;
  readonly isWanted: boolean;
  /** Every picture is taken, so that each needs a new buffer; else newer ones replace older ones. */
  readonly isTaken: boolean;
  readonly goalMbPerS: number | null;
}

const cases: readonly Case[] = [
  { what: 'Content-Length, kept', hasLength: true, isWanted: true, isTaken: false, goalMbPerS: 2_000 },
  {
    what: 'Content-Length, kept and taken',
    hasLength: true,
    isWanted: true,
    isTaken: true,
    goalMbPerS: 2_000,
  },
  {
    what: 'Content-Length, stepped over',
    hasLength: true,
    isWanted: false,
    isTaken: false,
    goalMbPerS: 10_000,
  },
  { what: 'no Content-Length, kept', hasLength: false, isWanted: true, isTaken: false, goalMbPerS: null },
];

/** Runs all cases. Takes about ten seconds and 100 MB. */
export async function benchMjpeg(): Promise<{ rows: MjpegRow[]; memory: MjpegMemory }> {
  const picture = createPicture();
  const rows: MjpegRow[] = [];
  for (const chunkBytes of [1_460, 16 * 1024, 64 * 1024]) {
    for (const one of cases) {
      rows.push(measure(one, picture, chunkBytes));
      // The machine is shared: other work gets a turn between two cases, not within one.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return { rows, memory: await measureMemory(picture) };
}

/** Not a picture that decodes, but one with the markers and the byte statistics of one, with a thumbnail in its EXIF. */
function createPicture(): Buffer {
  const picture = Buffer.alloc(frameBytes);
  let seed = 1;
  for (let at = 0; at < frameBytes; at += 1) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    picture[at] = seed >>> 24;
    // Entropy-coded data: FF is followed by 00.
    if (picture[at - 1] === 0xff) picture[at] = 0;
  }
  const app1 = Buffer.from('ffe1001045786966000000ffd8abcdffd900', 'hex');
  const sof = Buffer.from('ffc0001108' + '02d0' + '0500' + '03012200021101031101', 'hex');
  const sos = Buffer.from('ffda000c03010002110311003f00', 'hex');
  Buffer.concat([Buffer.from([0xff, 0xd8]), app1, sof, sos]).copy(picture);
  picture.set([0x11, 0xff, 0xd9], frameBytes - 3);
  return picture;
}

function createPart(picture: Buffer, hasLength: boolean): Buffer {
  const length = hasLength ? `Content-Length: ${picture.length}\r\n` : '';
  const head = `--${boundary}\r\nContent-Type: image/jpeg\r\n${length}X-Timestamp: 1700000000.123456\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), picture, Buffer.from('\r\n')]);
}

function split(bytes: Buffer, chunkBytes: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes));
  return chunks;
}

function measure(one: Case, picture: Buffer, chunkBytes: number): MjpegRow {
  const part = createPart(picture, one.hasLength);
  const stream = Buffer.concat(Array.from({ length: frames }, () => part));
  const chunks = split(stream, chunkBytes);
  const seconds: number[] = [];
  let counted = 0;
  for (let pass = -warmUps; pass < passes; pass += 1) {
    const parser = createMjpegParser({ boundary, isWanted: () => one.isWanted });
    const startMs = performance.now();
    counted = drain(parser, chunks, one.isTaken);
    if (pass >= 0) seconds.push((performance.now() - startMs) / 1_000);
  }
  const median = seconds.sort((a, b) => a - b)[Math.floor(seconds.length / 2)] ?? Number.NaN;
  const mbPerS = Math.round(stream.length / 1e6 / median);
  return {
    what: one.what,
    chunkBytes,
    mbPerS,
    framesPerS: Math.round(frames / median),
    goalMbPerS: one.goalMbPerS,
    isMet: one.goalMbPerS === null || mbPerS >= one.goalMbPerS,
    wrongFrames: frames - counted + (one.isWanted ? countWrong(chunks, picture) : 0),
  };
}

/** Feeds all chunks and returns how many pictures the parser counted. */
function drain(parser: MjpegParser, chunks: readonly Buffer[], isTaken: boolean): number {
  for (const chunk of chunks) {
    parser.push(chunk);
    if (isTaken) parser.take();
  }
  parser.end();
  return parser.count;
}

function countWrong(chunks: readonly Buffer[], picture: Buffer): number {
  const parser = createMjpegParser({ boundary });
  let wrong = 0;
  for (const chunk of chunks) {
    parser.push(chunk);
    const taken = parser.take();
    if (taken !== null && !taken.equals(picture)) wrong += 1;
  }
  return wrong;
}

async function measureMemory(picture: Buffer): Promise<MjpegMemory> {
  const chunks = split(createPart(picture, true), 1_460);
  const parser = createMjpegParser({ boundary });
  const total = 10_000;
  let before = 0;
  for (let frame = 1; frame <= total; frame += 1) {
    for (const chunk of chunks) parser.push(chunk);
    // As at camera rates: most pictures are replaced, some are taken.
    if (frame % 10 === 0) parser.take();
    if (frame % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    if (frame === 1_000) before = process.memoryUsage.rss();
  }
  return { frames: total, rssGrowthMb: Number(((process.memoryUsage.rss() - before) / 1e6).toFixed(1)) };
}
