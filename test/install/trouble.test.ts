// install.sh where something is wrong: a clear message, nothing broken, and a second run that finishes the job.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertSameTree, makeHost, protect } from './support.ts';

test('root is refused with the way to do it right, and nothing is changed', async (t) => {
  const host = makeHost(t);
  const before = host.tree();
  if (process.getuid?.() !== 0) return t.skip('needs root to try');
  const run = await host.install(['--yes'], { asRoot: true });
  assert.equal(run.code, 1);
  assert.match(run.text, /must not run as root[\s\S]*Run it as the user that Moonraker runs as/);
  assertSameTree(host.tree(), before);
});

test('a read-only config folder: said, the rest done, and finished when it can be written', async (t) => {
  const host = makeHost(t);
  const before = host.tree();
  const config = join(host.home, 'printer_data/config');
  protect(config);
  const run = await host.install(['--yes']);
  assert.equal(run.code, 1);
  assert.match(run.text, /FAILED\] .*config is read-only: .*moonraker-lookout\.conf was not written/);
  assert.match(
    run.text,
    /FAILED\] .*moonraker\.conf is read-only: \[update_manager moonraker-lookout\] was not written/,
  );
  assert.deepEqual(readdirSync(config).sort(), ['moonraker.conf', 'printer.cfg']);
  chmodSync(config, 0o755);
  const second = await host.install(['--yes']);
  assert.equal(second.code, 0, second.text);
  assert.ok(existsSync(join(config, 'moonraker-lookout.conf')));
  await host.install(['--uninstall', '--yes']);
  assertSameTree(host.tree(), before);
});

test('a moonraker.conf that is itself read-only is not replaced behind the back', async (t) => {
  const host = makeHost(t);
  const conf = join(host.home, 'printer_data/config/moonraker.conf');
  const text = host.read(conf);
  protect(conf);
  const run = await host.install(['--yes']);
  assert.equal(run.code, 1);
  assert.match(run.text, /moonraker\.conf is read-only[\s\S]*chmod u\+w/);
  assert.equal(host.read(conf), text);
});

test('a block that was changed by hand is left alone, with a message, and goes at the removal', async (t) => {
  const host = makeHost(t);
  const conf = join(host.home, 'printer_data/config/moonraker.conf');
  const original = host.read(conf);
  await host.install(['--yes']);
  const edited = host.read(conf).replace('primary_branch: main', 'primary_branch: mine');
  host.write(conf, edited);
  const run = await host.install(['--yes']);
  assert.equal(run.code, 0, run.text);
  assert.match(run.text, /SKIPPED\] \[update_manager moonraker-lookout\].*changed by hand: left as it is/);
  assert.equal(host.read(conf), edited);
  await host.install(['--uninstall', '--yes']);
  assert.equal(host.read(conf), original);
});

test('a block of an older version is mended, and the way back is kept', async (t) => {
  const host = makeHost(t);
  const before = host.tree();
  const conf = join(host.home, 'printer_data/config/moonraker.conf');
  await host.install(['--yes']);
  const good = host.read(conf);
  host.write(join(host.checkout, '.git/HEAD'), 'ref: refs/heads/beta\n');
  const run = await host.install(['--yes']);
  assert.match(run.text, /\[update_manager moonraker-lookout\] in .* mended/);
  assert.match(host.read(conf), /^primary_branch: beta$/m);
  host.write(join(host.checkout, '.git/HEAD'), 'ref: refs/heads/main\n');
  await host.install(['--yes']);
  assert.equal(host.read(conf), good);
  await host.install(['--uninstall', '--yes']);
  assertSameTree(host.tree(), before);
});

test('a block that lost a mark is named and left alone', async (t) => {
  const host = makeHost(t);
  const conf = join(host.home, 'printer_data/config/moonraker.conf');
  await host.install(['--yes']);
  const cut = host.read(conf).replace(/^# <<< .*\n/m, '');
  host.write(conf, cut);
  const run = await host.install(['--yes']);
  assert.equal(run.code, 1);
  assert.match(run.text, /has lost one of its marks: left as it is/);
  assert.equal(host.read(conf), cut);
});

test('an update_manager section of the user, in an included file, is not doubled', async (t) => {
  const host = makeHost(t);
  const data = join(host.home, 'printer_data');
  host.write(join(data, 'config/extra/updates.conf'), '[update_manager moonraker-lookout]\ntype: git_repo\n');
  const conf = host.read(join(data, 'config/moonraker.conf'));
  const run = await host.install(['--yes']);
  assert.equal(run.code, 0, run.text);
  assert.match(run.text, /has an \[update_manager moonraker-lookout\] of its own/);
  assert.equal(host.read(join(data, 'config/moonraker.conf')), conf);
});

test('what others changed since stays at the removal; only ours goes', async (t) => {
  const host = makeHost(t);
  const data = join(host.home, 'printer_data');
  const [conf, asvc] = [join(data, 'config/moonraker.conf'), join(data, 'moonraker.asvc')];
  const original = host.read(conf);
  await host.install(['--yes']);
  host.write(conf, `${host.read(conf)}\n[octoprint_compat]\n\n\n[history]\n`);
  host.write(asvc, `${host.read(asvc)}KlipperScreen\n`);
  const run = await host.install(['--uninstall', '--yes']);
  assert.equal(run.code, 0, run.text);
  assert.equal(host.read(conf), `${original}\n[octoprint_compat]\n\n\n[history]\n`);
  assert.equal(host.read(asvc), 'klipper_mcu\nwebcamd\ncrowsnest\nKlipperScreen\n');
  assert.match(run.text, /moonraker\.conf\..*\.bak \(how it was before the installation\)/);
});

test('no moonraker.asvc: not created, because Moonraker would then miss its own list', async (t) => {
  const host = makeHost(t);
  rmSync(join(host.home, 'printer_data/moonraker.asvc'));
  const run = await host.install(['--yes']);
  assert.equal(run.code, 0, run.text);
  assert.ok(!existsSync(join(host.home, 'printer_data/moonraker.asvc')));
});

test('no clone, or a detached head: no update_manager entry that Moonraker would call invalid', async (t) => {
  const host = makeHost(t);
  host.write(join(host.checkout, '.git/HEAD'), `${'a'.repeat(40)}\n`);
  assert.match((await host.install(['--dry-run'])).text, /SKIPPED\] .* is on no branch/);
  rmSync(join(host.checkout, '.git'), { recursive: true });
  assert.match((await host.install(['--dry-run'])).text, /SKIPPED\] .* is not a clone/);
});

test('a unit of that name that is not ours is left alone', async (t) => {
  const host = makeHost(t);
  const unit = join(host.root, 'etc/systemd/system/moonraker-lookout.service');
  host.write(unit, '[Service]\nExecStart=/bin/true\n');
  const run = await host.install(['--yes']);
  assert.equal(run.code, 1);
  assert.match(run.text, /was not written by this script: left as it is/);
  await host.install(['--uninstall', '--yes']);
  assert.equal(host.read(unit), '[Service]\nExecStart=/bin/true\n');
});

test('no sudo: everything but the service, and how to run it by hand', async (t) => {
  const host = makeHost(t);
  host.command('sudo', 'exit 1');
  const run = await host.install(['--yes']);
  assert.equal(run.code, 1);
  assert.match(run.text, /sudo asks for a password, and there is nobody to type it[\s\S]*To run it by hand/);
  assert.ok(existsSync(join(host.home, 'printer_data/config/moonraker-lookout.conf')));
});

test('a nearly full disk is found before anything is done', async (t) => {
  const host = makeHost(t);
  const before = host.tree();
  host.command(
    'df',
    'printf "Filesystem 1024-blocks Used Available Capacity Mounted on\\n/dev/a 9 9 20480 99%% /\\n"',
  );
  const run = await host.install(['--yes']);
  assert.equal(run.code, 1);
  assert.match(run.text, /the disk is nearly full: 20 MB are free/);
  assertSameTree(host.tree(), before);
});

for (const [cause, says] of [
  ['npm error code ENOTFOUND\nnpm error network request failed', 'the network is gone'],
  ['npm error code ENOSPC\nnpm error nospc ENOSPC: no space left on device, write', 'the disk is full'],
  [
    'npm error code EBADPLATFORM\nnpm error notsup Unsupported platform',
    'a package has no build for this machine',
  ],
] as const) {
  test(`npm stops in the middle (${says}): the old program stays, a second run finishes`, async (t) => {
    const host = makeHost(t);
    const before = host.tree();
    const npm = join(host.root, 'usr/bin/npm');
    await host.install(['--yes']);
    copyFileSync(npm, `${npm}.good`);
    const lock = host.read(join(host.checkout, 'package-lock.json'));
    host.write(join(host.checkout, 'package-lock.json'), lock.replace('1.0.0', '2.0.0'));
    const half = `mkdir -p node_modules/half; printf '%b\\n' '${cause.replaceAll('\n', '\\n')}' >&2; exit 1`;
    writeFileSync(npm, `#!/bin/bash\n${half}\n`);
    const run = await host.install(['--yes']);
    assert.equal(run.code, 1);
    assert.ok(run.text.includes(`installing packages failed: ${says}`), run.text);
    assert.match(run.text, /run this again/);
    assert.match(host.read(join(host.checkout, 'node_modules/one/package.json')), /1\.0\.0/);
    assert.ok(existsSync(join(host.checkout, 'dist/main.js')));

    copyFileSync(`${npm}.good`, npm);
    const second = await host.install(['--yes']);
    assert.equal(second.code, 0, second.text);
    assert.match(host.read(join(host.checkout, 'node_modules/one/package.json')), /2\.0\.0/);
    rmSync(`${npm}.good`);
    host.write(join(host.checkout, 'package-lock.json'), lock);
    await host.install(['--uninstall', '--yes']);
    assertSameTree(host.tree(), before);
  });
}

// Each command is cut off where it first touches something, as by a power cut; what `kill` leaves is what a user has.
for (const [name, victim, calls] of [
  ['the packages', 'flock', [1]],
  ['a folder', 'mkdir', [1, 3]],
  ['a copy', 'cp', [1, 3]],
  ['a move', 'mv', [1, 3]],
  ['the unit', 'install', [1]],
  ['systemd', 'systemctl', [1, 3]],
] as const) {
  for (const nth of calls) {
    test(`killed at ${name} (${victim}, call ${nth}): a second run finishes, and the removal leaves nothing`, async (t) => {
      const host = makeHost(t);
      const before = host.tree();
      const counter = join(host.home, '../counter');
      host.interceptor(
        victim,
        `n=$(($(cat "${counter}" 2>/dev/null || echo 0) + 1)); echo $n >"${counter}"; ((n == ${nth})) && kill -9 $PPID && exit 1`,
      );
      const first = await host.install(['--yes']);
      assert.notEqual(first.code, 0, first.text);
      host.restoreCommand(victim);
      const second = await host.install(['--yes']);
      assert.equal(second.code, 0, second.text);
      const settled = host.tree();
      const third = await host.install(['--yes']);
      assert.equal(third.code, 0, third.text);
      assertSameTree(host.tree(), settled);
      assert.equal(
        host.read(join(host.home, 'printer_data/config/moonraker.conf')).match(/update_manager/g)?.length,
        3,
      );
      const removal = await host.install(['--uninstall', '--yes']);
      assert.equal(removal.code, 0, removal.text);
      assertSameTree(host.tree(), before);
    });
  }
}
