// Brings node_modules and dist/ in step with the checkout; quick when they are. install.sh and each start of the service
// run it: Moonraker's update manager finds no npm where Node is in a folder of our own, and never builds.
//
//   node scripts/rebuild-if-needed.mjs             what is there goes on working when something fails: exit 0 with a warning
//   node scripts/rebuild-if-needed.mjs --strict    any failure: exit 1
//   … --force                                      install the packages and build even when all is in step
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { hashFile, sourceHash } from './source-hash.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stage = join(root, '.cache/packages');
const npmTimeoutMs = 10 * 60_000;
const buildTimeoutMs = 3 * 60_000;
const isStrict = process.argv.includes('--strict');
const isForced = process.argv.includes('--force');

class Failure extends Error {}

/** What npm and the build say when something outside of them is wrong, and what a user can do. */
const knownCauses = [
  [/ENOSPC|no space left/i, 'the disk is full'],
  [/EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/i, 'the network is gone'],
  [/EBADPLATFORM|unsupported platform/i, 'a package has no build for this machine'],
  [/EACCES|EPERM|EROFS|permission denied/i, `${root} may not be written by this user`],
  [/heap out of memory|ENOMEM|cannot allocate memory/i, 'not enough memory'],
];

function run(what, command, args, options) {
  process.stderr.write(`${what}: ${command} ${args.join(' ')}\n`);
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 16 * 1024 * 1024,
    ...options,
    // Whoever calls puts the folder of node and npm first; by hand it may not be there at all.
    env: {
      ...process.env,
      PATH: `${process.env.PATH ?? ''}${delimiter}${dirname(process.execPath)}`,
      ...options.env,
    },
  });
  if (status === 0) return;
  const text = `${stdout ?? ''}${stderr ?? ''}`;
  const lines = text.trimEnd().split('\n');
  const complaints = lines.filter((line) => /^npm error (?!A complete log)./.test(line));
  const shown = complaints.length > 0 ? complaints.slice(0, 10) : lines.slice(-15);
  process.stderr.write(`${shown.join('\n')}\n`);
  const cause =
    (error?.code === 'ETIMEDOUT' ? `it took longer than ${options.timeout / 60_000} minutes` : undefined) ??
    knownCauses.find(([pattern]) => pattern.test(`${error?.message ?? ''}\n${text}`))?.[1] ??
    error?.message ??
    (signal === null ? `exit code ${status}` : `ended by ${signal}`);
  throw new Failure(`${what} failed: ${cause}`);
}

function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
}

/** True when node_modules holds what the lock file asks for; packages for development may be there as well. */
function arePackagesInStep() {
  try {
    const wanted = readJson(join(root, 'package-lock.json')).packages;
    const installed = readJson(join(root, 'node_modules/.package-lock.json'))?.packages;
    if (installed === undefined) return false;
    return Object.entries(wanted).every(([path, { version, dev, optional, devOptional, peer }]) => {
      if (path === '' || dev === true || devOptional === true) return true;
      const have = installed[path];
      // Builds for other machines are optional and not there.
      if (have === undefined) return optional === true || peer === true;
      return have.version === version && existsSync(join(root, path, 'package.json'));
    });
  } catch {
    return false;
  }
}

/** Installs beside node_modules and swaps the two, so that a failure on the way costs nothing. */
function installPackages() {
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
    if (existsSync(join(root, name))) copyFileSync(join(root, name), join(stage, name));
  }
  // Without scripts: `prepare` belongs to the checkout, and every package of ours comes ready to run.
  run('installing packages', 'npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: stage,
    timeout: npmTimeoutMs,
    env: { npm_config_cache: join(root, '.cache/npm'), npm_config_update_notifier: 'false' },
  });
  const old = join(stage, 'old');
  if (existsSync(join(root, 'node_modules'))) renameSync(join(root, 'node_modules'), old);
  renameSync(join(stage, 'node_modules'), join(root, 'node_modules'));
  rmSync(stage, { recursive: true, force: true });
  rmSync(join(root, '.cache/npm'), { recursive: true, force: true });
}

function isBuildInStep() {
  const hash = join(root, hashFile);
  return existsSync(hash) && readFileSync(hash, 'utf8').trim() === sourceHash(root);
}

try {
  if (isForced || !arePackagesInStep()) installPackages();
  if (isForced || !isBuildInStep()) {
    run('building', process.execPath, ['build.mjs'], { cwd: root, timeout: buildTimeoutMs });
  }
} catch (error) {
  const hasProgram = existsSync(join(root, 'dist/main.js'));
  const text = error instanceof Failure ? error.message : `cannot prepare ${root}: ${error.message}`;
  // The number in front is the priority that journald reads: 4 is a warning, 3 an error.
  const priority = process.env.JOURNAL_STREAM === undefined ? '' : hasProgram && !isStrict ? '<4>' : '<3>';
  const next = hasProgram && !isStrict ? 'The version built before goes on. ' : '';
  process.stderr.write(`${priority}${text}. ${next}To try again: ${join(root, 'install.sh')} --repair\n`);
  if (isStrict || !hasProgram) process.exitCode = 1;
}
