// Every key there is: section by section, with default, range and meaning. The README's table and the example file follow it.
import { type Key, type KeyTable, type KeyValues, key } from '../core/keys.ts';
import { camera } from './camera-keys.ts';
import { dashboard } from './dashboard-keys.ts';

/** The key tables of the backends, by the names used in `[backend] use:` and `[backend NAME]`. */
export type BackendKeys = Readonly<Record<string, KeyTable>>;

const moonraker = {
  url: key.endpoint(
    'ws://127.0.0.1:7125/websocket',
    'Where Moonraker listens. A route prefix goes before /websocket. unix:/path/to/moonraker.sock is its Unix socket.',
  ),
  api_key: key.secret("Moonraker's API key. Not needed where Moonraker trusts this host."),
  username: key.text('A Moonraker user, in place of the API key.'),
  password: key.secret('The password of that user.'),
  ca_file: key.path(null, { mayBeNone: false }, 'Certificate (PEM) of a private authority, for wss://.'),
};

const detection = {
  enabled: key.flag(true, 'Watch prints at all.'),
  start_after: key.duration(
    '0s',
    { min: '0s', max: '24h' },
    'Do not judge the first part of a print, counted from the first extrusion.',
  ),
  ignore_layers: key.int(
    0,
    { min: 0, max: 1000 },
    'Do not judge so many layers from the first. Only where the slicer tells the layer (SET_PRINT_STATS_INFO).',
  ),
  resume_mute: key.duration(
    '5m',
    { min: '0s', max: '2h' },
    'Stay quiet for this long after a paused print has been resumed.',
  ),
  blind_after: key.duration(
    '5m',
    { min: '30s', max: '1h' },
    'Tell you when nothing could be judged for this long: no camera, no answer from the backend, or no connection to Moonraker while a print runs.',
  ),
  busy_load: key.float(
    1.5,
    { min: 0, max: 100 },
    'The host is busy when this many processes run or wait for each core (load over a minute, of this host and of the one that Klipper runs on): pictures are then taken less often. 0: never.',
  ),
  interval: key.duration(
    '10s',
    { min: '2s', max: '10m' },
    'Time between two pictures. A backend may ask for more time.',
  ),
  warn_after: key.duration(
    '30s',
    { min: '5s', max: '30m' },
    'Warn when failure has been seen for this long. Only for backends that give a score (builtin, obico, open-inference).',
  ),
  fail_after: key.duration(
    '90s',
    { min: '10s', max: '1h' },
    'Call the print failing when failure has been seen for this long. Longer than warn_after.',
  ),
  sensitivity: key.choice(
    'medium',
    ['low', 'medium', 'high'],
    'low takes half as long again, high takes 0.6 of it.',
  ),
};

const action = {
  mode: key.choice(
    'act',
    ['act', 'shadow'],
    'shadow decides as ever and does nothing: no pause, no alert. It is recorded, and you are asked after the print whether it would have been right.',
  ),
  on_failure: key.choice(
    'pause',
    ['pause', 'cancel', 'alert', 'gcode', 'confirm'],
    'What to do with a print that fails. alert never touches the printer; gcode runs failure_gcode; confirm asks first and pauses if nobody answers.',
  ),
  confirm_timeout: key.duration(
    '60s',
    { min: '10s', max: '30m' },
    'How long you are asked with on_failure: confirm, before the print is paused.',
  ),
  failure_gcode: key.gcode('Run when on_failure is gcode: one command a line, indented.'),
  pause_timeout: key.duration(
    '60s',
    { min: '5s', max: '30m' },
    'Raise the alarm when the printer has not stopped within this time after it was told to.',
  ),
  idle_timeout: key.duration(
    '12h',
    { min: '0s', max: '24h' },
    "Klipper's idle timeout while paused by us, so that the bed stays warm. 0s leaves it alone.",
  ),
  hotend_standby: key.int(
    0,
    { min: 0, max: 300 },
    'Temperature in °C to which the hotend cools after a pause of ours; it is warm again before the print goes on. 0 leaves it hot. Needs klipper/lookout.cfg.',
  ),
  after_pause_gcode: key.gcode(
    'Run after a pause of ours, when the alert is out: one command a line, indented.',
  ),
};

const alerts = {
  prompt: key.flag(true, 'Show a dialog with buttons in Mainsail and Fluidd.'),
  console: key.flag(true, 'Write a red line to the console.'),
  announcement: key.flag(
    true,
    'Put it into the bell of Mainsail and Fluidd. Only with the component in Moonraker (docs/component.md).',
  ),
  event: key.flag(true, 'Send an agent event through Moonraker, for other programs.'),
  m117: key.flag(
    false,
    'Show the open alert in the status panel and on the display of the printer (M117). Needs [display_status].',
  ),
  notifier: key.text(
    'NAME of a [notifier NAME] in moonraker.conf, for messages to a phone. Needs the macro LOOKOUT_NOTIFY of klipper/lookout.cfg.',
  ),
  mqtt: key.flag(
    false,
    "Publish state, picture and alerts through Moonraker's own [mqtt], for Home Assistant and others (docs/alerts.md).",
  ),
  mqtt_prefix: key.text('Prefix of the discovery of Home Assistant. Not set: homeassistant.'),
};

/** One `[webhook NAME]`; NAME is the user's. */
const webhook = {
  url: key.url(
    null,
    'web',
    'Where alerts are sent (POST). Never shown beyond its host, and never redirected.',
  ),
  format: key.choice(
    'json',
    ['json', 'multipart'],
    'json: the text alone. multipart: a form with the same fields and the picture as "file".',
  ),
  secret: key.secret(
    'Sent as "Authorization: Bearer SECRET". Never sent over plain http:// outside of the local network.',
  ),
  header: key.text('Name of a header that carries the secret as it is, in place of Authorization.'),
  notices: key.flag(true, 'Send notices too, such as that lookout is blind, or sees again.'),
  timeout: key.duration(
    '10s',
    { min: '1s', max: '60s' },
    'How long to wait for an answer. Tried 4 times at most.',
  ),
};

const records = {
  path: key.path(
    '<printer_data>/lookout',
    { mayBeNone: false },
    'Folder for what has to survive a restart. <printer_data> is the folder that holds the config folder.',
  ),
  ring: key.choice(
    'memory',
    ['memory', 'disk'],
    'Where the pictures of the last minutes wait for an incident: in memory, which spares the SD card, or in the folder above.',
  ),
  ring_time: key.duration('10m', { min: '1m', max: '1h' }, 'How far back the record of an incident reaches.'),
  ring_mb: key.int(
    16,
    { min: 1, max: 256 },
    'MB of pictures at most before an incident, and as many after it opens.',
  ),
  keep_days: key.int(30, { min: 1, max: 3650 }, 'Incidents and prints older than this are deleted.'),
  keep_mb: key.int(500, { min: 20, max: 100_000 }, 'MB of incidents at most; the oldest are deleted.'),
};

const secrets = {
  file: key.path(
    null,
    { mayBeNone: false },
    'A second file with the same sections for keys and passwords, readable by you only (chmod 600). Keep it outside the config folder.',
  ),
};

const log = {
  level: key.choice('info', ['debug', 'info', 'warn', 'error'], 'The least important lines to write.'),
  file: key.path(
    '<printer_data>/logs/moonraker-lookout.log',
    { mayBeNone: true },
    'Also write the log here. none: to standard output only.',
  ),
};

/** Sections of the process, which no printer can have for itself. */
const sharedSections = { dashboard, secrets, log };

/** Sections that each printer may have for itself, before and after those of the backends. */
const firstSections = { moonraker, camera };
const laterSections = { detection, action, alerts, records };

/** The sections whose keys are known here; those of the backends come in as an argument. */
type FixedSections = typeof firstSections & typeof laterSections & typeof sharedSections;

/** The settings of those sections. Durations in ms; null where nothing is set. */
export type FixedConfig = {
  readonly [Name in keyof FixedSections]: KeyValues<FixedSections[Name]>;
};

/** What holds for the whole process, however many printers it watches. */
export type SharedConfig = Pick<FixedConfig, keyof typeof sharedSections>;

/** All settings in force for one printer, ready to use. */
export type Config<Backends extends BackendKeys> = FixedConfig & {
  readonly backend: {
    /** In the order in which they are asked. */
    readonly use: readonly (keyof Backends & string)[];
    readonly failoverAfterMs: number;
  };
  readonly backends: { readonly [Name in keyof Backends]: KeyValues<Backends[Name]> };
  /** By NAME, in the order of the file. */
  readonly webhooks: Readonly<Record<string, KeyValues<typeof webhook>>>;
};

/** One section of the file with its keys. */
export interface SectionKeys {
  /** As between the brackets. */
  readonly name: string;
  /** Of the process: no printer can have it for itself. */
  readonly isShared: boolean;
  readonly keys: KeyTable;
}

/**
 * Every section in the order in which people should meet them. The first backend is the default one.
 * @param webhooks names of the user's `[webhook NAME]`
 */
export function sectionKeys(backends: BackendKeys, webhooks: readonly string[]): readonly SectionKeys[] {
  const names = Object.keys(backends);
  const backend = {
    use: key.list(
      names.slice(0, 1),
      names,
      'What judges the pictures. Several: the next takes over when one is blind, and the first is tried again every 5 minutes.',
    ),
    failover_after: key.duration(
      '2m',
      { min: '30s', max: '1h' },
      'How long a backend may be blind before the next one in the list judges.',
    ),
  };
  const tables: Readonly<Record<string, KeyTable>> = {
    ...firstSections,
    backend,
    ...Object.fromEntries(names.map((name) => [`backend ${name}`, backends[name] ?? {}])),
    ...laterSections,
    ...Object.fromEntries(webhooks.map((name) => [`webhook ${name}`, webhook])),
    ...sharedSections,
  };
  return Object.entries(tables).map(([name, keys]) => ({
    name,
    isShared: Object.hasOwn(sharedSections, name),
    keys,
  }));
}

/** The key of that name in that section; undefined when there is none. */
export function findKey(sections: readonly SectionKeys[], section: string, name: string): Key | undefined {
  const keys = sections.find((each) => each.name === section)?.keys;
  return keys !== undefined && Object.hasOwn(keys, name) ? keys[name] : undefined;
}
