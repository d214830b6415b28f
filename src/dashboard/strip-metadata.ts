// Takes out of a JPEG what a viewer does not need: EXIF with its place and its thumbnail, colour profiles, comments.

/** APP0 (JFIF) and APP14 (Adobe, says how colours are coded) are needed to show the picture; 0xE1..0xEF else and COM are not. */
const isNeeded = (marker: number) => marker < 0xe1 || marker === 0xee || (marker > 0xef && marker !== 0xfe);
/** A thumbnail begins with its own start marker, which a reader of streams takes for a new picture. */
const thumbnailExtension = 'JFXX\0';

/** The picture without its metadata; the same bytes where there is none, or where the segments cannot be read. */
export function withoutMetadata(jpeg: Uint8Array): Uint8Array {
  const bytes = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  const kept: Buffer[] = [bytes.subarray(0, 2)];
  let at = 2;
  let hasLeftOut = false;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0;
    // From the start of scan on everything is picture.
    if (marker === 0xda || marker === 0xd9) break;
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) return jpeg;
    const isThumbnail = marker === 0xe0 && bytes.toString('latin1', at + 4, at + 9) === thumbnailExtension;
    if (isNeeded(marker) && !isThumbnail) kept.push(bytes.subarray(at, end));
    else hasLeftOut = true;
    at = end;
  }
  if (!hasLeftOut) return jpeg;
  return Buffer.concat([...kept, bytes.subarray(at)]);
}
