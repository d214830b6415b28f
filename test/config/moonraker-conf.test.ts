import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { octoeverywhereKeys } from '../../src/backends/octoeverywhere-keys.ts';
import { loadConfig } from '../../src/config/load.ts';
import { describeSettings } from '../../src/config/settings.ts';
import { ConfigError } from '../../src/core/errors.ts';

type Sections = Readonly<Record<string, Readonly<Record<string, string>>>>;
type Problems = readonly { readonly section: string; readonly option: string; readonly message: string }[];

let data = '';
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'lookout config '));
  mkdirSync(join(data, 'config'));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

function load(sections: Sections, text = '', problems: Problems = []) {
  const file = join(data, 'config', 'moonraker-lookout.conf');
  writeFileSync(file, text);
  const moonraker = { sections, problems };
  return loadConfig({ file, env: {}, backendKeys: { octoeverywhere: octoeverywhereKeys }, moonraker });
}

function problemsOf(sections: Sections, text = '', problems: Problems = []): readonly string[] {
  try {
    load(sections, text, problems);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message.split('\n');
  }
  return assert.fail('nothing was wrong');
}

describe('settings in moonraker.conf', () => {
  it('have the same keys under [lookout …], and say where they come from', () => {
    const loaded = load(
      {
        lookout: {},
        'lookout camera': { webcam: 'bed', max_height: '720' },
        'lookout backend octoeverywhere': { api_key: 'oe-secret-from-moonraker' },
        'lookout action': { on_failure: 'gcode', failure_gcode: '\nM117 {stopped}\nPAUSE' },
      },
      '[moonraker]\nurl: ws://127.0.0.1:7126/websocket\n[log]\nlevel: debug\n',
    );
    const [{ config }] = loaded.printers;
    assert.equal(config.moonraker.url, 'ws://127.0.0.1:7126/websocket');
    assert.deepEqual([config.camera.webcam, config.camera.maxHeight], ['bed', 720]);
    assert.equal(config.backends.octoeverywhere.apiKey, 'oe-secret-from-moonraker');
    assert.equal(config.action.failureGcode, 'M117 {stopped}\nPAUSE');
    assert.deepEqual(loaded.secrets, ['oe-secret-from-moonraker']);
    const shown = describeSettings(loaded.settings).join('\n');
    assert.match(shown, /max_height: 720 +# moonraker\.conf$/m);
    assert.doesNotMatch(shown, /oe-secret/);
  });

  it('are named with section and option where they are wrong, all at once', () => {
    const found = problemsOf(
      {
        lookout: { enabled: 'True' },
        'lookout camera': { max_height: '9', max_hight: '720' },
        'lookout cammera': { webcam: 'bed' },
        'lookout moonraker': { url: 'ws://127.0.0.1:7125/websocket' },
        'lookout log': { level: 'debug' },
        'lookout action': { on_failure: 'gcode' },
      },
      '',
      [
        {
          section: 'lookout alerts',
          option: 'console',
          message: 'the template cannot be used: no such secret',
        },
      ],
    );
    assert.deepEqual(found, [
      'moonraker.conf: [lookout alerts] console: the template cannot be used: no such secret',
      'moonraker.conf: [lookout] takes no keys itself; they go under [lookout camera] and so on',
      'moonraker.conf: [lookout camera] max_hight: unknown key, did you mean max_height?',
      'moonraker.conf: unknown section [lookout cammera], did you mean [lookout camera]?',
      'moonraker.conf: [lookout moonraker] belongs into moonraker-lookout.conf, as [moonraker]',
      'moonraker.conf: [lookout log] belongs into moonraker-lookout.conf, as [log]',
      'moonraker.conf: [lookout camera] max_height: found "9", allowed: a whole number from 240 to 4320',
      'moonraker.conf: [lookout action] on_failure: gcode needs commands; write them under failure_gcode',
    ]);
  });

  it('stand in one place only: what our own file may hold beside them is how to reach Moonraker and what is of the process', () => {
    const [only, ...others] = problemsOf(
      { 'lookout camera': { webcam: 'bed' } },
      '[moonraker]\nurl: ws://127.0.0.1:7125/websocket\n\n[detection]\nstart_after: 1m\n',
    );
    assert.deepEqual(others, []);
    assert.match(
      only ?? '',
      /^moonraker-lookout\.conf:4: \[detection\] stands here, and moonraker\.conf has \[lookout …\] settings as well\. Keep them all in one of the two; only \[moonraker\], .*\[log\].* may stay here/,
    );
    // [lookout] alone is only the doorway.
    assert.doesNotThrow(() => load({ lookout: {} }, '[detection]\nstart_after: 1m\n'));
  });
});
