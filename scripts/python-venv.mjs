// Makes Python virtual environments in .cache for the end-to-end tests: each once, and then kept.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cache = join(root, '.cache');
const installLimitMs = 10 * 60_000;

/** An environment cannot be had; the message says what is missing and what to do. */
export class VenvUnavailable extends Error {
  /** @param {string} message @param {unknown} [cause] */
  constructor(message, cause) {
    super(message, { cause });
    this.name = 'VenvUnavailable';
  }
}

/**
 * Makes sure that an environment is there. Quick when it is. Several processes may call at once.
 * @param {{
 *   name: string, packages: string[], least: number, most?: number, pipOptions?: string[], check: string,
 * }} wanted the folder in .cache, what pip installs, which minor versions of Python 3 will do, and a line of Python that
 *   works once all is there
 * @returns {Promise<{ python: string }>} its interpreter
 * @throws {VenvUnavailable}
 */
export async function ensureVenv(wanted) {
  const folder = join(cache, wanted.name);
  const python = join(folder, 'bin', 'python');
  if (isComplete(folder, wanted)) return { python };
  mkdirSync(cache, { recursive: true });
  const lock = `${folder}.lock`;
  await takeLock(lock, wanted.name);
  try {
    if (!isComplete(folder, wanted)) await install(folder, python, wanted);
    return { python };
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

const markerOf = (folder) => join(folder, 'complete.json');

function isComplete(folder, { packages }) {
  const marker = markerOf(folder);
  if (!existsSync(marker) || !existsSync(join(folder, 'bin', 'python'))) return false;
  try {
    return JSON.parse(readFileSync(marker, 'utf8')).packages === packages.join(' ');
  } catch {
    return false;
  }
}

async function install(folder, python, { packages, pipOptions = [], check, least, most }) {
  const base = await findPython(packages, least, most);
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
      ...pipOptions,
      ...packages,
    ],
    `install ${packages.join(', ')} with pip`,
    'Is there a way to PyPI from here? Behind a proxy set HTTPS_PROXY; another index goes into PIP_INDEX_URL.',
  );
  await must(python, ['-c', check], `load ${packages.join(', ')}`, 'Remove .cache and try again.');
  // The marker comes last and by rename: a half-made environment is never taken for a whole one.
  const marker = markerOf(folder);
  writeFileSync(`${marker}.new`, JSON.stringify({ packages: packages.join(' ') }));
  renameSync(`${marker}.new`, marker);
}

async function findPython(packages, least, most) {
  const newest = most ?? least;
  const numbered = Array.from({ length: newest - least + 1 }, (_, at) => `python3.${newest - at}`);
  const candidates = [process.env['PYTHON'], 'python3', 'python', ...numbered].filter(
    (name) => name !== undefined,
  );
  const found = [];
  for (const name of candidates) {
    const { code, output } = await run(
      name,
      ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'],
      20_000,
    );
    const [major = 0, minor = 0] = output.trim().split('.').map(Number);
    if (code === 0 && major === 3 && minor >= least && minor <= (most ?? minor)) return name;
    if (code === 0) found.push(`${name} is ${output.trim()}`);
  }
  const why = found.length === 0 ? 'there is no python3 on the PATH' : found.join(', ');
  throw new VenvUnavailable(
    `${packages.join(', ')} needs Python 3.${least} ${most === undefined ? 'or newer' : `to 3.${most}`}, but ${why}. Set PYTHON to use another one.`,
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
  throw new VenvUnavailable(`Could not ${what}. ${hint}\n${lines}`);
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
async function takeLock(lock, name) {
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
      throw new VenvUnavailable(
        `Another process installs ${name} for ten minutes now. If not, remove ${lock}.`,
      );
    }
    if (!(await isOwnerAlive(lock))) rmSync(lock, { recursive: true, force: true });
    await delay(250);
  }
}

async function isOwnerAlive(lock) {
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

/** Runs a script that has an environment made: prints its interpreter, or why there is none. */
export async function runAsScript(ensure) {
  try {
    process.stdout.write(`${(await ensure()).python}\n`);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
