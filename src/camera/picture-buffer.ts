// Holds the picture of a stream that is being gathered, and the newest whole one, in two buffers that take turns.

/** Gathers bytes; published ones wait to be taken until newer ones replace them. */
export interface PictureBuffer {
  /** Bytes gathered so far. */
  readonly size: number;
  /** Makes room for a picture of `size` bytes and forgets what was gathered. */
  start(size: number): void;
  /** Gathers `bytes[from..to)`. */
  append(bytes: Uint8Array, from: number, to: number): void;
  /** What was gathered; valid until the next call. */
  gathered(): Buffer;
  /** Where `delimiter` begins in what was gathered since the last call, or -1. */
  find(delimiter: Buffer): number;
  /** True when EOI is the last thing gathered, apart from padding. */
  endsWithEoi(): boolean;
  /** Forgets all but the last `size` bytes and returns how many were forgotten. */
  keepTail(size: number): number;
  /** Makes the first `size` bytes the newest picture, and forgets what was gathered. */
  publish(size: number): void;
  /** The newest picture, which is the caller's from now on; null when it was taken or there is none. */
  take(): Buffer | null;
}

const empty: Buffer = Buffer.alloc(0);
/** Buffers grow to a multiple of this, so that pictures of slightly different size fit. */
const grainBytes = 16 * 1024;
const lineFeed = 0x0a;

/** Makes a buffer that holds nothing yet and grows with the pictures. Limits are the caller's business. */
export function createPictureBuffer(): PictureBuffer {
  return new TwoBuffers();
}

class TwoBuffers implements PictureBuffer {
  size = 0;
  #filling = empty;
  #newest = empty;
  #newestSize = 0;
  /** Size of the picture before, the best guess for the next. */
  #usualSize = 0;
  #searchedTo = 0;

  start(size: number): void {
    this.size = 0;
    this.#searchedTo = 0;
    this.#grow(Math.max(size, this.#usualSize));
  }

  append(bytes: Uint8Array, from: number, to: number): void {
    const end = this.size + to - from;
    if (end > this.#filling.length) this.#grow(Math.max(end, 2 * this.size));
    // A subarray costs more than copying a network packet, so the whole chunk goes without.
    this.#filling.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), this.size);
    this.size = end;
  }

  gathered(): Buffer {
    return this.#filling.subarray(0, this.size);
  }

  find(delimiter: Buffer): number {
    const gathered = this.gathered();
    let at = this.#searchedTo;
    for (;;) {
      at = gathered.indexOf(delimiter, at);
      // What follows the delimiter must be known, too.
      if (at < 0 || at + delimiter.length >= this.size) break;
      if (isDelimiterAt(gathered, at, delimiter.length)) {
        this.#searchedTo = at;
        return at;
      }
      at += 1;
    }
    this.#searchedTo = Math.max(0, this.size - delimiter.length);
    return -1;
  }

  endsWithEoi(): boolean {
    let end = this.size;
    while (end > 0 && isPadding(this.#filling[end - 1])) end -= 1;
    return this.#filling[end - 1] === 0xd9 && this.#filling[end - 2] === 0xff;
  }

  keepTail(size: number): number {
    const forgotten = Math.max(0, this.size - size);
    this.#filling.copyWithin(0, forgotten, this.size);
    this.size -= forgotten;
    this.#searchedTo = Math.max(0, this.#searchedTo - forgotten);
    return forgotten;
  }

  publish(size: number): void {
    const replaced = this.#newest;
    this.#newest = this.#filling;
    this.#newestSize = size;
    this.#usualSize = size;
    this.#filling = replaced;
    this.size = 0;
    this.#searchedTo = 0;
  }

  take(): Buffer | null {
    if (this.#newestSize === 0) return null;
    const picture = this.#newest.subarray(0, this.#newestSize);
    this.#newest = empty;
    this.#newestSize = 0;
    return picture;
  }

  #grow(size: number): void {
    if (size <= this.#filling.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.ceil(size / grainBytes) * grainBytes);
    this.#filling.copy(larger, 0, 0, this.size);
    this.#filling = larger;
  }
}

/** A short delimiter may occur in a picture by chance: a real one stands on its own line or right behind the picture. */
function isDelimiterAt(bytes: Buffer, at: number, length: number): boolean {
  const before = at === 0 ? lineFeed : bytes[at - 1];
  const after = bytes[at + length];
  const isEnded = after === lineFeed || after === 0x0d || after === 0x2d || after === 0x20 || after === 0x09;
  return isEnded && (before === lineFeed || before === 0xd9 || before === 0x00);
}

/** NUL, CR and LF may follow a picture. */
function isPadding(byte: number | undefined): boolean {
  return byte === 0x00 || byte === 0x0d || byte === lineFeed;
}
