// What watching costs: start-up, memory, CPU, requests and notifications, idle and with a print.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startVirtualMoonraker, type VirtualMoonraker } from '../../src/virtual/moonraker.ts';
import { startVirtualOctoEverywhere } from '../../src/virtual/octoeverywhere.ts';
import { createVirtualPrinter } from '../../src/virtual/printer.ts';
import { startVirtualPrintWatch } from '../../src/virtual/printwatch.ts';
import { startVirtualWebcam } from '../../src/virtual/webcam.ts';
import { type MeasuredProcess, measureWindow, median, startMeasured } from './measured-process.ts';

const apiKey = 'sub_bench';
/** Every 20 s the one, every 10 s the other. */
const services = { octoeverywhere: startVirtualOctoEverywhere, printwatch: startVirtualPrintWatch };
/** The backends whose pace can be measured. */
export type BenchBackend = keyof typeof services;
/** From the print's start until it is watched at its steady pace. */
const settleS = 30;

/** One line of the result: what, how much, in which unit, and what is wanted. */
export interface Row {
  readonly what: string;
  readonly value: string;
  readonly goal: string;
}

/** Starts of the built file, wall ms. */
export function benchStart(runs = 15): Row[] {
  const main = join(import.meta.dirname, '../../dist/main.js');
  const times = Array.from({ length: runs }, () => {
    const startMs = performance.now();
    spawnSync(process.execPath, [main, '--version']);
    return performance.now() - startMs;
  });
  const bare = Array.from({ length: runs }, () => {
    const startMs = performance.now();
    spawnSync(process.execPath, ['-e', '0']);
    return performance.now() - startMs;
  });
  return [
    { what: 'start of the built file (--version), median ms', value: median(times).toFixed(0), goal: '' },
    { what: 'of which an empty node', value: median(bare).toFixed(0), goal: '' },
  ];
}

/** Idle, then watching a print, `windowS` seconds each. */
export async function benchWatching(windowS: number, backend: BenchBackend): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-bench-'));
  const printer = createVirtualPrinter();
  const webcam = await startVirtualWebcam({ scene: printer.scene, fps: 1 });
  const service = await services[backend]({ apiKey, startsAfterSec: 0 });
  const moonraker = await startVirtualMoonraker({
    printer,
    webcams: [
      {
        name: 'bench',
        service: 'mjpegstreamer',
        snapshot_url: webcam.snapshotUrl,
        stream_url: webcam.streamUrl,
      },
    ],
  });
  printer.addFile({
    filename: 'long.gcode',
    layers: 400,
    layerMs: 10_000,
    heatMs: 1_000,
    failsFromLayer: null,
  });
  mkdirSync(join(folder, 'config'));
  const file = join(folder, 'config/moonraker-lookout.conf');
  writeFileSync(
    file,
    `[moonraker]\nurl: ${moonraker.url}\n[backend]\nuse: ${backend}\n[backend ${backend}]\nurl: ${service.baseUrl}\n[detection]\nbusy_load: 0\n[log]\nfile: none\n`,
  );
  const env = { [`LOOKOUT_BACKEND_${backend.toUpperCase()}_API_KEY`]: apiKey };
  try {
    const starts: number[] = [];
    for (let run = 0; run < 5; run += 1) starts.push(await startToSubscribed(file, env, moonraker));
    const measured = startMeasured(['run', '--config', file], env);
    try {
      await delay(15_000);
      const idle = await measure(measured, moonraker, windowS);
      const idlePictures = webcam.requests().snapshot + webcam.requests().stream;
      await printer.startPrint('long.gcode');
      await delay(settleS * 1_000);
      const watching = await measure(measured, moonraker, windowS);
      const pictures = webcam.requests().snapshot - idlePictures;
      return [
        { what: 'start to subscribed, median ms of 5', value: median(starts).toFixed(0), goal: '≤ 400' },
        { what: 'idle: RSS MiB, median / max', value: idle.rss, goal: '' },
        { what: 'idle: CPU s/min', value: idle.cpu, goal: '≤ 0.03' },
        { what: 'idle: pictures taken', value: String(idlePictures), goal: '0' },
        { what: 'idle: Moonraker requests/min', value: idle.requests, goal: '0' },
        { what: 'watching: RSS MiB, median / max', value: watching.rss, goal: '≤ 60' },
        { what: 'watching: CPU s/min', value: watching.cpu, goal: '≤ 0.09' },
        { what: 'watching: Moonraker requests/min', value: watching.requests, goal: '≤ 8' },
        { what: 'watching: status notifications/min', value: watching.notifications, goal: '≤ 15' },
        {
          what: 'watching: pictures/min',
          value: ((pictures / (windowS + settleS)) * 60).toFixed(1),
          goal: '',
        },
      ];
    } finally {
      await measured.stop();
    }
  } finally {
    await moonraker.close();
    await service.close();
    await webcam.close();
    printer.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startToSubscribed(
  file: string,
  env: Record<string, string>,
  moonraker: VirtualMoonraker,
): Promise<number> {
  const before = subscribes(moonraker);
  const startMs = performance.now();
  const measured = startMeasured(['run', '--config', file], env);
  while (subscribes(moonraker) === before) {
    if (performance.now() - startMs > 20_000) throw new Error('not subscribed within 20 s');
    await delay(1);
  }
  const tookMs = performance.now() - startMs;
  await measured.stop();
  return tookMs;
}

function subscribes(moonraker: VirtualMoonraker): number {
  return moonraker.requests['printer.objects.subscribe'] ?? 0;
}

async function measure(measured: MeasuredProcess, moonraker: VirtualMoonraker, windowS: number) {
  const count = (isWanted: (name: string) => boolean) =>
    Object.entries(moonraker.requests).reduce((sum, [name, calls]) => sum + (isWanted(name) ? calls : 0), 0);
  const isRequest = (name: string) => !name.startsWith('notify_');
  const isStatus = (name: string) => name === 'notify_status_update';
  const before = { requests: count(isRequest), notifications: count(isStatus) };
  const { cpu, rss, minutes } = await measureWindow(measured, windowS);
  return {
    rss,
    cpu,
    requests: ((count(isRequest) - before.requests) / minutes).toFixed(1),
    notifications: ((count(isStatus) - before.notifications) / minutes).toFixed(1),
  };
}
