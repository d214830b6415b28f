// What the component costs a real Moonraker: the time from its start to its first answer, with and without, in turns.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../test/support/child-server.ts';
import { ensureMoonraker } from '../moonraker-venv.mjs';
import { median } from './measured-process.ts';

/** Medians and quartiles of the starts, ms. */
export interface ComponentRow {
  readonly 'Moonraker 0.11.0': string;
  readonly 'median ms': number;
  readonly 'quartiles ms': string;
}

const startLimitMs = 30_000;

/** Starts Moonraker `runs` times each way. Nothing of Klipper is there. */
export async function benchComponent(runs = 20): Promise<ComponentRow[]> {
  const { python } = await ensureMoonraker();
  const without: number[] = [];
  const withIt: number[] = [];
  // The first start compiles Python's files.
  await startOnce(python, '[lookout]\n');
  for (let run = 0; run < runs; run += 1) {
    without.push(await startOnce(python, ''));
    withIt.push(await startOnce(python, '[lookout]\n[lookout camera]\nwebcam: bed\n'));
  }
  return [rowOf('without', without), rowOf('with [lookout]', withIt)];
}

function rowOf(name: string, times: readonly number[]): ComponentRow {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  return {
    'Moonraker 0.11.0': name,
    'median ms': Math.round(median(sorted)),
    'quartiles ms': `${at(0.25)} to ${at(0.75)}`,
  };
}

/** Wall ms from the start of the process until it answers `/server/info`. */
async function startOnce(python: string, conf: string): Promise<number> {
  const data = mkdtempSync(join(tmpdir(), 'lookout-bench-mr-'));
  for (const folder of ['config', 'logs', 'comms', 'misc', 'gcodes']) mkdirSync(join(data, folder));
  writeFileSync(join(data, 'misc', 'usb.ids'), '');
  const port = await freePort();
  writeFileSync(
    join(data, 'config', 'moonraker.conf'),
    `[server]\nhost: 127.0.0.1\nport: ${port}\n[machine]\nprovider: none\nvalidate_service: False\n` +
      `validate_config: False\n[announcements]\nenable_moonlight: False\n[authorization]\ntrusted_clients: 127.0.0.1\n${conf}`,
  );
  const startMs = performance.now();
  const child = spawn(python, ['-m', 'moonraker', '-d', data, '-n'], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  try {
    while (!(await answers(port))) {
      if (performance.now() - startMs > startLimitMs) throw new Error('Moonraker does not start');
      await delay(5);
    }
    return performance.now() - startMs;
  } finally {
    child.kill('SIGKILL');
    await exited;
    rmSync(data, { recursive: true, force: true });
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    const url = `http://127.0.0.1:${port}/server/info`;
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
