// A model's answer as numbers, and what is wrong with one that makes no sense.

/** One output of a model: flat, in row-major order, as many numbers as the shape says. */
export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The answer cannot be what the card says it is; the message completes "the model's answer ". */
export class BadOutput extends Error {}

/** A shape for people: `[1,3,320,320]`. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(',')}]`;
}

/** How many numbers a tensor of this shape holds. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

/** The one tensor that a decoder wants. Throws BadOutput. */
export function onlyTensor(tensors: readonly Tensor[]): Tensor {
  const [tensor, ...more] = tensors;
  if (tensor === undefined || more.length > 0)
    throw new BadOutput(`has ${tensors.length} tensors where one was asked for`);
  return tensor;
}

/** The wanted class must be there. Throws BadOutput. */
export function checkClass(wanted: number, classes: number): void {
  if (wanted >= classes)
    throw new BadOutput(`has ${classes} classes, so there is no class ${wanted} (they count from 0)`);
}
