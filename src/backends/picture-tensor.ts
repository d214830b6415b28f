// Turns a JPEG into the numbers that a model is fed with: decoded small, laid into the input, and in the model's order.
import type { CardInput } from '../core/model-card.ts';
import { openJpeg } from '../lib/open-jpeg.ts';
import { type Fit, type FitRules, fitPicture, type Size } from './fit.ts';

/** Numbers in row-major order of `nchw` or `nhwc`, one picture. */
export type Pixels = Float32Array | Uint8Array;

/** A JPEG and its size in pixels. */
export interface Picture extends Size {
  readonly jpeg: Uint8Array;
}

/** What of a card decides over pixels. */
export type PixelRules = Pick<CardInput, 'layout' | 'colour' | 'mean' | 'scale' | 'padding'> & FitRules;

/**
 * Decodes a picture straight to the size of the input. Scaled by triangle filter, as Pillow's BILINEAR does; an EXIF
 * orientation is not applied. `FP32` is normalised by mean and scale, `UINT8` keeps its values.
 * @param input the largest that the model takes; `fit` says how much of it is used
 * @param into numbers of the picture before, to be written over where they are as many
 * Rejects with sharp's error for a picture that cannot be decoded.
 */
export async function pictureTensor(
  picture: Picture,
  input: Size,
  datatype: 'FP32' | 'UINT8',
  rules: PixelRules,
  into: Pixels | null = null,
): Promise<{ readonly pixels: Pixels; readonly fit: Fit }> {
  const fit = fitPicture(picture, input, rules);
  const rgb = await decode(picture.jpeg, fit.picture);
  return { pixels: lay(rgb, fit, datatype, rules, into), fit };
}

/** The picture scaled down to fit into `limit`, its proportions kept, as JPEG; one that already fits is returned as it is. */
export async function smallJpeg(picture: Picture, limit: Size): Promise<Picture> {
  if (picture.width <= limit.width && picture.height <= limit.height) return picture;
  const { width, height } = fitPicture(picture, limit, { resize: 'letterbox', multiple: null }).picture;
  const image = await open(picture.jpeg, { width, height });
  const jpeg = await image.jpeg({ quality: 90 }).toBuffer();
  return { jpeg, width, height };
}

/** Three bytes a pixel, rows from the top. */
async function decode(jpeg: Uint8Array, size: Size): Promise<Uint8Array> {
  const image = await open(jpeg, size);
  const { data, info } = await image
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels === 3) return data;
  const rgb = new Uint8Array(size.width * size.height * 3);
  for (let at = 0; at < rgb.length; at += 1) rgb[at] = data[Math.floor(at / 3) * info.channels] ?? 0;
  return rgb;
}

async function open(jpeg: Uint8Array, { width, height }: Size) {
  const image = await openJpeg(jpeg);
  return image.resize(width, height, { fit: 'fill', kernel: 'linear' });
}

function lay(
  rgb: Uint8Array,
  fit: Fit,
  datatype: 'FP32' | 'UINT8',
  rules: PixelRules,
  into: Pixels | null,
): Pixels {
  const { width, height } = fit.input;
  const isFirst = rules.layout === 'nchw';
  const Numbers = datatype === 'FP32' ? Float32Array : Uint8Array;
  const isRoom = into instanceof Numbers && into.length === width * height * 3;
  const pixels: Pixels = isRoom ? into : new Numbers(width * height * 3);
  for (let channel = 0; channel < 3; channel += 1) {
    const values = valuesOf(channel, datatype, rules);
    const source = rules.colour === 'rgb' ? channel : 2 - channel;
    const start = isFirst ? channel * width * height : channel;
    const step = isFirst ? 1 : 3;
    const hasBars = fit.picture.width < width || fit.picture.height < height;
    if (hasBars) {
      const grey = values[rules.padding] ?? 0;
      for (let at = 0, to = start; at < width * height; at += 1, to += step) pixels[to] = grey;
    }
    for (let y = 0, from = source; y < fit.picture.height; y += 1) {
      let to = start + ((fit.top + y) * width + fit.left) * step;
      for (let x = 0; x < fit.picture.width; x += 1, from += 3, to += step)
        pixels[to] = values[rgb[from] ?? 0] ?? 0;
    }
  }
  return pixels;
}

/** Turns a picture's numbers, where they are, into those of the picture upside down: turned by 180°, not mirrored. */
export function turnHalf(pixels: Pixels, layout: PixelRules['layout']): void {
  if (layout === 'nchw') {
    const plane = pixels.length / 3;
    for (let colour = 0; colour < 3; colour += 1)
      pixels.subarray(colour * plane, (colour + 1) * plane).reverse();
    return;
  }
  pixels.reverse();
  // Now the colours of each pixel come in the other order, too.
  for (let at = 0; at + 2 < pixels.length; at += 3) {
    const first = pixels[at] ?? 0;
    pixels[at] = pixels[at + 2] ?? 0;
    pixels[at + 2] = first;
  }
}

/** What each of the 256 values of a colour becomes. */
function valuesOf(
  channel: number,
  datatype: 'FP32' | 'UINT8',
  { mean, scale }: PixelRules,
): readonly number[] {
  const [m = 0, s = 1] = [mean[channel], scale[channel]];
  return Array.from({ length: 256 }, (_, value) => (datatype === 'FP32' ? (value - m) * s : value));
}

/** A grey picture with nothing in it, to try a model. */
export async function blankPicture({ width, height }: Size): Promise<Picture> {
  const { default: sharp } = await import('sharp');
  const image = sharp({ create: { width, height, channels: 3, background: '#808080' } });
  return { jpeg: await image.jpeg().toBuffer(), width, height };
}
