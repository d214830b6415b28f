// Which Node install.sh takes: one that is there, Debian's, or the official build from a mirror, checked.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { assertSameTree, type Host, makeHost, npm } from './support.ts';

const version = 'v22.99.0';

/** A mirror of nodejs.org/dist on loopback. `files` may be changed by the test. */
async function startMirror(t: TestContext, architectures: readonly string[]) {
  const files = new Map<string, Buffer>();
  const work = mkdtempSync(join(tmpdir(), 'lookout-mirror-'));
  t.after(() => rmSync(work, { recursive: true, force: true }));
  const sums: string[] = [];
  for (const architecture of architectures) {
    const name = `node-${version}-linux-${architecture}`;
    mkdirSync(join(work, name, 'bin'), { recursive: true });
    mkdirSync(join(work, name, 'include/node'), { recursive: true });
    writeFileSync(join(work, name, 'include/node/v8.h'), '');
    writeFileSync(join(work, name, 'bin/node'), `#!/bin/bash\nexec "${process.execPath}" "$@"\n`, {
      mode: 0o755,
    });
    writeFileSync(join(work, name, 'bin/npm'), npm, { mode: 0o755 });
    execFileSync('tar', ['-czf', join(work, `${name}.tar.gz`), '-C', work, name]);
    const body = readFileSync(join(work, `${name}.tar.gz`));
    files.set(`/latest-v22.x/${name}.tar.gz`, body);
    sums.push(`${createHash('sha256').update(body).digest('hex')}  ${name}.tar.gz`);
  }
  files.set('/latest-v22.x/SHASUMS256.txt', Buffer.from(`${sums.join('\n')}\n`));
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const body = files.get(request.url ?? '');
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return {
    url: `http://127.0.0.1:${address.port}`,
    files,
    asked,
    env: { NODE_DIST_URL: `http://127.0.0.1:${address.port}/` },
  };
}

const ownNode = (host: Host) => join(host.home, '.local/share/moonraker-lookout/node');

test('no Node: the official build, checked, in a folder of its own, and gone with the removal', async (t) => {
  const host = makeHost(t, { node: null });
  const mirror = await startMirror(t, ['arm64', 'x64', 'armv7l']);
  const before = host.tree();
  const run = await host.install(['--yes'], { env: mirror.env });
  assert.equal(run.code, 0, run.text);
  assert.deepEqual(mirror.asked, [
    '/latest-v22.x/SHASUMS256.txt',
    `/latest-v22.x/node-${version}-linux-x64.tar.gz`,
  ]);
  assert.ok(existsSync(join(ownNode(host), 'bin/npm')));
  assert.ok(!existsSync(join(ownNode(host), 'include')), 'headers would only take room');
  const unit = host.read(join(host.root, 'etc/systemd/system/moonraker-lookout.service'));
  assert.ok(unit.includes(`ExecStart="${ownNode(host)}/bin/node" `));
  assert.ok(unit.includes(`Environment="PATH=${ownNode(host)}/bin:`));

  const second = await host.install(['--yes'], { env: mirror.env });
  assert.equal(second.code, 0, second.text);
  assert.equal(mirror.asked.length, 2, 'it is there now');
  const removal = await host.install(['--uninstall', '--yes']);
  assert.equal(removal.code, 0, removal.text);
  assertSameTree(host.tree(), before);
});

test('an old Node of the system stays as it is', async (t) => {
  const host = makeHost(t, { node: 'v18.20.4' });
  const mirror = await startMirror(t, ['x64']);
  const before = host.tree();
  const run = await host.install(['--yes'], {
    env: { ...mirror.env, PATH: `${host.root}/usr/bin:${host.bin}` },
  });
  assert.equal(run.code, 0, run.text);
  assert.match(run.text, /is v18\.20\.4, or has no npm: moonraker-lookout needs Node 20\.19/);
  assert.ok(existsSync(join(ownNode(host), 'bin/node')));
  await host.install(['--uninstall', '--yes']);
  assertSameTree(host.tree(), before);
});

test('a wrong checksum: not unpacked, said, and the next run can do it', async (t) => {
  const host = makeHost(t, { node: null });
  const mirror = await startMirror(t, ['x64']);
  const name = `/latest-v22.x/node-${version}-linux-x64.tar.gz`;
  const good = mirror.files.get(name);
  assert.ok(good !== undefined);
  mirror.files.set(name, Buffer.concat([good, Buffer.from('x')]));
  const before = host.tree();
  const run = await host.install(['--yes'], { env: mirror.env });
  assert.equal(run.code, 1);
  assert.match(run.text, /is not what SHASUMS256\.txt says: expected [0-9a-f]{64}, got [0-9a-f]{64}/);
  assertSameTree(host.tree(), before);
  mirror.files.set(name, good);
  const second = await host.install(['--yes'], { env: mirror.env });
  assert.equal(second.code, 0, second.text);
});

test('no network: said with the mirror as a way out, nothing changed', async (t) => {
  const host = makeHost(t, { node: null });
  const before = host.tree();
  const run = await host.install(['--yes'], { env: { NODE_DIST_URL: 'http://127.0.0.1:9' } });
  assert.equal(run.code, 1);
  assert.match(
    run.text,
    /cannot download http:\/\/127\.0\.0\.1:9\/latest-v22\.x\/SHASUMS256\.txt[\s\S]*NODE_DIST_URL/,
  );
  assertSameTree(host.tree(), before);
});

for (const [debian, machine, architecture] of [
  ['amd64', 'x86_64', 'x64'],
  ['arm64', 'aarch64', 'arm64'],
  ['armhf', 'armv7l', 'armv7l'],
  ['armhf', 'aarch64', 'armv7l'],
] as const) {
  test(`Debian ${debian} on a ${machine} kernel takes linux-${architecture}`, async (t) => {
    const host = makeHost(t, { node: null });
    host.command('dpkg', `echo ${debian}`);
    host.command('uname', `[[ $1 == -m ]] && echo ${machine} || echo Linux`);
    const run = await host.install(['--dry-run']);
    assert.ok(run.text.includes(`for linux-${architecture},`), run.text);
  });
}

for (const [debian, machine] of [
  ['armhf', 'armv6l'],
  ['riscv64', 'riscv64'],
  ['i386', 'i686'],
] as const) {
  test(`${debian} on ${machine} has no build: said, nothing changed`, async (t) => {
    const host = makeHost(t, { node: null });
    host.command('dpkg', `echo ${debian}`);
    host.command('uname', `[[ $1 == -m ]] && echo ${machine} || echo Linux`);
    const before = host.tree();
    const run = await host.install(['--yes']);
    assert.equal(run.code, 1);
    assert.match(
      run.text,
      new RegExp(`no official Node 20 build for this machine \\(${machine}\\)[\\s\\S]*node --version`),
    );
    assertSameTree(host.tree(), before);
  });
}

/** Makes apt offer this version of nodejs and npm. */
function offer(host: Host, candidate: string, install: string) {
  host.command('apt-cache', `printf '%s:\\n  Installed: (none)\\n  Candidate: %s\\n' "$2" '${candidate}'`);
  host.command('apt-get', `echo "apt-get $*" >>"$CALLS"\n${install}`);
}

test("Debian's package is taken when it is new enough, and is left at the removal", async (t) => {
  const host = makeHost(t, { node: null });
  const bin = join(host.root, 'usr/bin');
  host.write(join(host.home, '../npm'), npm);
  offer(
    host,
    '20.19.2+dfsg-1',
    `mkdir -p "${bin}"; ln -s "${process.execPath}" "${bin}/node"; cp "${host.home}/../npm" "${bin}/npm"; chmod +x "${bin}/npm"`,
  );
  const run = await host.install(['--yes']);
  assert.equal(run.code, 0, run.text);
  assert.ok(host.calls().includes('sudo apt-get install -y --no-install-recommends nodejs npm'));
  assert.ok(!existsSync(ownNode(host)));
  const removal = await host.install(['--uninstall', '--yes']);
  assert.match(removal.text, /Debian packages nodejs and npm.*apt-get remove/);
  assert.ok(existsSync(join(bin, 'node')));
});

test("Debian's package is passed over when it is too old or cannot be installed", async (t) => {
  const mirror = await startMirror(t, ['x64']);
  for (const [candidate, calls] of [
    ['18.20.4+dfsg-1~deb12u1', 0],
    ['20.19.2+dfsg-1', 1],
  ] as const) {
    const host = makeHost(t, { node: null });
    offer(host, candidate, 'echo "E: Unable to fetch some archives"; exit 100');
    const run = await host.install(['--yes'], { env: mirror.env });
    assert.equal(run.code, 0, run.text);
    assert.equal(host.calls().filter((call) => call.startsWith('apt-get')).length, calls);
    assert.ok(existsSync(join(ownNode(host), 'bin/node')));
  }
});
