// Paints areas of a JPEG out, each in the colour of its own edge.
import { openJpeg } from './open-jpeg.ts';

/** Three or more points in picture fractions 0..1, origin top left; where it crosses itself the even-odd rule says what is inside. */
export type Polygon = readonly { readonly x: number; readonly y: number }[];

interface Raster {
  /** Rows from the top, `channels` bytes a pixel. */
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** So high that what is outside stays as good as it was: the picture has been encoded before. */
const quality = 92;
/** Points of an edge whose colour is taken; more would not change the mean. */
const samplesPerSide = 64;

/**
 * The picture with the areas painted flat. The colour is the mean along the outline: an area in grey would have edges of its
 * own, and a judge might see something in them. Nothing but the pixels is taken over: a thumbnail in the file would still show
 * what was there. Without areas the bytes are returned as they are, and sharp is not loaded.
 * @throws sharp's own error for a picture that cannot be decoded
 */
export async function paintAreas(jpeg: Uint8Array, areas: readonly Polygon[]): Promise<Uint8Array> {
  if (areas.length === 0) return jpeg;
  const { default: sharp } = await import('sharp');
  const image = await openJpeg(jpeg);
  const { data, info } = await image
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  for (const area of areas) fill({ data, width, height, channels }, area);
  return sharp(data, { raw: { width, height, channels } }).jpeg({ quality }).toBuffer();
}

/** Fills every pixel whose middle is inside. */
function fill(raster: Raster, area: Polygon): void {
  const { data, width, height, channels } = raster;
  const colour = colourAlong(raster, area);
  const firstPixel = (x: number) => Math.min(Math.max(Math.ceil(x * width - 0.5), 0), width);
  for (let row = 0; row < height; row += 1) {
    const crossings = crossingsAt(area, (row + 0.5) / height);
    for (let at = 0; at + 1 < crossings.length; at += 2) {
      const from = (row * width + firstPixel(crossings[at] ?? 0)) * channels;
      const to = (row * width + firstPixel(crossings[at + 1] ?? 0)) * channels;
      if (from < to) data.fill(colour, from, to);
    }
  }
}

/** Where the outline crosses this height, from the left. */
function crossingsAt(area: Polygon, y: number): number[] {
  const found: number[] = [];
  let before = area.at(-1);
  for (const corner of area) {
    if (before !== undefined && corner.y > y !== before.y > y) {
      found.push(before.x + ((y - before.y) / (corner.y - before.y)) * (corner.x - before.x));
    }
    before = corner;
  }
  return found.sort((a, b) => a - b);
}

function colourAlong({ data, width, height, channels }: Raster, area: Polygon): Buffer {
  const sums = Array.from({ length: channels }, () => 0);
  let count = 0;
  let before = area.at(-1);
  for (const corner of area) {
    for (let sample = 0; before !== undefined && sample < samplesPerSide; sample += 1) {
      const share = sample / samplesPerSide;
      const x = Math.min(Math.floor((before.x + share * (corner.x - before.x)) * width), width - 1);
      const y = Math.min(Math.floor((before.y + share * (corner.y - before.y)) * height), height - 1);
      for (let channel = 0; channel < channels; channel += 1) {
        sums[channel] = (sums[channel] ?? 0) + (data[(y * width + x) * channels + channel] ?? 0);
      }
      count += 1;
    }
    before = corner;
  }
  return Buffer.from(sums.map((sum) => Math.round(sum / Math.max(count, 1))));
}
