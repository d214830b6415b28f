// The systemd unit: understood without a word by systemd, closed as far as a Node process can be; and clean shell scripts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeHost, repository } from './support.ts';

/** Runs a tool that a workplace may lack; in CI it must be there (scripts/ci-tools.sh). */
function runTool(t: TestContext, command: string, args: readonly string[]) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error === undefined) return { status, text: `${stdout}${stderr}` };
  assert.ok(process.env['CI'] !== 'true', `${command} is not there: scripts/ci-tools.sh installs it`);
  t.skip(`${command} is not there: scripts/ci-tools.sh installs it`);
  return null;
}

/** The unit as install.sh writes it, for a user that systemd has nothing to say about. */
async function installedUnit(t: TestContext): Promise<string> {
  const host = makeHost(t, { name: 'my host' });
  const run = await host.install(['--yes']);
  assert.equal(run.code, 0, run.text);
  const unit = join(host.root, 'etc/systemd/system/moonraker-lookout.service');
  writeFileSync(unit, host.read(unit).replace(/^User=.*$/m, 'User=daemon'));
  return unit;
}

test('systemd-analyze verify has nothing to say about the unit', async (t) => {
  const found = runTool(t, 'systemd-analyze', ['verify', await installedUnit(t)]);
  if (found !== null) assert.deepEqual(found, { status: 0, text: '' });
});

test('systemd-analyze security gives 3.0 or less', async (t) => {
  const found = runTool(t, 'systemd-analyze', [
    'security',
    '--offline=true',
    '--no-pager',
    await installedUnit(t),
  ]);
  if (found === null) return;
  const exposure = Number(/Overall exposure level for .*: ([\d.]+)/.exec(found.text)?.[1]);
  assert.ok(exposure <= 3, found.text);
});

test('the unit says what Klipper people rely on', async (t) => {
  const host = makeHost(t);
  await host.install(['--yes']);
  const unit = host.read(join(host.root, 'etc/systemd/system/moonraker-lookout.service'));
  const data = join(host.home, 'printer_data');
  for (const line of [
    'Type=notify',
    'WatchdogSec=120',
    'Restart=on-failure',
    'RestartPreventExitStatus=78',
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    `ReadWritePaths="-${data}/config" "-${data}/logs" "-${data}/lookout"`,
    'WantedBy=multi-user.target',
  ]) {
    assert.ok(unit.split('\n').includes(line), `${line}\n${unit}`);
  }
  // Whatever systemd runs as root must only become somebody else.
  assert.match(
    unit,
    /^ExecStartPre=\+\/usr\/bin\/setpriv --reuid=\S+ --regid=\S+ --init-groups --no-new-privs /m,
  );
  assert.doesNotMatch(unit, /@[A-Z_]+@/, 'every name is filled in');
});

test('shellcheck has nothing to say about any script', async (t) => {
  const scripts = ['scripts', 'scripts/install', 'scripts/debian-root'].flatMap((folder) =>
    readdirSync(join(repository, folder))
      .filter((name) => name.endsWith('.sh'))
      .map((name) => join(repository, folder, name)),
  );
  const found = runTool(t, 'shellcheck', [
    '-x',
    '--source-path',
    repository,
    join(repository, 'install.sh'),
    ...scripts,
  ]);
  if (found !== null) assert.deepEqual(found, { status: 0, text: '' });
});
