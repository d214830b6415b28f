// Bundles the dashboard's page: scripts and styles under names that change with what is in them, everything also as gzip.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** Pages and the script that each begins with. */
const pages = { index: 'main.tsx', panel: 'panel.tsx' };

/** Builds the page of the checkout at `root` into the folder `outdir`. */
export async function buildPage(root, outdir) {
  const from = join(root, 'src/dashboard/page');
  mkdirSync(outdir, { recursive: true });
  const { metafile } = await build({
    entryPoints: [...Object.values(pages), 'style.css'].map((name) => join(from, name)),
    outdir,
    entryNames: '[name]-[hash]',
    chunkNames: 'part-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: ['chrome109', 'firefox115', 'safari16'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    metafile: true,
    logLevel: 'warning',
  });
  const made = Object.entries(metafile.outputs).map(([path, { entryPoint = '' }]) => ({
    name: basename(path),
    from: basename(entryPoint),
  }));
  const nameOf = (source) => made.find((each) => each.from === source)?.name;
  for (const [page, script] of Object.entries(pages)) {
    const html = readFileSync(join(from, `${page}.html`), 'utf8')
      .replace('style.css', `assets/${nameOf('style.css')}`)
      .replace('script.js', `assets/${nameOf(script)}`);
    writeFileSync(join(outdir, `${page}.html`), html);
  }
  copyFileSync(join(from, 'icon.svg'), join(outdir, 'icon.svg'));
  for (const name of readdirSync(outdir)) {
    writeFileSync(join(outdir, `${name}.gz`), gzipSync(readFileSync(join(outdir, name)), { level: 9 }));
  }
}
