// Everything that can be said about the source without running it: types, lint and format, dead code, architecture.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const root = join(import.meta.dirname, '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);

const architecture = readdirSync(join(root, 'test', 'architecture'))
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => join('test', 'architecture', file));

const steps = [
  ['types', bin('tsc'), ['-p', '.']],
  ['types of the page', bin('tsc'), ['-p', 'src/dashboard/page']],
  ['lint and format', bin('biome'), ['check', '--error-on-warnings', '.']],
  ['dead code', bin('knip'), ['--no-progress']],
  [
    'architecture',
    process.execPath,
    [
      '--import',
      'tsx',
      '--test',
      '--test-reporter=./scripts/test-reporter.mjs',
      '--test-reporter-destination=stdout',
      ...architecture,
    ],
  ],
];

/** Runs one step; resolves with its exit status and all it wrote. */
function run(command, args) {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.on('error', (error) => resolve({ status: 1, output: `${command}: ${error.message}\n` }));
    child.on('close', (status) => resolve({ status: status ?? 1, output }));
  });
}

let isFailed = false;
for (const [name, command, args] of steps) {
  const startedMs = performance.now();
  const { status, output } =
    existsSync(command) || command === process.execPath
      ? await run(command, args)
      : { status: 1, output: `${command} is missing; run: npm ci\n` };
  const took = `${((performance.now() - startedMs) / 1_000).toFixed(1)} s`;
  process.stdout.write(`${status === 0 ? 'ok    ' : 'FAIL  '}${name.padEnd(20)}${took}\n`);
  if (status !== 0) process.stdout.write(`${output.trimEnd()}\n\n`);
  isFailed ||= status !== 0;
}
process.exit(isFailed ? 1 : 0);
