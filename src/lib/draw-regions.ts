// Draws rectangles into a JPEG: what was seen, for a person to look at.
import { openJpeg } from './open-jpeg.ts';

/** A rectangle in picture fractions 0..1, origin top left. */
export interface Rectangle {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** Rectangles at most; more would only hide the picture. */
const maxRectangles = 50;
const quality = 85;

/**
 * The picture with the rectangles drawn, each in white on black so that it shows on any background. Without rectangles
 * it is returned as it is, and sharp is not loaded.
 * @param picture the JPEG and its size in pixels
 * @throws sharp's own error for a picture that cannot be decoded
 */
export async function drawRegions(
  picture: { readonly jpeg: Uint8Array; readonly width: number; readonly height: number },
  regions: readonly Rectangle[],
): Promise<Uint8Array> {
  if (regions.length === 0) return picture.jpeg;
  const { jpeg, width, height } = picture;
  const line = Math.max(2, Math.round(Math.min(width, height) / 240));
  const shapes = regions.slice(0, maxRectangles).map(({ x1, y1, x2, y2 }) => {
    const at = [x1 * width, y1 * height, (x2 - x1) * width, (y2 - y1) * height].map((side) =>
      Math.max(0, side).toFixed(1),
    );
    return `<rect x="${at[0]}" y="${at[1]}" width="${at[2]}" height="${at[3]}"/>`;
  });
  const group = (colour: string, stroke: number) =>
    `<g fill="none" stroke="${colour}" stroke-width="${stroke}">${shapes.join('')}</g>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${group('black', line * 2)}${group('white', line)}</svg>`;
  const image = await openJpeg(jpeg);
  return image
    .composite([{ input: Buffer.from(svg) }])
    .jpeg({ quality })
    .toBuffer();
}
