// What the built-in detector costs on this host: `detect --bench`.
import { createDetectors } from '../backends/builtin/detectors.ts';
import { chosenModel } from '../backends/builtin.ts';
import type { Log } from '../core/ports.ts';
import { systemClock } from '../lib/clock.ts';
import { drawScene } from '../virtual/scene.ts';
import { readFrame } from './detect-pictures.ts';
import type { Settings } from './settings.ts';

const pictures = 12;
/** A tight loop flatters: at the pace of a print nothing is left in the caches, and the CPU has slowed down. */
const pauseMs = 1_000;
/** What the host has to spare for this beside printing, of one core. */
const share = 0.05;
const shortestS = 2;
const drawnSize = { width: 1280, height: 720 };

/** What was measured, ms. */
interface Measured {
  readonly decodeMs: number;
  readonly inferMs: number;
  readonly cpuMs: number;
  /** From the request to the answer. */
  readonly wholeMs: number;
}

/**
 * Judges a picture twelve times, a second apart, and says what that took and which cadence this host can carry.
 * @param file a picture; null draws one
 * @throws BackendError where the model or what runs it is not there
 */
export async function bench(
  { backends, detection }: Pick<Settings, 'backends' | 'detection'>,
  file: string | null,
  log: Log,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const frame = file === null ? await drawnFrame() : await readFrame(file);
  const detectors = createDetectors({ clock: systemClock, log, random: Math.random });
  const detector = detectors.take(chosenModel(backends.builtin));
  const user = {};
  try {
    const startMs = performance.now();
    const { opened } = await detector.judge(() => frame, user, signal);
    const firstMs = performance.now() - startMs;
    const each: Measured[] = [];
    let rssBytes = 0;
    for (let at = 0; at < pictures; at += 1) {
      await systemClock.sleep(pauseMs, signal);
      const askedMs = performance.now();
      const { judged } = await detector.judge(() => frame, user, signal);
      each.push({ ...judged, wholeMs: performance.now() - askedMs });
      rssBytes = Math.max(rssBytes, judged.rssBytes);
    }
    const median = (of: (one: Measured) => number) => medianOf(each.map(of));
    const wholeMs = median(({ wholeMs: ms }) => ms);
    const slowestMs = Math.max(...each.map(({ wholeMs: ms }) => ms));
    const cpuMs = median((one) => one.cpuMs);
    const parts = `decoding ${ms(median(({ decodeMs }) => decodeMs))}, the model ${ms(median(({ inferMs }) => inferMs))}`;
    return [
      `${opened.name} on ${opened.runtime}, a picture of ${frame.width}x${frame.height}`,
      `start of its process to the first score: ${ms(firstMs)}`,
      `a picture: ${ms(wholeMs)}, slowest of ${pictures} ${ms(slowestMs)} (${parts}); ${ms(cpuMs)} of the CPU`,
      `memory of its process: ${Math.round(rssBytes / 1024 / 1024)} MiB, only while a print is watched`,
      ...tellCadence({ wholeMs, cpuMs }, detection.intervalMs / 1_000),
    ];
  } finally {
    detector.leave(user);
  }
}

/** What one picture that takes so long means for a print that is watched every `intervalS`. */
function tellCadence(
  { wholeMs, cpuMs }: Pick<Measured, 'wholeMs' | 'cpuMs'>,
  intervalS: number,
): readonly string[] {
  const taken = (everyS: number) => `${(cpuMs / 10 / everyS).toFixed(1)} % of one core`;
  // Where others keep it waiting, it still has to be done before the next picture comes.
  const takesS = Math.max(cpuMs / share, wholeMs * 2) / 1_000;
  const fairS = Math.max(shortestS, Math.ceil(takesS));
  const printers = Math.min(Math.floor(intervalS / takesS), 99);
  return [
    `This host can carry a picture every ${fairS} s: ${taken(fairS)}, of which it has ${share * 100} % to spare.`,
    printers >= 1
      ? `With the interval that is set, ${intervalS} s: ${taken(intervalS)} for each printer, and up to ${printers} printers.`
      : `The interval that is set, ${intervalS} s, is too short: set [detection] interval: ${fairS}s.`,
  ];
}

async function drawnFrame() {
  const scene = { isPrinting: true, grown: 0.5, spaghetti: 0.5, gantry: 0.5, isDark: false };
  return { jpeg: await drawScene(scene, drawnSize), ...drawnSize };
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
