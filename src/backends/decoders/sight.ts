// What a model saw in one picture: its answer read by its card, as score and regions.
import type { CardInput, ModelCard } from '../../core/model-card.ts';
import type { Cells, Region, Score } from '../../core/types.ts';
import type { Fit } from '../fit.ts';
import { calibrate } from './activation.ts';
import { decodeGrid, gridShape } from './grid.ts';
import type { Marked } from './mark.ts';
import { classesOf, decodeScore } from './score.ts';
import { BadOutput, checkClass, shapeText, sizeOf, type Tensor } from './tensor.ts';
import { decodeYolo, yoloShape } from './yolo.ts';

/** The picture's score and where it comes from. */
export interface Sight {
  readonly score: Score;
  /** The highest first, at most 32. */
  readonly regions: readonly Region[];
  /** Of a model that judges a grid; null for all others. */
  readonly cells: Cells | null;
}

const maxRegions = 32;

/**
 * Reads a model's answer.
 * @param turned its answer to the picture upside down, where it was asked for that, too (second-look.ts)
 * @throws BadOutput for one that is not what the card says, or that makes no sense
 */
export function readSight(
  card: ModelCard,
  tensors: readonly Tensor[],
  fit: Fit,
  turned: readonly Tensor[] | null = null,
): Sight {
  for (const { name, shape, data } of [...tensors, ...(turned ?? [])]) {
    if (sizeOf(shape) !== data.length)
      throw new BadOutput(
        `holds ${data.length} numbers as ${name}, where its shape ${shapeText(shape)} wants ${sizeOf(shape)}`,
      );
  }
  const { score, regions, cells } = decode(card, tensors, fit, turned);
  return {
    score: calibrate(score, card.calibration),
    regions: regions
      .toSorted((a, b) => b.score - a.score)
      .slice(0, maxRegions)
      .map((region) => ({ ...region, score: calibrate(region.score, card.calibration) }))
      // A frame around what is calibrated to nothing would frighten. Boxes all add up, so they stay.
      .filter((region) => cells === null || region.score >= nothing),
    cells:
      cells === null
        ? null
        : { ...cells, scores: cells.scores.map((each) => short(calibrate(each, card.calibration))) },
  };
}

/** Below this a calibrated score of a cell is next to nothing. */
const nothing = 0.05;

/** Cells go into every record of a look: three digits are enough, and what is next to nothing is nothing. */
function short(score: number): number {
  return score < nothing ? 0 : Math.round(score * 1_000) / 1_000;
}

function decode(
  { input, output }: ModelCard,
  tensors: readonly Tensor[],
  fit: Fit,
  turned: readonly Tensor[] | null,
): { score: number; regions: readonly Marked[]; cells: Cells | null } {
  switch (output.decoder) {
    case 'score':
      return { score: decodeScore(output, tensors), regions: [], cells: null };
    case 'grid':
      return decodeGrid(output, input.layout, tensors, fit, turned);
    case 'yolo':
      return { ...decodeYolo(output, tensors, fit), cells: null };
  }
}

/** How many outputs the decoder may be given. */
export function outputCounts({ decoder }: ModelCard['output']): readonly number[] {
  return decoder === 'yolo' ? [1, 2] : [1];
}

/** Checks shapes before any picture is sent, in the order of the outputs. Throws BadOutput. */
export function checkShapes({ input, output }: ModelCard, shapes: readonly (readonly number[])[]): void {
  checkClass(output.class, classCount(output, input.layout, shapes));
}

function classCount(
  output: ModelCard['output'],
  layout: CardInput['layout'],
  shapes: readonly (readonly number[])[],
): number {
  switch (output.decoder) {
    case 'score':
      return classesOf(shapes[0] ?? []);
    case 'grid':
      return gridShape(shapes[0] ?? [], layout).classes;
    case 'yolo':
      return yoloShape(shapes).classes;
  }
}
