import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'lookout-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function cli(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/main.js'), ...args], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status, stdout, stderr };
}

describe('the command line', () => {
  it('says its version and how to use it', () => {
    assert.match(cli('--version').stdout, /^\d+\.\d+\.\d+\n$/);
    const help = cli('--help');
    assert.equal(help.status, 0);
    assert.match(help.stdout, /check/);
  });

  it('ends with 64 for what it does not know', () => {
    for (const args of [['fly'], ['run', 'twice'], ['--wings'], ['demo', '--seconds', '5']]) {
      const { status, stderr } = cli(...args);
      assert.equal(status, 64, args.join(' '));
      assert.match(stderr, /moonraker-lookout check/);
    }
  });

  it('ends with 78 and every mistake of the configuration', () => {
    const file = join(folder, 'wrong.conf');
    writeFileSync(file, '[detection]\nblind_after: 5\n\n[camrea]\nwebcam: bed\n');
    for (const command of ['run', 'check']) {
      const { status, stderr } = cli(command, '--config', file);
      assert.equal(status, 78, command);
      assert.match(stderr, /wrong\.conf:2: \[detection\] blind_after: found "5", allowed:/);
      assert.match(stderr, /wrong\.conf:4:.*camrea.*camera/);
      assert.match(stderr, /CONFIG_INVALID/);
    }
  });

  it('checks a printer that is not there, says so, and ends with 1', () => {
    const file = join(folder, 'away.conf');
    writeFileSync(
      file,
      '[moonraker]\nurl: ws://127.0.0.1:9\n[camera]\nsnapshot_url: http://127.0.0.1:9/\n[log]\nfile: none\n',
    );
    const { status, stdout } = cli('check', '--config', file);
    assert.equal(status, 1);
    assert.match(stdout, /FAIL {2}Moonraker: .*MOONRAKER_UNREACHABLE/);
    assert.match(stdout, /FAIL {2}picture: .*CAMERA_UNREACHABLE/);
    assert.match(stdout, /would NOT be watched/);
  });
});
