// The model card of the Open Inference backend: from its file, or made of the keys of the section.

import type { KeyValues } from '../core/keys.ts';
import type { CardOutput, ModelCard } from '../core/model-card.ts';
import { BadCard, readModelCard } from './model-card.ts';
import type { openInferenceKeys } from './open-inference-keys.ts';

/** The keys that a card may stand for. */
export type CardKeys = Omit<
  KeyValues<typeof openInferenceKeys>,
  'url' | 'version' | 'token' | 'minIntervalMs'
>;

/** The card in force. Throws BadCard for a file that is none, and for keys that make no sense together. */
export async function cardFor(keys: CardKeys, signal: AbortSignal): Promise<ModelCard> {
  if (keys.card !== null) return readModelCard(keys.card, signal);
  const { mean, scale, calibrationSlope: slope, calibrationOffset: offset } = keys;
  return {
    name: keys.model ?? '',
    sha256: null,
    input: {
      name: null,
      encoding: 'pixels',
      width: keys.width === 0 ? null : keys.width,
      height: keys.height === 0 ? null : keys.height,
      layout: keys.layout,
      colour: keys.colour,
      mean: [mean, mean, mean],
      scale: [scale, scale, scale],
      resize: keys.resize,
      padding: 114,
      multiple: null,
    },
    output: outputOf(keys),
    calibration: slope === 1 && offset === 0 ? null : { slope, offset },
    neutral: keys.neutral,
  };
}

function outputOf({ outputs, class: wanted, decoder, activation, threshold }: CardKeys): CardOutput {
  const names = outputs === null ? null : outputs.split(',').map((name) => name.trim());
  const common = { names, class: wanted };
  switch (decoder) {
    case 'score':
      return { ...common, decoder, activation };
    case 'grid':
      return { ...common, decoder, activation, threshold, top: 3, recheck: null };
    case 'yolo':
      if (activation === 'softmax') throw new BadCard('activation: softmax is not for decoder: yolo');
      return { ...common, decoder, activation, threshold, overlap: 0.45 };
  }
}
