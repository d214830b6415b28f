// Draws what the camera of a virtual printer sees, as a JPEG with the noise of a cheap sensor.
import { createRandom } from './random.ts';
import { drawnHeight, drawnWidth, printerSvg, roomSvg } from './scene-svg.ts';

/** What there is to see. */
export interface VirtualScene {
  /** The nozzle is at work; otherwise it waits above the part. */
  readonly isPrinting: boolean;
  /** 0..1 of the part's height. */
  readonly grown: number;
  /** 0..1 how much spaghetti lies about; 0 is none. */
  readonly spaghetti: number;
  /** 0..1 where the nozzle is on its beam, from the left. */
  readonly gantry: number;
  /** The light is off. */
  readonly isDark: boolean;
}

/** Pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

const quality = 80;
/** Longer than a row and no multiple of one, so that the pattern of the noise does not show. */
const noiseLength = 65_521;
const noise = createNoise(noiseLength);
/** How much of the light is left when it is off: a street lamp outside. */
const darkLevel = 0.035;
let drawn = 0;
/** The room as RGB, drawn once. */
let room: Promise<Buffer> | null = null;

/**
 * Draws one frame. Equal scenes and seeds give equal bytes; without a seed every frame is different, as from a real sensor.
 * @param size default 1280 × 720; other shapes stretch the picture
 * @returns a JPEG of 70 to 100 KB at the default size
 */
export async function drawScene(
  scene: VirtualScene,
  size: PictureSize = { width: drawnWidth, height: drawnHeight },
  seed: number = nextSeed(),
): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  sharp.cache(false);
  sharp.concurrency(1);
  // The room is most of the picture: drawing it each time would take as long as all the rest.
  room ??= sharp(Buffer.from(roomSvg())).removeAlpha().raw().toBuffer();
  const printer = await sharp(Buffer.from(printerSvg(scene)))
    .ensureAlpha()
    .raw()
    .toBuffer();
  const pixels = develop(await room, printer, scene.isDark ? darkLevel : 1, seed);
  const image = sharp(pixels, { raw: { width: drawnWidth, height: drawnHeight, channels: 3 } });
  if (size.width !== drawnWidth || size.height !== drawnHeight) image.resize({ ...size, fit: 'fill' });
  return await image.jpeg({ quality }).toBuffer();
}

function nextSeed(): number {
  drawn += 1;
  return drawn;
}

/**
 * Lays the printer (RGBA) over the room (RGB), dims it, and adds noise: one value a pixel on all colours, which is what is
 * seen of a sensor's noise behind its own smoothing.
 */
function develop(back: Buffer, front: Buffer, level: number, seed: number): Uint8ClampedArray {
  const out = new Uint8ClampedArray(back.length);
  let from = Math.floor(createRandom(seed)() * noiseLength);
  for (let at = 0, over = 0; at < out.length; at += 3, over += 4) {
    const share = (front[over + 3] ?? 0) / 255;
    const rest = 1 - share;
    const value = noise[from] ?? 0;
    from = from + 1 === noiseLength ? 0 : from + 1;
    out[at] = ((front[over] ?? 0) * share + (back[at] ?? 0) * rest) * level + value;
    out[at + 1] = ((front[over + 1] ?? 0) * share + (back[at + 1] ?? 0) * rest) * level + value;
    out[at + 2] = ((front[over + 2] ?? 0) * share + (back[at + 2] ?? 0) * rest) * level + value;
  }
  return out;
}

/** Roughly normal, a standard deviation of about 2.5 of 255. */
function createNoise(length: number): Int8Array {
  const random = createRandom(20_011);
  return Int8Array.from({ length }, () => Math.round((random() + random() + random() + random() - 2) * 4.3));
}
