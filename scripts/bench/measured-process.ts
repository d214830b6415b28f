// Runs the built program as a child and reads from /proc what it costs.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

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
    rssMib: () => memoryOf(child.pid).rssMib,
    cpuS: () => cpuOf(child.pid),
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Memory of a process now, MiB: resident, and what of that no other process shares. */
export function memoryOf(pid: number | undefined): { readonly rssMib: number; readonly ownMib: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
  return { rssMib: kib('Rss') / 1024, ownMib: (kib('Private_Clean') + kib('Private_Dirty')) / 1024 };
}

/** CPU time that a process has used, all threads, s. */
export function cpuOf(pid: number | undefined): number {
  const folder = `/proc/${pid}/task`;
  const ns = readdirSync(folder).map((task) => {
    const [onCpu] = readFileSync(`${folder}/${task}/schedstat`, 'utf8').split(' ');
    return Number(onCpu);
  });
  return ns.reduce((sum, one) => sum + one, 0) / 1e9;
}

/** Processes that a process has started and that still run. */
export function childrenOf(pid: number | undefined): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** The middle value; the mean of the two middle ones for an even count. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? Number.NaN, sorted[Math.floor(middle)] ?? Number.NaN];
  return (low + high) / 2;
}

/** A window of measuring: both as they are printed, and its length. */
export interface Window {
  /** Seconds a minute. */
  readonly cpu: string;
  /** MiB, median and maximum of one reading a second. */
  readonly rss: string;
  readonly minutes: number;
}

/** Measures a process for so many seconds. */
export async function measureWindow(measured: MeasuredProcess, windowS: number): Promise<Window> {
  const beforeS = measured.cpuS();
  const rss: number[] = [];
  const startMs = performance.now();
  for (let second = 0; second < windowS; second += 1) {
    await delay(1_000);
    rss.push(measured.rssMib());
  }
  const minutes = (performance.now() - startMs) / 60_000;
  return {
    cpu: ((measured.cpuS() - beforeS) / minutes).toFixed(3),
    rss: `${median(rss).toFixed(1)} / ${Math.max(...rss).toFixed(1)}`,
    minutes,
  };
}
