// Settings that are fine one by one but not together.
import type { BackendKeys, Config, FixedConfig, SectionKeys } from './schema.ts';
import type { Setting } from './settings.ts';
import { settingId, variableName } from './sources.ts';

/** Something that two or more settings do to each other. */
export interface Conflict {
  /** `settingId` of those involved; the first is where to look. */
  readonly ids: readonly [string, ...string[]];
  readonly message: string;
  /** The configuration cannot be used; else it is only worth a warning. */
  readonly isFatal: boolean;
}

/** Every conflict between values that are valid one by one. */
export function findConflicts(
  config: FixedConfig &
    Pick<Config<BackendKeys>, 'webhooks'> & { readonly backend: { readonly use: readonly string[] } },
  settings: ReadonlyMap<string, Setting>,
  sections: readonly SectionKeys[],
): readonly Conflict[] {
  const { moonraker, camera, detection, action, backend } = config;
  const conflicts: Conflict[] = [];
  const fail = (ids: Conflict['ids'], message: string) => conflicts.push({ ids, message, isFatal: true });
  const warn = (ids: Conflict['ids'], message: string) => conflicts.push({ ids, message, isFatal: false });

  if (action.onFailure === 'gcode' && action.failureGcode === null) {
    fail(
      ['[action] on_failure', '[action] failure_gcode'],
      'gcode needs commands; write them under failure_gcode',
    );
  }
  if (action.onFailure !== 'gcode' && action.failureGcode !== null) {
    warn(
      ['[action] failure_gcode', '[action] on_failure'],
      `is not used, because on_failure is ${action.onFailure}`,
    );
  }
  if (action.mode === 'shadow') {
    warn(['[action] mode'], 'is shadow: nothing is done about a print that fails, and nobody is alerted');
  }
  if (detection.failAfterMs <= detection.warnAfterMs) {
    fail(
      ['[detection] fail_after', '[detection] warn_after'],
      'must be longer than warn_after: a failure is a warning first',
    );
  }
  if (moonraker.username !== null && moonraker.password === null) {
    fail(
      ['[moonraker] username', '[moonraker] password'],
      `needs a password: ${placesFor('moonraker', 'password')}`,
    );
  }
  for (const [name, section] of [
    ['moonraker', moonraker],
    ['camera', camera],
  ] as const) {
    if (section.username !== null || section.password === null) continue;
    fail([`[${name}] password`, `[${name}] username`], 'needs a username beside it');
  }

  const hasUrl = camera.snapshotUrl !== null || camera.streamUrl !== null;
  if (hasUrl && camera.webcam !== null) {
    warn(
      ['[camera] webcam', '[camera] snapshot_url', '[camera] stream_url'],
      'is not used, because a URL is given',
    );
  }
  for (const name of ['rotation', 'flip_horizontal', 'flip_vertical']) {
    const id = settingId('camera', name);
    if (!hasUrl && settings.get(id)?.origin.kind !== 'default') {
      warn(
        [id, '[camera] snapshot_url', '[camera] stream_url'],
        'is not used without a URL; set it for the webcam in Mainsail or Fluidd',
      );
    }
  }

  if ((camera.lightOn === null) !== (camera.lightOff === null)) {
    fail(['[camera] light_on', '[camera] light_off'], 'and light_off go together: one needs the other');
  }
  if (camera.lightOn !== null && !camera.qualityCheck) {
    warn(
      ['[camera] light_on', '[camera] quality_check'],
      'is not used: without quality_check nothing is too dark',
    );
  }

  const isChosen = settings.get('[backend] use')?.origin.kind !== 'default';
  for (const { name, keys } of sections) {
    const use = /^backend (.+)$/.exec(name)?.[1];
    if (use === undefined) continue;
    for (const [keyName, key] of Object.entries(keys)) {
      const id = settingId(name, keyName);
      if (key.kind !== 'secret' || !key.isNeeded) continue;
      const isSet = settings.get(id)?.value !== null;
      if (backend.use.includes(use) && !isSet) {
        warn([id, '[backend] use'], `is not set, so nothing can be judged: ${placesFor(name, keyName)}`);
      }
      // Whoever has a key wants that service; the default judges without a word about it.
      if (!isChosen && isSet && !backend.use.includes(use)) {
        const others = backend.use.join(', ');
        warn([id, '[backend] use'], `is not used: ${others} judges until you set [backend] use: ${use}`);
      }
    }
  }
  for (const [name, hook] of Object.entries(config.webhooks)) {
    const id = (key: string) => settingId(`webhook ${name}`, key);
    const keys = sections.find((section) => section.name === `webhook ${name}`)?.keys ?? {};
    const isMeant = Object.keys(keys).some((key) => settings.get(id(key))?.origin.kind !== 'default');
    if (isMeant && hook.url === null) fail([id('url')], 'is missing: a webhook needs an address');
    if (hook.header !== null && !/^[a-z0-9-]{1,60}$/i.test(hook.header)) {
      fail([id('header')], 'is not the name of a header: letters, digits and -');
    }
    if (hook.header !== null && hook.secret === null)
      warn([id('header'), id('secret')], 'is not used without a secret');
  }
  return conflicts;
}

function placesFor(section: string, key: string): string {
  return `put it into the file named by [secrets] file, or into $${variableName(section, key)}`;
}
