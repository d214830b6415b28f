// Runs the built program as a child and reads from /proc what it costs.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The built program running. */
export interface MeasuredProcess {
  readonly child: ChildProcess;
  /** Resident memory now, MB (10^6 bytes). */
  rssMb(): number;
  /** CPU time used since the start, user and system, s. */
  cpuS(): number;
  stop(): Promise<void>;
}

/** Linux' clock tick; 100 on every platform that Node runs on. */
const ticksPerS = 100;

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
    rssMb: () => {
      const kb = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
      return (Number(kb) * 1024) / 1e6;
    },
    cpuS: () => {
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
      // The name in brackets may hold blanks; utime and stime are the 12th and 13th field after it.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) / ticksPerS;
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
