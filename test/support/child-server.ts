// A server that is a process of its own: started until it is ready, and ended for good.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What to run. */
export interface ChildServerOptions {
  /** For messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Besides the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** ms until `isReady` before starting counts as failed. */
  readonly deadlineMs: number;
  /** Gets what it has written since its start. */
  readonly isReady: (log: string) => Promise<boolean>;
}

/** The server. */
export interface ChildServer {
  /** Resolves when it is ready; rejects with its last log lines. */
  start(): Promise<void>;
  /** Ends the process and waits for that: SIGTERM as a service stop does, SIGKILL as a crash. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** What it has written since its last start. */
  logs(): string;
}

const maxLogChars = 1_000_000;
const stopLimitMs = 10_000;

/** A server that does not run yet. */
export function createChildServer(options: ChildServerOptions): ChildServer {
  const { name, command, args, env = {}, cwd } = options;
  let child: ChildProcess | null = null;
  let log = '';
  return {
    start: async () => {
      if (child !== null) return;
      log = '';
      const started = spawn(command, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...env },
        ...(cwd === undefined ? {} : { cwd }),
      });
      child = started;
      for (const stream of [started.stdout, started.stderr]) {
        stream.on('data', (chunk) => {
          log = `${log}${chunk}`.slice(-maxLogChars);
        });
      }
      started.on('error', (error) => {
        log += `\n${error.message}`;
      });
      started.on('exit', () => {
        if (child === started) child = null;
      });
      const endMs = performance.now() + options.deadlineMs;
      while (!(await options.isReady(log))) {
        const isDead = child === null;
        if (isDead || performance.now() > endMs) {
          const what = isDead ? 'ended' : 'did not become ready';
          throw new Error(`${name} ${what}:\n${log.split('\n').slice(-30).join('\n')}`);
        }
        await delay(50);
      }
    },
    stop: async (signal = 'SIGTERM') => {
      const stopping = child;
      if (stopping === null) return;
      const exit = once(stopping, 'exit');
      stopping.kill(signal);
      const kill = setTimeout(() => stopping.kill('SIGKILL'), stopLimitMs);
      await exit;
      clearTimeout(kill);
    },
    logs: () => log,
  };
}

/** Below those that systems give to whoever asks for any: between choosing one and taking it, no test beside can be given it. */
const firstPort = 20_000;
const portCount = 12_000;

/** A port of 127.0.0.1 that nobody has at the moment. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const server = createServer();
    const port = firstPort + Math.floor(Math.random() * portCount);
    server.listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error('no free port');
}
