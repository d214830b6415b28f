import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { obicoKeys } from '../../src/backends/obico-keys.ts';
import { octoeverywhereKeys } from '../../src/backends/octoeverywhere-keys.ts';
import { loadConfig } from '../../src/config/load.ts';
import { describeSettings } from '../../src/config/settings.ts';
import { ConfigError } from '../../src/core/errors.ts';

let data = '';
let file = '';
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'lookout printers '));
  mkdirSync(join(data, 'config'));
  file = join(data, 'config', 'moonraker-lookout.conf');
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

const backendKeys = { octoeverywhere: octoeverywhereKeys };

function load(text: string, env: Record<string, string> = {}) {
  writeFileSync(file, text);
  return loadConfig({ file, env, backendKeys });
}

function problemsOf(text: string): string[] {
  try {
    load(text);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message.split('\n').map((line) => line.replace('moonraker-lookout.conf', 'conf'));
  }
  return assert.fail('nothing was wrong');
}

const two = '[printer left]\nurl: ws://10.0.0.1:7125\n[printer right]\nurl: ws://10.0.0.2:7125\n';

describe('printers of one file', () => {
  it('is one without a name where the file names none', () => {
    const { printers } = load('[records]\npath: /var/lib/lookout\n');
    assert.deepEqual(
      printers.map(({ name, config }) => [name, config.records.path]),
      [[null, '/var/lib/lookout']],
    );
  });

  it('have what is common, and what is their own before it', () => {
    const { printers, shared } = load(
      `${two}[camera]\nmax_height: 720\ntimeout: 5s\n[printer right camera]\nmax_height: 480\nsnapshot_url: /cam2\n[log]\nlevel: debug\n[printer left backend octoeverywhere]\npause_confidence: 5\n[printer right moonraker]\nusername: u\npassword: p\n[printer right]\n`.replace(
        /\[printer right\]\n$/,
        '',
      ),
    );
    const [left, right] = printers;
    assert.deepEqual([left.name, right?.name], ['left', 'right']);
    assert.equal(left.config.moonraker.url, 'ws://10.0.0.1:7125/websocket');
    assert.equal(right?.config.moonraker.url, 'ws://10.0.0.2:7125/websocket');
    assert.deepEqual([left.config.camera.maxHeight, right?.config.camera.maxHeight], [720, 480]);
    assert.deepEqual([left.config.camera.timeoutMs, right?.config.camera.timeoutMs], [5000, 5000]);
    assert.deepEqual([left.config.camera.snapshotUrl, right?.config.camera.snapshotUrl], [null, '/cam2']);
    assert.equal(left.config.backends.octoeverywhere.pauseConfidence, 5);
    assert.equal(right?.config.backends.octoeverywhere.pauseConfidence, 3);
    assert.deepEqual([left.config.moonraker.username, right?.config.moonraker.username], [null, 'u']);
    assert.equal(shared.log.level, 'debug');
  });

  it('remember in a folder each, unless one is given', () => {
    const { printers } = load(`${two}[records]\npath: /srv/l\n[printer right records]\npath: /srv/r\n`);
    assert.deepEqual(
      printers.map(({ config }) => config.records.path),
      ['/srv/l/left', '/srv/r'],
    );
  });

  it('take the most needed keys in their own section', () => {
    const { printers } = load('[printer one]\nurl: unix:/tmp/m.sock\napi_key: k1\nwebcam: bed\n');
    const [{ config }] = printers;
    assert.deepEqual(
      [config.moonraker.url, config.moonraker.apiKey, config.camera.webcam],
      ['unix:/tmp/m.sock', 'k1', 'bed'],
    );
  });

  it('take secrets from the environment and the secrets file, the nearest first', () => {
    const secretsFile = join(data, 'secrets');
    writeFileSync(
      secretsFile,
      '[printer left]\napi_key: moon-left\n[backend octoeverywhere]\napi_key: oe-all\n',
    );
    chmodSync(secretsFile, 0o600);
    const { printers, secrets, warnings } = load(`${two}[secrets]\nfile: ${secretsFile}\n`, {
      LOOKOUT_PRINTER_RIGHT_BACKEND_OCTOEVERYWHERE_API_KEY: 'oe-right',
      LOOKOUT_PRINTER_RIGTH_API_KEY: 'misspelt',
    });
    assert.deepEqual(
      printers.map(({ config }) => [config.moonraker.apiKey, config.backends.octoeverywhere.apiKey]),
      [
        ['moon-left', 'oe-all'],
        [null, 'oe-right'],
      ],
    );
    assert.deepEqual([...secrets].sort(), ['moon-left', 'oe-all', 'oe-right']);
    assert.deepEqual(warnings, [
      '$LOOKOUT_PRINTER_RIGTH_API_KEY: unknown variable, did you mean $LOOKOUT_PRINTER_RIGHT_API_KEY?',
    ]);
  });

  it('are shown with what is written for each, and no secret', () => {
    const { settings } = load(`${two}[printer left camera]\nrotation: 90\nsnapshot_url: http://cam\n`);
    const lines = describeSettings(settings).map((line) => line.replace(/\s+/g, ' '));
    assert.deepEqual(lines.slice(-7), [
      '[printer left]',
      ' url: ws://10.0.0.1:7125/websocket # moonraker-lookout.conf:2',
      '[printer left camera]',
      ' snapshot_url: http://cam # moonraker-lookout.conf:7',
      ' rotation: 90 # moonraker-lookout.conf:6',
      '[printer right]',
      ' url: ws://10.0.0.2:7125/websocket # moonraker-lookout.conf:4',
    ]);
  });
});

describe('mistakes about printers', () => {
  it('say where, what and what was probably meant', () => {
    assert.deepEqual(
      problemsOf(
        [
          '[printer left]',
          'url: ws://10.0.0.1:7125',
          'rotation: 90',
          '[printer]',
          '[printer lfet camera]',
          '[printer left camra]',
          '[printer left log]',
          '[printer a.b]',
          '[prnter right]',
          '[printer left camera]',
          'rotation: 45',
          'webcm: a',
        ].join('\n'),
      ),
      [
        'conf:3: [printer left] rotation: unknown key here, it belongs under [printer left camera]',
        'conf:4: needs the name of the printer, as in [printer left]',
        'conf:5: there is no [printer lfet]; did you mean [printer left camera]?',
        'conf:6: unknown section [printer left camra], did you mean [printer left camera]?',
        'conf:7: [log] holds for all printers and cannot be set for one',
        'conf:8: a.b cannot be the name of a printer: letters, digits, - and _, at most 30',
        'conf:9: unknown section [prnter right], did you mean [printer right]?',
        'conf:12: [printer left camera] webcm: unknown key, did you mean webcam?',
        'conf:11: [printer left camera] rotation: found "45", allowed: 0, 90, 180 or 270',
      ],
    );
  });

  it('name a section that stands alone', () => {
    assert.deepEqual(problemsOf('[printer left camera]\nrotation: 90\n'), [
      'conf:1: there is no [printer left]; write a section [printer left] with its url',
    ]);
    const [line] = problemsOf(`${two}[printer middle camera]\n`);
    assert.equal(line, 'conf:5: there is no [printer middle]; there are: [printer left], [printer right]');
    const [other] = problemsOf(`${two}[printer left weather]\n`);
    assert.match(
      other ?? '',
      /unknown section \[printer left weather\], known: \[printer left moonraker\], \[printer left camera\]/,
    );
  });

  it('are two printers that cannot be told apart', () => {
    assert.deepEqual(
      problemsOf(
        '[printer Left]\nurl: ws://localhost\n[printer left]\nurl: ws://127.0.0.1/websocket\n[records]\npath: /x\n[printer Left records]\npath: /y\n[printer left records]\npath: /y\n[printer camera]\nurl: ws://10.0.0.3\n',
      ),
      [
        'conf:3: [printer left]: is too much like [printer Left]; use two names that differ',
        'conf:3: [printer left]: has the same [moonraker] url as [printer Left]: a printer is watched once, by its own Moonraker',
        'conf:3: [printer left]: has the same [records] path as [printer Left]: what they remember would get mixed up',
        'conf:11: [printer camera]: camera is the name of a section; write [printer NAME camera], or name it otherwise',
      ],
    );
  });

  it('are two printers that want one port, if their backend does', () => {
    const keys = { octoeverywhere: octoeverywhereKeys, obico: obicoKeys };
    const common = `${two}[backend obico]\nserve_port: 8000\n[backend]\n`;
    const loading = (text: string) => {
      writeFileSync(file, text);
      return loadConfig({ file, env: {}, backendKeys: keys });
    };
    assert.throws(
      () => loading(`${common}use: obico\n`),
      /conf:3: \[printer right\]: has the same \[backend obico\] serve_port as \[printer left\]: only one/,
    );
    loading(`${common}use: octoeverywhere\n`);
    loading(`${common}use: obico\n[printer right backend obico]\nserve_port: 8001\n`);
  });

  it('are a key in both of its places, and a section that only the secrets file has', () => {
    const secretsFile = join(data, 'secrets');
    writeFileSync(secretsFile, '[printer right]\napi_key: x\n');
    chmodSync(secretsFile, 0o600);
    assert.deepEqual(
      problemsOf(
        `[printer left]\nurl: ws://10.0.0.1\n[printer left moonraker]\nurl: ws://10.0.0.2\n[secrets]\nfile: ${secretsFile}\n`,
      ),
      [
        'secrets:1: there is no [printer right] in the configuration file',
        'conf:2: [printer left] url: is also set as [printer left moonraker] url; keep one of the two',
      ],
    );
  });

  it('are conflicts of one printer, told once where they are of all', () => {
    const { warnings } = load(`${two}[camera]\nrotation: 90\n`);
    assert.deepEqual(
      warnings.map((line) => line.replace('moonraker-lookout.conf', 'conf')),
      [
        'conf:6: [camera] rotation: is not used without a URL; set it for the webcam in Mainsail or Fluidd',
        'conf: [backend octoeverywhere] api_key: is not set, so nothing can be judged: put it into the file named by [secrets] file, or into $LOOKOUT_BACKEND_OCTOEVERYWHERE_API_KEY',
      ],
    );
    assert.deepEqual(problemsOf(`${two}[printer left detection]\nwarn_after: 5m\n`), [
      'conf: [detection] fail_after: must be longer than warn_after: a failure is a warning first (printer left)',
    ]);
    assert.deepEqual(problemsOf(`${two}[printer right action]\non_failure: gcode\n`), [
      'conf:6: [printer right action] on_failure: gcode needs commands; write them under failure_gcode',
    ]);
  });
});
