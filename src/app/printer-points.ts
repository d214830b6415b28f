// Points about Moonraker and Klipper that both `check` and `doctor` look at.
import * as v from 'valibot';
import { systemClock } from '../lib/clock.ts';
import type { MoonrakerConnection } from '../moonraker/connection.ts';
import type { ServerInfo } from '../moonraker/messages.ts';
import type { Composed } from './compose.ts';
import { type Outcome, ok, warn } from './finding.ts';

/** Klippy's state comes a moment after the connection. */
const klippyWaitMs = 3_000;

/** Waits for the first outcome of the connection. Rejects with its MoonrakerError, or with the signal's reason. */
export async function connected(connection: MoonrakerConnection, signal: AbortSignal): Promise<ServerInfo> {
  const state = await new Promise<MoonrakerConnection['state']>((resolve, reject) => {
    const done = (settle: () => void) => {
      off();
      signal.removeEventListener('abort', onAbort);
      settle();
    };
    const onAbort = () => done(() => reject(signal.reason));
    const off = connection.onState((next) => done(() => resolve(next)));
    signal.addEventListener('abort', onAbort, { once: true });
    if (connection.state.kind !== 'starting') done(() => resolve(connection.state));
  });
  if (state.kind === 'down') throw state.error;
  if (state.kind === 'starting') throw new TypeError('the connection has no outcome');
  return state.info;
}

/** What Klipper does. Not being ready is no failure: prints are watched as soon as it is. */
export async function klipperState(printer: Composed['printer'], signal: AbortSignal): Promise<Outcome> {
  const startedTickMs = systemClock.now().tickMs;
  while (printer.print.kind === 'not-ready' && systemClock.now().tickMs - startedTickMs < klippyWaitMs) {
    await systemClock.sleep(100, signal);
  }
  const { print } = printer;
  if (print.kind !== 'not-ready') return ok(`ready, ${print.kind}`);
  return warn(`not ready: ${print.message.split('\n')[0] ?? ''}. Prints are watched as soon as it is`);
}

const commandsSchema = v.object({
  status: v.object({
    gcode: v.optional(v.object({ commands: v.optional(v.record(v.string(), v.unknown())) })),
  }),
});

/** Klipper's commands by name; null where it does not list them, as before November 2023. Rejects with a MoonrakerError. */
export async function readCommands(
  connection: MoonrakerConnection,
  signal: AbortSignal,
): Promise<ReadonlySet<string> | null> {
  const params = { objects: { gcode: ['commands'] } };
  const answer = await connection.call('printer.objects.query', params, commandsSchema, { signal });
  const commands = answer.status.gcode?.commands;
  return commands === undefined ? null : new Set(Object.keys(commands));
}
