// The scene grid of a picture as the user sees it: its brightness in a few cells.
import { gridColumns, gridRows, type SceneGrid, toSceneGrid } from '../core/scene-grid.ts';
import type { View } from './pixels.ts';
import type { SmallPicture } from './small-picture.ts';

/** The grid of a picture, turned and mirrored by `view`. A picture of fewer blocks than cells gives neighbours the same value. */
export function viewGrid(picture: SmallPicture, view: View): SceneGrid {
  const plane = picture.planes[0] ?? new Float32Array();
  const brightness: number[] = [];
  for (let row = 0; row < gridRows; row += 1) {
    for (let column = 0; column < gridColumns; column += 1) {
      const a = toStored(column / gridColumns, row / gridRows, view);
      const b = toStored((column + 1) / gridColumns, (row + 1) / gridRows, view);
      brightness.push(Math.min(Math.max(meanOf(plane, picture, a, b) + 128, 0), 255));
    }
  }
  return toSceneGrid(brightness);
}

type Place = readonly [x: number, y: number];

/** Where a place of the view, in fractions, lies in the picture as stored: mirrors undone first, then the turn. */
function toStored(x: number, y: number, { rotation, flipHorizontal, flipVertical }: View): Place {
  const [u, v] = [flipHorizontal ? 1 - x : x, flipVertical ? 1 - y : y];
  switch (rotation) {
    case 0:
      return [u, v];
    case 90:
      return [v, 1 - u];
    case 180:
      return [1 - u, 1 - v];
    case 270:
      return [1 - v, u];
  }
}

/** Mean over the blocks between two corners, at least one block. */
function meanOf(plane: Float32Array, { width, height }: SmallPicture, a: Place, b: Place): number {
  const [left, right] = span(a[0], b[0], width);
  const [top, bottom] = span(a[1], b[1], height);
  let sum = 0;
  for (let y = top; y < bottom; y += 1) {
    for (let x = left; x < right; x += 1) sum += plane[y * width + x] ?? 0;
  }
  return sum / ((right - left) * (bottom - top));
}

function span(a: number, b: number, length: number): readonly [from: number, to: number] {
  const from = Math.min(Math.round(Math.min(a, b) * length), length - 1);
  return [from, Math.max(Math.round(Math.max(a, b) * length), from + 1)];
}
