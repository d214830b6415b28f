// What four printers in one process cost, how evenly they are looked at, and whether what hangs at two of them delays the others.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startVirtualOctoEverywhere } from '../../src/virtual/octoeverywhere.ts';
import {
  longestGapMs,
  type SeveralPrinters,
  startSeveralPrinters,
} from '../../test/support/several-printers.ts';
import { measureWindow, startMeasured } from './measured-process.ts';
import type { Row } from './watching.ts';

const apiKey = 'bench';
const names = ['one', 'two', 'three', 'four'];
/** What the service asks for, s. */
const intervalS = 20;
/** From the prints' start until they are watched at their steady pace. */
const settleS = 30;
const print = { filename: 'long.gcode', layers: 400, layerMs: 10_000, heatMs: 1_000, failsFromLayer: null };

/** Idle, then four prints, then with a camera and a Moonraker that hang, `windowS` seconds each. */
export async function benchSeveral(windowS: number): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-bench-'));
  const service = await startVirtualOctoEverywhere({ apiKey });
  const house = await startSeveralPrinters(names, print);
  mkdirSync(join(folder, 'config'));
  const file = join(folder, 'config/moonraker-lookout.conf');
  writeFileSync(
    file,
    `${house.conf}[backend]\nuse: octoeverywhere\n[backend octoeverywhere]\nurl: ${service.baseUrl}\n[detection]\nbusy_load: 0\n[log]\nfile: none\n`,
  );
  const env = { LOOKOUT_BACKEND_OCTOEVERYWHERE_API_KEY: apiKey };
  const measured = startMeasured(['run', '--config', file], env);
  try {
    await delay(15_000);
    const idle = await measureWindow(measured, windowS);
    for (const { printer } of house.places) await printer.startPrint(print.filename);
    await delay(settleS * 1_000);
    const fromMs = performance.now();
    const watching = await measureWindow(measured, windowS);
    const counts = house.places.map(({ askedAtMs }) => askedAtMs.filter((atMs) => atMs > fromMs).length);
    const even = names.map((name) => lateS(house, name, fromMs));
    house.of('three').webcam.setFault('hang');
    house.of('four').moonraker.setSilent(true);
    const faultMs = performance.now();
    await measureWindow(measured, windowS);
    const late = ['one', 'two'].map((name) => lateS(house, name, faultMs));
    const four = `${names.length} printers`;
    return [
      { what: `${four}, idle: RSS MiB, median / max`, value: idle.rss, goal: '' },
      { what: `${four}, idle: CPU s/min`, value: idle.cpu, goal: '≤ 0.12' },
      { what: `${four}, watching: RSS MiB, median / max`, value: watching.rss, goal: '≤ 80' },
      { what: `${four}, watching: CPU s/min`, value: watching.cpu, goal: '≤ 0.36' },
      { what: `${four}, watching: pictures of each`, value: counts.join(' '), goal: 'equal, ± 1' },
      { what: `${four}, watching: latest picture, s`, value: Math.max(...even).toFixed(2), goal: '≤ 20' },
      {
        what: 'a camera and a Moonraker hang: latest of the others, s',
        value: Math.max(...late).toFixed(2),
        goal: '≤ 20',
      },
    ];
  } finally {
    await measured.stop();
    await house.close();
    await service.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** By how much the longest time between two pictures was longer than the interval, s. */
function lateS(house: SeveralPrinters, name: string, fromMs: number): number {
  const moments = house.of(name).askedAtMs.filter((atMs) => atMs > fromMs - intervalS * 1_000);
  return longestGapMs(moments) / 1_000 - intervalS;
}
