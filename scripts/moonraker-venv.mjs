// Gets a real Moonraker for the end-to-end tests: a Python virtual environment in .cache, made once and then kept.
import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { ensureVenv, runAsScript } from './python-venv.mjs';

const component = join(import.meta.dirname, '..', 'component', 'lookout.py');

/**
 * Makes sure that Moonraker is installed, with our component in it (loaded only where moonraker.conf has [lookout]) and
 * with what tests the component.
 * @param {string} [version]
 * @returns {Promise<{ python: string }>} the interpreter; run it with `-m moonraker`
 * @throws {VenvUnavailable}
 */
export async function ensureMoonraker(version = '0.11.0') {
  const { python } = await ensureVenv({
    name: `moonraker-${version}`,
    packages: [`moonraker==${version}`, 'pytest==9.0.2'],
    least: 10,
    check: 'import moonraker.server, pytest',
  });
  const lib = join(dirname(dirname(python)), 'lib');
  for (const folder of readdirSync(lib)) {
    const link = join(lib, folder, 'site-packages', 'moonraker', 'components', 'lookout.py');
    if (existsSync(dirname(link)) && !existsSync(link)) linkComponent(link);
  }
  return { python };
}

/** Several test files may come here at once. */
function linkComponent(path) {
  try {
    symlinkSync(component, path);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
}

if (process.argv[1] === import.meta.filename) await runAsScript(ensureMoonraker);
