// The keys of `[backend builtin]`.
import { key } from '../core/keys.ts';

/** Settings of the built-in detector, with default, range and meaning. */
export const builtinKeys = {
  model: key.path(
    null,
    { mayBeNone: false },
    'Another model than the one that comes with the program: an ONNX file, with its card (docs/model-card.md) beside it, FILE.json for FILE.onnx.',
  ),
  runtime: key.choice(
    'auto',
    ['auto', 'native', 'wasm'],
    'What runs the model. auto: native where it can be loaded, else wasm, which is several times slower.',
  ),
};
