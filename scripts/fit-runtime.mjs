// Leaves of the detector's runtime what this host can run: onnxruntime-node without the binaries of other systems (240 MB), or,
// where it has none for this CPU, the three files of the WebAssembly build. Runs with each build; quick when it has run before.
//
//   node scripts/fit-runtime.mjs          as a build does
//   node scripts/fit-runtime.mjs --wasm   the WebAssembly build too, to try it
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const npmTimeoutMs = 10 * 60_000;
/** What Node needs of onnxruntime-web: 14 of 150 MB. */
const needed = ['ort.node.min.js', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'];

/** Returns a sentence on what could not be done, or null. Never fails: all other detectors work without. */
export function fitRuntime(root, isWasmWanted = false) {
  const folder = join(root, 'node_modules/onnxruntime-node');
  // An installation that was broken off may have left binaries that nothing can load.
  const hasNative = keepOwnBinaries(join(folder, 'bin')) && existsSync(join(folder, 'package.json'));
  if (hasNative && !isWasmWanted) return null;
  return installWasm(join(root, 'wasm-runtime'));
}

/** Removes the binaries of other systems. True when those of this one are there. */
function keepOwnBinaries(folder) {
  let hasOwn = false;
  for (const api of list(folder)) {
    for (const platform of list(join(folder, api))) {
      if (platform !== process.platform) rmSync(join(folder, api, platform), { recursive: true });
    }
    const own = join(folder, api, process.platform);
    for (const cpu of list(own)) {
      if (cpu === process.arch) hasOwn = true;
      else rmSync(join(own, cpu), { recursive: true });
    }
  }
  return hasOwn;
}

function installWasm(folder) {
  const packageFolder = join(folder, 'node_modules/onnxruntime-web/dist');
  if (!needed.every((name) => existsSync(join(packageFolder, name)))) {
    const { status, error } = spawnSync('npm', ['ci', '--omit=dev', '--ignore-scripts'], {
      cwd: folder,
      stdio: ['ignore', 2, 2],
      timeout: npmTimeoutMs,
    });
    if (status !== 0)
      return `the WebAssembly runtime of the built-in detector could not be installed${error ? ` (${error.message})` : ''}; run "npm ci" in ${folder}`;
  }
  for (const name of list(packageFolder)) {
    if (!needed.includes(name)) rmSync(join(packageFolder, name), { recursive: true });
  }
  return null;
}

const list = (folder) => (existsSync(folder) ? readdirSync(folder) : []);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problem = fitRuntime(join(fileURLToPath(import.meta.url), '../..'), process.argv.includes('--wasm'));
  if (problem !== null) {
    process.stderr.write(`${problem}\n`);
    process.exitCode = 1;
  }
}
