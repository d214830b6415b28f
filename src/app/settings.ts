// The settings with the backends that this program knows.
import { backendKeys } from '../backends/registry.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';

/** All settings in force. */
export type Settings = Config<typeof backendKeys>;

/** The settings with their origins, warnings and secrets. */
export type LoadedSettings = LoadedConfig<typeof backendKeys>;

/** Loads the configuration file. Throws ConfigError with every mistake in it. */
export function loadSettings(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): LoadedSettings {
  return loadConfig({ file, env, backendKeys });
}
