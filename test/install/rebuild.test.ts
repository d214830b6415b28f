// scripts/rebuild-if-needed.mjs before a start of the service: does what is missing, quickly nothing otherwise, and lets the
// old program go on when it fails.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Host, makeHost, repository } from './support.ts';

/** Runs the script as the service would, with the host's npm. */
function rebuild(host: Host, ...args: string[]) {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(host.checkout, 'scripts/rebuild-if-needed.mjs'), ...args],
    {
      encoding: 'utf8',
      env: {
        PATH: `${host.root}/usr/bin:${host.bin}`,
        CALLS: join(host.home, '../calls'),
        JOURNAL_STREAM: '1:2',
      },
    },
  );
  return { status, stderr };
}

async function builtHost(t: TestContext) {
  const host = makeHost(t);
  assert.equal(rebuild(host).status, 0);
  return host;
}

test('nothing to do: no npm, no build, not a word', async (t) => {
  const host = await builtHost(t);
  // Times mean nothing on a host without a clock.
  utimesSync(join(host.checkout, 'src/main.ts'), new Date(), new Date(Date.now() + 3_600_000));
  const calls = host.calls().length;
  assert.deepEqual(rebuild(host), { status: 0, stderr: '' });
  assert.equal(host.calls().length, calls);
});

test('a changed source is built, without npm', async (t) => {
  const host = await builtHost(t);
  const calls = host.calls().length;
  host.write(join(host.checkout, 'src/main.ts'), "console.log('new');\n");
  assert.equal(rebuild(host).status, 0);
  assert.equal(host.read(join(host.checkout, 'dist/main.js')), "console.log('new');\n");
  assert.equal(host.calls().length, calls);
});

test('a changed lock file installs packages first', async (t) => {
  const host = await builtHost(t);
  const lock = join(host.checkout, 'package-lock.json');
  host.write(lock, host.read(lock).replace('1.0.0', '1.1.0'));
  assert.equal(rebuild(host).status, 0);
  assert.match(host.read(join(host.checkout, 'node_modules/one/package.json')), /1\.1\.0/);
  assert.ok(!existsSync(join(host.checkout, '.cache/packages')));
});

test('packages that somebody half removed are installed again', async (t) => {
  const host = await builtHost(t);
  rmSync(join(host.checkout, 'node_modules/one'), { recursive: true });
  assert.equal(rebuild(host).status, 0);
  assert.ok(existsSync(join(host.checkout, 'node_modules/one/package.json')));
});

test('a build that fails leaves the old program, warns the journal, and the service starts', async (t) => {
  const host = await builtHost(t);
  const before = host.read(join(host.checkout, 'dist/main.js'));
  host.write(join(host.checkout, 'src/main.ts'), 'x');
  copyFileSync(join(host.checkout, 'build.mjs'), join(host.home, 'build.mjs'));
  writeFileSync(join(host.checkout, 'build.mjs'), "console.error('broken source'); process.exit(1);\n");
  const run = rebuild(host);
  assert.equal(run.status, 0);
  assert.match(
    run.stderr,
    /broken source[\s\S]*<4>building failed: exit code 1\. The version built before goes on\./,
  );
  assert.equal(host.read(join(host.checkout, 'dist/main.js')), before);
  assert.equal(rebuild(host, '--strict').status, 1, 'install.sh wants to know');
  renameSync(join(host.home, 'build.mjs'), join(host.checkout, 'build.mjs'));
  assert.equal(rebuild(host).status, 0);
  assert.equal(host.read(join(host.checkout, 'dist/main.js')), 'x');
});

test('no program at all and no way to get one: exit 1', async (t) => {
  const host = makeHost(t);
  writeFileSync(join(host.root, 'usr/bin/npm'), '#!/bin/bash\necho "npm error code EAI_AGAIN" >&2; exit 1\n');
  const run = rebuild(host);
  assert.equal(run.status, 1);
  assert.match(
    run.stderr,
    /<3>installing packages failed: the network is gone\. To try again: .*install\.sh --repair/,
  );
});

test('the real build swaps dist/ in place and keeps no chunk that nobody names', async (t) => {
  const host = makeHost(t);
  for (const name of ['build.mjs', 'package.json', 'scripts/build-page.mjs', 'scripts/fit-runtime.mjs'])
    copyFileSync(join(repository, name), join(host.checkout, name));
  // The page and what it shares with the program are built as well.
  cpSync(join(repository, 'src'), join(host.checkout, 'src'), { recursive: true });
  writeFileSync(join(host.checkout, 'src/backends/builtin/process.ts'), 'export {};\n');
  writeFileSync(join(host.checkout, 'src/main.ts'), "export {};\nawait import('./part.ts');\n");
  writeFileSync(join(host.checkout, 'src/part.ts'), 'export const part = 1;\n');
  const build = () =>
    spawnSync(process.execPath, ['build.mjs'], {
      cwd: host.checkout,
      encoding: 'utf8',
      env: { ...process.env },
    });
  // The bundler itself comes from this repository.
  symlinkSync(join(repository, 'node_modules'), join(host.checkout, 'node_modules'));
  const first = build();
  assert.equal(first.status, 0, first.stderr);
  const before = readdirSync(join(host.checkout, 'dist'));
  writeFileSync(join(host.checkout, 'src/part.ts'), 'export const part = 2;\nconsole.log(part);\n');
  assert.equal(build().status, 0);
  const after = readdirSync(join(host.checkout, 'dist'));
  assert.equal(after.length, before.length, after.join(' '));
  assert.notDeepEqual(after, before, 'the chunk has a new name');
  assert.equal(
    spawnSync(process.execPath, [join(host.checkout, 'dist/main.js')], { encoding: 'utf8' }).stdout,
    '2\n',
  );

  writeFileSync(join(host.checkout, 'src/part.ts'), 'export const part = ;\n');
  assert.notEqual(build().status, 0);
  assert.deepEqual(readdirSync(join(host.checkout, 'dist')), after, 'a failed build changes nothing');
});
