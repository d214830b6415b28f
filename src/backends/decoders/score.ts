// Reads a model that answers with one number for the whole picture, or with one for each class.
import type { ScoreOutput } from '../../core/model-card.ts';
import { scoreOfClass } from './activation.ts';
import { BadOutput, onlyTensor, shapeText, type Tensor } from './tensor.ts';

/** How many classes an answer of this shape has. Throws BadOutput for more than one dimension above 1. */
export function classesOf(shape: readonly number[]): number {
  const [classes = 1, ...more] = shape.filter((length) => length !== 1);
  if (more.length > 0 || classes < 1)
    throw new BadOutput(`has the shape ${shapeText(shape)}, which is no list of scores`);
  return classes;
}

/** The picture's score, 0..1. Throws BadOutput. */
export function decodeScore(output: ScoreOutput, tensors: readonly Tensor[]): number {
  const { shape, data } = onlyTensor(tensors);
  classesOf(shape);
  return scoreOfClass(data, output.class, output.activation);
}
