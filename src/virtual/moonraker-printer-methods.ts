// The printer.* methods of a virtual Moonraker.
import { hostname } from 'node:os';
import * as v from 'valibot';
import type { MoonrakerHub } from './moonraker-hub.ts';
import type { MoonrakerLink } from './moonraker-link.ts';
import { RpcError, type RpcParams, refuse } from './moonraker-rpc.ts';
import type { VirtualPrinter } from './printer.ts';
import type { StatusRequest } from './status-sampler.ts';

const statusRequest = v.record(v.string(), v.nullable(v.array(v.string())));

/** Registers the methods. `onScript` hears every script that a client sends. */
export function registerPrinterMethods(
  hub: MoonrakerHub,
  link: MoonrakerLink,
  printer: VirtualPrinter,
  onScript: (script: string) => void,
): void {
  /** Methods that Klippy itself provides: unknown until it has been seen. */
  const fromKlippy = (name: string, run: Parameters<MoonrakerHub['register']>[1]) =>
    hub.register(name, (params, client) => {
      if (!link.hasBeenConnected) throw refuse.notFound('Method not found');
      link.klippy();
      return run(params, client);
    });
  const objects = (params: RpcParams, fallback?: object): StatusRequest => {
    if (!params.has('objects') && fallback === undefined) throw refuse.plain('Missing Argument [objects]');
    const given = params.has('objects') ? params.any('objects') : fallback;
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      throw refuse.plain('Invalid Argument Type [objects]');
    }
    const read = v.safeParse(statusRequest, given);
    if (!read.success) throw refuse.plain('Invalid argument');
    return read.output;
  };
  const restart = (command: string) => async () => {
    try {
      return await link.gcode(command);
    } catch (error) {
      // Klippy is gone before it can answer: that is how a restart succeeds.
      if (error instanceof RpcError && error.message === 'Klippy Disconnected') return 'ok';
      throw error;
    }
  };

  fromKlippy('printer.info', () => {
    const klippy = link.klippy();
    return {
      state: klippy.state,
      state_message: klippy.stateMessage,
      hostname: hostname(),
      klipper_path: '/home/pi/klipper',
      python_path: '/usr/bin/python3',
      process_id: process.pid,
      user_id: process.getuid?.() ?? 0,
      group_id: process.getgid?.() ?? 0,
      log_file: '/home/pi/printer_data/logs/klippy.log',
      config_file: '/home/pi/printer_data/config/printer.cfg',
      software_version: 'v0.13.0-0-g0000000',
      cpu_info: 'virtual',
    };
  });
  fromKlippy('printer.objects.list', () => ({ objects: [...link.klippy().objectNames] }));
  fromKlippy('printer.objects.query', (params) => link.query(objects(params)));
  fromKlippy('printer.objects.subscribe', (params, client) => link.subscribe(client, objects(params, {})));
  fromKlippy('printer.gcode.help', () =>
    Object.fromEntries([...link.klippy().gcode.commands()].map(([name, { help }]) => [name, help])),
  );
  fromKlippy('printer.gcode.script', async (params) => {
    if (!params.has('script')) throw refuse.plain('Missing Argument [script]');
    const script = params.any('script');
    if (typeof script !== 'string') throw refuse.plain('Invalid Argument Type [script]');
    if (script.trim() !== '') onScript(script);
    return await link.gcode(script);
  });
  fromKlippy('printer.emergency_stop', () => {
    link.klippy();
    printer.emergencyStop();
    return 'ok';
  });
  fromKlippy('printer.query_endstops.status', () => ({ x: 'open', y: 'open', z: 'open' }));
  hub.register('printer.print.pause', () => link.gcode('PAUSE'));
  hub.register('printer.print.resume', () => link.gcode('RESUME'));
  hub.register('printer.print.cancel', () => link.gcode('CANCEL_PRINT'));
  hub.register('printer.print.start', (params) => {
    const filename = params.text('filename').replace(/^\//, '').replaceAll('"', '\\"');
    onScript(`SDCARD_PRINT_FILE FILENAME="${filename}"`);
    return link.gcode(`SDCARD_PRINT_FILE FILENAME="${filename}"`);
  });
  hub.register('printer.restart', restart('RESTART'));
  hub.register('printer.firmware_restart', restart('FIRMWARE_RESTART'));
}
