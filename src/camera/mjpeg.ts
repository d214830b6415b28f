// Cuts an MJPEG stream (multipart/x-mixed-replace) into pictures as its bytes come in, and keeps only the newest one.
import { jpegSize, maxPictureBytes, tooLarge } from './jpeg.ts';
import { createPartHead } from './part-head.ts';
import { createPictureBuffer } from './picture-buffer.ts';

/** What a parser needs to know. */
export interface MjpegOptions {
  /** From the Content-Type header, unquoted, or null. A hint only: servers often write another one. */
  readonly boundary: string | null;
  /** Asked as a picture begins, with the number of pictures before it: those not wanted are stepped over. Default: all. */
  readonly isWanted?: (index: number) => boolean;
  /** Largest picture in bytes, default 8 MiB. */
  readonly maxBytes?: number;
}

/** An incremental parser of one stream. After it has thrown it must not be used again. */
export interface MjpegParser {
  /** Pictures whose end has been seen, wanted or not. */
  readonly count: number;
  /**
   * Reads the next bytes, which may be reused afterwards.
   * @throws CameraError CAMERA_TOO_LARGE (a picture past the limit), CAMERA_NOT_JPEG (no multipart stream)
   */
  push(chunk: Uint8Array): void;
  /** Tells that the stream has ended: what has come of the last picture becomes the newest one, whole or not. */
  end(): void;
  /** The newest picture that has not been taken, as the server framed it, unchecked. It is the caller's from now on. */
  take(): Buffer | null;
}

/** Makes a parser for one stream. Source: RFC 2046 §5.1, and the ways in which camera servers stray from it. */
export function createMjpegParser(options: MjpegOptions): MjpegParser {
  return new Parser(options);
}

/** Reads the boundary of a Content-Type, without quotes; null when there is none. */
export function boundaryOf(contentType: string): string | null {
  const found = /;\s*boundary\s*=\s*(?:"([^"]*)"|'([^']*)'|([^;\s]+))/i.exec(contentType);
  const boundary = (found?.[1] ?? found?.[2] ?? found?.[3] ?? '').trim();
  return boundary === '' ? null : boundary;
}

/**
 * `head`: up to the empty line before a body. `counted`: a body of known length. `between`: a body seems to be over, a
 * delimiter must follow. `searched`: everything up to the next delimiter, be it the rest of a body or rubbish.
 */
type State = 'head' | 'counted' | 'between' | 'searched';

/** The search works on slices of this size, so that a chunk of any size cannot make the buffer grow past its limit. */
const sliceBytes = 64 * 1024;
/** Padding between a body and its delimiter. */
const maxPadding = 64;

const nothing = new Uint8Array(0);

class Parser implements MjpegParser {
  count = 0;
  readonly #isWanted: (index: number) => boolean;
  readonly #maxBytes: number;
  readonly #head: ReturnType<typeof createPartHead>;
  readonly #picture = createPictureBuffer();
  #state: State = 'head';
  /** A picture has begun and its end has not been seen. */
  #isOpen = false;
  /** The bytes that come are gathered, not dropped. */
  #isGathering = false;
  /** A server that was caught with a wrong Content-Length is not believed again. */
  #isLengthTrusted = true;
  /** A delimiter has stood right behind a counted body: it is not searched for in the ones that follow, which costs half the time. */
  #isLengthProven = false;
  /** Bytes still to come while `counted`. */
  #leftBytes = 0;
  /** Bytes not gathered since the picture, or the rubbish, began. */
  #droppedBytes = 0;
  /** What was read while `between`, and how many bytes of the delimiter its end is. */
  readonly #after: number[] = [];
  #matched = 0;

  constructor(options: MjpegOptions) {
    this.#isWanted = options.isWanted ?? (() => true);
    this.#maxBytes = options.maxBytes ?? maxPictureBytes;
    this.#head = createPartHead(options.boundary);
  }

  push(chunk: Uint8Array): void {
    // Nearly all chunks of a stream are the inside of one picture.
    if (this.#state === 'counted' && chunk.length < this.#leftBytes) {
      if (this.#isGathering) this.#picture.append(chunk, 0, chunk.length);
      this.#leftBytes -= chunk.length;
      return;
    }
    let at = 0;
    while (at < chunk.length) {
      if (this.#state === 'counted') at = this.#readCounted(chunk, at);
      else if (this.#state === 'between') at = this.#readBetween(chunk, at);
      else if (this.#state === 'head') at = this.#readHead(chunk, at);
      else at = this.#readSearched(chunk, at);
    }
  }

  end(): void {
    if (this.#isOpen && this.#isGathering && this.#state === 'counted') {
      // Fewer bytes than announced: either the picture is cut off, or the length was wrong and more pictures lie behind it.
      this.#searchAgain();
    }
    if (this.#isOpen) this.#finish(this.#picture.size);
  }

  take(): Buffer | null {
    return this.#picture.take();
  }

  #readHead(chunk: Uint8Array, at: number): number {
    const next = this.#head.read(chunk, at);
    if (this.#head.isComplete) this.#begin(this.#head.contentLength);
    else if (this.#head.isClosed) this.#drop();
    return next;
  }

  #begin(length: number): void {
    this.#isOpen = true;
    this.#isGathering = this.#isWanted(this.count);
    // A length past the limit may be true or not; the search meets either the delimiter or the limit.
    const isCounted = this.#isLengthTrusted && length > 0 && length <= this.#maxBytes;
    this.#state = isCounted ? 'counted' : 'searched';
    this.#leftBytes = isCounted ? length : 0;
    this.#droppedBytes = this.#isGathering ? 0 : this.#leftBytes;
    this.#picture.start(isCounted && this.#isGathering ? length : 0);
  }

  #readCounted(chunk: Uint8Array, at: number): number {
    const end = Math.min(at + this.#leftBytes, chunk.length);
    if (this.#isGathering) this.#picture.append(chunk, at, end);
    this.#leftBytes -= end - at;
    if (this.#leftBytes > 0) return end;
    if (this.#isGathering && !this.#isLengthProven && this.#picture.find(this.#head.delimiter) >= 0) {
      this.#searchAgain();
      return end;
    }
    // A whole picture is handed out now: some servers send its delimiter only with the next one. Anything else stays open
    // until the delimiter proves the length right.
    if (!this.#isGathering || this.#wholeSize() > 0) this.#finish(this.#picture.size);
    this.#expectDelimiter();
    return end;
  }

  /** The announced length was too large: the next pictures are in what was gathered. */
  #searchAgain(): void {
    this.#isLengthTrusted = false;
    this.#state = 'searched';
    this.#readSearched(nothing, 0);
  }

  #expectDelimiter(): void {
    this.#state = 'between';
    this.#after.length = 0;
    this.#matched = 0;
  }

  #readBetween(chunk: Uint8Array, start: number): number {
    const { delimiter } = this.#head;
    for (let at = start; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      this.#after.push(byte);
      const isPadding = this.#matched === 0 && (byte === 0x0d || byte === 0x0a || byte === 0x00);
      if (byte === delimiter[this.#matched]) this.#matched += 1;
      else if (!isPadding || this.#after.length > maxPadding) {
        this.#distrust();
        return at + 1;
      }
      if (this.#matched === delimiter.length) {
        if (this.#isOpen) this.#finish(this.#picture.size);
        this.#isLengthProven = this.#isLengthTrusted;
        this.#state = 'head';
        this.#head.expect(true);
        return at + 1;
      }
    }
    return chunk.length;
  }

  /** No delimiter follows. The length was too small (the picture goes on) or too large (we hold the delimiter already). */
  #distrust(): void {
    // A whole picture with rubbish behind it is no wrong length.
    if (this.#isOpen || !this.#isGathering) this.#isLengthTrusted = false;
    if (!this.#isOpen) this.#drop();
    this.#state = 'searched';
    this.#picture.append(Uint8Array.from(this.#after), 0, this.#after.length);
  }

  /** From here to the next delimiter nothing is of use. */
  #drop(): void {
    this.#state = 'searched';
    this.#isOpen = false;
    this.#isGathering = false;
    this.#droppedBytes = 0;
    this.#picture.start(0);
  }

  #readSearched(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + sliceBytes);
    this.#picture.append(chunk, at, end);
    const found = this.#picture.find(this.#head.delimiter);
    if (found < 0) {
      this.#searchOn();
      return end;
    }
    const behind = this.#picture.size - found;
    // A copy, because what lies behind may have come with earlier chunks, and the buffer is about to be used again.
    const rest = behind > end - at ? Buffer.from(this.#picture.gathered().subarray(found)) : null;
    if (this.#isOpen) this.#finish(lineEndBefore(this.#picture.gathered(), found));
    this.#state = 'head';
    this.#head.expect(false);
    if (rest === null) return end - behind;
    this.push(rest);
    return end;
  }

  #searchOn(): void {
    const wholeSize = this.#wholeSize();
    if (!this.#isGathering) {
      this.#droppedBytes += this.#picture.keepTail(this.#head.delimiter.length + 1);
      if (this.#droppedBytes > this.#maxBytes) throw tooLarge(this.#maxBytes);
    } else if (wholeSize > 0) {
      // Without a length the delimiter is the only sure end, but servers send it with the next picture: a whole JPEG will do.
      this.#finish(wholeSize);
      this.#expectDelimiter();
    } else if (this.#picture.size > this.#maxBytes + sliceBytes) {
      throw tooLarge(this.#maxBytes);
    }
  }

  /** Size of the JPEG when its EOI is the last thing gathered, else 0. The EOI of a thumbnail does not count. */
  #wholeSize(): number {
    return this.#picture.endsWithEoi() ? jpegSize(this.#picture.gathered()) : 0;
  }

  /** The picture is the first `size` bytes gathered, or none of them where it was dropped. */
  #finish(size: number): void {
    this.#isOpen = false;
    // Some servers send empty parts to keep the connection alive.
    if (size + this.#droppedBytes === 0) return;
    if (size > this.#maxBytes) throw tooLarge(this.#maxBytes);
    this.count += 1;
    if (this.#isGathering) this.#picture.publish(size);
  }
}

/** `at` without the line end that belongs to the delimiter behind it. */
function lineEndBefore(bytes: Buffer, at: number): number {
  if (bytes[at - 1] !== 0x0a) return at;
  return bytes[at - 2] === 0x0d ? at - 2 : at - 1;
}
