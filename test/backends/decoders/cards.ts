// Model cards for the tests of decoders and plans: complete, and changed where a test says so.
import { parseModelCard } from '../../../src/backends/model-card.ts';
import type { ModelCard } from '../../../src/core/model-card.ts';

/** The card of a model file, with these fields of `input` and `output`, and of the card itself. */
export function aCard(output: object, input: object = {}, more: object = {}): ModelCard {
  return parseModelCard({ format: 1, name: 'a model', input, output, ...more });
}
