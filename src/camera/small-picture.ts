// A JPEG at an eighth of its size, read from its own data: the mean of each block of 8 × 8 pixels is written there.
import { BitReader, type HuffmanTable, makeTable } from './huffman.ts';
import { standardTables } from './standard-tables.ts';

/**
 * The means of the blocks, rows from the top, as stored: no EXIF orientation, no view of the user's applied. Sources: ITU-T T.81
 * (the data), T.871 (the colours).
 */
export interface SmallPicture {
  /** Blocks across and down. */
  readonly width: number;
  readonly height: number;
  /** Brightness, and blue and red against it, each −128..127 and some more; without colours only the first. */
  readonly planes: readonly Float32Array[];
  /** Rows of blocks that are coded together; 1, or 2 where colours are stored at half the height. */
  readonly stripHeight: number;
  /** 0..1: how much of the picture's data is not there, or no code. */
  readonly missing: number;
}

interface Component {
  readonly id: number;
  readonly across: number;
  readonly down: number;
  readonly quantization: number;
  /** Blocks in a row and in a column of what is stored, whole strips. */
  width: number;
  height: number;
  values: Float32Array;
  dc: number;
  ac: number;
  predicted: number;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly isProgressive: boolean;
  readonly components: readonly Component[];
  readonly maxAcross: number;
  readonly maxDown: number;
}

/** No webcam sends more: 8,192 pixels a side. */
const maxBlocks = 1_024 * 1_024;

/**
 * Reads a whole JPEG as `inspectJpeg` accepts it: baseline, or the first scans of a progressive one. Takes some 4 ms for 720p.
 * @returns null for a kind of JPEG that no webcam sends (arithmetic coding, 12 bits, CMYK) and for markers that make no sense
 */
export function readSmall(jpeg: Uint8Array): SmallPicture | null {
  const { dc, ac } = standardTables();
  const factors: number[] = [];
  let frame: Frame | null = null;
  let interval = 0;
  let units = 0;
  let read = 0;
  let at = 2;
  for (;;) {
    while (at < jpeg.length && jpeg[at] !== 0xff) at += 1;
    while (jpeg[at] === 0xff) at += 1;
    const marker = jpeg[at];
    at += 1;
    if (marker === undefined || marker === 0xd9) break;
    if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue;
    const segment = jpeg.subarray(at + 2, at + uint16(jpeg, at));
    at += Math.max(uint16(jpeg, at), 2);
    if (marker === 0xdb) readFactors(segment, factors);
    else if (marker === 0xc4 && !readTables(segment, dc, ac)) return null;
    else if (marker === 0xdd) interval = uint16(segment, 0);
    // Adobe's: 0 says that three colours are red, green and blue.
    else if (marker === 0xee && segment[0] === 0x41 && segment[11] === 0) return null;
    else if (marker === 0xc0 || marker === 0xc1 || marker === 0xc2) {
      frame = frame === null ? readFrame(segment, marker === 0xc2) : null;
      if (frame === null) return null;
    } else if (marker >= 0xc3 && marker <= 0xcf && marker !== 0xc4) return null;
    else if (marker === 0xda) {
      if (frame === null) return null;
      const scan = readScanHeader(segment, frame);
      if (scan === null) return null;
      if (scan.isFirst) {
        const done = readScan(jpeg, at, frame, scan, { dc, ac, interval });
        units += done.units;
        read += done.read;
        at = done.at;
      } else at = skipData(jpeg, at);
    }
  }
  if (frame === null || units === 0) return null;
  return toPicture(frame, factors, 1 - read / units);
}

function toPicture(frame: Frame, factors: readonly number[], missing: number): SmallPicture | null {
  const [first] = frame.components;
  if (first === undefined) return null;
  const width = Math.ceil(frame.width / 8);
  const height = Math.ceil(frame.height / 8);
  const planes = frame.components.map((component) => {
    const { values, quantization, across, down } = component;
    // A coefficient is 8 times the mean of its block.
    const factor = (factors[quantization] ?? 1) / 8;
    const plane = new Float32Array(width * height);
    for (let y = 0; y < height; y += 1) {
      const row = Math.floor((y * down) / frame.maxDown) * component.width;
      for (let x = 0; x < width; x += 1) {
        plane[y * width + x] = (values[row + Math.floor((x * across) / frame.maxAcross)] ?? 0) * factor;
      }
    }
    return plane;
  });
  return { width, height, planes, stripHeight: frame.maxDown, missing };
}

function readFactors(segment: Uint8Array, factors: number[]): void {
  for (let at = 0; at < segment.length; ) {
    const head = segment[at] ?? 0;
    const isWide = head >> 4 !== 0;
    factors[head & 15] = isWide ? uint16(segment, at + 1) : (segment[at + 1] ?? 1);
    at += isWide ? 129 : 65;
  }
}

function readTables(segment: Uint8Array, dc: (HuffmanTable | null)[], ac: (HuffmanTable | null)[]): boolean {
  for (let at = 0; at + 17 <= segment.length; ) {
    const head = segment[at] ?? 0;
    const counts = segment.subarray(at + 1, at + 17);
    const size = counts.reduce((sum, count) => sum + count, 0);
    const table = makeTable(counts, segment.slice(at + 17, at + 17 + size));
    if (table === null) return false;
    (head >> 4 === 0 ? dc : ac)[head & 3] = table;
    at += 17 + size;
  }
  return true;
}

function readFrame(segment: Uint8Array, isProgressive: boolean): Frame | null {
  const [height, width, count = 0] = [uint16(segment, 1), uint16(segment, 3), segment[5]];
  const isKnown = segment[0] === 8 && width > 0 && height > 0 && (count === 1 || count === 3);
  if (!isKnown || Math.ceil(width / 8) * Math.ceil(height / 8) > maxBlocks) return null;
  const heads = Array.from({ length: count }, (_, index) => segment.subarray(6 + 3 * index, 9 + 3 * index));
  const sampling = heads.map((head) => ({ across: (head[1] ?? 0) >> 4, down: (head[1] ?? 0) & 15 }));
  if (sampling.some(({ across, down }) => across < 1 || across > 4 || down < 1 || down > 4)) return null;
  const maxAcross = Math.max(...sampling.map(({ across }) => across));
  const maxDown = Math.max(...sampling.map(({ down }) => down));
  const components = heads.map((head, index): Component => {
    const { across, down } = sampling[index] ?? { across: 1, down: 1 };
    const blocksAcross = Math.ceil(width / 8 / maxAcross) * across;
    const blocksDown = Math.ceil(height / 8 / maxDown) * down;
    const values = new Float32Array(blocksAcross * blocksDown);
    const place = { width: blocksAcross, height: blocksDown, values };
    return {
      id: head[0] ?? 0,
      across,
      down,
      quantization: head[2] ?? 0,
      ...place,
      dc: 0,
      ac: 0,
      predicted: 0,
    };
  });
  return { width, height, isProgressive, components, maxAcross, maxDown };
}

interface Scan {
  readonly components: readonly Component[];
  /** Holds the means, and not only what refines them. */
  readonly isFirst: boolean;
  /** By so many bits are the means coarser than they will be. */
  readonly shift: number;
}

function readScanHeader(segment: Uint8Array, frame: Frame): Scan | null {
  const count = segment[0] ?? 0;
  const components: Component[] = [];
  for (let index = 0; index < count; index += 1) {
    const component = frame.components.find(({ id }) => id === segment[1 + 2 * index]);
    if (component === undefined) return null;
    const tables = segment[2 + 2 * index] ?? 0;
    component.dc = tables >> 4;
    component.ac = tables & 15;
    components.push(component);
  }
  const start = segment[1 + 2 * count] ?? 0;
  const approximation = segment[3 + 2 * count] ?? 0;
  const isFirst = !frame.isProgressive || (start === 0 && approximation >> 4 === 0);
  return { components, isFirst, shift: frame.isProgressive ? approximation & 15 : 0 };
}

interface Coding {
  readonly dc: readonly (HuffmanTable | null)[];
  readonly ac: readonly (HuffmanTable | null)[];
  /** Units between two restart markers; 0: none. */
  readonly interval: number;
}

/** Units are what is coded in one go: a few blocks of each component, or one block of the only one. */
function readScan(jpeg: Uint8Array, from: number, frame: Frame, scan: Scan, coding: Coding) {
  const bits = new BitReader(jpeg, from);
  const [only] = scan.components;
  const isAlone = scan.components.length === 1 && only !== undefined;
  const across = isAlone
    ? Math.ceil(Math.ceil((frame.width * only.across) / frame.maxAcross) / 8)
    : Math.ceil(frame.width / 8 / frame.maxAcross);
  const down = isAlone
    ? Math.ceil(Math.ceil((frame.height * only.down) / frame.maxDown) / 8)
    : Math.ceil(frame.height / 8 / frame.maxDown);
  const units = across * down;
  let read = 0;
  let isLost = false;
  for (let unit = 0; unit < units; unit += 1) {
    if (unit === 0 || (coding.interval > 0 && unit % coding.interval === 0)) {
      if (unit > 0 && !bits.restart()) break;
      isLost = false;
      for (const component of scan.components) component.predicted = 0;
    }
    if (isLost) {
      if (coding.interval === 0) break;
      continue;
    }
    const x = unit % across;
    const y = Math.floor(unit / across);
    for (const component of scan.components) {
      const { across: wide, down: high } = isAlone ? { across: 1, down: 1 } : component;
      for (let row = 0; row < high && !isLost; row += 1) {
        for (let column = 0; column < wide && !isLost; column += 1) {
          if (!readBlock(bits, component, coding, frame.isProgressive)) isLost = true;
          else
            component.values[(y * high + row) * component.width + x * wide + column] =
              component.predicted * 2 ** scan.shift;
        }
      }
    }
    if (bits.isPastEnd) isLost = true;
    if (!isLost) read += 1;
  }
  return { units, read, at: skipData(jpeg, Math.max(bits.at - 4, from)) };
}

/** False where there is no code. */
function readBlock(bits: BitReader, component: Component, coding: Coding, isProgressive: boolean): boolean {
  const dc = coding.dc[component.dc];
  if (dc === null || dc === undefined) return false;
  const size = bits.symbol(dc);
  if (size < 0 || size > 11) return false;
  if (size > 0) {
    const value = bits.take(size);
    component.predicted += value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
  }
  if (isProgressive) return true;
  const ac = coding.ac[component.ac];
  if (ac === null || ac === undefined) return false;
  for (let index = 1; index < 64; index += 1) {
    const symbol = bits.symbol(ac);
    if (symbol < 0) return false;
    const length = symbol & 15;
    if (length > 0) {
      index += symbol >> 4;
      if (index > 63) return false;
      bits.take(length);
    } else if (symbol === 0xf0) index += 15;
    else return true;
  }
  return true;
}

/** Where the next marker is that is none within picture data. */
function skipData(jpeg: Uint8Array, from: number): number {
  for (let at = from; at + 1 < jpeg.length; at += 1) {
    const marker = jpeg[at + 1] ?? 0;
    if (jpeg[at] === 0xff && marker !== 0 && marker !== 0xff && (marker < 0xd0 || marker > 0xd7)) return at;
  }
  return jpeg.length;
}

function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
}
