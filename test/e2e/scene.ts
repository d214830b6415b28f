// A whole house for one test: printer, real Moonraker, webcam, OctoEverywhere, somebody's browser, and the built program that watches.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { VirtualPrint } from '../../src/virtual/gcode-file.ts';
import { startVirtualOctoEverywhere, type VirtualOctoEverywhere } from '../../src/virtual/octoeverywhere.ts';
import {
  createVirtualPrinter,
  type VirtualPrinter,
  type VirtualPrinterOptions,
} from '../../src/virtual/printer.ts';
import { startVirtualWebcam, type VirtualWebcam } from '../../src/virtual/webcam.ts';
import { type RealMoonraker, startRealMoonraker } from '../support/real-moonraker.ts';
import { until } from '../support/until.ts';
import { type Browser, openBrowser } from './browser.ts';
import { type LookoutProcess, lookoutProcess } from './lookout-process.ts';

/** Settings by section and key, as in moonraker-lookout.conf. */
export type Conf = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** How a house differs from the usual one. */
export interface SceneOptions {
  /** The usual print goes wrong from its second second on and lasts ten minutes. */
  readonly print?: Partial<VirtualPrint>;
  readonly printer?: VirtualPrinterOptions;
  /** Over `quickConf`. */
  readonly conf?: Conf;
  /** Waits of the service; by default the shortest with which it suggests a pause at all: at the third bad picture. */
  readonly patience?: { readonly warnAfterMs: number; readonly pauseAfterMs: number };
  /** False: Moonraker knows no webcam. */
  readonly hasWebcam?: boolean;
  /** True: Moonraker trusts nobody without its key. */
  readonly isKeyNeeded?: boolean;
  /** Added to moonraker.conf. */
  readonly moonrakerConf?: string | ((webcam: VirtualWebcam) => string);
}

/** One moonraker-lookout with its own printer_data folder. */
export interface Lookout extends LookoutProcess {
  readonly confFile: string;
  /** Writes its configuration anew, over what every house has. */
  configure(conf: Conf, secrets?: Conf): void;
}

/** A running house. */
export interface Scene {
  readonly printer: VirtualPrinter;
  readonly moonraker: RealMoonraker;
  readonly webcam: VirtualWebcam;
  readonly octoeverywhere: VirtualOctoEverywhere;
  readonly lookout: Lookout;
  /** What a person sees and does in Mainsail or Fluidd. */
  readonly browser: Browser;
  /** When the camera was first asked for a picture with spaghetti in it (`performance.now()`); null before that. */
  readonly firstBadFrameMs: () => number | null;
  /** Another moonraker-lookout on the same host, not started yet. */
  addLookout(): Lookout;
  /** Starts lookout and waits until it follows the printer. */
  startLookout(which?: Lookout): Promise<void>;
  /** Starts the print from the browser. */
  startPrint(filename?: string): Promise<void>;
  /** `print_stats.state` at this moment. */
  state(): string;
  /** Waits for that state. Returns the moment, `performance.now()`. */
  untilState(state: string, deadlineMs?: number): Promise<number>;
  /** Ends Moonraker and starts it again on the same port. Resolves with the moment at which its port was open again. */
  restartMoonraker(signal: NodeJS.Signals, awayMs?: number): Promise<number>;
  close(): Promise<void>;
}

/** The key of the account at the virtual OctoEverywhere. */
export const serviceKey = 'e2e-key-of-no-worth';
/** Name of the usual print. */
const usualFile = 'part.gcode';
/** Judging begins when the usual print has gone wrong, which saves a whole interval of the service. */
const quickConf: Conf = {
  // How busy the tests beside this one make the host is none of this house's business.
  detection: { start_after: '6s', resume_mute: '30s', blind_after: '30s', busy_load: '0' },
  // Several houses stand on one host, and its port is one.
  dashboard: { enabled: 'False' },
};
/** Two intervals of 20 s make the third bad picture, the first for which a pause can be suggested. */
const quickPatience = { warnAfterMs: 15_000, pauseAfterMs: 35_000 };

/** Tests of one file that run at the same time: they wait nearly all the time, but each starts a Moonraker. */
export const scenesAtOnce = 12;

/** The body of a test in a house of its own. What lookout wrote is shown when the test fails. */
export function inScene(
  options: SceneOptions,
  play: (scene: Scene, t: TestContext) => Promise<void>,
): (t: TestContext) => Promise<void> {
  return async (t) => {
    const scene = await startScene(options);
    try {
      await play(scene, t);
      checkAlways(scene);
    } catch (error) {
      const written = scene.lookout.lines.slice(-60).map(({ text }) => text);
      t.diagnostic(`"${t.name}" failed; moonraker-lookout had written:\n${written.join('\n')}`);
      throw error;
    } finally {
      await scene.close();
    }
  };
}

/** What holds in every scene, whatever happens in it. */
function checkAlways({ lookout, octoeverywhere }: Scene): void {
  const output = lookout.lines.map(({ text }) => text);
  assert.deepEqual(
    output.filter((text) => text.includes(serviceKey)),
    [],
    'a key is never logged',
  );
  const bugs = output.filter((text) => /\bbug\b|TypeError|RangeError|ReferenceError|^ +at | at=/.test(text));
  assert.deepEqual(bugs, [], 'no fault of another is one of ours');
  const ours = ['OE_CONTEXT_RATE_LIMITED', 'OE_BAD_ARGS', 'OE_ARGS_PARSE_FAILED', 'OE_IMAGE_DECODE_FAILED'];
  const wrong = octoeverywhere.calls.filter(({ errorType }) => ours.includes(errorType ?? ''));
  assert.deepEqual(wrong, [], 'no call breaks a rule of the service');
}

/** Builds a house. Lookout is not started. Rejects with what could not be started, and leaves nothing behind then. */
async function startScene(options: SceneOptions = {}): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-e2e-'));
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const closer of closers.splice(0)) await closer();
  };
  try {
    const printer = createVirtualPrinter({ gcodesPath: join(folder, 'gcodes'), ...options.printer });
    closers.unshift(() => printer.close());
    printer.addFile({
      ...{ filename: usualFile, layers: 600, layerMs: 1_000, heatMs: 300, failsFromLayer: 2 },
      ...options.print,
    });
    let firstBadMs: number | null = null;
    const look = () => {
      const seen = printer.scene();
      if (seen.spaghetti > 0) firstBadMs ??= performance.now();
      return seen;
    };
    const webcam = await startVirtualWebcam({ scene: look });
    closers.unshift(() => webcam.close());
    const octoeverywhere = await startVirtualOctoEverywhere({
      apiKey: serviceKey,
      ...(options.patience ?? quickPatience),
    });
    closers.unshift(() => octoeverywhere.close());
    const entry = { name: 'bed', snapshot_url: webcam.snapshotUrl, stream_url: webcam.streamUrl };
    const { moonrakerConf: extra = '' } = options;
    const moonraker = await startRealMoonraker({
      printer,
      webcams: options.hasWebcam === false ? [] : [entry],
      apiKey: options.isKeyNeeded === true,
      extraConf: typeof extra === 'function' ? extra(webcam) : extra,
      // Several start at once on a small machine.
      deadlineMs: 90_000,
    });
    closers.unshift(() => moonraker.close());
    const browser = await openBrowser(moonraker);
    closers.unshift(() => browser.close());

    const urls = { moonraker: moonraker.url, service: octoeverywhere.baseUrl };
    let count = 0;
    const addLookout = () => {
      count += 1;
      const made = makeLookout(join(folder, `lookout-${count}`), urls, options.conf ?? {});
      closers.unshift(() => made.stop('SIGKILL'));
      return made;
    };
    const lookout = addLookout();
    const state = () => printer.klipper?.stats.state ?? 'gone';
    return {
      ...{ printer, moonraker, webcam, octoeverywhere, lookout, browser, addLookout, state, close },
      firstBadFrameMs: () => firstBadMs,
      startLookout: async (which = lookout) => {
        which.start();
        await which.line(/INFO +app\/watch: nothing is printing|app\/watch: .*paused|judging/, 20_000);
      },
      startPrint: (filename = usualFile) => browser.call('printer.print.start', { filename }),
      untilState: async (wanted, deadlineMs = 10_000) => {
        await until(`the state ${wanted}`, () => state() === wanted, deadlineMs);
        return performance.now();
      },
      restartMoonraker: async (signal, awayMs = 0) => {
        await moonraker.stop(signal);
        await new Promise((resolve) => setTimeout(resolve, awayMs));
        const opened = browser.whenOpen();
        await moonraker.start();
        return opened;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits until the service has judged this many pictures as bad. */
export async function untilBadPictures(scene: Scene, count: number, deadlineMs = 100_000): Promise<void> {
  const isBad = (badness: number | null) => badness !== null && badness >= 50;
  const bad = () => scene.octoeverywhere.calls.filter((call) => isBad(call.badness) && call.quality !== null);
  await until(`${count} bad pictures`, () => bad().length >= count, deadlineMs);
}

/** Starts lookout and the usual print and waits until lookout has paused it and its dialog is on the screen. */
export async function pausedByLookout(
  scene: Scene,
  title = /^Lookout: print failing, paused$/,
): Promise<void> {
  await scene.startLookout();
  await scene.startPrint();
  await scene.untilState('paused', 100_000);
  await scene.browser.untilOpen(title);
}

/** What lookout has set Klipper's idle timeout to, in order. */
export function idleTimeouts({ printer }: Scene): readonly string[] {
  return printer.log.scripts.filter((script) => script.startsWith('SET_IDLE_TIMEOUT'));
}

function makeLookout(
  printerData: string,
  urls: { readonly moonraker: string; readonly service: string },
  conf: Conf,
): Lookout {
  for (const name of ['config', 'logs']) mkdirSync(join(printerData, name), { recursive: true });
  const confFile = join(printerData, 'config', 'moonraker-lookout.conf');
  const secretsFile = join(printerData, 'lookout.secrets');
  const configure = (changes: Conf, secrets: Conf = {}) => {
    const usual: Conf = {
      moonraker: { url: urls.moonraker },
      backend: { use: 'octoeverywhere' },
      'backend octoeverywhere': { url: urls.service },
      secrets: { file: secretsFile },
      ...quickConf,
    };
    writeFileSync(confFile, confText(merge(usual, changes)));
    const key: Conf = { 'backend octoeverywhere': { api_key: serviceKey } };
    writeFileSync(secretsFile, confText(merge(key, secrets)));
    chmodSync(secretsFile, 0o600);
  };
  configure(conf);
  return { ...lookoutProcess(['run', '--config', confFile], printerData), confFile, configure };
}

function merge(under: Conf, over: Conf): Conf {
  const sections = [...new Set([...Object.keys(under), ...Object.keys(over)])];
  return Object.fromEntries(sections.map((name) => [name, { ...under[name], ...over[name] }]));
}

function confText(conf: Conf): string {
  return Object.entries(conf)
    .map(([section, keys]) => {
      const lines = Object.entries(keys).map(([key, value]) => `${key}: ${value}`);
      return [`[${section}]`, ...lines, ''].join('\n');
    })
    .join('\n');
}
