// What the dashboard costs: its weight, how soon it shows something, and what nobody, one and ten viewers take of the host.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage, request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { startVirtualMoonraker } from '../../src/virtual/moonraker.ts';
import { startVirtualOctoEverywhere } from '../../src/virtual/octoeverywhere.ts';
import { createVirtualPrinter } from '../../src/virtual/printer.ts';
import { startVirtualWebcam } from '../../src/virtual/webcam.ts';
import { type MeasuredProcess, measureWindow, median, startMeasured } from './measured-process.ts';
import type { Row } from './watching.ts';

const apiKey = 'bench';
const pageFolder = join(import.meta.dirname, '../../dist/page');
const browserProgram = '/usr/bin/chromium';
/** From the print's start until it is watched at its steady pace. */
const settleS = 20;
const rounds = 11;
/** Of a mute and an unmute each. */
const latencyRounds = 10;
/** Four windows of this length keep the whole under four minutes. */
const longestWindowS = 25;

/** Everything, with windows of `seconds` seconds, at most 25. */
export async function benchDashboard(seconds: number): Promise<Row[]> {
  const windowS = Math.min(seconds, longestWindowS);
  const without = await withLookout(false, ({ measured, pictures }) => measure(measured, pictures, windowS));
  return withLookout(true, async ({ measured, pictures, port }) => {
    const nobody = await measure(measured, pictures, windowS);
    const firstMs = await firstPictures(port);
    const row = (what: string, { cpu, rss, grabs }: Cost, goal = ''): Row[] => [
      { what: `${what}: CPU s/min`, value: cpu, goal },
      { what: `${what}: RSS MiB, median / max`, value: rss, goal: '' },
      { what: `${what}: pictures taken/min`, value: grabs, goal: '' },
    ];
    const rows = [...row('[dashboard] enabled: False', without), ...row('nobody looks', nobody, 'as above')];
    for (const count of [1, 10]) {
      const viewers = Array.from({ length: count }, () => startViewer(port));
      await delay(3_000);
      const cost = await measure(measured, pictures, windowS);
      rows.push(...row(count === 1 ? 'one page' : `${count} pages`, cost));
      const seen = viewers.reduce((sum, viewer) => sum + viewer.pictures(), 0) / count;
      rows.push({
        what: 'of which each page shows/min',
        value: ((seen / (windowS + 3)) * 60).toFixed(0),
        goal: '≤ 60',
      });
      for (const viewer of viewers) viewer.stop();
    }
    return [
      { what: 'page, gzipped, KB (all of it)', value: pageKb().toFixed(1), goal: '≤ 60' },
      { what: `time to the first picture, median ms of ${rounds}`, value: firstMs, goal: '' },
      {
        what: `an action until another page knows, median / p95 ms of ${latencyRounds * 2}`,
        value: await eventLatency(port),
        goal: '≤ 250',
      },
      ...rows,
    ];
  });
}

interface House {
  readonly measured: MeasuredProcess;
  /** Fetched from the camera so far. */
  readonly pictures: () => number;
  readonly port: number;
}

/** A print that is watched by the built program, once at its steady pace. */
async function withLookout<T>(isEnabled: boolean, work: (house: House) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-bench-'));
  const printer = createVirtualPrinter();
  const webcam = await startVirtualWebcam({ scene: printer.scene, fps: 1 });
  const service = await startVirtualOctoEverywhere({ apiKey });
  const { snapshotUrl, streamUrl } = webcam;
  const bench = { name: 'bench', service: 'mjpegstreamer', snapshot_url: snapshotUrl, stream_url: streamUrl };
  const moonraker = await startVirtualMoonraker({ printer, webcams: [bench] });
  const print = { filename: 'long.gcode', layers: 400, layerMs: 10_000, heatMs: 1_000, failsFromLayer: null };
  printer.addFile(print);
  mkdirSync(join(folder, 'config'));
  const port = await freePort();
  const file = join(folder, 'config/moonraker-lookout.conf');
  writeFileSync(
    file,
    `[moonraker]\nurl: ${moonraker.url}\n[backend]\nuse: octoeverywhere\n[backend octoeverywhere]\nurl: ${service.baseUrl}\n` +
      `[detection]\nbusy_load: 0\n[log]\nfile: none\n[dashboard]\nenabled: ${isEnabled ? 'True' : 'False'}\nlisten: 127.0.0.1\nport: ${port}\n`,
  );
  const env = { LOOKOUT_BACKEND_OCTOEVERYWHERE_API_KEY: apiKey };
  const measured = startMeasured(['run', '--config', file], env);
  try {
    await delay(5_000);
    await printer.startPrint(print.filename);
    await delay(settleS * 1_000);
    return await work({
      measured,
      port,
      pictures: () => webcam.requests().snapshot + webcam.requests().stream,
    });
  } finally {
    await measured.stop();
    await moonraker.close();
    await service.close();
    await webcam.close();
    printer.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Cost {
  readonly cpu: string;
  readonly rss: string;
  readonly grabs: string;
}

async function measure(measured: MeasuredProcess, pictures: () => number, windowS: number): Promise<Cost> {
  const before = pictures();
  const { cpu, rss, minutes } = await measureWindow(measured, windowS);
  return { cpu, rss, grabs: ((pictures() - before) / minutes).toFixed(1) };
}

/** What a browser loads of the page at most, KB of 1,000 bytes. */
function pageKb(): number {
  const files = readdirSync(pageFolder).filter((name) => name.endsWith('.gz') && !name.startsWith('panel'));
  return files.reduce((sum, name) => sum + statSync(join(pageFolder, name)).size, 0) / 1_000;
}

/** From opening the address in a new browser window until the picture is there. */
async function firstPictures(port: number): Promise<string> {
  if (!existsSync(browserProgram)) return 'no chromium';
  const browser = await chromium.launch({ executablePath: browserProgram, args: ['--no-sandbox'] });
  try {
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const context = await browser.newContext();
      const page = await context.newPage();
      const startMs = performance.now();
      await page.goto(`http://127.0.0.1:${port}/`);
      await page.locator('.picture img').waitFor({ timeout: 20_000 });
      times.push(performance.now() - startMs);
      await context.close();
    }
    return median(times).toFixed(0);
  } finally {
    await browser.close();
  }
}

/** What an open page asks for: its events, and a picture a second. */
function startViewer(port: number): { readonly pictures: () => number; readonly stop: () => void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const events = get({ host: '127.0.0.1', port, path: '/api/v1/events' }, (response) => response.resume());
  // It is destroyed at the end.
  events.on('error', () => {});
  let pictures = 0;
  const timer = setInterval(() => {
    ask(port, '/api/v1/picture', { agent }).then(
      ({ status }) => {
        if (status === 200) pictures += 1;
      },
      () => {},
    );
  }, 1_000);
  return {
    pictures: () => pictures,
    stop: () => {
      clearInterval(timer);
      events.destroy();
      agent.destroy();
    },
  };
}

/** From sending `mute` or `unmute` as one page to the state that tells another, median and 95th percentile, ms. */
async function eventLatency(port: number): Promise<string> {
  const { token } = JSON.parse((await ask(port, '/api/v1/session')).body) as { readonly token: string };
  let heard = '';
  const events = get({ host: '127.0.0.1', port, path: '/api/v1/events' }, (response) => {
    response.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
    });
  });
  events.on('error', () => {});
  const headers = {
    'Content-Type': 'application/json',
    Origin: `http://127.0.0.1:${port}`,
    'X-Lookout-Token': token,
  };
  const times: number[] = [];
  await delay(500);
  for (let round = 0; round < latencyRounds; round += 1) {
    for (const [action, body] of [
      ['mute', '{"minutes": 10}'],
      ['unmute', '{}'],
    ] as const) {
      heard = '';
      const startMs = performance.now();
      const done = ask(port, `/api/v1/actions/${action}`, { method: 'POST', headers }, body);
      while (!heard.includes(`"isMuted":${action === 'mute'}`)) {
        if (performance.now() - startMs > 10_000)
          throw new Error(`no event within 10 s: ${(await done).body}`);
        await delay(1);
      }
      times.push(performance.now() - startMs);
      await done;
      // As often as one client may act.
      await delay(2_100);
    }
  }
  events.destroy();
  times.sort((a, b) => a - b);
  return `${median(times).toFixed(0)} / ${(times[Math.ceil(times.length * 0.95) - 1] ?? 0).toFixed(0)}`;
}

function ask(
  port: number,
  path: string,
  options: {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly agent?: Agent;
  } = {},
  body = '',
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, ...options }, (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The program does not tell its port to us: it gets one that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new TypeError('no port');
  return address.port;
}
