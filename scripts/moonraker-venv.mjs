// Gets a real Moonraker for the end-to-end tests: a Python virtual environment in .cache, made once and then kept.
import process from 'node:process';
import { ensureVenv, runAsScript } from './python-venv.mjs';

const version = '0.11.0';

/**
 * Makes sure that Moonraker is installed.
 * @returns {Promise<{ python: string }>} the interpreter; run it with `-m moonraker`
 * @throws {VenvUnavailable}
 */
export function ensureMoonraker() {
  return ensureVenv({
    name: `moonraker-${version}`,
    packages: [`moonraker==${version}`],
    least: 10,
    check: 'import moonraker.server',
  });
}

if (process.argv[1] === import.meta.filename) await runAsScript(ensureMoonraker);
