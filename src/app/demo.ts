// The command `demo`: a virtual printer prints, goes wrong, is caught and paused. Everything talks over real sockets.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../core/ports.ts';
import { systemClock } from '../lib/clock.ts';
import { createLogService } from '../service/log.ts';
import { startVirtualMoonraker } from '../virtual/moonraker.ts';
import { createVirtualPrinter, type VirtualPrint } from '../virtual/printer.ts';
import { startVirtualWebcam } from '../virtual/webcam.ts';
import { type Composed, compose } from './compose.ts';
import { startDashboard } from './dashboard-host.ts';
import { createDemoStory } from './demo-story.ts';
import { createDemoTerminal } from './demo-terminal.ts';
import { readBootId } from './host.ts';
import type { SeatedPrinter } from './printer-view.ts';
import { createSeat } from './seat.ts';
import { type LoadedSettings, loadSettings } from './settings.ts';
import { supervise } from './supervisor.ts';

/** What the command line gives. */
export interface DemoOptions {
  /** Gives up after this long. */
  readonly seconds: number;
  /** No live line that rewrites itself: plain lines, for logs. */
  readonly isHeadless: boolean;
  readonly version: string;
  /** Where the build has put the dashboard's page. */
  readonly pageFolder: string;
}

const print: VirtualPrint = {
  filename: 'benchy.gcode',
  layers: 60,
  layerMs: 2_000,
  heatMs: 3_000,
  failsFromLayer: 6,
};
/** Nobody wants to watch a demo for as long as a print deserves. */
const pace = { interval: '2s', warn_after: '6s', fail_after: '16s', busy_load: '0' };
/** For the first start of the model on a slow host. */
const confirmMs = 60_000;

/** Runs the demo. Exit code 0 when the failing print was paused, 1 when it was not in time, 130 when it was stopped. */
export async function demo(options: DemoOptions, signal: AbortSignal): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'moonraker-lookout-demo-'));
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const printer = createVirtualPrinter();
    closers.unshift(() => printer.close());
    printer.addFile(print);
    const webcam = await startVirtualWebcam({ scene: printer.scene });
    closers.unshift(() => webcam.close());
    const moonraker = await startVirtualMoonraker({
      printer,
      webcams: [
        {
          name: 'demo',
          service: 'mjpegstreamer',
          snapshot_url: webcam.snapshotUrl,
          stream_url: webcam.streamUrl,
        },
      ],
    });
    closers.unshift(() => moonraker.close());

    const house = composeFrom(folder, moonraker.url, options.version);
    const { composed } = house.printer;
    const terminal = createDemoTerminal(process.stdout, options.isHeadless);
    terminal.say(
      'A virtual printer and a virtual webcam run on this machine, and the built-in detector judges.',
    );
    const [detector] = composed.backends;
    const limit = AbortSignal.any([stop.signal, AbortSignal.timeout(confirmMs)]);
    terminal.say((await detector?.confirm?.(limit)) ?? '');
    const { interval, warn_after: warnAfter, fail_after: failAfter } = pace;
    terminal.say(
      `The print goes wrong from layer ${print.failsFromLayer} on. For the demo it is looked at every ${interval}; failure is told`,
    );
    terminal.say(
      `when it was seen for ${warnAfter}, and paused after ${failAfter} (30s and 90s are usual).\n`,
    );
    const story = createDemoStory({ watch: composed.watch, printer, clock: systemClock });
    const timer = setInterval(() => terminal.live(story.liveLine()), 250);
    closers.unshift(() => clearInterval(timer));

    const { version, pageFolder } = options;
    const page = { loaded: house.loaded, printers: [house.printer], version, pageFolder };
    const dashboard = await startDashboard(page, { clock: systemClock, log: house.log });
    if (dashboard !== null) {
      closers.unshift(() => dashboard.close());
      terminal.say(`Watch it in a browser: http://127.0.0.1:${dashboard.port}\n`);
    }
    const running = supervise(composed, stop.signal);
    await story.ready(stop.signal);
    await printer.startPrint(print.filename);
    const hasEnded = await Promise.race([
      story.pausedAndTold(options.seconds * 1000, stop.signal),
      running.then(() => false),
    ]);
    clearInterval(timer);
    terminal.endLive();
    for (const line of story.timeline()) terminal.say(line);
    if (hasEnded) for (const line of story.dialog()) terminal.say(line);
    else terminal.say(`\nThe print was not paused within ${options.seconds} s.`);
    stop.abort(new DOMException('the demo is over', 'AbortError'));
    await running;
    return hasEnded ? 0 : 1;
  } catch (error) {
    // Ctrl+C is no fault that a stack would have to explain.
    if (!signal.aborted) throw error;
    process.stdout.write('\nStopped.\n');
    return 130;
  } finally {
    signal.removeEventListener('abort', onAbort);
    for (const close of closers) await close();
  }
}

/** Writes a configuration as a user would, and makes the parts from it. */
function composeFrom(
  folder: string,
  moonrakerUrl: string,
  version: string,
): {
  readonly printer: SeatedPrinter & { readonly composed: Composed };
  readonly loaded: LoadedSettings;
  readonly log: Log;
} {
  mkdirSync(join(folder, 'config'));
  mkdirSync(join(folder, 'logs'));
  const file = join(folder, 'config/moonraker-lookout.conf');
  // Its folder goes with it, and with that everything it has kept.
  const detection = Object.entries(pace).map(([key, value]) => `${key}: ${value}\n`);
  const text = `[records]\nring: disk\n\n[moonraker]\nurl: ${moonrakerUrl}\n\n[detection]\n${detection.join('')}\n[dashboard]\nlisten: 127.0.0.1\nport: 0\n`;
  writeFileSync(file, text);
  const loaded = loadSettings(file, {});
  const [{ config }] = loaded.printers;
  const service = createLogService(config.log, { clock: systemClock, stdout: { write: () => true } });
  service.registerSecrets(loaded.secrets);
  const composed = compose(config, {
    clock: systemClock,
    log: service.log,
    random: Math.random,
    version,
    bootId: readBootId(),
    runtimeFolder: null,
    printerName: null,
    clientType: 'agent',
  });
  const seat = createSeat<Composed>();
  seat.take(composed);
  return { printer: { name: null, config, seat, composed }, loaded, log: service.log };
}
