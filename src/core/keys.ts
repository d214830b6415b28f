// What a configuration key is, as plain data: one table of keys per section serves validation, the README and the example file.
import type { BedCorners } from './bed.ts';
import type { Area } from './regions.ts';

interface Common {
  /** What it does, for the person who sets it. One or two short sentences. */
  readonly about: string;
}

/** A length of time such as `90s`, `5m` or `1h30m`. `fallback`, `min` and `max` are written the same way. Read as ms. */
export interface DurationKey extends Common {
  readonly kind: 'duration';
  readonly fallback: string;
  readonly min: string;
  readonly max: string;
}

/** Klipper's True or False. */
export interface FlagKey extends Common {
  readonly kind: 'flag';
  readonly fallback: boolean;
}

/** A number from `min` to `max`, both allowed. */
export interface NumberKey extends Common {
  readonly kind: 'number';
  readonly isInteger: boolean;
  /** Something of the host that there is once, such as a port: two printers cannot both have it. 0 is none. */
  readonly isExclusive: boolean;
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
}

/** One of a few words or numbers. */
export interface ChoiceKey<Option extends string | number = string | number> extends Common {
  readonly kind: 'choice';
  readonly options: readonly Option[];
  readonly fallback: Option;
}

/** Some of a few words, in the order that the user gives them, with commas between; at least one, none twice. */
export interface ListKey<Option extends string = string> extends Common {
  readonly kind: 'list';
  readonly options: readonly Option[];
  readonly fallback: readonly Option[];
}

/** Any number of words, with commas or line breaks between. `networks`: IP addresses and CIDR ranges; `host-names`: names of hosts. */
export interface WordsKey extends Common {
  readonly kind: 'words';
  readonly form: 'networks' | 'host-names';
  readonly fallback: readonly string[];
}

/** One line of text, or null when not set. */
export interface TextKey extends Common {
  readonly kind: 'text';
}

/** Several lines of G-code, or null when not set. */
export interface GcodeKey extends Common {
  readonly kind: 'gcode';
}

/** The name of a macro, without parameters, or null when not set. */
export interface MacroKey extends Common {
  readonly kind: 'macro';
}

/** Areas of the picture, one a line (areas.ts); none when not set. */
export interface AreasKey extends Common {
  readonly kind: 'areas';
}

/** The corners of the bed in the picture (bed.ts); null when not set. */
export interface CornersKey extends Common {
  readonly kind: 'corners';
}

/** A password or an API key, or null when not set. Its value is never shown. */
export interface SecretKey extends Common {
  readonly kind: 'secret';
  /** The section can do nothing without it; a missing one is told as a warning. */
  readonly isNeeded: boolean;
}

/** A URL without user and password in it. */
export interface UrlKey<Fallback extends string | null = string | null> extends Common {
  readonly kind: 'url';
  readonly fallback: Fallback;
  /** `web`: http or https; `secure`: https, and http to this host only; `web-or-path`: also `/webcam/?action=snapshot`. */
  readonly form: 'web' | 'secure' | 'web-or-path';
}

/** Where Moonraker listens. Read as `ws(s)://HOST:PORT/PREFIX/websocket` or `unix:/absolute/path`. */
export interface EndpointKey extends Common {
  readonly kind: 'endpoint';
  readonly fallback: string;
}

/**
 * A file or folder. `~` is the home folder, `<printer_data>` the folder that holds the config folder; anything relative
 * is taken from the config file's own folder. Read as an absolute path, or null when not set.
 */
export interface PathKey<Fallback extends string | null = string | null> extends Common {
  readonly kind: 'path';
  readonly fallback: Fallback;
  /** `none` and an empty value are allowed and are read as null. */
  readonly mayBeNone: boolean;
}

/** Any key. */
export type Key =
  | DurationKey
  | FlagKey
  | NumberKey
  | ChoiceKey
  | ListKey
  | WordsKey
  | TextKey
  | GcodeKey
  | MacroKey
  | AreasKey
  | CornersKey
  | SecretKey
  | UrlKey
  | EndpointKey
  | PathKey;

/** The keys of one section, by their names in the file (snake_case), in the order in which people should meet them. */
export type KeyTable = Readonly<Record<string, Key>>;

/** What a key's value is once it has been read. */
export type KeyValue<K extends Key> = K extends DurationKey | NumberKey
  ? number
  : K extends FlagKey
    ? boolean
    : K extends ChoiceKey<infer Option>
      ? Option
      : K extends ListKey<infer Option>
        ? readonly Option[]
        : K extends WordsKey
          ? readonly string[]
          : K extends UrlKey<infer Fallback>
            ? OrNull<Fallback>
            : K extends PathKey<infer Fallback>
              ? K['mayBeNone'] extends false
                ? OrNull<Fallback>
                : string | null
              : K extends EndpointKey
                ? string
                : K extends AreasKey
                  ? readonly Area[]
                  : K extends CornersKey
                    ? BedCorners | null
                    : string | null;

/** The values of a section: `blind_after`, a duration, becomes `blindAfterMs`. */
export type KeyValues<Table extends KeyTable> = {
  readonly [Name in keyof Table & string as FieldName<Name, Table[Name]>]: KeyValue<Table[Name]>;
};

type OrNull<Fallback> = null extends Fallback ? string | null : string;

type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;

type FieldName<Name extends string, K extends Key> = K extends DurationKey ? `${Camel<Name>}Ms` : Camel<Name>;

/** The name of a key's value in code: camelCase, with the unit for a duration. */
export function fieldName(name: string, key: Key): string {
  const camel = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  return key.kind === 'duration' ? `${camel}Ms` : camel;
}

/** Makes the entries of a key table. */
export const key = {
  duration: (fallback: string, range: { min: string; max: string }, about: string): DurationKey => ({
    kind: 'duration',
    fallback,
    ...range,
    about,
  }),
  flag: (fallback: boolean, about: string): FlagKey => ({ kind: 'flag', fallback, about }),
  int: (
    fallback: number,
    range: { min: number; max: number },
    about: string,
    { isExclusive = false } = {},
  ): NumberKey => ({ kind: 'number', isInteger: true, isExclusive, fallback, ...range, about }),
  float: (fallback: number, range: { min: number; max: number }, about: string): NumberKey => ({
    kind: 'number',
    isInteger: false,
    isExclusive: false,
    fallback,
    ...range,
    about,
  }),
  choice: <const Option extends string | number>(
    fallback: NoInfer<Option>,
    options: readonly Option[],
    about: string,
  ): ChoiceKey<Option> => ({ kind: 'choice', options, fallback, about }),
  list: <const Option extends string>(
    fallback: readonly NoInfer<Option>[],
    options: readonly Option[],
    about: string,
  ): ListKey<Option> => ({ kind: 'list', options, fallback, about }),
  words: (form: WordsKey['form'], fallback: readonly string[], about: string): WordsKey => ({
    kind: 'words',
    form,
    fallback,
    about,
  }),
  text: (about: string): TextKey => ({ kind: 'text', about }),
  gcode: (about: string): GcodeKey => ({ kind: 'gcode', about }),
  macro: (about: string): MacroKey => ({ kind: 'macro', about }),
  areas: (about: string): AreasKey => ({ kind: 'areas', about }),
  corners: (about: string): CornersKey => ({ kind: 'corners', about }),
  secret: (about: string, { isNeeded = false } = {}): SecretKey => ({ kind: 'secret', isNeeded, about }),
  url: <const Fallback extends string | null>(
    fallback: Fallback,
    form: UrlKey['form'],
    about: string,
  ): UrlKey<Fallback> => ({ kind: 'url', fallback, form, about }),
  endpoint: (fallback: string, about: string): EndpointKey => ({ kind: 'endpoint', fallback, about }),
  path: <const Fallback extends string | null, const None extends boolean>(
    fallback: Fallback,
    options: { mayBeNone: None },
    about: string,
  ): PathKey<Fallback> & { readonly mayBeNone: None } => ({ kind: 'path', fallback, ...options, about }),
};
