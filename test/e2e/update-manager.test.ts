// A real Moonraker's update manager with the entry that install.sh writes: valid, clean, and an update brings new code to the
// next start of the service. The service itself is not here: without systemd Moonraker has nothing to restart.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { createVirtualPrinter } from '../../src/virtual/printer.ts';
import { startRealMoonraker, whyNoMoonraker } from '../support/real-moonraker.ts';
import { connectRpc } from '../support/rpc-client.ts';

const skip = await whyNoMoonraker();
const repository = join(dirname(fileURLToPath(import.meta.url)), '../..');

const statusSchema = v.object({
  version_info: v.record(
    v.string(),
    v.object({
      is_valid: v.optional(v.boolean()),
      is_dirty: v.optional(v.boolean()),
      commits_behind_count: v.optional(v.number()),
      warnings: v.optional(v.array(v.string())),
      anomalies: v.optional(v.array(v.string())),
    }),
  ),
});

describe('the update manager of a real Moonraker', { skip }, () => {
  const base = mkdtempSync(join(tmpdir(), 'lookout-update-'));
  after(() => rmSync(base, { recursive: true, force: true }));
  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@localhost', ...args], {
      cwd,
      encoding: 'utf8',
    }).trim();

  it('takes the entry as valid and clean, and an update is what the next start runs', {
    timeout: 600_000,
  }, async () => {
    const origin = join(base, 'origin.git');
    const checkout = join(base, 'home/moonraker-lookout');
    const work = join(base, 'work');
    git(base, 'clone', '-q', '--bare', repository, origin);
    git(origin, 'branch', '-f', 'main', 'HEAD');
    git(origin, 'symbolic-ref', 'HEAD', 'refs/heads/main');
    git(origin, 'tag', '-f', 'v0.1.0', 'main');
    for (const folder of [checkout, work]) git(base, 'clone', '-q', origin, folder);

    const printer = createVirtualPrinter({ gcodesPath: join(base, 'gcodes') });
    const moonraker = await startRealMoonraker({
      printer,
      extraConf: '[update_manager]\nenable_system_updates: False\nenable_auto_refresh: False',
    });
    try {
      const env = { ...process.env, HOME: join(base, 'home'), LOOKOUT_ROOT: join(base, 'root') };
      const install = spawnSync(
        join(checkout, 'install.sh'),
        ['--yes', '--allow-root', '--data', moonraker.dataPath],
        {
          encoding: 'utf8',
          env,
        },
      );
      assert.equal(install.status, 0, `${install.stdout}${install.stderr}`);
      assert.match(install.stdout, /\[OK\] \[update_manager moonraker-lookout\] added/);
      await moonraker.stop();
      await moonraker.start();

      const client = await connectRpc(moonraker.url);
      const status = async () => {
        const reply = await client.call('machine.update.status', { refresh: false });
        return v.parse(statusSchema, reply.result).version_info['moonraker-lookout'];
      };
      const refresh = async () => {
        const reply = await client.call('machine.update.refresh', { name: 'moonraker-lookout' }, 60_000);
        assert.equal(reply.error, undefined, JSON.stringify(reply.error));
      };
      await refresh();
      const first = await status();
      assert.deepEqual(
        [first?.is_valid, first?.is_dirty, first?.commits_behind_count, first?.warnings, first?.anomalies],
        [true, false, 0, [], []],
      );

      for (const name of ['package.json', 'package-lock.json']) {
        const file = join(work, name);
        writeFileSync(
          file,
          readFileSync(file, 'utf8').replaceAll('"version": "0.1.0"', '"version": "0.1.1"'),
        );
      }
      git(work, 'commit', '-qam', 'a new version');
      git(work, 'push', '-q');
      await refresh();
      assert.equal((await status())?.commits_behind_count, 1);
      const update = await client.call('machine.update.client', { name: 'moonraker-lookout' }, 300_000);
      // With a service manager it would now restart moonraker-lookout; the tests' Moonraker is given none.
      assert.equal(update.error?.message, 'Service Actions Not Available');
      const second = await status();
      assert.deepEqual(
        [
          second?.is_valid,
          second?.is_dirty,
          second?.commits_behind_count,
          second?.warnings,
          second?.anomalies,
        ],
        [true, false, 0, [], []],
      );
      assert.match(
        moonraker.logs(),
        /npm ci --only=prod\) successfully finished/,
        'the lock file had changed',
      );

      // What systemd does at the next start: ExecStartPre, which finds all in step, then the program.
      const prepare = spawnSync(process.execPath, [join(checkout, 'scripts/rebuild-if-needed.mjs')], {
        encoding: 'utf8',
      });
      assert.deepEqual([prepare.status, prepare.stderr], [0, '']);
      const program = spawnSync(process.execPath, [join(checkout, 'dist/main.js'), '--version'], {
        encoding: 'utf8',
      });
      assert.equal(program.stdout, '0.1.1\n');
      client.close();
    } finally {
      await moonraker.close();
      printer.close();
    }
  });
});
