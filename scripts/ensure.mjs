// Makes a checkout ready to run: installs packages when the lock file is newer, builds when a source is newer. Quick when nothing is missing.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const at = (path) => (existsSync(join(root, path)) ? statSync(join(root, path)).mtimeMs : 0);

/** The newest modification time below a folder, in ms. */
function newest(folder) {
  let newestMs = 0;
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    newestMs = Math.max(newestMs, entry.isDirectory() ? newest(path) : at(path));
  }
  return newestMs;
}

function run(command, args, why) {
  process.stderr.write(`${why}: ${command} ${args.join(' ')}\n`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    process.stderr.write(
      `${command} failed${error ? `: ${error.message}` : ''}. Mend what it says above, then run the same command again.\n`,
    );
    process.exit(1);
  }
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Node ${process.versions.node} is too old: moonraker-lookout needs 20.19 or newer.\n`);
  process.exit(1);
}
const needsDev = at('node_modules/tsx/package.json') === 0;
if (needsDev || at('node_modules/.package-lock.json') < at('package-lock.json')) {
  run('npm', ['ci', '--no-audit', '--no-fund', '--include=dev'], 'installing packages');
}
const builtMs = at('dist/main.js');
if (builtMs < Math.max(newest('src'), at('build.mjs'), at('package.json'))) {
  run(process.execPath, ['build.mjs'], 'building');
}
