import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { migrate } from '../../src/app/migrate.ts';
import { loadSettings } from '../../src/app/settings.ts';
import type { Move } from '../../src/config/moves.ts';
import { ConfigError } from '../../src/core/errors.ts';

const table: readonly Move[] = [
  {
    kind: 'key',
    section: 'detection',
    key: 'pace',
    to: { section: 'detection', key: 'interval' },
    since: '0.4.0',
  },
  { kind: 'section', section: 'eye', to: 'camera', since: '0.5.0' },
];
const now = new Date(2026, 10, 26, 19, 55, 7);

let data = '';
let file = '';
let secretsFile = '';
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'lookout migrate '));
  mkdirSync(join(data, 'config'));
  file = join(data, 'config/moonraker-lookout.conf');
  secretsFile = join(data, 'secrets');
});
afterEach(() => {
  chmodSync(join(data, 'config'), 0o700);
  rmSync(data, { recursive: true, force: true });
});

async function run(env: Record<string, string> = {}) {
  const said: string[] = [];
  const deps = { table, now, say: (line: string) => said.push(line.replaceAll(data, '…')) };
  const code = await migrate({ file, env }, deps);
  return { code, said };
}

describe('an old configuration', () => {
  it('is understood, with a warning for each old name', () => {
    writeFileSync(secretsFile, '[eye]\npassword: geheim\n');
    chmodSync(secretsFile, 0o600);
    writeFileSync(
      file,
      `[detection]\npace: 3s\n[eye]\nsnapshot_url: /x\nusername: me\n[secrets]\nfile: ${secretsFile}\n`,
    );
    const { printers, warnings } = loadSettings(file, {}, { moves: table });
    const [{ config }] = printers;
    assert.equal(config.detection.intervalMs, 3_000);
    assert.deepEqual([config.camera.snapshotUrl, config.camera.password], ['/x', 'geheim']);
    assert.equal(
      warnings[0],
      'moonraker-lookout.conf:2: [detection] pace: is called interval since version 0.4.0. It is understood as it is; ' +
        'moonraker-lookout migrate writes it so, and keeps a copy of the file.',
    );
    assert.deepEqual(
      warnings.slice(1, 4).map((line) => line.split(' since ')[0]),
      [
        'moonraker-lookout.conf:4: [eye] snapshot_url: is called [camera] snapshot_url',
        'moonraker-lookout.conf:5: [eye] username: is called [camera] username',
        'secrets:2: [eye] password: is called [camera] password',
      ],
    );
    writeFileSync(file, '[detection]\npace: 3\n');
    assert.throws(
      () => loadSettings(file, {}, { moves: table }),
      /conf:2: \[detection\] interval: found "3"/,
    );
  });
});

describe('migrate', () => {
  it('writes both files, with their permissions, and keeps each as it was', async () => {
    writeFileSync(secretsFile, '[eye]\npassword: geheim\n');
    chmodSync(secretsFile, 0o600);
    const conf = `# mine\n[detection]\npace: 3s # quick\n[camera]\nusername: me\n[secrets]\nfile: ${secretsFile}\n`;
    writeFileSync(file, conf);
    chmodSync(file, 0o640);
    const { code, said } = await run();
    assert.equal(code, 0);
    assert.deepEqual(said, [
      'moonraker-lookout.conf:3: [detection] pace is now [detection] interval',
      '…/config/moonraker-lookout.conf is written; as it was: …/config/moonraker-lookout.conf.20261126-195507.bak',
      'secrets:2: [eye] password is now [camera] password',
      '…/secrets is written; as it was: …/secrets.20261126-195507.bak',
    ]);
    assert.equal(readFileSync(file, 'utf8'), conf.replace('pace', 'interval'));
    assert.equal(readFileSync(`${file}.20261126-195507.bak`, 'utf8'), conf);
    assert.equal(readFileSync(secretsFile, 'utf8'), '[camera]\npassword: geheim\n');
    const modes = [file, secretsFile, `${secretsFile}.20261126-195507.bak`].map(
      (each) => statSync(each).mode & 0o777,
    );
    assert.deepEqual(modes, [0o640, 0o600, 0o600]);
    assert.deepEqual((await run()).said, ['Every name is the one of today: nothing to change.']);
    assert.equal(readdirSync(join(data, 'config')).length, 2);
  });

  it('leaves a link a link', async () => {
    mkdirSync(join(data, 'backup'));
    writeFileSync(join(data, 'backup/real.conf'), '[detection]\npace: 3s\n');
    symlinkSync(join(data, 'backup/real.conf'), file);
    await run();
    assert.ok(lstatSync(file).isSymbolicLink());
    assert.equal(readFileSync(join(data, 'backup/real.conf'), 'utf8'), '[detection]\ninterval: 3s\n');
  });

  it('changes nothing in a configuration that cannot be used, and none where there is none', async () => {
    writeFileSync(file, '[detection]\npace: 3s\ninterval: 2s\n');
    await assert.rejects(
      run(),
      /conf:2: \[detection\] pace: is now \[detection\] interval, which is set on line 3/,
    );
    assert.equal(readdirSync(join(data, 'config')).length, 1);
    rmSync(file);
    assert.deepEqual((await run()).said, ['Every name is the one of today: nothing to change.']);
  });

  it('says why it cannot write, and leaves the file as it was', async () => {
    const conf = '[detection]\npace: 3s\n';
    writeFileSync(file, conf);
    // Also root cannot write a file where a folder is.
    mkdirSync(join(data, 'config', `.moonraker-lookout.conf.${process.pid}.tmp`));
    await assert.rejects(run(), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.code, 'CONFIG_NOT_WRITTEN');
      assert.match(error.hint, /ls -ld/);
      return true;
    });
    assert.equal(readFileSync(file, 'utf8'), conf);
  });
});
