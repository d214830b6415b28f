import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { octoeverywhereKeys } from '../../src/backends/octoeverywhere-keys.ts';
import { loadConfig } from '../../src/config/load.ts';
import { describeSettings } from '../../src/config/settings.ts';
import { originText } from '../../src/config/sources.ts';
import { ConfigError } from '../../src/core/errors.ts';

let data = '';
let file = '';
let secretsFile = '';
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'lookout config '));
  mkdirSync(join(data, 'config'));
  file = join(data, 'config', 'moonraker-lookout.conf');
  secretsFile = join(data, 'moonraker-lookout.secrets');
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

const backendKeys = { octoeverywhere: octoeverywhereKeys };
const withKey = { LOOKOUT_BACKEND_OCTOEVERYWHERE_API_KEY: 'oe-key-from-environment' };

function load(text: string | null, env: Record<string, string> = withKey) {
  if (text !== null) writeFileSync(file, text);
  const loaded = loadConfig({ file, env, backendKeys });
  return { ...loaded, config: loaded.printers[0].config };
}

/** The lines of the error that loading `text` must end in. */
function problemsOf(text: string, code = 'CONFIG_INVALID', env = withKey): string[] {
  try {
    load(text, env);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.code, code);
    assert.equal(error.retry, 'never');
    assert.notEqual(error.hint, '');
    return error.message.split('\n');
  }
  return assert.fail('nothing was wrong');
}

function writeSecrets(text: string, mode = 0o600): void {
  writeFileSync(secretsFile, text);
  chmodSync(secretsFile, mode);
}

test('without a file every setting has its default, in code units, and a warning says so', () => {
  const { config, warnings, settings } = load(null);
  assert.equal(config.moonraker.url, 'ws://127.0.0.1:7125/websocket');
  assert.equal(config.detection.blindAfterMs, 300_000);
  assert.equal(config.detection.enabled, true);
  assert.equal(config.action.onFailure, 'pause');
  assert.equal(config.action.idleTimeoutMs, 43_200_000);
  assert.equal(config.camera.rotation, 0);
  assert.equal(config.camera.snapshotUrl, null);
  assert.deepEqual(config.backend, { use: ['octoeverywhere'], failoverAfterMs: 120_000 });
  assert.equal(config.backends.octoeverywhere.minIntervalMs, 20_000);
  assert.equal(config.records.path, join(data, 'lookout'));
  assert.equal(config.log.file, join(data, 'logs', 'moonraker-lookout.log'));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /moonraker-lookout\.conf is not there/);
  assert.ok(settings.every(({ origin }) => origin.kind === 'default' || origin.kind === 'environment'));
});

test('ignored areas are read a line each, shown as they are written, and a wrong one is named with its line', () => {
  const text = '[camera]\nignore:\n  0,0,0.2,0.25 # the lamp\n\n  0,1 0.5,1 0,0.5\n';
  const { config, settings } = load(text);
  assert.deepEqual(
    config.camera.ignore.map((area) => area.length),
    [4, 3],
  );
  assert.match(describeSettings(settings).join('\n'), /ignore: 0,0,0\.2,0\.25 ⏎ 0,1 0\.5,1 0,0\.5/);
  assert.match(describeSettings(load('').settings).join('\n'), /ignore: \(not set\)/);
  const [problem, ...others] = problemsOf('[camera]\nrotation: 0\nignore:\n  0,0 0.5,0.5\n  0,0,0.1,0.1\n');
  assert.deepEqual(others, []);
  assert.match(
    problem ?? '',
    /^moonraker-lookout\.conf:3: \[camera\] ignore: found "0,0 0\.5,0\.5 ⏎ 0,0,0\.1,0\.1", allowed: at most 16 areas, .*; "0,0 0\.5,0\.5" has two points, and a polygon needs three/,
  );
});

test('the corners of the bed are read, shown as they are written, and wrong ones are named with their line', () => {
  const { config, settings } = load('[camera]\nbed_corners: 0.1,0.9 0.9,0.9 0.8,0.2 0.2,0.2\n');
  assert.deepEqual(config.camera.bedCorners?.[2], { x: 0.8, y: 0.2 });
  assert.match(describeSettings(settings).join('\n'), /bed_corners: 0\.1,0\.9 0\.9,0\.9 0\.8,0\.2 0\.2,0\.2/);
  assert.equal(load('').config.camera.bedCorners, null);
  assert.match(describeSettings(load('').settings).join('\n'), /bed_corners: \(not set\)/);
  const [problem, ...others] = problemsOf('[camera]\nbed_corners: 0.1,0.9 0.9,0.9 0.2,0.2 0.8,0.2\n');
  assert.deepEqual(others, []);
  assert.match(
    problem ?? '',
    /:2: \[camera\] bed_corners: found .*, allowed: four points .*; its edges cross/,
  );
});

test('values of the file win over defaults and remember their line', () => {
  const { config, settings, warnings } = load(
    '[camera]\nsnapshot_url: /webcam/?action=snapshot\nrotation: 90\n\n[action]\non_failure: gcode\nfailure_gcode:\n  M117 failed\n  PAUSE\n[log]\nfile: none\n',
  );
  assert.equal(config.camera.rotation, 90);
  assert.equal(config.action.failureGcode, 'M117 failed\nPAUSE');
  assert.equal(config.log.file, null);
  assert.deepEqual(warnings, []);
  const at = (key: string) => settings.find((setting) => setting.key === key)?.origin;
  assert.deepEqual(at('on_failure'), { kind: 'file', file, line: 6 });
  assert.equal(originText(at('failure_gcode') ?? { kind: 'default' }), 'moonraker-lookout.conf:7');
});

test('a bad value names file, line, section, key, what was found and what is allowed', () => {
  assert.deepEqual(problemsOf('[detection]\n\nblind_after: 5\n'), [
    'moonraker-lookout.conf:3: [detection] blind_after: found "5", allowed: a duration from 30s to 1h, such as 90s or 5m; add a unit, as in 5s or 5m',
  ]);
});

test('every mistake is reported together', () => {
  const lines = problemsOf(
    [
      'stray: 1',
      '[detecton]',
      '[detection]',
      'blnd_after: 5m',
      'on_failure: pause',
      'enabled: perhaps',
      '[camera]',
      'rotation: 45',
      '[backend octoeverywhere]',
      'pause_confidence: 9',
      '[action]',
      'on_failure: gcode',
    ].join('\n'),
  );
  assert.deepEqual(lines, [
    'moonraker-lookout.conf:1: "stray" stands before the first [section]; put it under one',
    'moonraker-lookout.conf:2: unknown section [detecton], did you mean [detection]?',
    'moonraker-lookout.conf:4: [detection] blnd_after: unknown key, did you mean blind_after?',
    'moonraker-lookout.conf:5: [detection] on_failure: unknown key here, it belongs under [action]',
    'moonraker-lookout.conf:8: [camera] rotation: found "45", allowed: 0, 90, 180 or 270',
    'moonraker-lookout.conf:10: [backend octoeverywhere] pause_confidence: found "9", allowed: a whole number from 1 to 5',
    'moonraker-lookout.conf:6: [detection] enabled: found "perhaps", allowed: True or False',
    'moonraker-lookout.conf:12: [action] on_failure: gcode needs commands; write them under failure_gcode',
  ]);
});

test('an unknown name that resembles nothing is answered with what there is', () => {
  const [section, key] = problemsOf('[doorbell]\n[alerts]\ntelegram: True\n');
  assert.match(section ?? '', /unknown section \[doorbell\], known: \[moonraker\], \[camera\], /);
  assert.match(
    key ?? '',
    /\[alerts\] telegram: unknown key, known: prompt, console, announcement, event, m117, notifier, mqtt, mqtt_prefix$/,
  );
});

test('a file full of mistakes is cut to fifty lines', () => {
  const lines = problemsOf(Array.from({ length: 80 }, (_, index) => `[zzzzzz${index}]`).join('\n'));
  assert.equal(lines.length, 51);
  assert.equal(lines.at(-1), '… and 30 more');
});

test('a found value never shows a password', () => {
  const lines = problemsOf(
    '[moonraker]\nurl: ws://me:hunter2@h/websocket\nusername: me\npassword: hunter2\n  hunter2\n[camera]\nbase_url: http://h/?token=hunter2 x\n',
  );
  assert.equal(lines.length, 3, lines.join('\n'));
  assert.doesNotMatch(lines.join('\n'), /hunter2/);
  assert.match(lines[0] ?? '', /found "ws:\/\/\*\*\*\*@h\/websocket"/);
});

test('secrets come from the environment before the secrets file before the file', () => {
  writeSecrets('[moonraker]\napi_key: from-secrets-file\n[camera]\npassword: cam-secret\n');
  const { config, secrets, settings } = load(
    `[secrets]\nfile: ../moonraker-lookout.secrets\n[camera]\nusername: me\npassword: from-conf\n`,
    { ...withKey, LOOKOUT_MOONRAKER_API_KEY: 'from-environment', LOOKOUT_CAMERA_PASSWORD: ' ' },
  );
  assert.equal(config.moonraker.apiKey, 'from-environment');
  assert.equal(config.camera.password, 'cam-secret');
  assert.equal(config.backends.octoeverywhere.apiKey, 'oe-key-from-environment');
  assert.deepEqual([...secrets].sort(), ['cam-secret', 'from-environment', 'oe-key-from-environment']);
  const origin = settings.find(({ section, key }) => section === 'camera' && key === 'password')?.origin;
  assert.equal(originText(origin ?? { kind: 'default' }), 'moonraker-lookout.secrets:4');
});

test('a secret in the configuration file works, with a warning that names both better places', () => {
  const { config, warnings } = load('[moonraker]\napi_key: in-the-open\n');
  assert.equal(config.moonraker.apiKey, 'in-the-open');
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /download.*\[secrets\] file.*\$LOOKOUT_MOONRAKER_API_KEY/);
  assert.doesNotMatch(warnings.join(), /in-the-open/);
});

for (const mode of [0o640, 0o604, 0o660, 0o602]) {
  test(`a secrets file with mode ${mode.toString(8)} is refused with the chmod to run`, () => {
    writeSecrets('[moonraker]\napi_key: abcdef\n', mode);
    const lines = problemsOf(`[secrets]\nfile: ${secretsFile}\n[log]\nlevel: loud\n`, 'CONFIG_SECRETS_OPEN');
    assert.match(
      lines[0] ?? '',
      /moonraker-lookout\.conf:2: \[secrets\] file: others may read .* run: chmod 600 '.*\.secrets'$/,
    );
    assert.match(lines[1] ?? '', /\[log\] level: found "loud"/);
  });
}

test('the secrets file takes secrets only, and its mistakes name it', () => {
  writeSecrets('[moonraker]\nurl: ws://h/websocket\napi_kee: x\n');
  assert.deepEqual(problemsOf(`[secrets]\nfile: ${secretsFile}\n`), [
    'moonraker-lookout.secrets:2: [moonraker] url: is not a secret; it belongs into the configuration file',
    'moonraker-lookout.secrets:3: [moonraker] api_kee: unknown key, did you mean api_key?',
  ]);
});

test('a secrets file that is not there is one problem, not one for each secret', () => {
  const lines = problemsOf(`[secrets]\nfile: ${secretsFile}\n[moonraker]\nusername: me\n`);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /^moonraker-lookout\.conf:2: \[secrets\] file: .* does not exist$/);
});

test('a secrets file inside the config folder is told to move', () => {
  secretsFile = join(data, 'config', 'secrets.conf');
  writeSecrets('[moonraker]\napi_key: abcdef\n');
  const { warnings } = load('[secrets]\nfile: secrets.conf\n');
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /can be downloaded through Moonraker/);
});

test('a missing key of the chosen backend is a warning that says where it goes', () => {
  const { config, warnings } = load('[detection]\n', {});
  assert.equal(config.backends.octoeverywhere.apiKey, null);
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0] ?? '',
    /\[backend octoeverywhere\] api_key: is not set.*\[secrets\] file.*\$LOOKOUT_BACKEND_OCTOEVERYWHERE_API_KEY/,
  );
});

test('a key of a service that nobody chose is not used, and that is told', () => {
  const keys = { builtin: {}, octoeverywhere: octoeverywhereKeys };
  const warningsOf = (text: string) => {
    writeFileSync(file, text);
    return loadConfig({ file, env: withKey, backendKeys: keys }).warnings;
  };
  const [warning, ...others] = warningsOf('');
  assert.match(
    warning ?? '',
    /api_key: is not used: builtin judges until you set \[backend\] use: octoeverywhere/,
  );
  assert.deepEqual(others, []);
  assert.deepEqual(warningsOf('[backend]\nuse: octoeverywhere\n'), []);
  assert.deepEqual(warningsOf('[backend]\nuse: builtin\n'), [], 'it was chosen');
});

test('a misspelt secret variable is a warning; other variables are not ours', () => {
  const { warnings } = load('[log]\n', {
    ...withKey,
    LOOKOUT_MOONRAKER_APIKEY: 'x',
    LOOKOUT_E2E_PORT: '1',
    HOME: '/',
  });
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0] ?? '',
    /^\$LOOKOUT_MOONRAKER_APIKEY: .*did you mean \$LOOKOUT_MOONRAKER_API_KEY\?$/,
  );
});

const together = [
  ['[moonraker]\nusername: me\n', /username: needs a password/],
  ['[moonraker]\npassword: abcdef\n', /\[moonraker\] password: needs a username/],
  ['[camera]\npassword: abcdef\n', /\[camera\] password: needs a username/],
  ['[camera]\nlight_on: LAMP_ON\n', /\[camera\] light_on: and light_off go together/],
  ...['M106', 'G28', 'LAMP_ON S=1', 'LAMP;M112', 'M117 {x}', 'L'.repeat(65)].map(
    (name) =>
      [
        `[camera]\nlight_on: ${name}\nlight_off: LAMP_OFF\n`,
        /\[camera\] light_on: found ".*, allowed: the name of a macro/,
      ] as const,
  ),
] as const;
for (const [text, message] of together) {
  test(`refuses ${JSON.stringify(text)}`, () => {
    const lines = problemsOf(text);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', message);
  });
}

const idle = [
  ['[camera]\nrotation: 180\n', /\[camera\] rotation: is not used without a URL/],
  ['[camera]\nwebcam: Bed\nsnapshot_url: /x\n', /\[camera\] webcam: is not used, because a URL is given/],
  ['[action]\nfailure_gcode: PAUSE\n', /failure_gcode: is not used, because on_failure is pause/],
  [
    '[camera]\nlight_on: LAMP_ON\nlight_off: _lamp_off2\nquality_check: False\n',
    /\[camera\] light_on: is not used: without quality_check/,
  ],
  ['[action]\nmode: shadow\n', /\[action\] mode: is shadow: nothing is done about a print that fails/],
] as const;
for (const [text, message] of idle) {
  test(`warns about ${JSON.stringify(text)}`, () => {
    const { warnings } = load(text);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', message);
  });
}

test('a file that is a folder, or far too large, is CONFIG_UNREADABLE', () => {
  assert.throws(() => loadConfig({ file: join(data, 'config'), env: {}, backendKeys }), {
    code: 'CONFIG_UNREADABLE',
  });
  writeFileSync(file, '#'.repeat(300_000));
  assert.throws(() => load(null), { code: 'CONFIG_UNREADABLE', message: /larger than 262144 bytes/ });
});

test('settings are shown with origin, and no part of a secret', () => {
  const { settings, secrets } = load(
    '[detection]\nblind_after: 90s\n[camera]\nsnapshot_url: http://cam/x?token=hunter2hunter2&n=1\n',
  );
  const text = describeSettings(settings).join('\n');
  assert.match(text, /^\[detection\]$/m);
  assert.match(text, /^ {2}blind_after: 1m30s +# moonraker-lookout\.conf:2$/m);
  assert.match(text, /^ {2}enabled: True +# default$/m);
  assert.match(text, /^ {2}webcam: \(not set\) +# default$/m);
  assert.match(text, /^ {2}api_key: \*\*\*\* +# \$LOOKOUT_BACKEND_OCTOEVERYWHERE_API_KEY$/m);
  assert.match(text, /token=\*\*\*\*&n=1/);
  assert.ok(secrets.includes('hunter2hunter2'));
  for (const secret of secrets) assert.ok(!text.includes(secret.slice(0, 4)), secret);
});

test('webhooks have names of the user, and show their address up to its host only', () => {
  const loaded = load(
    '[webhook phone]\nurl: https://hooks.example.org/services/T0123456789abc/xyz\nformat: multipart\n[webhook b]\nurl: http://10.0.0.2/x\n',
  );
  const [{ config }] = loaded.printers;
  assert.deepEqual(Object.keys(config.webhooks), ['phone', 'b']);
  assert.equal(config.webhooks['phone']?.format, 'multipart');
  const shown = describeSettings(loaded.settings).join('\n');
  assert.match(shown, /url: https:\/\/hooks\.example\.org\/\*\*\*\* /);
  assert.doesNotMatch(shown, /T0123456789abc/);
  assert.ok(loaded.secrets.includes('T0123456789abc'));
  const problems = problemsOf(
    '[webhook two words]\n[webhook a]\nformat: json\nheader: X:Y\nsecret: s\n[webhook]\n[webhook !]\n',
  );
  assert.deepEqual(
    problems.map((line) => line.replace(/^moonraker-lookout\.conf:\d+: /, '')),
    [
      'two words cannot be the name of a webhook: letters, digits, - and _, at most 30',
      'needs a name of your own, as in [webhook phone]',
      '! cannot be the name of a webhook: letters, digits, - and _, at most 30',
      'moonraker-lookout.conf: [webhook a] url: is missing: a webhook needs an address',
      '[webhook a] header: is not the name of a header: letters, digits and -',
    ],
  );
});
