// What has to be known of a model besides its weights: how it wants a picture and what its numbers mean. See docs/model-card.md.

/** The same for the three colours, or one number for each in the model's own order. */
export type PerColour = readonly [number, number, number];

/** What a model wants to be fed. Each pixel value 0..255 becomes `(value − mean) · scale`. */
export interface CardInput {
  /** Of the input tensor; null: the only one. */
  readonly name: string | null;
  /** `jpeg`: the model decodes the picture itself, and nothing below but width and height matters. */
  readonly encoding: 'pixels' | 'jpeg';
  /** Pixels; null: as the model itself says. For `jpeg` the largest picture that is of use. */
  readonly width: number | null;
  readonly height: number | null;
  /** Colours first or last. */
  readonly layout: 'nchw' | 'nhwc';
  readonly colour: 'rgb' | 'bgr';
  readonly mean: PerColour;
  readonly scale: PerColour;
  /** `letterbox` keeps the proportions and fills the rest, half on each side; `stretch` does not. */
  readonly resize: 'letterbox' | 'stretch';
  /** Grey of what is filled, 0..255. */
  readonly padding: number;
  /**
   * Pixels; null: a letterbox is filled up to the whole input. A number: only as far as each side becomes a multiple of
   * it, for models that take any size; a wide picture then costs little more than its own pixels.
   */
  readonly multiple: number | null;
}

/** How raw numbers become scores. */
export type Activation = 'none' | 'sigmoid' | 'softmax';

interface CommonOutput {
  /** Of the output tensors, in the order in which the decoder wants them; null: all that there are. */
  readonly names: readonly string[] | null;
  /** Which class is the failure, from 0. */
  readonly class: number;
}

/** One number for the picture, or one for each class. */
export interface ScoreOutput extends CommonOutput {
  readonly decoder: 'score';
  readonly activation: Activation;
}

/** One number for each cell of a grid over the input, or one for each class and cell. */
export interface GridOutput extends CommonOutput {
  readonly decoder: 'grid';
  readonly activation: Activation;
  /** Cells from here on are shown as regions, 0..1, before calibration. */
  readonly threshold: number;
  /** The picture's score is the mean of so many highest cells. */
  readonly top: number;
  /** From this score on, 0..1, after calibration, the picture is judged again upside down. null: never. */
  readonly recheck: number | null;
}

/** Boxes with confidences, in one of the usual forms. */
export interface YoloOutput extends CommonOutput {
  readonly decoder: 'yolo';
  readonly activation: Exclude<Activation, 'softmax'>;
  /** Boxes above this count, 0..1. The picture's score is the sum of their confidences, at most 1. */
  readonly threshold: number;
  /** Of two boxes that overlap more than this (intersection over union, 0..1) only the better counts. */
  readonly overlap: number;
}

/** What a model answers. */
export type CardOutput = ScoreOutput | GridOutput | YoloOutput;

/** Turns a score into a probability: `1 / (1 + exp(−(slope · logit(score) + offset)))`. */
export interface Calibration {
  readonly slope: number;
  readonly offset: number;
}

/** Everything that has to be known of a model. */
export interface ModelCard {
  readonly name: string;
  /** Of the model's file, 64 hex digits; null where the file is elsewhere. */
  readonly sha256: string | null;
  readonly input: CardInput;
  readonly output: CardOutput;
  /** null: scores are probabilities already. */
  readonly calibration: Calibration | null;
  /** Scores at or below this, after calibration, say "no failure": 0..0.95. */
  readonly neutral: number;
}
