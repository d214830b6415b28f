// Several virtual printers, each with a Moonraker and a webcam of its own, for one process that watches them all.
import { setInterval } from 'node:timers';
import type { VirtualPrint } from '../../src/virtual/gcode-file.ts';
import { startVirtualMoonraker, type VirtualMoonraker } from '../../src/virtual/moonraker.ts';
import { createVirtualPrinter, type VirtualPrinter } from '../../src/virtual/printer.ts';
import type { PictureSize } from '../../src/virtual/scene.ts';
import { startVirtualWebcam, type VirtualWebcam } from '../../src/virtual/webcam.ts';

/** One of them. */
export interface PrinterPlace {
  readonly name: string;
  readonly printer: VirtualPrinter;
  readonly webcam: VirtualWebcam;
  readonly moonraker: VirtualMoonraker;
  /** When its webcam was asked for a picture (`performance.now()`, to 25 ms). */
  readonly askedAtMs: readonly number[];
}

/** All of them. */
export interface SeveralPrinters {
  readonly places: readonly PrinterPlace[];
  of(name: string): PrinterPlace;
  /** A section `[printer NAME]` for each, to be put before common settings. */
  readonly conf: string;
  close(): Promise<void>;
}

/** Starts one for each name; every printer has this file. */
export async function startSeveralPrinters(
  names: readonly string[],
  print: VirtualPrint,
  size: PictureSize = { width: 1280, height: 720 },
): Promise<SeveralPrinters> {
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0)) await closer();
  };
  try {
    const places: PrinterPlace[] = [];
    for (const name of names) {
      const printer = createVirtualPrinter();
      closers.unshift(() => printer.close());
      printer.addFile(print);
      const webcam = await startVirtualWebcam({ scene: printer.scene, fps: 1, size });
      closers.unshift(() => webcam.close());
      const entry = {
        name: 'bed',
        service: 'mjpegstreamer',
        snapshot_url: webcam.snapshotUrl,
        stream_url: webcam.streamUrl,
      };
      const moonraker = await startVirtualMoonraker({ printer, webcams: [entry] });
      closers.unshift(() => moonraker.close());
      const askedAtMs: number[] = [];
      let seen = 0;
      const timer = setInterval(() => {
        for (; seen < webcam.requests().snapshot; seen += 1) askedAtMs.push(performance.now());
      }, 25);
      closers.unshift(() => clearInterval(timer));
      places.push({ name, printer, webcam, moonraker, askedAtMs });
    }
    return {
      places,
      of: (name) => {
        const place = places.find((each) => each.name === name);
        if (place === undefined) throw new RangeError(`there is no printer ${name}`);
        return place;
      },
      conf: places.map(({ name, moonraker }) => `[printer ${name}]\nurl: ${moonraker.url}\n`).join(''),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The longest time between two of these moments that follow each other, ms; 0 for fewer than two. */
export function longestGapMs(moments: readonly number[]): number {
  return moments.reduce((longest, moment, index) => {
    const before = moments[index - 1];
    return before === undefined ? longest : Math.max(longest, moment - before);
  }, 0);
}
