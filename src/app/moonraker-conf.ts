// Settings in moonraker.conf: taken up when Moonraker's component hands them over, and reported back where they are wrong.
import { ConfigError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { systemClock } from '../lib/clock.ts';
import {
  type ComponentSettings,
  createMoonrakerComponent,
  type MoonrakerComponent,
} from '../moonraker/component.ts';
import { createLogService } from '../service/log.ts';
import { wayInFor } from './connect.ts';
import type { RunOptions } from './run.ts';
import { type LoadedSettings, loadSettings } from './settings.ts';

/** The settings of a process through what becomes of moonraker.conf. */
export interface FollowedSettings {
  /** Those in force now. */
  current(): LoadedSettings;
  /** Listens to the component of one composition. `renew` makes the parts anew, with other settings. */
  attach(component: Pick<MoonrakerComponent, 'onSettings' | 'onState' | 'report'>, renew: () => void): void;
}

/** What following needs. */
export interface FollowDeps {
  /** Loads the file together with what is in moonraker.conf; throws ConfigError. */
  readonly load: (moonraker: ComponentSettings | null) => LoadedSettings;
  /** Keeps secrets out of the log. */
  readonly registerSecrets: (secrets: readonly string[]) => void;
  readonly log: Log;
}

/** How long a warning may take to reach Moonraker, ms. */
const reportLimitMs = 10_000;

/** Begins with the settings of the file alone. A process with several printers has them there only. */
export function followMoonrakerConf(
  first: LoadedSettings,
  { load, registerSecrets, log }: FollowDeps,
): FollowedSettings {
  let current = first;
  let inForce = '';
  let problems: readonly string[] = [];

  const take = (given: ComponentSettings) => {
    try {
      current = load(isEmpty(given) ? null : given);
      problems = [];
      log.info('the settings in moonraker.conf are in force', { sections: Object.keys(given.sections) });
      for (const warning of current.warnings) log.warn(warning);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems = error.message.split('\n');
      // Not what the user wants to be done, so nothing is done: a print must not be paused by settings that are a guess.
      current = switchedOff(first);
      log.error('the settings cannot be used, so nothing is watched', { problems });
    }
    registerSecrets(current.secrets);
  };

  return {
    current: () => current,
    attach: (component, renew) => {
      component.onSettings((given) => {
        const text = isEmpty(given) ? '' : JSON.stringify(given);
        if (text === inForce) return;
        inForce = text;
        if (first.printers.length > 1) {
          log.warn('settings in moonraker.conf are not used by a process that watches several printers');
          return;
        }
        take(given);
        renew();
      });
      component.onState(({ kind }) => {
        if (kind !== 'present' || problems.length === 0) return;
        component.report(problems, AbortSignal.timeout(reportLimitMs)).catch((error: unknown) => {
          log.warn('Moonraker was not told what is wrong with the settings', { error });
        });
      });
    },
  };
}

/** `[lookout]` alone, or nothing at all. */
function isEmpty({ sections, problems }: ComponentSettings): boolean {
  return (
    problems.length === 0 && Object.values(sections).every((options) => Object.keys(options).length === 0)
  );
}

function switchedOff(loaded: LoadedSettings): LoadedSettings {
  const [{ name, config }, ...others] = loaded.printers;
  const off = { ...config, detection: { ...config.detection, enabled: false } };
  return { ...loaded, printers: [{ name, config: off }, ...others] };
}

/** A Moonraker that does not answer at all is waited for no longer, ms. */
const askLimitMs = 5_000;

/**
 * The settings for a look beside the service: those of the file, and what moonraker.conf has where it can be asked.
 * Rejects with a ConfigError.
 */
export async function loadWithMoonrakerConf({ file, env, version }: RunOptions): Promise<LoadedSettings> {
  const loaded = loadSettings(file, env);
  const [{ config }, ...others] = loaded.printers;
  if (others.length > 0) return loaded;
  const silent = createLogService(
    { level: 'error', file: null },
    { clock: systemClock, stdout: { write: () => true } },
  );
  silent.registerSecrets(loaded.secrets);
  const deps = {
    clock: systemClock,
    log: silent.log,
    random: Math.random,
    version,
    clientType: 'other',
  } as const;
  const { connection } = wayInFor(config, deps);
  const component = createMoonrakerComponent({ connection, log: silent.log });
  let given: ComponentSettings | null = null;
  component.onSettings((settings) => {
    given = isEmpty(settings) ? null : settings;
  });
  const stop = new AbortController();
  connection.onState(() => stop.abort());
  const limit = setTimeout(() => stop.abort(), askLimitMs);
  await Promise.all([component.run(stop.signal), connection.run(stop.signal)]);
  clearTimeout(limit);
  return given === null ? loaded : loadSettings(file, env, { moonraker: given });
}
