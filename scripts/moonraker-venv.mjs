// Gets a real Moonraker for the end-to-end tests: a Python virtual environment in .cache, made once and then kept.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const version = '0.11.0';
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cache = join(root, '.cache');
const folder = join(cache, `moonraker-${version}`);
const marker = join(folder, 'complete.json');
const python = join(folder, 'bin', 'python');
const lock = `${folder}.lock`;
const installLimitMs = 10 * 60_000;

/** Moonraker cannot be had; the message says what is missing and what to do. */
export class MoonrakerUnavailable extends Error {
  /** @param {string} message @param {unknown} [cause] */
  constructor(message, cause) {
    super(message, { cause });
    this.name = 'MoonrakerUnavailable';
  }
}

/**
 * Makes sure that Moonraker is installed. Quick when it is. Several processes may call at once.
 * @returns {Promise<{ python: string }>} the interpreter; run it with `-m moonraker`
 * @throws {MoonrakerUnavailable}
 */
export async function ensureMoonraker() {
  if (isComplete()) return { python };
  mkdirSync(cache, { recursive: true });
  await takeLock();
  try {
    if (!isComplete()) await install();
    return { python };
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function isComplete() {
  if (!existsSync(marker) || !existsSync(python)) return false;
  try {
    return JSON.parse(readFileSync(marker, 'utf8')).version === version;
  } catch {
    return false;
  }
}

async function install() {
  const base = await findPython();
  rmSync(folder, { recursive: true, force: true });
  await must(
    base,
    ['-m', 'venv', folder],
    'make a virtual environment',
    'On Debian: apt install python3-venv.',
  );
  await must(
    python,
    [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--no-input',
      '--retries=2',
      '--timeout=20',
      `moonraker==${version}`,
    ],
    `install moonraker==${version} with pip`,
    'Is there a way to PyPI from here? Behind a proxy set HTTPS_PROXY; another index goes into PIP_INDEX_URL.',
  );
  await must(
    python,
    ['-c', 'import moonraker.server'],
    'load the installed Moonraker',
    'Remove .cache and try again.',
  );
  // The marker comes last and by rename: a half-made environment is never taken for a whole one.
  writeFileSync(`${marker}.new`, JSON.stringify({ version }));
  renameSync(`${marker}.new`, marker);
}

async function findPython() {
  const candidates = [process.env['PYTHON'], 'python3', 'python'].filter((name) => name !== undefined);
  const found = [];
  for (const name of candidates) {
    const { code, output } = await run(
      name,
      ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'],
      20_000,
    );
    const [major = 0, minor = 0] = output.trim().split('.').map(Number);
    if (code === 0 && major === 3 && minor >= 10) return name;
    if (code === 0) found.push(`${name} is ${output.trim()}`);
  }
  const why = found.length === 0 ? 'there is no python3 on the PATH' : found.join(', ');
  throw new MoonrakerUnavailable(
    `Moonraker needs Python 3.10 or newer, but ${why}. Set PYTHON to use another one.`,
  );
}

/** @param {string} command @param {string[]} args @param {string} what @param {string} hint */
async function must(command, args, what, hint) {
  const { code, output } = await run(command, args, installLimitMs);
  if (code === 0) return;
  const lines = output
    .replace(/\/\/[^/\s@]*@/g, '//***@')
    .trim()
    .split('\n')
    .slice(-5)
    .join('\n');
  throw new MoonrakerUnavailable(`Could not ${what}. ${hint}\n${lines}`);
}

/**
 * @param {string} command @param {string[]} args @param {number} limitMs
 * @returns {Promise<{ code: number, output: string }>}
 */
function run(command, args, limitMs) {
  return new Promise((resolve) => {
    // Not `timeout`: its timer goes on, and keeps this process, when there is no such command.
    const signal = AbortSignal.timeout(limitMs);
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], signal });
    let output = '';
    const add = (chunk) => {
      output = `${output}${chunk}`.slice(-8_192);
    };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    child.on('error', (error) => resolve({ code: 1, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Waits for the folder that only one process can make; one left behind by a dead process is taken over. */
async function takeLock() {
  const endMs = performance.now() + installLimitMs;
  for (;;) {
    try {
      mkdirSync(lock);
      writeFileSync(join(lock, 'pid'), String(process.pid));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (performance.now() > endMs) {
      throw new MoonrakerUnavailable(
        `Another process installs Moonraker for ten minutes now. If not, remove ${lock}.`,
      );
    }
    if (!(await isOwnerAlive())) rmSync(lock, { recursive: true, force: true });
    await delay(250);
  }
}

async function isOwnerAlive() {
  for (let look = 0; look < 4; look += 1) {
    try {
      const pid = Number(readFileSync(join(lock, 'pid'), 'utf8'));
      if (pid > 0) {
        process.kill(pid, 0);
        return true;
      }
    } catch (error) {
      if (error.code === 'ESRCH') return false;
      if (error.code === 'EPERM') return true;
    }
    // The owner may not have written its number yet.
    await delay(250);
  }
  return false;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    process.stdout.write(`${(await ensureMoonraker()).python}\n`);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
