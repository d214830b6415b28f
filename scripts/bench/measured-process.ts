// Runs the built program as a child and reads from /proc what it costs.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The built program running. */
export interface MeasuredProcess {
  readonly child: ChildProcess;
  /** Resident memory now, MiB. */
  rssMib(): number;
  /** CPU time used since the start, all threads, s. From the scheduler: /proc/PID/stat counts in whole 10 ms. */
  cpuS(): number;
  stop(): Promise<void>;
}

/** Starts `node dist/main.js ARGS` with this environment added. */
export function startMeasured(args: readonly string[], env: Record<string, string>): MeasuredProcess {
  const main = join(import.meta.dirname, '../../dist/main.js');
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  return {
    child,
    rssMib: () => {
      const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
      return Number(kib) / 1024;
    },
    cpuS: () => {
      const folder = `/proc/${child.pid}/task`;
      const ns = readdirSync(folder).map((task) => {
        const [onCpu] = readFileSync(`${folder}/${task}/schedstat`, 'utf8').split(' ');
        return Number(onCpu);
      });
      return ns.reduce((sum, one) => sum + one, 0) / 1e9;
    },
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** The middle value; the mean of the two middle ones for an even count. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? Number.NaN, sorted[Math.floor(middle)] ?? Number.NaN];
  return (low + high) / 2;
}
