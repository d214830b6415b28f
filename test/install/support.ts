// A throw-away host for install.sh: a home, a root for systemd's folders, a checkout, and commands that only write down how
// they were called.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

export const repository = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** As root the tests run install.sh as another user: it refuses root, and root may write to read-only files. */
const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Commands that install.sh may use; `node`, `npm`, `apt-cache`, `dpkg`, `systemctl` and `sudo` come from the test. */
const commands =
  'awk base64 basename bash cat chmod cmp cp curl cut date dd df diff dirname env find flock getconf getent grep gzip head id ' +
  'install ln ls mkdir mktemp mv paste printf readlink realpath rm rmdir sed sh sha256sum sleep sort stat sync tac tail ' +
  'tar tee touch tr true uname xargs git';

/** How a run of install.sh ended. */
export interface Run {
  readonly code: number | null;
  /** Standard output and error together. */
  readonly text: string;
}

/** A throw-away host. Paths are absolute. */
export interface Host {
  readonly home: string;
  readonly root: string;
  readonly checkout: string;
  readonly bin: string;
  /** Runs install.sh with these arguments; `input` is what is typed. */
  install(args: readonly string[], options?: RunOptions): Promise<Run>;
  /** What systemctl, sudo, npm and apt-get were called with, in order. */
  calls(): string[];
  /** Makes a command of a shell script. */
  command(name: string, script: string): void;
  /** Runs a shell script before each call of a command. */
  interceptor(name: string, script: string): void;
  /** Takes the interceptor away. */
  restoreCommand(name: string): void;
  /** Writes a file, with its folders, as the user who installs. */
  write(path: string, text: string): void;
  read(path: string): string;
  /** Every path below home, root and checkout with its mode and content; for comparing. */
  tree(): Map<string, string>;
}

/** Options of one run. */
export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** As the user of this process, which may be root. */
  readonly asRoot?: boolean;
}

/** What differs from a stock MainsailOS host. */
export interface HostOptions {
  /** The folder that all is in gets this name. */
  readonly name?: string;
  /** False: there is no systemctl and no /etc/systemd. */
  readonly hasSystemd?: boolean;
  /** `modern`: as this process; otherwise what `node --version` says, or null for no Node. */
  readonly node?: 'modern' | string | null;
  /** Units by name with the data folder, below home. */
  readonly units?: Readonly<Record<string, string>>;
}

const moonrakerConf = `[server]
host: 0.0.0.0
port: 7125

[authorization]
trusted_clients:
    127.0.0.1

[include extra/*.conf]
`;

/** Makes a host; it is removed when the test ends. */
export function makeHost(t: TestContext, options: HostOptions = {}): Host {
  const base = mkdtempSync(join(tmpdir(), 'lookout-install-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const top = join(base, options.name ?? 'host');
  const host = hostAt(top);
  for (const dir of [host.home, host.bin]) mkdirSync(dir, { recursive: true });
  makeCommands(host, options);
  makeCheckout(host);
  if (options.hasSystemd !== false) {
    mkdirSync(join(host.root, 'run/systemd/system'), { recursive: true });
    mkdirSync(join(host.root, 'etc/systemd/system/multi-user.target.wants'), { recursive: true });
  }
  mkdirSync(host.root, { recursive: true });
  for (const [unit, data] of Object.entries(options.units ?? { moonraker: 'printer_data' })) {
    makeMoonraker(host, unit, data, options.hasSystemd !== false);
  }
  giveAway(base);
  return host;
}

function hostAt(top: string): Host {
  const [home, root, checkout, bin] = ['home', 'root', 'home/moonraker-lookout', 'bin'].map((name) =>
    join(top, name),
  ) as [string, string, string, string];
  const log = join(top, 'calls');
  const env = {
    PATH: bin,
    HOME: home,
    LOOKOUT_ROOT: root,
    LOOKOUT_POLL_S: '0',
    CALLS: log,
    NO_COLOR: '1',
    LANG: 'C.UTF-8',
  };
  return {
    home,
    root,
    checkout,
    bin,
    install: (args, { input = '', env: more = {}, asRoot = false } = {}) =>
      new Promise((resolve, reject) => {
        const child = spawn(join(bin, 'bash'), [join(checkout, 'install.sh'), ...args], {
          cwd: home,
          env: { ...env, ...more },
          ...(asRoot ? {} : user),
        });
        const deadline = setTimeout(() => child.kill('SIGKILL'), 60_000);
        let text = '';
        for (const stream of [child.stdout, child.stderr]) {
          stream.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
        }
        child.on('error', reject);
        child.on('close', (code) => {
          clearTimeout(deadline);
          resolve({ code, text });
        });
        child.stdin.on('error', () => {});
        child.stdin.end(input);
      }),
    calls: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []),
    command: (name, script) => {
      rmSync(join(bin, name), { force: true });
      writeFileSync(join(bin, name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
    },
    interceptor: (name, script) => {
      renameSync(join(bin, name), join(bin, `${name}.real`));
      writeFileSync(join(bin, name), `#!/bin/bash\n${script}\nexec "${join(bin, name)}.real" "$@"\n`, {
        mode: 0o755,
      });
    },
    restoreCommand: (name) => renameSync(join(bin, `${name}.real`), join(bin, name)),
    write: (path, text) => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      giveAway(top);
    },
    read: (path) => readFileSync(path, 'utf8'),
    tree: () => new Map([...treeOf(home), ...treeOf(root)]),
  };
}

function makeCommands(host: Host, options: HostOptions) {
  const path = (process.env['PATH'] ?? '').split(':').concat('/usr/sbin', '/sbin');
  for (const name of commands.split(' ')) {
    const found = path.map((dir) => join(dir, name)).find((file) => existsSync(file));
    if (found !== undefined) symlinkSync(found, join(host.bin, name));
  }
  host.command(
    'sudo',
    `[[ $1 == -n ]] && shift; [[ $1 == true ]] && exit; echo "sudo $*" >>"$CALLS"; exec "$@"`,
  );
  host.command('apt-cache', 'true');
  host.command('dpkg', 'echo amd64');
  if (options.hasSystemd !== false) host.command('systemctl', systemctl);
  const node = options.node === undefined ? 'modern' : options.node;
  if (node === null) return;
  const bin = join(host.root, 'usr/bin');
  mkdirSync(bin, { recursive: true });
  if (node === 'modern') symlinkSync(process.execPath, join(bin, 'node'));
  else writeFileSync(join(bin, 'node'), `#!/bin/sh\necho ${node}\n`, { mode: 0o755 });
  writeFileSync(join(bin, 'npm'), npm, { mode: 0o755 });
}

/** Knows units by their links in multi-user.target.wants and what runs by a file in run/. */
const systemctl = `
set -u
verb=$1; shift
quiet=no
[[ \${1:-} == --quiet ]] && quiet=yes
while [[ \${1:-} == --* ]]; do shift; done
etc=$LOOKOUT_ROOT/etc/systemd/system
case $verb in
  is-enabled) [[ -L $etc/multi-user.target.wants/$1.service ]]; exit ;;
  is-active) if [[ -e $LOOKOUT_ROOT/run/$1 ]]; then state=active; else state=inactive; fi
    [[ $quiet == yes ]] || echo $state
    [[ $state == active ]]; exit ;;
esac
echo "systemctl $verb \${1:-}" >>"$CALLS"
case $verb in
  enable) ln -sf "$etc/$1.service" "$etc/multi-user.target.wants/$1.service" ;;
  disable) rm -f "$etc/multi-user.target.wants/$1.service" ;;
  restart) [[ $1 == moonraker* && $1 != moonraker-lookout* ]] || touch "$LOOKOUT_ROOT/run/$1" ;;
  stop) rm -f "$LOOKOUT_ROOT/run/$1" ;;
esac
true
`;

/** Installs what the lock file names as empty packages. */
export const npm = `#!/usr/bin/env node
const fs = require('node:fs');
fs.appendFileSync(process.env.CALLS, 'npm ' + process.argv.slice(2).join(' ') + '\\n');
const lock = JSON.parse(fs.readFileSync('package-lock.json', 'utf8'));
for (const [path, entry] of Object.entries(lock.packages)) {
  if (path === '') continue;
  fs.mkdirSync(path, { recursive: true });
  fs.writeFileSync(path + '/package.json', JSON.stringify({ version: entry.version }));
}
fs.writeFileSync('node_modules/.package-lock.json', JSON.stringify(lock));
`;

/** A checkout with the real installer and a program that is built in no time. */
function makeCheckout(host: Host) {
  mkdirSync(join(host.checkout, 'src'), { recursive: true });
  for (const path of [
    'install.sh',
    'scripts/install',
    'scripts/rebuild-if-needed.mjs',
    'scripts/source-hash.mjs',
    'service',
    'moonraker-lookout.conf.example',
    'system-dependencies.json',
    '.npmrc',
    '.gitignore',
  ]) {
    cpSync(join(repository, path), join(host.checkout, path), { recursive: true });
  }
  const at = (path: string) => join(host.checkout, path);
  writeFileSync(at('package.json'), '{"name":"moonraker-lookout","version":"0.1.0","type":"module"}');
  writeFileSync(
    at('package-lock.json'),
    JSON.stringify({ lockfileVersion: 3, packages: { '': {}, 'node_modules/one': { version: '1.0.0' } } }),
  );
  writeFileSync(at('src/main.ts'), "console.log('0.1.0');\n");
  writeFileSync(
    at('build.mjs'),
    `import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { hashFile, sourceHash } from './scripts/source-hash.mjs';
import { fileURLToPath } from 'node:url';
mkdirSync('dist', { recursive: true });
cpSync('src/main.ts', 'dist/main.js');
writeFileSync(hashFile, sourceHash(fileURLToPath(new URL('.', import.meta.url))) + '\\n');
`,
  );
  mkdirSync(at('.git/refs'), { recursive: true });
  mkdirSync(at('.git/objects'), { recursive: true });
  writeFileSync(at('.git/HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(
    at('.git/config'),
    '[core]\n\trepositoryformatversion = 0\n[remote "origin"]\n\turl = https://someone:token@example.org/lookout.git\n',
  );
}

/** A Moonraker as its own installer leaves it. */
function makeMoonraker(host: Host, unit: string, data: string, hasSystemd: boolean) {
  const folder = join(host.home, data);
  for (const dir of ['config', 'logs', 'gcodes', 'systemd', 'database'])
    mkdirSync(join(folder, dir), { recursive: true });
  writeFileSync(join(folder, 'config/moonraker.conf'), moonrakerConf);
  writeFileSync(join(folder, 'config/printer.cfg'), '[printer]\nkinematics: none\n');
  // Moonraker's own list ends without a line break.
  writeFileSync(join(folder, 'moonraker.asvc'), 'klipper_mcu\nwebcamd\ncrowsnest');
  writeFileSync(
    join(folder, 'systemd/moonraker.env'),
    `MOONRAKER_DATA_PATH="${folder}"\nMOONRAKER_ARGS="-m moonraker"\nPYTHONPATH="/home/pi/moonraker"\n`,
  );
  if (!hasSystemd) return;
  writeFileSync(
    join(host.root, `etc/systemd/system/${unit}.service`),
    `[Unit]
Description=API Server for Klipper SV1
[Service]
Type=simple
EnvironmentFile=${join(folder, 'systemd/moonraker.env')}
ExecStart=/home/pi/moonraker-env/bin/python $MOONRAKER_ARGS
[Install]
WantedBy=multi-user.target
`,
  );
}

function giveAway(path: string) {
  if (user.uid === undefined) return;
  const { uid, gid } = user;
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return;
  if (stat.uid !== uid) chownSync(path, uid, gid);
  if (stat.isDirectory()) for (const name of readdirSync(path)) giveAway(join(path, name));
}

/** Makes a folder or file read-only for the user who installs. */
export function protect(path: string) {
  chmodSync(path, lstatSync(path).isDirectory() ? 0o555 : 0o444);
}

function treeOf(path: string): [string, string][] {
  const stat = lstatSync(path);
  const mode = (stat.mode & 0o777).toString(8);
  if (stat.isSymbolicLink()) return [[path, `link ${readlinkSync(path)}`]];
  if (stat.isDirectory()) {
    return [[path, `folder ${mode}`], ...readdirSync(path).flatMap((name) => treeOf(join(path, name)))];
  }
  return [[path, `file ${mode} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`]];
}

/** Compares two trees and names every path that differs. */
export function assertSameTree(actual: Map<string, string>, expected: Map<string, string>) {
  const differing = [...new Set([...expected.keys(), ...actual.keys()])]
    .filter((path) => actual.get(path) !== expected.get(path))
    .map((path) => `${path}: ${expected.get(path) ?? 'absent'} → ${actual.get(path) ?? 'absent'}`);
  assert.deepEqual(differing, []);
}
