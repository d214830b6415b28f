// Reads Huffman codes of a JPEG's picture data bit by bit. Source: ITU-T T.81, annexes C, F.2.2 and K.3.

/** A table ready for reading: codes of up to 8 bits by one look, longer ones by their length. */
export interface HuffmanTable {
  /** By the next 8 bits: length · 256 + symbol; 0 where the code is longer. */
  readonly short: Uint16Array;
  /** Largest code of each length 1..16; -1 where there is none. */
  readonly largest: Int32Array;
  /** By length: index of the first symbol less its code. */
  readonly offset: Int32Array;
  readonly symbols: Uint8Array;
}

/**
 * A table from the numbers of codes of each length (16 of them) and the symbols in their order.
 * @returns null where they do not make up a table
 */
export function makeTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable | null {
  const short = new Uint16Array(256);
  const largest = new Int32Array(18).fill(-1);
  const offset = new Int32Array(18);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= 16; length += 1) {
    offset[length] = index - code;
    for (let left = counts[length - 1] ?? 0; left > 0; left -= 1) {
      if (length <= 8) {
        const entry = (length << 8) | (symbols[index] ?? 0);
        short.fill(entry, code << (8 - length), (code + 1) << (8 - length));
      }
      code += 1;
      index += 1;
    }
    if (code > 1 << length) return null;
    largest[length] = counts[length - 1] === 0 ? -1 : code - 1;
    code <<= 1;
  }
  return index === symbols.length ? { short, largest, offset, symbols } : null;
}

/** Picture data from one place on. Past a marker or the end it gives zeros, and says so. */
export class BitReader {
  /** Where the next byte is. */
  at: number;
  readonly #bytes: Uint8Array;
  #bits = 0;
  #count = 0;
  /** Zeros that were made up. */
  #madeUp = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** True once bits have been read that were not there. */
  get isPastEnd(): boolean {
    return this.#madeUp > this.#count;
  }

  /** The next symbol; -1 for a code that the table does not hold. */
  symbol({ short, largest, offset, symbols }: HuffmanTable): number {
    if (this.#count < 16) this.#fill();
    const entry = short[(this.#bits >>> (this.#count - 8)) & 0xff] ?? 0;
    if (entry !== 0) {
      this.#count -= entry >> 8;
      return entry & 0xff;
    }
    for (let length = 9; length <= 16; length += 1) {
      const code = (this.#bits >>> (this.#count - length)) & ((1 << length) - 1);
      if (code > (largest[length] ?? -1)) continue;
      this.#count -= length;
      return symbols[code + (offset[length] ?? 0)] ?? -1;
    }
    return -1;
  }

  /** The next bits, 0 to 16 of them. */
  take(count: number): number {
    if (this.#count < count) this.#fill();
    this.#count -= count;
    return (this.#bits >>> this.#count) & ((1 << count) - 1);
  }

  /** Drops what is left and goes on behind the next restart marker. False where there is none before another marker. */
  restart(): boolean {
    this.#bits = 0;
    this.#count = 0;
    this.#madeUp = 0;
    const bytes = this.#bytes;
    for (; this.at + 1 < bytes.length; this.at += 1) {
      if (bytes[this.at] !== 0xff) continue;
      const marker = bytes[this.at + 1] ?? 0;
      if (marker >= 0xd0 && marker <= 0xd7) {
        this.at += 2;
        return true;
      }
      if (marker !== 0 && marker !== 0xff) return false;
    }
    return false;
  }

  #fill(): void {
    const bytes = this.#bytes;
    while (this.#count <= 24) {
      const byte = bytes[this.at];
      let value = byte ?? 0;
      if (byte === undefined || (byte === 0xff && bytes[this.at + 1] !== 0)) {
        value = 0;
        this.#madeUp += 8;
      } else {
        this.at += byte === 0xff ? 2 : 1;
      }
      // 32 bits are kept; what was read before falls out at the top.
      this.#bits = (this.#bits << 8) | value;
      this.#count += 8;
    }
  }
}
