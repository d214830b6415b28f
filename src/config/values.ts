// One valibot schema per kind of key: from the text in a file to the value in code, and the words for what is allowed.
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import * as v from 'valibot';
import { areaLimits, readAreas } from '../core/areas.ts';
import { type BedCorners, readBedCorners } from '../core/bed.ts';
import { parseDuration } from '../core/duration.ts';
import type { DurationKey, Key, NumberKey, PathKey, UrlKey } from '../core/keys.ts';
import type { Area } from '../core/regions.ts';
import { isBareUrl, isLoopback, toEndpoint } from './urls.ts';
import { wordForms, wordsSchema } from './words.ts';

/** The folders that paths in a configuration are taken from; all absolute. */
export interface Folders {
  /** Holds the configuration file. Relative paths start here. */
  readonly config: string;
  /** Holds the config folder: `~/printer_data` on most hosts. */
  readonly printerData: string;
}

/** A value of any kind of key, once read. */
export type Value = string | number | boolean | readonly string[] | readonly Area[] | BedCorners | null;

/** Reads the text of one key. An issue's message says what is wrong beyond `allowedText`; '' if nothing more is to be said. */
export type ValueSchema = v.GenericSchema<string, Value>;

/** The schema of a key. Every schema takes the trimmed text of a conf file, continuation lines joined with `\n`. */
export function valueSchema(key: Key, folders: Folders): ValueSchema {
  switch (key.kind) {
    case 'duration':
      return durationSchema(key);
    case 'flag':
      return v.pipe(
        oneLine,
        v.toLowerCase(),
        v.picklist([...isTrue, ...isFalse], ''),
        v.transform(isTrueWord),
      );
    case 'number':
      return numberSchema(key);
    case 'choice':
      return v.pipe(
        oneLine,
        v.transform((text) => key.options.find((option) => String(option) === text.toLowerCase())),
        v.union([v.string(), v.number()], ''),
      );
    case 'list':
      return v.pipe(
        oneLine,
        v.toLowerCase(),
        v.transform((text) => text.split(',').map((word) => word.trim())),
        v.array(v.picklist(key.options, '')),
        v.check((words) => new Set(words).size === words.length, 'one of them stands there twice'),
        v.readonly(),
      );
    case 'words':
      return wordsSchema(key);
    case 'text':
    case 'secret':
      return v.pipe(oneLine, emptyIsNull);
    case 'gcode':
      return v.pipe(v.string(), v.maxLength(maxGcodeLength, ''), emptyIsNull);
    case 'macro':
      return v.pipe(oneLine, emptyIsNull, v.nullable(v.pipe(v.string(), v.regex(macroName, ''))));
    case 'areas':
      return areasSchema;
    case 'corners':
      return cornersSchema;
    case 'url':
      return urlSchema(key);
    case 'endpoint':
      return v.pipe(
        oneLine,
        v.transform((text) => toEndpoint(text, homedir())),
        v.string(''),
      );
    case 'path':
      return pathSchema(key, folders);
  }
}

/** What a key takes, short, for a table: `30s to 1h`. */
export function rangeText(key: Key): string {
  switch (key.kind) {
    case 'duration':
    case 'number':
      return `${key.min} to ${key.max}`;
    case 'flag':
      return 'True or False';
    case 'choice':
      return orList(key.options.map(String));
    case 'list':
      return key.options.length === 1 ? key.options.join('') : `one or more of ${key.options.join(', ')}`;
    case 'words':
      return wordForms[key.form].about;
    case 'text':
      return 'text';
    case 'secret':
      return 'text, kept secret';
    case 'gcode':
      return 'G-code, one command a line';
    case 'macro':
      return 'the name of a macro';
    case 'areas':
      return 'rectangles x1,y1,x2,y2 or polygons x1,y1 x2,y2 x3,y3, one a line, 0 to 1';
    case 'corners':
      return 'four points x,y with spaces between them, -1 to 2';
    case 'url':
      return urlForms[key.form];
    case 'endpoint':
      return 'ws://, wss://, http://, https:// or unix:/path/to/moonraker.sock';
    case 'path':
      return key.mayBeNone ? 'a path, or none' : 'a path';
  }
}

/** What a key takes, as the end of a sentence that begins with "allowed:". */
export function allowedText(key: Key): string {
  switch (key.kind) {
    case 'duration':
      return `a duration from ${key.min} to ${key.max}, such as ${orList(durationExamples(key))}`;
    case 'number':
      return `a ${key.isInteger ? 'whole ' : ''}number from ${key.min} to ${key.max}`;
    case 'text':
    case 'secret':
      return 'one line of text';
    case 'gcode':
      return `G-code, one command a line, at most ${maxGcodeLength} characters`;
    case 'macro':
      return 'the name of a macro: letters, digits and _, no parameters, and no command such as M106';
    case 'areas':
      return `at most ${areaLimits.areas} areas, one a line: a rectangle x1,y1,x2,y2 or a polygon of 3 to ${areaLimits.points} points x1,y1 x2,y2 x3,y3, as fractions of the picture from 0 (left, top) to 1 (right, bottom)`;
    case 'corners':
      return 'four points x,y x,y x,y x,y: front left, front right, back right, back left, as fractions of the picture from 0 (left, top) to 1 (right, bottom)';
    case 'endpoint':
      return 'ws://HOST:PORT/websocket (or wss://, http://, https://) or unix:/path/to/moonraker.sock';
    case 'url':
    case 'flag':
    case 'choice':
    case 'list':
    case 'words':
    case 'path':
      return rangeText(key);
  }
}

/** The default of a key as one would write it in a file; '' where there is none. */
export function fallbackText(key: Key): string {
  switch (key.kind) {
    case 'flag':
      return key.fallback ? 'True' : 'False';
    case 'text':
    case 'secret':
    case 'gcode':
    case 'macro':
    case 'areas':
    case 'corners':
      return '';
    case 'list':
    case 'words':
      return key.fallback.join(', ');
    case 'duration':
    case 'number':
    case 'choice':
    case 'url':
    case 'endpoint':
    case 'path':
      return String(key.fallback ?? '');
  }
}

/** Characters of G-code; Klipper runs it in one go while the print waits. */
const maxGcodeLength = 4_096;
/** Nothing that could end the line and begin another command; G, M and T with a number are none of the user's own. */
const macroName = /^(?![a-z]\d)[a-z_][a-z0-9_]{0,63}$/i;

const isTrue = ['true', 'yes', 'on', '1'] as const;
const isFalse = ['false', 'no', 'off', '0'] as const;
const isTrueWord = (word: (typeof isTrue)[number] | (typeof isFalse)[number]): boolean =>
  isTrue.some((each) => each === word);

const urlForms: Record<UrlKey['form'], string> = {
  web: 'an http:// or https:// URL without user and password in it',
  secure: 'an https:// URL without user and password in it (http:// only for this host itself)',
  'web-or-path':
    'an http:// or https:// URL without user and password in it, or a path such as /webcam/?action=snapshot',
};

const oneLine = v.pipe(
  v.string(),
  v.maxLength(1_024, 'it is longer than 1024 characters'),
  v.check(
    (text) => !text.includes('\n'),
    'it has more than one line (an indented line continues the key above)',
  ),
);

/** Says what is wrong with each line, for a long list hides its one mistake. */
const areasSchema: ValueSchema = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const read = readAreas(dataset.value);
    if (read.problems === undefined) return read.areas;
    addIssue({ message: read.problems.join('; ') });
    return NEVER;
  }),
);

const cornersSchema: ValueSchema = v.pipe(
  oneLine,
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const read = readBedCorners(dataset.value);
    if (read.problem === undefined) return read.corners;
    addIssue({ message: read.problem });
    return NEVER;
  }),
);

const emptyIsNull = v.transform((text: string): string | null => (text === '' ? null : text));

function durationSchema(key: DurationKey): ValueSchema {
  return v.pipe(
    oneLine,
    v.check(
      (text) => !/^\d+(\.\d+)?$/.test(text),
      ({ input }) => `add a unit, as in ${input}s or ${input}m`,
    ),
    v.transform((text) => parseDuration(text)),
    v.number(''),
    v.minValue(parseDuration(key.min) ?? 0, ''),
    v.maxValue(parseDuration(key.max) ?? 0, ''),
  );
}

function durationExamples(key: DurationKey): string[] {
  const ms = (text: string) => parseDuration(text) ?? 0;
  return ['90s', '5m', '10s', '30s', '2h']
    .filter((text) => ms(text) >= ms(key.min) && ms(text) <= ms(key.max))
    .slice(0, 2);
}

function numberSchema(key: NumberKey): ValueSchema {
  return v.pipe(
    oneLine,
    v.regex(key.isInteger ? /^[+-]?\d{1,15}$/ : /^[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})$/, ''),
    v.transform(Number),
    v.minValue(key.min, ''),
    v.maxValue(key.max, ''),
  );
}

function urlSchema(key: UrlKey): ValueSchema {
  const isAllowed = (text: string) => {
    if (text === '') return key.fallback === null;
    if (key.form === 'web-or-path' && /^\/(?!\/)\S*$/.test(text)) return true;
    if (/\s/.test(text) || !URL.canParse(text)) return false;
    const url = new URL(text);
    if (!isBareUrl(url)) return false;
    return (
      url.protocol === 'https:' || (url.protocol === 'http:' && (key.form !== 'secure' || isLoopback(url)))
    );
  };
  return v.pipe(oneLine, v.check(isAllowed, ''), emptyIsNull);
}

function pathSchema(key: PathKey, folders: Folders): ValueSchema {
  const toPath = (text: string): string | null => {
    if (text === '' || (key.mayBeNone && text.toLowerCase() === 'none')) return null;
    const expanded = text
      .replace(/^~(?=\/|$)/, () => homedir())
      .replace(/^<printer_data>(?=\/|$)/, () => folders.printerData);
    return resolve(folders.config, expanded);
  };
  return v.pipe(
    oneLine,
    v.check((text) => !text.includes('\0'), ''),
    v.check((text) => text !== '' || key.mayBeNone || key.fallback === null, ''),
    v.transform(toPath),
  );
}

function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
