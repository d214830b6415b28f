// Bundles the program into dist/. Runs as npm's `prepare`, so it must work with production packages alone.
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildPage } from './scripts/build-page.mjs';
import { fitRuntime } from './scripts/fit-runtime.mjs';
import { hashFile, sourceHash } from './scripts/source-hash.mjs';

const root = dirname(fileURLToPath(import.meta.url));
const outdir = join(root, 'dist');
const next = join(outdir, '.next');

// Taken before the build: a source that changes meanwhile makes the next start build again.
const hash = sourceHash(root);
rmSync(next, { recursive: true, force: true });
await build({
  // The detector runs in a process of its own.
  entryPoints: { main: join(root, 'src/main.ts'), detector: join(root, 'src/backends/builtin/process.ts') },
  outdir: next,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // These load prebuilt binaries by their own paths.
  external: ['sharp', 'onnxruntime-node'],
  // form-data looks types up by file name in a table of 200 KB (1.4 MiB in memory); we name the type of each part ourselves.
  alias: { 'mime-db': join(root, 'scripts/no-mime-db.json') },
  // `ws` and `pino` are CommonJS and call require() at run time.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  // The source text stays in memory as long as the process runs. Names are kept for readable stack traces.
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
});

await buildPage(root, join(next, 'page'));

// The old program stays whole until the new one is: chunks have hashed names, so they go in first, then what names them
// is taken into use, then what nobody names any more is removed.
takeOver(join(next, 'page'), join(outdir, 'page'), (name) => name.includes('.html'));
takeOver(next, outdir, (name) => name === 'main.js');
rmSync(next, { recursive: true, force: true });
writeFileSync(join(root, hashFile), `${hash}\n`);

/** Moves the files of a folder into another, those that name the others last; what was there before goes away. */
function takeOver(from, to, namesOthers) {
  mkdirSync(to, { recursive: true });
  const isFile = (name) => !statSync(join(from, name)).isDirectory();
  const built = readdirSync(from)
    .filter(isFile)
    .sort((a, b) => Number(namesOthers(a)) - Number(namesOthers(b)));
  const kept = new Set([...built, 'page', '.next']);
  for (const name of built) renameSync(join(from, name), join(to, name));
  for (const name of readdirSync(to)) {
    if (!kept.has(name)) rmSync(join(to, name), { recursive: true, force: true });
  }
}
const problem = fitRuntime(root);
if (problem !== null) process.stderr.write(`${problem}\n`);
