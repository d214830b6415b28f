// A house for the doctor: printer, Moonraker, webcam and OctoEverywhere as real servers, and the built program called in it.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  startVirtualMoonraker,
  type VirtualMoonraker,
  type VirtualMoonrakerOptions,
} from '../../../src/virtual/moonraker.ts';
import { startVirtualOctoEverywhere } from '../../../src/virtual/octoeverywhere.ts';
import {
  createVirtualPrinter,
  type VirtualPrinter,
  type VirtualPrinterOptions,
} from '../../../src/virtual/printer.ts';
import { startVirtualWebcam, type VirtualWebcam } from '../../../src/virtual/webcam.ts';

const program = join(import.meta.dirname, '../../../dist/main.js');

/** The keys of this house. */
export const secrets = {
  service: 'service-key-Zq81',
  moonraker: 'moonraker-key-Wx72',
  camera: 'camera-pw-Lm63',
};

/** How it differs from the usual one. */
export interface HouseOptions {
  readonly printer?: VirtualPrinterOptions;
  readonly moonraker?: Partial<VirtualMoonrakerOptions>;
  /** More lines of moonraker-lookout.conf. */
  readonly conf?: string;
  /** What `systemctl show` says; null: there is no systemctl. Default null. */
  readonly systemctl?: ((house: { readonly confFile: string; readonly data: string }) => string) | null;
}

/** A call of the program in progress. */
export interface Call {
  readonly output: () => string;
  readonly ended: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

/** A running house. */
export interface House {
  readonly printer: VirtualPrinter;
  readonly moonraker: VirtualMoonraker;
  readonly webcam: VirtualWebcam;
  /** The printer_data folder. */
  readonly data: string;
  readonly confFile: string;
  /** Starts `moonraker-lookout COMMAND --config … ARGS`. */
  start(command: string, ...args: string[]): Call;
  /** Runs `doctor` to its end. */
  doctor(...args: string[]): Promise<{ readonly code: number | null; readonly output: string }>;
}

/** Lives in a house. */
export async function inHouse(options: HouseOptions, live: (house: House) => Promise<void>): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'lookout-doctor-'));
  const closers: (() => unknown)[] = [() => rmSync(data, { recursive: true, force: true })];
  try {
    const printer = createVirtualPrinter(options.printer);
    closers.unshift(() => printer.close());
    const webcam = await startVirtualWebcam({
      scene: printer.scene,
      size: { width: 320, height: 240 },
      basicAuth: { username: 'eye', password: secrets.camera },
    });
    closers.unshift(() => webcam.close());
    const service = await startVirtualOctoEverywhere({ apiKey: secrets.service });
    closers.unshift(() => service.close());
    const moonraker = await startVirtualMoonraker({
      printer,
      initMs: 20,
      apiKey: secrets.moonraker,
      webcams: [{ name: 'bed', snapshot_url: webcam.snapshotUrl, stream_url: webcam.streamUrl }],
      ...options.moonraker,
    });
    closers.unshift(() => moonraker.close());

    const confFile = join(data, 'config/moonraker-lookout.conf');
    for (const folder of ['config', 'logs', 'lookout', 'bin']) mkdirSync(join(data, folder));
    writeFileSync(
      confFile,
      [
        `[moonraker]\nurl: ${moonraker.url}\n[camera]\nusername: eye`,
        `[backend]\nuse: octoeverywhere\n[backend octoeverywhere]\nurl: ${service.baseUrl}`,
        `[secrets]\nfile: ../lookout.secrets\n${options.conf ?? ''}\n`,
      ].join('\n'),
    );
    const secretsText = `[moonraker]\napi_key: ${secrets.moonraker}\n[camera]\npassword: ${secrets.camera}\n[backend octoeverywhere]\napi_key: ${secrets.service}\n`;
    writeFileSync(join(data, 'lookout.secrets'), secretsText, { mode: 0o600 });
    const systemctl = options.systemctl ?? null;
    if (systemctl !== null) {
      writeFileSync(join(data, 'shown'), systemctl({ confFile, data }));
      const tool = join(data, 'bin/systemctl');
      writeFileSync(tool, `#!/bin/sh\n/bin/cat "${join(data, 'shown')}"\n`);
      chmodSync(tool, 0o755);
    }

    const start = (command: string, ...args: string[]): Call => {
      const child = spawn(process.execPath, [program, command, '--config', confFile, ...args], {
        cwd: data,
        // Nothing but what the house has: no systemctl of this machine.
        env: { PATH: join(data, 'bin'), HOME: data },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
      }
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      closers.unshift(async () => {
        if (child.exitCode === null) child.kill('SIGKILL');
        await ended;
      });
      return { output: () => output, ended, kill: (signal) => child.kill(signal) };
    };
    await live({
      printer,
      moonraker,
      webcam,
      data,
      confFile,
      start,
      doctor: async (...args) => {
        const call = start('doctor', ...args);
        return { code: await call.ended, output: call.output() };
      },
    });
  } finally {
    for (const closer of closers) await closer();
  }
}
