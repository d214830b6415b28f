// One hash of everything that dist/ is built from. By content, because a host without a battery-backed clock has no
// modification times to rely on.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files beside src/ that change what is built. */
const files = [
  'build.mjs',
  'scripts/build-page.mjs',
  'scripts/fit-runtime.mjs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
];

/** Where a build leaves the hash of its sources, below the checkout. */
export const hashFile = 'dist/source-hash';

/** SHA-256, in hex, of the sources below `root`, names included. */
export function sourceHash(root) {
  const hash = createHash('sha256');
  for (const path of [...files, ...filesBelow(root, 'src')].sort()) {
    if (existsSync(join(root, path)))
      hash
        .update(`${path}\0`)
        .update(readFileSync(join(root, path)))
        .update('\0');
  }
  return hash.digest('hex');
}

function filesBelow(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(root, path) : [path];
  });
}
