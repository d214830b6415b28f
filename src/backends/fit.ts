// Where a picture comes to lie within a model's input, and the way back from there.
import type { CardInput } from '../core/model-card.ts';
import type { Region } from '../core/types.ts';

/** Pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The picture within the input. Pixels of the input, all whole. */
export interface Fit {
  readonly input: Size;
  readonly left: number;
  readonly top: number;
  /** The picture once it has been scaled. */
  readonly picture: Size;
}

/** A rectangle in pixels of the input. */
export interface Box {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** What of a card decides where a picture lies. */
export type FitRules = Pick<CardInput, 'resize' | 'multiple'>;

/**
 * Lays a picture into an input: whole, in the middle, and as large as it can be.
 * @param largest the input; with `multiple` it ends where the picture does, at the next multiple
 */
export function fitPicture(picture: Size, largest: Size, { resize, multiple }: FitRules): Fit {
  if (resize === 'stretch') return { input: largest, left: 0, top: 0, picture: largest };
  const scale = Math.min(largest.width / picture.width, largest.height / picture.height);
  const scaled = (length: number, limit: number) => Math.min(Math.max(Math.round(length * scale), 1), limit);
  const width = scaled(picture.width, largest.width);
  const height = scaled(picture.height, largest.height);
  const filled = (length: number, limit: number) =>
    multiple === null ? limit : Math.min(Math.ceil(length / multiple) * multiple, limit);
  const input = { width: filled(width, largest.width), height: filled(height, largest.height) };
  return {
    input,
    left: Math.floor((input.width - width) / 2),
    top: Math.floor((input.height - height) / 2),
    picture: { width, height },
  };
}

/** A box as fractions of the picture, cut off at its edges; null where it lies beside the picture. */
export function toPicture({ left, top, picture }: Fit, box: Box): Omit<Region, 'score'> | null {
  const x1 = fraction(box.x1 - left, picture.width);
  const y1 = fraction(box.y1 - top, picture.height);
  const x2 = fraction(box.x2 - left, picture.width);
  const y2 = fraction(box.y2 - top, picture.height);
  return x1 < x2 && y1 < y2 ? { x1, y1, x2, y2 } : null;
}

function fraction(length: number, whole: number): number {
  return Math.min(Math.max(length / whole, 0), 1);
}
