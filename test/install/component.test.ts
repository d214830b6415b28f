// The component in Moonraker: linked, hidden from git's status, named in moonraker.conf, and all of it taken back.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { assertSameTree, type Host, makeHost, protect } from './support.ts';

const paths = (host: Host) => ({
  conf: join(host.home, 'printer_data/config/moonraker.conf'),
  source: join(host.home, 'src/moonraker'),
  link: join(host.home, 'src/moonraker/moonraker/components/lookout.py'),
  exclude: join(host.home, 'src/moonraker/.git/info/exclude'),
});

/** A host whose Moonraker runs from a git checkout, or from a plain folder as pip makes it. */
function makeMoonrakerHost(t: TestContext, isGit = true): Host {
  const host = makeHost(t);
  const { source } = paths(host);
  mkdirSync(join(host.checkout, 'component'));
  host.write(join(host.checkout, 'component/lookout.py'), '# ours\n');
  mkdirSync(source, { recursive: true });
  if (isGit) execFileSync('git', ['init', '-q', source]);
  host.write(join(source, 'moonraker/components/announcements.py'), '# theirs\n');
  host.write(
    join(host.home, 'printer_data/systemd/moonraker.env'),
    `MOONRAKER_DATA_PATH="${join(host.home, 'printer_data')}"\nMOONRAKER_ARGS="-m moonraker"\nPYTHONPATH="${source}"\n`,
  );
  return host;
}

/** What git says of Moonraker's checkout; theirs is not committed here and is left out. */
function untracked(host: Host): string[] {
  const output = execFileSync(
    'git',
    ['-C', paths(host).source, '-c', 'safe.directory=*', 'status', '--porcelain', '-uall'],
    {
      encoding: 'utf8',
    },
  );
  return output.split('\n').filter((line) => line.endsWith('lookout.py'));
}

test('linked, hidden from git, named in moonraker.conf; a second run changes nothing; taken back byte for byte', async (t) => {
  const host = makeMoonrakerHost(t);
  const { conf, link } = paths(host);
  const before = host.tree();
  const run = await host.install(['--yes', '--component']);
  assert.equal(run.code, 0, run.text);
  assert.equal(readlinkSync(link), join(host.checkout, 'component/lookout.py'));
  assert.match(host.read(conf), /^\[lookout\]$/m);
  assert.deepEqual(untracked(host), []);
  const again = await host.install(['--yes']);
  assert.match(again.text, /Nothing had to be changed/);
  const removal = await host.install(['--uninstall', '--yes']);
  assert.equal(removal.code, 0, removal.text);
  assertSameTree(host.tree(), before);
});

test('what Moonraker would stumble over is gone before it restarts', async (t) => {
  const host = makeMoonrakerHost(t);
  const { conf, link } = paths(host);
  await host.install(['--yes', '--component', '--no-updates']);
  const run = await host.install(['--uninstall', '--yes']);
  const [linkAt, confAt, restartAt] = [`${link} removed`, `${conf} is as it was`, 'Restart of Moonraker'].map(
    (text) => run.text.indexOf(text),
  );
  assert.ok(linkAt !== -1 && confAt !== -1 && restartAt !== undefined, run.text);
  assert.ok(restartAt > Math.max(linkAt ?? 0, confAt ?? 0), run.text);
});

test('only for those who want it: neither --yes nor a "no" links anything', async (t) => {
  const host = makeMoonrakerHost(t);
  const { conf, link } = paths(host);
  const run = await host.install(['--yes']);
  assert.match(run.text, /not wanted; --component adds it later/);
  assert.ok(!existsSync(link));
  assert.doesNotMatch(host.read(conf), /^\[lookout\]/m);
});

test('a hard recovery of Moonraker takes the link and the exclude line: the next run brings them back', async (t) => {
  const host = makeMoonrakerHost(t);
  const { link, exclude } = paths(host);
  await host.install(['--yes', '--component']);
  rmSync(link);
  host.write(exclude, '# fresh\n');
  const run = await host.install(['--yes']);
  assert.equal(run.code, 0, run.text);
  assert.ok(existsSync(link));
  assert.match(host.read(exclude), /^# fresh\n\/moonraker\/components\/lookout\.py\n$/);
  await host.install(['--uninstall', '--yes']);
  assert.equal(host.read(exclude), '# fresh\n');
});

test('a Moonraker from pip has no git; a file of that name is left alone; a folder that may not be written is said', async (t) => {
  const host = makeMoonrakerHost(t, false);
  const { link, source } = paths(host);
  const before = host.tree();
  const run = await host.install(['--yes', '--component']);
  assert.equal(run.code, 0, run.text);
  assert.ok(existsSync(link));
  await host.install(['--uninstall', '--yes']);
  assertSameTree(host.tree(), before);

  host.write(link, "# somebody's own\n");
  const other = await host.install(['--yes', '--component']);
  assert.match(other.text, /is there and is not ours: left as it is/);
  assert.equal(host.read(link), "# somebody's own\n");
  rmSync(link);
  protect(join(source, 'moonraker/components'));
  const refused = await host.install(['--yes', '--component']);
  assert.equal(refused.code, 1);
  assert.match(refused.text, /components may not be written by/);
});

test('a dry run shows it and does nothing; without a Moonraker to find it is said', async (t) => {
  const host = makeMoonrakerHost(t);
  const before = host.tree();
  const run = await host.install(['--dry-run', '--component']);
  assert.match(run.text, /would link .*lookout\.py/);
  assert.match(run.text, /^ {5}\+\[lookout\]$/m);
  assertSameTree(host.tree(), before);
  rmSync(paths(host).source, { recursive: true });
  const none = await host.install(['--yes', '--component']);
  assert.match(none.text, /Moonraker's own folder was not found/);
  assert.equal(none.code, 0, none.text);
});

test('an old link of another checkout is replaced', async (t) => {
  const host = makeMoonrakerHost(t);
  const { link } = paths(host);
  symlinkSync('/nowhere/lookout.py', link);
  const run = await host.install(['--yes']);
  assert.equal(run.code, 0, run.text);
  assert.equal(readlinkSync(link), join(host.checkout, 'component/lookout.py'));
});
