// Runs the tests: `node scripts/test.mjs all|unit|e2e|browser [part of a file name …]`. Ends with 0 only if all have passed.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const root = join(import.meta.dirname, '..');
/** Those that need more than Node; everything else is a unit test. */
const folders = { e2e: join('test', 'e2e'), browser: join('test', 'browser') };

const [kind = 'all', ...filters] = process.argv.slice(2);
const kinds = { all: ['unit', 'e2e', 'browser'], unit: ['unit'], e2e: ['e2e'], browser: ['browser'] }[kind];
if (kinds === undefined) {
  process.stderr.write('usage: node scripts/test.mjs all|unit|e2e|browser [part of a file name …]\n');
  process.exit(2);
}

const files = readdirSync(join(root, 'test'), { recursive: true })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => join('test', file))
  .filter((file) => filters.length === 0 || filters.some((part) => file.includes(part)))
  .sort();

let isFailed = files.length === 0;
if (isFailed) process.stderr.write('no test file matches\n');
for (const each of kinds) {
  const chosen = files.filter((file) => kindOf(file) === each);
  if (chosen.length === 0) continue;
  process.stdout.write(`${each} tests: ${chosen.length} files\n`);
  isFailed = run(each, chosen) !== 0 || isFailed;
}
process.exit(isFailed ? 1 : 0);

/** The kind of tests that this file holds. */
function kindOf(file) {
  return Object.keys(folders).find((kind) => file.startsWith(folders[kind])) ?? 'unit';
}

/** Runs the files, one more at a time than there are cores, because they wait a good part of their time. The time limit is per file. */
function run(each, chosen) {
  const isE2e = each !== 'unit';
  const { status, error } = spawnSync(
    process.execPath,
    [
      '--import',
      'tsx',
      '--test',
      `--test-concurrency=${availableParallelism() + 1}`,
      `--test-timeout=${isE2e ? 1_800_000 : 300_000}`,
      '--test-reporter=./scripts/test-reporter.mjs',
      '--test-reporter-destination=stdout',
      ...chosen,
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, REPORT_EACH: isE2e ? '1' : '0' } },
  );
  if (error) process.stderr.write(`the tests could not be started: ${error.message}\n`);
  return status ?? 1;
}
