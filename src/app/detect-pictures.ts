// The pictures that the command `detect` is given: found in files and folders, and read as frames of a webcam.
import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join, relative, sep } from 'node:path';
import { inspectJpeg } from '../camera/jpeg.ts';
import type { Frame } from '../core/types.ts';
import { systemClock } from '../lib/clock.ts';

/** What a picture is known to show, by the folder `good` or `bad` that it lies in. */
export type Label = 'good' | 'bad';

/** One picture. */
export interface PictureFile {
  readonly path: string;
  /** Within the folder that was given, or the file's own name; always `/` between folders, and none twice. */
  readonly name: string;
  /** By the nearest folder above it; null where none is named so. */
  readonly label: Label | null;
}

/** Of a frame that a camera may send. */
const maxJpegBytes = 8 * 1024 * 1024;
/** Other formats are larger for the same picture. */
const maxOtherBytes = 64 * 1024 * 1024;
const maxPixels = 8_192 * 8_192;
const pictureNames = /\.(jpe?g|png|webp)$/i;

/**
 * Every picture in these files and folders, folders in the order of their names. A file is taken whatever its name is, and
 * so is a folder without pictures.
 */
export function findPictures(paths: readonly string[]): readonly PictureFile[] {
  const counts = new Map<string, number>();
  return findAll(paths).map((picture) => {
    const { name } = picture;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return count === 1 ? picture : { ...picture, name: `${count}/${name}` };
  });
}

function findAll(paths: readonly string[]): readonly PictureFile[] {
  return paths.flatMap((path) => {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
      return [{ path, name: basename(path), label: labelOf(path) }];
    const files = readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && pictureNames.test(entry.name))
      .map((entry) => join(folderOf(entry), entry.name))
      .sort();
    // Told where it is read, as every other picture that is not there.
    if (files.length === 0) return [{ path, name: basename(path), label: null }];
    return files.map((file) => ({
      path: file,
      name: relative(path, file).split(sep).join('/'),
      label: labelOf(file),
    }));
  });
}

/** Node 20 calls it `path`, later ones `parentPath`; Node 24 knows the second only. */
function folderOf(entry: Dirent & { readonly path?: string; readonly parentPath?: string }): string {
  return entry.parentPath ?? entry.path ?? '';
}

function labelOf(path: string): Label | null {
  const folders = path.split(sep).slice(0, -1).reverse();
  const label = folders.map((name) => name.toLowerCase()).find((name) => name === 'good' || name === 'bad');
  return label === 'good' || label === 'bad' ? label : null;
}

/**
 * Reads a picture as a frame. What is no JPEG becomes one, and what a phone has marked as turned is turned, as every viewer
 * does; webcams do neither.
 * @throws CameraError for what is no picture, RangeError for what is too large, or what the file system says
 */
export async function readFrame(path: string): Promise<Frame> {
  const stat = statSync(path);
  if (stat.isDirectory()) throw new RangeError('there are no pictures in it (jpg, png, webp)');
  const { size } = stat;
  const isOther = /\.(png|webp)$/i.test(extname(path));
  const maxBytes = isOther ? maxOtherBytes : maxJpegBytes;
  if (size > maxBytes) throw new RangeError(`${size} bytes are more than the ${maxBytes} of a picture`);
  const bytes = readFileSync(path);
  const jpeg = isOther || hasExif(bytes) ? await upright(bytes, isOther) : bytes;
  const { width, height } = inspectJpeg(jpeg);
  return { jpeg, width, height, camera: path, ...systemClock.now() };
}

/** Only then a JPEG can be marked as turned. */
function hasExif(bytes: Buffer): boolean {
  return bytes.subarray(0, 64 * 1024).includes('Exif\0\0');
}

async function upright(bytes: Buffer, isOther: boolean): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  const image = sharp(bytes, { failOn: 'truncated', limitInputPixels: maxPixels });
  const { orientation = 1 } = await image.metadata();
  if (orientation === 1 && !isOther) return bytes;
  return await image
    .autoOrient()
    .flatten({ background: '#808080' })
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer();
}
