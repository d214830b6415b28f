// A real Moonraker in front of a virtual printer, on a free port and with a data folder of its own.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureMoonraker } from '../../scripts/moonraker-venv.mjs';
import { startVirtualKlippy, type VirtualKlippy } from '../../src/virtual/klippy.ts';
import type { VirtualPrinter } from '../../src/virtual/printer.ts';
import { createChildServer, freePort } from './child-server.ts';
import { whyNoVenv } from './why-no-venv.ts';

/** How the Moonraker is set up. */
export interface RealMoonrakerOptions {
  /** Made with `gcodesPath`, so that Moonraker finds its files. */
  readonly printer: VirtualPrinter;
  /** `[webcam NAME]` sections: option names and values as in moonraker.conf. */
  readonly webcams?: readonly ({ readonly name: string } & Readonly<Record<string, string | number>>)[];
  /** True: no client is trusted, an API key is needed (`apiKeyValue`). Default: loopback is trusted. */
  readonly apiKey?: boolean;
  /** Text added to moonraker.conf. */
  readonly extraConf?: string;
  /** ms until `ready` before starting counts as failed. Default 30,000. */
  readonly deadlineMs?: number;
}

/** A running Moonraker. */
export interface RealMoonraker {
  readonly url: string;
  readonly httpUrl: string;
  readonly port: number;
  /** Its own Unix socket. */
  readonly socketPath: string;
  readonly apiKeyValue: string;
  readonly dataPath: string;
  /** Ends the process and waits for that: SIGTERM as a service stop does, SIGKILL as a crash. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and data; resolves when Klippy is ready again. */
  start(): Promise<void>;
  /** Adds text to moonraker.conf, for its next start. */
  addConf(text: string): void;
  /** How often it has settled with a ready Klippy since its last start: 1 after `start`, one more after each restart of Klippy. */
  settled(): number;
  /** What it has written since its last start. */
  logs(): string;
  /** Ends everything and removes the data folder. */
  close(): Promise<void>;
}

/**
 * Moonraker's last step after `ready`. A print that starts before it can miss in the history: the step renews
 * Moonraker's own subscription, and what changes meanwhile is not told to its components.
 */
const settledLine = 'Configuring available sensors';

/**
 * Why there can be no real Moonraker here, for the `skip` of a test; false when there can.
 * Throws under `CI=true`: there a suite that cannot run has failed.
 */
export function whyNoMoonraker(): Promise<string | false> {
  return whyNoVenv(ensureMoonraker);
}

/** Starts Moonraker and waits until it says that Klippy is ready. Rejects with its last log lines. */
export async function startRealMoonraker(options: RealMoonrakerOptions): Promise<RealMoonraker> {
  const { python } = await ensureMoonraker();
  const dataPath = mkdtempSync(join(tmpdir(), 'lookout-mr-'));
  const klippySocket = join(dataPath, 'klippy.sock');
  const socketPath = join(dataPath, 'comms', 'moonraker.sock');
  const port = await freePort();
  const httpUrl = `http://127.0.0.1:${port}`;
  const klipperPath = join(dataPath, 'klipper');
  const configPath = join(dataPath, 'config', 'printer.cfg');
  for (const folder of ['config', 'logs', 'comms', 'klipper/config', 'klipper/docs', 'misc'])
    mkdirSync(join(dataPath, folder), { recursive: true });
  mkdirSync(options.printer.gcodesPath, { recursive: true });
  symlinkSync(options.printer.gcodesPath, join(dataPath, 'gcodes'));
  writeFileSync(configPath, '');
  // Without it Moonraker fetches a list of USB devices.
  writeFileSync(join(dataPath, 'misc', 'usb.ids'), '');
  writeFileSync(join(dataPath, 'config', 'moonraker.conf'), makeConf(options, port, klippySocket));
  const klippy: VirtualKlippy = await startVirtualKlippy({
    printer: options.printer,
    socketPath: klippySocket,
    klipperPath,
    configPath,
  });
  let apiKeyValue = '';
  const server = createChildServer({
    name: 'Moonraker',
    command: python,
    args: ['-m', 'moonraker', '-d', dataPath, '-n'],
    env: { PYTHONUNBUFFERED: '1' },
    deadlineMs: options.deadlineMs ?? 30_000,
    isReady: async (log) => (await klippyState()) === 'ready' && log.includes(settledLine),
  });
  const klippyState = async (): Promise<string | null> => {
    if (apiKeyValue === '') apiKeyValue = (await readApiKey(socketPath)) ?? '';
    try {
      const response = await fetch(`${httpUrl}/server/info`, {
        headers: { 'x-api-key': apiKeyValue },
        signal: AbortSignal.timeout(2_000),
      });
      const text = await response.text();
      return /"klippy_state": ?"([a-z]+)"/.exec(text)?.[1] ?? null;
    } catch {
      return null;
    }
  };
  const close = async () => {
    await server.stop('SIGKILL');
    await klippy.close();
    rmSync(dataPath, { recursive: true, force: true });
  };

  try {
    await server.start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: `ws://127.0.0.1:${port}/websocket`,
    ...{ httpUrl, port, socketPath, dataPath, close },
    stop: server.stop,
    start: server.start,
    get apiKeyValue() {
      return apiKeyValue;
    },
    addConf: (text) => appendFileSync(join(dataPath, 'config', 'moonraker.conf'), `\n${text}\n`),
    settled: () => server.logs().split(settledLine).length - 1,
    logs: server.logs,
  };
}

function makeConf(options: RealMoonrakerOptions, port: number, klippySocket: string): string {
  const webcams = (options.webcams ?? []).map(({ name, ...fields }) =>
    [
      `[webcam ${name}]`,
      ...Object.entries({ stream_url: '/webcam/?action=stream', ...fields }).map(
        ([key, value]) => `${key}: ${value}`,
      ),
    ].join('\n'),
  );
  return [
    `[server]\nhost: 127.0.0.1\nport: ${port}\nklippy_uds_address: ${klippySocket}`,
    // Nothing here may reach for a service manager of the machine that runs the tests.
    '[machine]\nprovider: none\nvalidate_service: False\nvalidate_config: False',
    '[file_manager]\nenable_object_processing: False',
    `[authorization]${options.apiKey === true ? '\nenable_api_key: True' : '\ntrusted_clients: 127.0.0.1'}`,
    // Nor may anything leave for the internet.
    '[announcements]\nenable_moonlight: False',
    '[history]',
    ...webcams,
    options.extraConf ?? '',
    '',
  ].join('\n\n');
}

/** Asks over the Unix socket, which needs no key; null while it does not answer. */
async function readApiKey(socketPath: string): Promise<string | null> {
  if (!existsSync(socketPath)) return null;
  return await new Promise((resolve) => {
    const socket = createConnection(socketPath);
    const done = (key: string | null) => {
      socket.destroy();
      resolve(key);
    };
    let text = '';
    socket.setTimeout(2_000, () => done(null));
    socket.on('error', () => done(null));
    socket.on('connect', () => socket.write('{"jsonrpc":"2.0","method":"access.get_api_key","id":1}\u0003'));
    socket.on('data', (chunk) => {
      text += chunk;
      const key = /"result": ?"([0-9a-f]+)"/.exec(text)?.[1];
      if (key !== undefined) done(key);
    });
    socket.on('close', () => done(null));
  });
}
