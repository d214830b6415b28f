// The Huffman tables that a JPEG may leave out, as webcams with Motion JPEG do. Source: ITU-T T.81, tables K.3 to K.6.
import { type HuffmanTable, makeTable } from './huffman.ts';

const texts = {
  dc0: ['00010501010101010100000000000000', '000102030405060708090a0b'],
  dc1: ['00030101010101010101010000000000', '000102030405060708090a0b'],
  ac0: [
    '0002010303020403050504040000017d',
    '01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a43444546' +
      '4748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7' +
      'b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa',
  ],
  ac1: [
    '00020102040403040705040400010277',
    '0001020311040521310612415107617113223281081442' +
      '91a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a636465666768696a73' +
      '7475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9' +
      'dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa',
  ],
} as const;

/** DC and AC tables by number, as they hold until a picture brings its own. */
export function standardTables(): { dc: (HuffmanTable | null)[]; ac: (HuffmanTable | null)[] } {
  const table = ([counts, symbols]: readonly [string, string]) =>
    makeTable(Buffer.from(counts, 'hex'), Buffer.from(symbols, 'hex'));
  return { dc: [table(texts.dc0), table(texts.dc1)], ac: [table(texts.ac0), table(texts.ac1)] };
}
