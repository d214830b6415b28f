// The built program as a child process: started as a service manager would, read through its log, ended at the latest with the test.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { until } from '../support/until.ts';

/** How a process ended: one of the two is set. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A line of output and when it came. */
export interface OutputLine {
  /** `performance.now()`, ms. */
  readonly tickMs: number;
  readonly text: string;
}

/** One set of arguments that can be started again and again, one process at a time. */
export interface LookoutProcess {
  /** Starts it. Resolves at once. `main` is another build of the program. */
  start(main?: string): void;
  /** Everything that was written since the very first start, both streams. */
  readonly lines: readonly OutputLine[];
  /** How many lines match. */
  count(pattern: RegExp): number;
  /** The first line that matches and came after `since` (default: the last start); waits for it. */
  line(pattern: RegExp, deadlineMs?: number, since?: number): Promise<OutputLine>;
  /** Sends the signal and waits for the end; SIGKILL after 10 s. */
  stop(signal?: NodeJS.Signals): Promise<Exit & { readonly tookMs: number }>;
  /** Waits until it ends by itself. */
  exit(deadlineMs?: number): Promise<Exit>;
}

const root = join(import.meta.dirname, '..', '..');
const program = join(root, 'dist', 'main.js');
const stopLimitMs = 10_000;
const running = new Set<ChildProcess>();
// Whatever ends this process must not leave printers being watched.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Prepares `node dist/main.js …`. `home` is its home folder: nothing of the user who runs the tests is read. */
export function lookoutProcess(args: readonly string[], home = tmpdir()): LookoutProcess {
  const lines: OutputLine[] = [];
  let child: ChildProcess | null = null;
  let lastExit: Exit | null = null;
  let startedAt = 0;

  const start = (main = program) => {
    if (child !== null) throw new Error('it runs already');
    if (!existsSync(main)) throw new Error('dist/main.js is not there: npm run build');
    lastExit = null;
    startedAt = lines.length;
    const started = spawn(process.execPath, [main, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: home,
      // As systemd gives it: what waits in memory goes with the test.
      env: { PATH: process.env['PATH'] ?? '', HOME: home, RUNTIME_DIRECTORY: join(home, 'run') },
    });
    child = started;
    running.add(started);
    for (const stream of [started.stdout, started.stderr]) {
      let rest = '';
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        const texts = `${rest}${chunk}`.split('\n');
        rest = texts.pop() ?? '';
        for (const text of texts) lines.push({ tickMs: performance.now(), text });
      });
    }
    // Not `exit`: the last lines may still be on their way then.
    started.on('close', (code, signal) => {
      running.delete(started);
      child = null;
      lastExit = { code, signal };
    });
  };

  return {
    start,
    lines,
    count: (pattern) => lines.filter(({ text }) => pattern.test(text)).length,
    line: (pattern, deadlineMs = 10_000, since = startedAt) =>
      until(`a line ${pattern}`, () => lines.slice(since).find(({ text }) => pattern.test(text)), deadlineMs),
    stop: async (signal = 'SIGTERM') => {
      const stopping = child;
      if (stopping === null) return { ...(lastExit ?? { code: null, signal: null }), tookMs: 0 };
      const sentMs = performance.now();
      const closed = once(stopping, 'close');
      stopping.kill(signal);
      const kill = setTimeout(() => stopping.kill('SIGKILL'), stopLimitMs);
      await closed;
      clearTimeout(kill);
      return { ...(lastExit ?? { code: null, signal: null }), tookMs: performance.now() - sentMs };
    },
    exit: (deadlineMs = 15_000) => until('the end of the process', () => lastExit ?? undefined, deadlineMs),
  };
}

/** Runs it to its end. */
export async function runLookout(
  args: readonly string[],
  deadlineMs = 60_000,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const lookout = lookoutProcess(args);
  lookout.start();
  try {
    const { code } = await lookout.exit(deadlineMs);
    return { code, output: lookout.lines.map(({ text }) => text).join('\n') };
  } finally {
    await lookout.stop('SIGKILL');
  }
}
