// The Klippy API socket of a virtual printer, so that a real Moonraker takes it for Klipper.
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { hostname } from 'node:os';
import * as v from 'valibot';
import { createEtxReader, etxFrame } from './etx-frames.ts';
import { VirtualGcodeError } from './gcode-line.ts';
import type { Klipper } from './klipper.ts';
import type { VirtualPrinter } from './printer.ts';
import { KlippyGone } from './reactor.ts';
import type { StatusReply, StatusRequest } from './status-sampler.ts';

/** A listening Klippy socket. */
export interface VirtualKlippy {
  /** Closes the socket and all connections, and removes the file. */
  close(): Promise<void>;
}

type Params = Record<string, unknown>;
type Paths = { readonly klipper_path: string; readonly config_file: string };
type Template = Record<string, unknown>;
type Endpoint = (params: Params, caller: Caller) => unknown;

/** One connection to the socket. */
interface Caller {
  send(message: object): void;
  /** Undone when the connection ends. */
  readonly onEnd: Set<() => void>;
}

const request = v.object({
  id: v.optional(v.unknown()),
  method: v.string(),
  params: v.optional(v.record(v.string(), v.unknown()), {}),
});
const statusRequest = v.record(v.string(), v.nullable(v.array(v.string())));
const template = v.record(v.string(), v.unknown());
const maxBytes = 20 * 1024 * 1024;

/**
 * Listens on a Unix socket while the host process of the printer lives: a restart closes it and opens it again.
 * Rejects when the socket cannot be opened.
 */
export async function startVirtualKlippy(options: {
  readonly printer: VirtualPrinter;
  readonly socketPath: string;
  /** Folder of Klipper's sources as `info` tells it; Moonraker looks for `config` and `docs` in it. */
  readonly klipperPath?: string;
  /** printer.cfg as `info` tells it. */
  readonly configPath?: string;
}): Promise<VirtualKlippy> {
  const { printer, socketPath } = options;
  const paths = {
    klipper_path: options.klipperPath ?? '/home/pi/klipper',
    config_file: options.configPath ?? '/home/pi/printer_data/config/printer.cfg',
  };
  let listening: { server: Server; sockets: Set<Socket> } | null = null;
  let lastChange: Promise<void> = Promise.resolve();

  const open = async () => {
    if (listening !== null || printer.klipper === null) return;
    const sockets = new Set<Socket>();
    const endpoints = makeEndpoints(printer, printer.klipper, paths);
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      serve(socket, endpoints);
    });
    listening = { server, sockets };
    rmSync(socketPath, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, resolve);
    });
    chmodSync(socketPath, 0o666);
  };
  const shut = async () => {
    if (listening === null) return;
    const { server, sockets } = listening;
    listening = null;
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    rmSync(socketPath, { force: true });
  };
  const change = (work: () => Promise<void>) => {
    lastChange = lastChange.then(work);
    return lastChange;
  };
  const stopListening = printer.onState((state) => {
    if (state === 'disconnected') void change(shut);
    else if (state === 'startup') void change(open);
  });
  await change(open);

  return {
    close: async () => {
      stopListening();
      await change(shut);
    },
  };
}

function serve(socket: Socket, endpoints: ReadonlyMap<string, Endpoint>): void {
  const caller: Caller = {
    send: (message) => {
      if (!socket.destroyed) socket.write(etxFrame(JSON.stringify(message)));
    },
    onEnd: new Set(),
  };
  const answer = async (text: string) => {
    const read = v.safeParse(request, parseJson(text));
    if (!read.success) return;
    const { id, method, params } = read.output;
    const reply = (body: object) => {
      if (id !== undefined && id !== null) caller.send({ id, ...body });
    };
    try {
      const endpoint = endpoints.get(method);
      if (endpoint === undefined) throw missingEndpoint(method);
      reply({ result: (await endpoint(params, caller)) ?? {} });
    } catch (error) {
      // The process has gone and the connection with it: there is nobody to answer.
      if (error instanceof KlippyGone) return;
      const message = error instanceof Error ? error.message : String(error);
      reply({ error: { error: 'WebRequestError', message } });
    }
  };
  socket.on(
    'data',
    createEtxReader(
      (text) => void answer(text),
      maxBytes,
      () => socket.destroy(),
    ),
  );
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    for (const undo of caller.onEnd) undo();
  });
}

const missingEndpoint = (method: string) =>
  new VirtualGcodeError(`webhooks: No registered callback for path '${method}'`);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function readObjects(params: Params): StatusRequest {
  if (params['objects'] === undefined) throw new VirtualGcodeError('Missing Argument [objects]');
  const read = v.safeParse(statusRequest, params['objects']);
  if (!read.success) throw new VirtualGcodeError('Invalid argument');
  return read.output;
}

function readTemplate(params: Params): Template {
  const read = v.safeParse(template, params['response_template'] ?? {});
  if (!read.success) throw new VirtualGcodeError('Invalid Argument Type [response_template]');
  return read.output;
}

function readText(params: Params, key: string): string {
  const value = params[key];
  if (value === undefined) throw new VirtualGcodeError(`Missing Argument [${key}]`);
  if (typeof value !== 'string') throw new VirtualGcodeError(`Invalid Argument Type [${key}]`);
  return value;
}

function makeEndpoints(printer: VirtualPrinter, klipper: Klipper, paths: Paths): Map<string, Endpoint> {
  const run = (script: string) => async () => {
    await printer.gcode(script);
  };
  const endpoints = new Map<string, Endpoint>([
    ['info', () => info(klipper, paths)],
    [
      'emergency_stop',
      () => {
        printer.emergencyStop();
      },
    ],
    [
      'register_remote_method',
      (params, caller) => {
        const method = readText(params, 'remote_method');
        const frame = readTemplate(params);
        const calls = klipper.remoteMethods.get(method) ?? new Set();
        const call = (given: Params) => caller.send({ params: given, ...frame });
        klipper.remoteMethods.set(method, calls.add(call));
        caller.onEnd.add(() => calls.delete(call));
      },
    ],
    ['objects/list', () => ({ objects: klipper.objectNames })],
    ['objects/query', (params) => klipper.sampler.query(readObjects(params))],
    [
      'objects/subscribe',
      (params, caller) => {
        const frame = readTemplate(params);
        const onChange = (change: StatusReply) => caller.send({ params: change, ...frame });
        caller.onEnd.add(() => klipper.sampler.unsubscribe(caller));
        return klipper.sampler.subscribe(caller, readObjects(params), onChange);
      },
    ],
    [
      'gcode/help',
      () => Object.fromEntries([...klipper.gcode.commands()].map(([name, { help }]) => [name, help])),
    ],
    ['gcode/script', (params) => run(readText(params, 'script'))()],
    ['gcode/restart', run('RESTART')],
    ['gcode/firmware_restart', run('FIRMWARE_RESTART')],
    [
      'gcode/subscribe_output',
      (params, caller) => {
        const frame = readTemplate(params);
        caller.onEnd.add(
          printer.onGcodeResponse((line) => caller.send({ params: { response: line }, ...frame })),
        );
      },
    ],
    ['pause_resume/pause', run('PAUSE')],
    ['pause_resume/resume', run('RESUME')],
    ['pause_resume/cancel', run('CANCEL_PRINT')],
    ['query_endstops/status', () => ({ x: 'open', y: 'open', z: 'open' })],
  ]);
  endpoints.set('list_endpoints', () => ({ endpoints: [...endpoints.keys()] }));
  return endpoints;
}

function info(klipper: Klipper, paths: Paths): object {
  return {
    state: klipper.state,
    state_message: klipper.stateMessage,
    hostname: hostname(),
    klipper_path: paths.klipper_path,
    python_path: '/usr/bin/python3',
    process_id: process.pid,
    user_id: process.getuid?.() ?? 0,
    group_id: process.getgid?.() ?? 0,
    log_file: '/home/pi/printer_data/logs/klippy.log',
    config_file: paths.config_file,
    software_version: 'v0.13.0-0-g0000000',
    cpu_info: 'virtual',
  };
}
