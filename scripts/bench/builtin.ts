// What the built-in detector costs at the pace of a print: its own process and the program's, with either runtime, for one and for four printers.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { wasmFolder } from '../../src/backends/builtin/places.ts';
import { startSeveralPrinters } from '../../test/support/several-printers.ts';
import {
  childrenOf,
  cpuOf,
  type MeasuredProcess,
  median,
  memoryOf,
  startMeasured,
} from './measured-process.ts';
import type { Row } from './watching.ts';

const runtimes = ['native', 'wasm'] as const;
type Runtime = (typeof runtimes)[number];
/** From the prints' start until they are watched at their steady pace. */
const settleS = 25;
/** In which a process that nobody needs any more ends. */
const endS = 5;
const print = { filename: 'long.gcode', layers: 400, layerMs: 10_000, heatMs: 1_000, failsFromLayer: null };

/** Both runtimes, where they are installed, each with one and with four printers, `windowS` seconds each. */
export async function benchBuiltin(windowS: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const runtime of runtimes) {
    if (runtime === 'wasm' && !existsSync(join(wasmFolder, 'node_modules'))) {
      rows.push({ what: 'wasm: not installed', value: '-', goal: 'node scripts/fit-runtime.mjs --wasm' });
      continue;
    }
    for (const names of [['one'], ['one', 'two', 'three', 'four']]) {
      rows.push(...(await benchOne(runtime, names, windowS)));
    }
  }
  return rows;
}

async function benchOne(runtime: Runtime, names: readonly string[], windowS: number): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-bench-'));
  const house = await startSeveralPrinters(names, print);
  mkdirSync(join(folder, 'config'));
  const file = join(folder, 'config/moonraker-lookout.conf');
  const logFile = join(folder, 'lookout.log');
  writeFileSync(
    file,
    `${house.conf}[backend builtin]\nruntime: ${runtime}\n[detection]\nbusy_load: 0\n[dashboard]\nport: 0\n[log]\nlevel: debug\nfile: ${logFile}\n`,
  );
  const main = startMeasured(['run', '--config', file], {});
  try {
    await delay(8_000);
    const idle = childrenOf(main.child.pid).length;
    for (const { printer } of house.places) await printer.startPrint(print.filename);
    await delay(settleS * 1_000);
    const [child] = childrenOf(main.child.pid);
    if (child === undefined)
      throw new Error(`no detector runs:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`);
    const seen = readFileSync(logFile, 'utf8').length;
    const { own, rss, mainRss, cpu, mainCpu } = await measure(main, child, windowS);
    const log = readFileSync(logFile, 'utf8');
    const all = (name: string) =>
      [...log.slice(seen).matchAll(new RegExp(`judged .*${name}=([\\d.]+)`, 'g'))].map((found) =>
        Number(found[1]),
      );
    const mid = (name: string) => median(all(name)).toFixed(1);
    const startMs = /the detector runs.* tookMs=(\d+)/.exec(log)?.[1] ?? '-';
    for (const { printer } of house.places) await printer.gcode('CANCEL_PRINT');
    await delay(endS * 1_000);
    const after = childrenOf(main.child.pid).length;
    const isGoal = runtime === 'native' && names.length === 1;
    const row = (what: string, value: string, goal = '') => ({
      what: `${runtime}, ${names.length} ${names.length === 1 ? 'printer' : 'printers'}: ${what}`,
      value,
      goal: isGoal ? goal : '',
    });
    const sum = (Number(mid('decodeMs')) + Number(mid('inferMs'))).toFixed(1);
    return [
      row('start of the child until the model is open, ms', startMs),
      row('pictures judged', String(all('inferMs').length)),
      row('a picture: decode + infer, ms', `${mid('decodeMs')} + ${mid('inferMs')} = ${sum}`, '≤ 15'),
      row('a picture: CPU of the child, ms', mid('cpuMs')),
      row('child: RSS MiB, median / max', rss, '≤ 95'),
      row('child: of that its own MiB, median', own),
      row('main: RSS MiB, median', mainRss),
      row(
        'CPU s/min: main + child',
        `${mainCpu} + ${cpu} = ${(Number(mainCpu) + Number(cpu)).toFixed(3)}`,
        '≤ 0.22',
      ),
      row('processes of the detector before and after the print', `${idle}, ${after}`, '0, 0'),
    ];
  } finally {
    await main.stop();
    await house.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(main: MeasuredProcess, child: number, windowS: number) {
  const before = { main: main.cpuS(), child: cpuOf(child) };
  const memory: ReturnType<typeof memoryOf>[] = [];
  const mainRss: number[] = [];
  const startMs = performance.now();
  for (let second = 0; second < windowS; second += 1) {
    await delay(1_000);
    memory.push(memoryOf(child));
    mainRss.push(main.rssMib());
  }
  const minutes = (performance.now() - startMs) / 60_000;
  const rss = memory.map(({ rssMib }) => rssMib);
  return {
    rss: `${median(rss).toFixed(1)} / ${Math.max(...rss).toFixed(1)}`,
    own: median(memory.map(({ ownMib }) => ownMib)).toFixed(1),
    mainRss: median(mainRss).toFixed(1),
    cpu: ((cpuOf(child) - before.child) / minutes).toFixed(3),
    mainCpu: ((main.cpuS() - before.main) / minutes).toFixed(3),
  };
}
