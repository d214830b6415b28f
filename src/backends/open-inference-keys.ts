// The keys of `[backend open-inference]`.
import { key } from '../core/keys.ts';
import { maxSide } from './model-card.ts';

/** Settings of the Open Inference backend, with default, range and meaning. With a card only the first six count. */
export const openInferenceKeys = {
  url: key.url(
    'http://127.0.0.1:8000',
    'web',
    'The server: Triton, KServe, MLServer, OpenVINO Model Server or any other that speaks the Open Inference Protocol v2. What stands before /v2 belongs to it.',
  ),
  model: key.text('Name of the model on the server. Needed.'),
  version: key.text('Version of the model. Not set: the one that the server chooses.'),
  token: key.secret(
    'Sent as "Authorization: Bearer …", where the server wants one. Use https:// outside of your own network.',
  ),
  card: key.path(
    null,
    { mayBeNone: false },
    'Model card (JSON, docs/model-card.md) with everything that the keys below say, and more. Those are not read then.',
  ),
  min_interval: key.duration('10s', { min: '1s', max: '30m' }, 'Shortest time between two pictures.'),
  width: key.int(
    0,
    { min: 0, max: maxSide },
    "Width of the model's input in pixels. 0: as the model says; needed where it takes any.",
  ),
  height: key.int(0, { min: 0, max: maxSide }, 'The same for its height.'),
  layout: key.choice('nchw', ['nchw', 'nhwc'], 'Whether colours come first (nchw) or last (nhwc).'),
  colour: key.choice('rgb', ['rgb', 'bgr'], 'Order of the colours.'),
  mean: key.float(
    0,
    { min: -1_000, max: 1_000 },
    'Each value of a pixel (0 to 255) becomes (value - mean) x scale. Not for models that take UINT8. One for each colour goes into a card.',
  ),
  scale: key.float(0.003921568627451, { min: 0.000001, max: 1_000 }, 'See mean. 0.003921568627451 is 1/255.'),
  resize: key.choice(
    'letterbox',
    ['letterbox', 'stretch'],
    'How a picture of other proportions is laid into the input: with grey bars, or stretched.',
  ),
  outputs: key.text('Outputs of the model to read, separated by commas. Not set: those that there are.'),
  decoder: key.choice(
    'grid',
    ['score', 'grid', 'yolo'],
    'What the model answers: one score, a grid of scores, or YOLO-style boxes.',
  ),
  activation: key.choice(
    'none',
    ['none', 'sigmoid', 'softmax'],
    'What turns its numbers into scores from 0 to 1. softmax is not for yolo.',
  ),
  class: key.int(0, { min: 0, max: 1_000 }, 'Which of its classes is the failure, counted from 0.'),
  threshold: key.float(
    0.25,
    { min: 0, max: 1 },
    'Score from which a cell is shown, and from which a box counts.',
  ),
  calibration_slope: key.float(
    1,
    { min: -100, max: 100 },
    'The score becomes a probability: logit(score) x slope + offset, and back. 1 and 0 leave it alone.',
  ),
  calibration_offset: key.float(0, { min: -100, max: 100 }, 'See calibration_slope.'),
  neutral: key.float(0.2, { min: 0, max: 0.95 }, 'Scores up to here say "no failure".'),
};
