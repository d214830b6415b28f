// Keeps the areas that a person draws: in the configuration file, with a copy of the old one, and in force at once.
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { editConf } from '../config/edit.ts';
import { readText } from '../config/sources.ts';
import { formatAreas, readAreas } from '../core/areas.ts';
import { ConfigError } from '../core/errors.ts';
import type { Area } from '../core/regions.ts';
import type { MaskStore } from '../dashboard/printer-view.ts';
import { oneAtATime } from '../lib/one-at-a-time.ts';
import { replaceFile, rewriteFile } from './rewrite-file.ts';

/** Where the areas are written and how they come into force. */
export interface MaskStoreOptions {
  /** The configuration file; it may be absent. */
  readonly file: string;
  /** `camera`, or the section of this printer. */
  readonly section: string;
  /** In force now. */
  readonly current: () => readonly Area[];
  readonly apply: (areas: readonly Area[]) => void;
}

/** Everybody may read a new file, as the configuration folder is served anyway. */
const newFileMode = 0o644;
/** Of all printers: they share one file. */
const turn = oneAtATime();

/** Makes the store. Reads and writes nothing yet. */
export function createMaskStore({ file, section, current, apply }: MaskStoreOptions): MaskStore {
  const read = () => {
    const found = readText(file);
    return { ...(found ?? { text: '', mode: newFileMode }), isThere: found !== null };
  };
  const save = async (areas: readonly Area[], version: string): Promise<void> => {
    const lines = formatAreas(areas)
      .split('\n')
      .filter((line) => line !== '');
    const checked = readAreas(lines.join('\n'));
    if (checked.problems !== undefined) {
      throw new ConfigError(checked.problems.join('; '), { code: 'CONFIG_INVALID', retry: 'never' });
    }
    const { text, mode, isThere } = read();
    if (versionOf(text) !== version) {
      throw new ConfigError('the configuration file has been changed meanwhile', {
        code: 'CONFIG_CHANGED',
        retry: 'never',
        hint: 'Your areas are still on the page. Load the areas anew, or draw them again.',
      });
    }
    const next = editConf(text, { section, key: 'ignore', lines });
    if (next === null) {
      throw new ConfigError(`${file} was not changed: it would have meant something else`, {
        code: 'CONFIG_NOT_WRITTEN',
        retry: 'never',
        hint: `Write the areas under [${section}] ignore by hand.`,
      });
    }
    if (next !== text) await write(next, mode, isThere);
    apply(checked.areas);
  };
  const write = async (text: string, mode: number, isThere: boolean) => {
    try {
      if (isThere) await rewriteFile(file, text, mode, new Date());
      else await replaceFile(file, text, mode);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new ConfigError(`${file} could not be written: ${why}`, {
        code: 'CONFIG_NOT_WRITTEN',
        retry: 'later',
        hint: `It is as it was. Check that this user may write to ${dirname(file)}.`,
        cause,
      });
    }
  };
  return {
    read: () => ({ areas: current(), version: versionOf(read().text) }),
    // Two pages of one process, and two printers with one file.
    save: (areas, version) => turn(() => save(areas, version), new AbortController().signal),
  };
}

/** Changes with every byte of the file. */
function versionOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
