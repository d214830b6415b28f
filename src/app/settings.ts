// The settings with the backends that this program knows.
import { backendKeys } from '../backends/registry.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import type { MoonrakerSettings } from '../config/moonraker-conf.ts';
import type { Move } from '../config/moves.ts';
import type { Config } from '../config/schema.ts';
import { ConfigError } from '../core/errors.ts';

/** All settings in force for one printer. */
export type Settings = Config<typeof backendKeys>;

/** The settings with their origins, warnings and secrets. */
export type LoadedSettings = LoadedConfig<typeof backendKeys>;

/** One printer with its settings. */
export type PrinterSettings = LoadedSettings['printers'][number];

/** What may be known beside the file. */
export interface LoadExtras {
  /** What stands in moonraker.conf; null where nothing is known of it. */
  readonly moonraker?: MoonrakerSettings | null;
  /** Names that keys have had, where they are not those of this program. */
  readonly moves?: readonly Move[];
}

/**
 * Loads the configuration file, and with it what stands in moonraker.conf where that is known. Throws ConfigError with
 * every mistake in them.
 */
export function loadSettings(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
  { moonraker = null, moves }: LoadExtras = {},
): LoadedSettings {
  return loadConfig({ file, env, backendKeys, moonraker, ...(moves === undefined ? {} : { moves }) });
}

/**
 * The printers that a command is for: all, or the one that `--printer` names.
 * @throws ConfigError CONFIG_INVALID where there is none of that name
 */
export function choosePrinters(
  { printers }: Pick<LoadedSettings, 'printers'>,
  wanted: string | null,
): readonly [PrinterSettings, ...PrinterSettings[]] {
  if (wanted === null) return printers;
  const found = printers.find(({ name }) => name === wanted);
  if (found !== undefined) return [found];
  const names = printers.flatMap(({ name }) => name ?? []);
  throw new ConfigError(`there is no [printer ${wanted}] in the configuration`, {
    code: 'CONFIG_INVALID',
    retry: 'never',
    hint:
      names.length === 0
        ? 'It names no printers: leave --printer out.'
        : `--printer takes one of: ${names.join(', ')}.`,
  });
}
