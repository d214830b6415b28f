// Judges a picture, and before it is called a failure the same picture upside down.
import type { ModelCard } from '../../core/model-card.ts';
import type { Fit } from '../fit.ts';
import { type Pixels, turnHalf } from '../picture-tensor.ts';
import { readSight, type Sight } from './sight.ts';
import type { Tensor } from './tensor.ts';

/**
 * Strands are strands whichever way up a picture is. What a model takes for some in one of two views only is chance, such as the noise of a
 * dark picture, so from the card's `recheck` on it is asked a second time, with the picture turned by 180°, and the mean of both
 * counts. While nothing looks like a failure that costs nothing.
 * @param pixels of the picture as the model is fed with them; turned in place when it is asked again
 * @param ask gives the model's answer to what `pixels` holds then
 * @throws BadOutput as `readSight`, and what `ask` throws
 */
export async function lookTwice(
  card: ModelCard,
  pixels: Pixels,
  fit: Fit,
  ask: () => Promise<readonly Tensor[]>,
): Promise<Sight> {
  const answer = await ask();
  const sight = readSight(card, answer, fit);
  const recheck = card.output.decoder === 'grid' ? card.output.recheck : null;
  if (recheck === null || sight.score < recheck) return sight;
  turnHalf(pixels, card.input.layout);
  return readSight(card, answer, fit, await ask());
}
