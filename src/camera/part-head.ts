// Reads what stands before each picture of an MJPEG stream: the delimiter line and the headers.
import { CameraError } from '../core/errors.ts';

/** Reads heads byte by byte; learns from the first one how this server writes its delimiter. */
export interface PartHead {
  /** True once the empty line has been read: the body begins. */
  readonly isComplete: boolean;
  /** True once the closing delimiter has been read: what follows is no part. */
  readonly isClosed: boolean;
  /** Of the head that was read last; -1 where it gives none, or nonsense. */
  readonly contentLength: number;
  /** The delimiter line without its line end, such as `--frame`. Empty until the first has been read. */
  readonly delimiter: Buffer;
  /** Gets ready for the next head. `isDelimiterRead`: the delimiter has been read already, but not its line end. */
  expect(isDelimiterRead: boolean): void;
  /**
   * Reads on from `at` and returns where it stopped: behind the head, or at the end of the chunk.
   * @throws CameraError CAMERA_NOT_JPEG when 64 KiB hold no head
   */
  read(chunk: Uint8Array, at: number): number;
}

const maxHeadBytes = 64 * 1024;
/** Longer lines are cut; none that matters is as long. */
const maxLineBytes = 1024;
const lengthName = Buffer.from('content-length');

/** @param boundary from the Content-Type header, unquoted; null when it gives none */
export function createPartHead(boundary: string | null): PartHead {
  return new Head(boundary);
}

class Head implements PartHead {
  isComplete = false;
  isClosed = false;
  contentLength = -1;
  delimiter: Buffer = Buffer.alloc(0);
  /** The boundary without dashes in front: servers disagree on whether those two belong to it. */
  readonly #core: string | null;
  readonly #line = new Uint8Array(maxLineBytes);
  #lineBytes = 0;
  #headBytes = 0;
  #isInHeaders = false;
  /** A line that may turn out to be the first delimiter. */
  #candidate = '';

  constructor(boundary: string | null) {
    const core = boundary?.replace(/^-+/, '') ?? '';
    this.#core = core === '' ? null : core;
  }

  expect(isDelimiterRead: boolean): void {
    this.isComplete = false;
    this.isClosed = false;
    this.#isInHeaders = false;
    this.#headBytes = 0;
    this.#lineBytes = 0;
    if (!isDelimiterRead) return;
    this.#line.set(this.delimiter);
    this.#lineBytes = this.delimiter.length;
  }

  read(chunk: Uint8Array, start: number): number {
    let at = start;
    while (at < chunk.length && !this.isComplete && !this.isClosed) {
      const byte = chunk[at] ?? 0;
      at += 1;
      if (byte === 0x0a) this.#endLine();
      else if (this.#lineBytes < maxLineBytes) {
        this.#line[this.#lineBytes] = byte;
        this.#lineBytes += 1;
      }
    }
    this.#headBytes += at - start;
    if (this.#headBytes > maxHeadBytes) throw noParts();
    return at;
  }

  #endLine(): void {
    let length = this.#lineBytes;
    while (length > 0 && isBlank(this.#line[length - 1])) length -= 1;
    this.#lineBytes = 0;
    if (this.delimiter.length === 0) this.#learn(length);
    else if (this.#startsWithDelimiter(length)) this.#readDelimiter(length);
    else if (this.#isInHeaders) this.#readHeader(length);
  }

  /** The first delimiter is the line with the announced boundary, or any `--line` before a header. */
  #learn(length: number): void {
    const line = Buffer.from(this.#line.subarray(0, length)).toString('latin1');
    if (this.#core !== null && line.replace(/^-+/, '') === this.#core) {
      this.#begin(line);
    } else if (this.#candidate !== '' && (/^[\w-]+\s*:/.test(line) || (line === '' && this.#core === null))) {
      this.#begin(this.#candidate);
      this.#readHeader(length);
    } else if (line !== '') {
      this.#candidate = /^--./.test(line) ? line : '';
    }
  }

  #begin(line: string): void {
    this.delimiter = Buffer.from(line, 'latin1');
    this.#isInHeaders = true;
    this.contentLength = -1;
  }

  #startsWithDelimiter(length: number): boolean {
    if (length < this.delimiter.length) return false;
    for (let i = 0; i < this.delimiter.length; i += 1) {
      if (this.#line[i] !== this.delimiter[i]) return false;
    }
    return true;
  }

  #readDelimiter(length: number): void {
    const extra = length - this.delimiter.length;
    if (extra === 0) {
      this.#isInHeaders = true;
      this.contentLength = -1;
    } else if (extra === 2 && this.#line[length - 1] === 0x2d && this.#line[length - 2] === 0x2d) {
      this.isClosed = true;
    }
  }

  #readHeader(length: number): void {
    if (length === 0) {
      this.isComplete = true;
      return;
    }
    let at = 0;
    for (; at < lengthName.length; at += 1) {
      // 0x20 is the difference between capitals and small letters; no other byte of the name can be hit by it.
      if (((this.#line[at] ?? 0) | 0x20) !== ((lengthName[at] ?? 0) | 0x20)) return;
    }
    while (this.#line[at] === 0x20) at += 1;
    if (this.#line[at] !== 0x3a) return;
    this.contentLength = readNumber(this.#line, at + 1, length);
  }
}

/** Decimal digits with blanks around, at most 10 of them; -1 for anything else. */
function readNumber(line: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(line[at])) at += 1;
  if (at === end || end - at > 10) return -1;
  let value = 0;
  for (; at < end; at += 1) {
    const digit = (line[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Space, tab and CR. */
function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

function noParts(): CameraError {
  return new CameraError('the camera announced an MJPEG stream, but no picture begins in it', {
    code: 'CAMERA_NOT_JPEG',
    retry: 'soon',
    hint: 'Open the stream address in a browser; if it shows no picture, restart the camera server.',
  });
}
