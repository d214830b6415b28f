// Keys that take any number of words: networks and host names.
import { isIP } from 'node:net';
import * as v from 'valibot';
import type { WordsKey } from '../core/keys.ts';

/** Words of one key at most. */
const maxWords = 50;
const maxLength = 4_096;

interface WordForm {
  /** What is allowed, for a person. */
  readonly about: string;
  readonly isOne: (word: string) => boolean;
}

/** The kinds of words. */
export const wordForms: Readonly<Record<WordsKey['form'], WordForm>> = {
  networks: {
    about: 'IP addresses and ranges such as 192.168.0.0/16, with commas between',
    isOne: isNetwork,
  },
  'host-names': {
    about: 'host names, with commas between',
    isOne: (word) => /^(?=.{1,253}$)[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(word),
  },
};

/** Reads words with commas, spaces or line breaks between; an issue names the first that is none. */
export function wordsSchema({ form }: WordsKey): v.GenericSchema<string, readonly string[]> {
  const { isOne } = wordForms[form];
  return v.pipe(
    v.string(),
    v.maxLength(maxLength, ''),
    v.toLowerCase(),
    v.transform((text) => text.split(/[\s,]+/).filter((word) => word !== '')),
    v.array(
      v.pipe(
        v.string(),
        v.check(isOne, ({ input }) => `"${input.slice(0, 60)}" is none`),
      ),
    ),
    v.maxLength(maxWords, ''),
    v.readonly(),
  );
}

function isNetwork(word: string): boolean {
  const [address = '', bits, ...rest] = word.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}
