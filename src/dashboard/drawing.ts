// Draws regions and masks into a picture for places that only take pictures; sharp is loaded when the first one is drawn.
import type { Area } from '../core/regions.ts';
import type { Frame, Region } from '../core/types.ts';
import { openJpeg } from '../lib/open-jpeg.ts';
import { withoutMetadata } from './strip-metadata.ts';

/** What is to be drawn over a picture. All in picture fractions. */
export interface Overlay {
  readonly regions: readonly Region[];
  readonly masks: readonly Area[];
}

/** Draws; the last drawing is kept, for everybody who asks for the same one. */
export type Draw = (frame: Frame, overlay: Overlay) => Promise<Uint8Array>;

/** Below the quality of most webcams, above what an eye sees at this size. */
const quality = 82;

/** Makes a drawer. It holds one drawing. */
export function createDraw(): Draw {
  let last: { readonly frame: Frame; readonly key: string; readonly drawn: Promise<Uint8Array> } | null =
    null;
  return (frame, overlay) => {
    if (overlay.regions.length + overlay.masks.length === 0)
      return Promise.resolve(withoutMetadata(frame.jpeg));
    const key = JSON.stringify(overlay);
    if (last?.frame !== frame || last.key !== key) last = { frame, key, drawn: drawOver(frame, overlay) };
    return last.drawn;
  };
}

/** A picture that cannot be drawn upon is given as it is: whoever looks sees what the camera sees. */
async function drawOver(frame: Frame, overlay: Overlay): Promise<Uint8Array> {
  try {
    const image = await openJpeg(frame.jpeg);
    const input = Buffer.from(overlaySvg(frame, overlay));
    return await image.composite([{ input }]).jpeg({ quality }).toBuffer();
  } catch {
    return withoutMetadata(frame.jpeg);
  }
}

function overlaySvg({ width, height }: Frame, { regions, masks }: Overlay): string {
  const line = Math.max(2, Math.round(height / 240));
  const polygons = masks.map((points) => {
    const list = points.map(({ x, y }) => `${round(x * width)},${round(y * height)}`).join(' ');
    return `<polygon points="${list}" fill="#000" fill-opacity="0.45" stroke="#9fb3c8" stroke-width="${line}" stroke-dasharray="${line * 3}"/>`;
  });
  const boxes = regions.map(({ x1, y1, x2, y2, score }) => {
    const place = `x="${round(x1 * width)}" y="${round(y1 * height)}" width="${round((x2 - x1) * width)}" height="${round((y2 - y1) * height)}"`;
    const color = score >= 0.5 ? '#ff3b30' : '#ffb020';
    return `<rect ${place} rx="${line * 2}" fill="${color}" fill-opacity="0.10" stroke="${color}" stroke-width="${line * 1.5}"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${[...polygons, ...boxes].join('')}</svg>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
