// Judges one picture: how much thin, coloured, wandering stuff lies about that belongs to no solid part.
/** What was measured in one picture. */
export interface Picture {
  /** 0 clean .. 100 full of strands. */
  readonly badness: number;
  /** Share of all pixels that belong to thin strands, 0..1. */
  readonly strandShare: number;
  /** Where nearly all of them lie; null where there are none. */
  readonly strandBox: Box | null;
}

/** A rectangle in picture fractions 0..1, origin top left. */
export interface Box {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** Pictures are measured at this width; strands are then about two pixels wide. */
const width = 640;
/** Half the side of the square that a solid part has room for and a strand has not. */
const radius = 4;
/** Filament is far more colourful than wood, walls and metal. Difference of the strongest and the weakest channel. */
const colourful = 45;
/** A strand loses nearly all of its colour when only squares of that size may keep theirs; the layers of a part do not. */
const keptByPart = 0.35;
/** Share of the strands that lie beyond each edge of their box: single specks make no box. */
const beyondEdge = 0.02;
/** A share of strands below the first is dirt and noise; the second is a failure beyond doubt. */
const cleanShare = 0.0015;
const fullShare = 0.01;

/**
 * Measures a JPEG.
 * @returns null when it does not decode to its last line
 */
export async function judgePicture(jpeg: Uint8Array): Promise<Picture | null> {
  const { default: sharp } = await import('sharp');
  try {
    const { data, info } = await sharp(jpeg, { failOn: 'truncated' })
      .resize({ width, withoutEnlargement: true })
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    const found = findStrands(data, info.channels, info.width);
    const inColumn = new Array<number>(info.width).fill(0);
    const inRow = new Array<number>(info.height).fill(0);
    let strands = 0;
    for (let at = 0; at < found.length; at += 1) {
      if (found[at] !== 1) continue;
      const [x, y] = [at % info.width, Math.floor(at / info.width)];
      strands += 1;
      inColumn[x] = (inColumn[x] ?? 0) + 1;
      inRow[y] = (inRow[y] ?? 0) + 1;
    }
    const strandShare = strands / found.length;
    const badness = (100 * (strandShare - cleanShare)) / (fullShare - cleanShare);
    const [x1, x2] = middleOf(inColumn, strands);
    const [y1, y2] = middleOf(inRow, strands);
    return {
      badness: Math.round(Math.min(Math.max(badness, 0), 100)),
      strandShare,
      strandBox: strands === 0 ? null : { x1, y1, x2, y2 },
    };
  } catch {
    return null;
  }
}

/** From where to where all but the outermost lie, as fractions of the length of `counts`. */
function middleOf(counts: readonly number[], total: number): readonly [number, number] {
  const limit = beyondEdge * total;
  const reach = (each: readonly number[]) => {
    let passed = 0;
    return Math.max(
      each.findIndex((count) => {
        passed += count;
        return passed > limit;
      }),
      0,
    );
  };
  return [reach(counts) / counts.length, 1 - reach(counts.toReversed()) / counts.length];
}

/**
 * Finds the strands in pixels of a picture that is about as wide as the pictures here are measured at.
 * @returns 1 for each pixel of a strand, else 0
 */
export function findStrands(pixels: Uint8Array, channels: number, columns: number): Uint8Array {
  const colour = colourOf(pixels, channels);
  const rows = colour.length / columns;
  const solid = dilate(erode(colour, columns, rows), columns, rows);
  return colour.map((value, at) => Number(value >= colourful && (solid[at] ?? 0) < keptByPart * value));
}

function colourOf(pixels: Uint8Array, channels: number): Uint8Array {
  const colour = new Uint8Array(pixels.length / channels);
  for (let at = 0, from = 0; at < colour.length; at += 1, from += channels) {
    const [red = 0, green = red, blue = red] =
      channels < 3 ? [] : [pixels[from], pixels[from + 1], pixels[from + 2]];
    colour[at] = Math.max(red, green, blue) - Math.min(red, green, blue);
  }
  return colour;
}

type Pick = (a: number, b: number) => number;

function erode(map: Uint8Array, columns: number, rows: number): Uint8Array {
  return filter(map, columns, rows, Math.min);
}

function dilate(map: Uint8Array, columns: number, rows: number): Uint8Array {
  return filter(map, columns, rows, Math.max);
}

/** The least or the greatest value in the square around each pixel: along the rows first, then along the columns. */
function filter(map: Uint8Array, columns: number, rows: number, pick: Pick): Uint8Array {
  const between = new Uint8Array(map.length);
  const out = new Uint8Array(map.length);
  alongLines(map, between, { lines: rows, lineStep: columns, length: columns, step: 1 }, pick);
  alongLines(between, out, { lines: columns, lineStep: 1, length: rows, step: columns }, pick);
  return out;
}

interface Lines {
  readonly lines: number;
  readonly lineStep: number;
  readonly length: number;
  readonly step: number;
}

function alongLines(
  from: Uint8Array,
  to: Uint8Array,
  { lines, lineStep, length, step }: Lines,
  pick: Pick,
): void {
  for (let line = 0; line < lines; line += 1) {
    const start = line * lineStep;
    for (let at = 0; at < length; at += 1) {
      const first = Math.max(at - radius, 0);
      const last = Math.min(at + radius, length - 1);
      let value = from[start + first * step] ?? 0;
      for (let near = first + 1; near <= last; near += 1) value = pick(value, from[start + near * step] ?? 0);
      to[start + at * step] = value;
    }
  }
}
