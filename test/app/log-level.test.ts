// The log of the real program: SIGUSR2 switches its level, and under systemd its output is left to trouble.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { until } from '../support/until.ts';

const program = join(import.meta.dirname, '../../dist/main.js');

/** Runs the program with a printer that is not there, its output in a file, until `use` has ended. */
async function running(
  level: string,
  isInJournal: boolean,
  use: (run: {
    /** Waits for a line in the log file. */
    line: (pattern: RegExp) => Promise<string>;
    readonly pid: number;
    output: () => string;
    readonly logFile: string;
  }) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-level-'));
  const logFile = join(folder, 'lookout.log');
  const conf = join(folder, 'lookout.conf');
  writeFileSync(
    conf,
    `[moonraker]\nurl: ws://127.0.0.1:9\n[records]\npath: ${folder}\n[log]\nlevel: ${level}\nfile: ${logFile}\n`,
  );
  const outputFile = join(folder, 'output');
  const descriptor = openSync(outputFile, 'w');
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  const child = spawn(process.execPath, [program, 'run', '--config', conf], {
    stdio: ['ignore', descriptor, descriptor],
    env: { PATH: process.env['PATH'] ?? '', ...(isInJournal ? { JOURNAL_STREAM: `${dev}:${ino}` } : {}) },
  });
  closeSync(descriptor);
  const ended = once(child, 'exit');
  const read = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
  try {
    await use({
      pid: child.pid ?? assert.fail('not started'),
      logFile,
      output: () => read(outputFile),
      line: (pattern) =>
        until(
          String(pattern),
          () =>
            read(logFile)
              .split('\n')
              .find((text) => pattern.test(text)),
          10_000,
        ),
    });
  } finally {
    child.kill('SIGTERM');
    const [code] = await ended;
    rmSync(folder, { recursive: true, force: true });
    assert.equal(code, 0);
  }
}

describe('the log of the program', () => {
  it('goes to debug and back with SIGUSR2', async () => {
    await running('info', false, async ({ pid, line, logFile, output }) => {
      await line(/MOONRAKER_UNREACHABLE/);
      process.kill(pid, 'SIGUSR2');
      await line(/INFO +app\/log-level: the log level is debug from now on/);
      process.kill(pid, 'SIGUSR2');
      await line(/the log level is info from now on/);
      // Whoever deletes the file in Mainsail gets a new one.
      rmSync(logFile);
      process.kill(pid, 'SIGUSR2');
      await line(/the log level is debug/);
      assert.equal(
        output().match(/the log level is/g)?.length,
        3,
        'outside systemd the output has all lines',
      );
    });
  });

  it('says that it goes back where info is left out', async () => {
    await running('warn', false, async ({ pid, line, logFile }) => {
      await line(/MOONRAKER_UNREACHABLE/);
      assert.doesNotMatch(readFileSync(logFile, 'utf8'), /INFO/);
      process.kill(pid, 'SIGUSR2');
      await line(/the log level is debug/);
      process.kill(pid, 'SIGUSR2');
      await line(/the log level is warn/);
    });
  });

  it('leaves the journal to warnings and errors', async () => {
    await running('info', true, async ({ line, output }) => {
      await line(/INFO +app\/run: moonraker-lookout starts/);
      await line(/MOONRAKER_UNREACHABLE/);
      const lines = output().trimEnd().split('\n');
      assert.ok(lines.length > 0);
      for (const text of lines) assert.match(text, /^<[34]>.* (WARN|ERROR) /);
    });
  });
});
