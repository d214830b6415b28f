// A person's browser: another client of the same Moonraker, which sees what Mainsail and Fluidd are sent and presses buttons.
import { setTimeout as delay } from 'node:timers/promises';
import type { RealMoonraker } from '../support/real-moonraker.ts';
import { connectRpc, type RpcClient } from '../support/rpc-client.ts';
import { until } from '../support/until.ts';
import { type Dialog, openDialog, readDialogs } from './dialogs.ts';

/** An event of lookout's, as every other client receives it. */
export interface AgentEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The browser. It connects again when Moonraker has been away. */
export interface Browser {
  /** Calls Moonraker; rejects with its text when it refuses. */
  call(method: string, params?: Readonly<Record<string, unknown>>): Promise<void>;
  /** Lines of the console, oldest first. */
  console(): readonly string[];
  /** Events of the agent `lookout`, oldest first. */
  events(): readonly AgentEvent[];
  /** Texts of the events `notice`. */
  notices(): readonly string[];
  dialogs(): readonly Dialog[];
  /** The dialog on the screen; null when there is none. */
  open(): Dialog | null;
  /** Waits until a dialog of this title is on the screen. */
  untilOpen(title: RegExp, deadlineMs?: number): Promise<Dialog>;
  untilClosed(deadlineMs?: number): Promise<void>;
  /** Presses the button of the dialog on the screen. */
  press(label: RegExp): Promise<void>;
  /** Resolves when Moonraker's port is open the next time, with that moment; the browser is connected then. */
  whenOpen(): Promise<number>;
  close(): void;
}

/** Long: a pause or a script waits for whatever G-code runs. */
const callLimitMs = 120_000;

/** Opens a browser on a running Moonraker. */
export async function openBrowser(moonraker: RealMoonraker): Promise<Browser> {
  const clients: RpcClient[] = [];
  let isClosed = false;
  const connect = async () => {
    const headers = moonraker.apiKeyValue === '' ? {} : { 'X-Api-Key': moonraker.apiKeyValue };
    const client = await connectRpc(moonraker.url, headers);
    if (isClosed) return client.close();
    clients.push(client);
  };
  await connect();
  const all = <T>(read: (client: RpcClient) => readonly T[]) => clients.flatMap(read);
  const console = () => all((client) => client.console());
  const events = () => all(eventsOf).filter(({ event }) => event !== 'connected' && event !== 'disconnected');
  const open = () => openDialog(console());
  const call = async (method: string, params: Readonly<Record<string, unknown>> = {}) => {
    const client = clients.at(-1);
    if (client === undefined) throw new Error('the browser is not connected');
    const { error } = await client.call(method, params, callLimitMs);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
  };
  return {
    ...{ call, console, events, open },
    notices: () => events().flatMap(({ event, data }) => (event === 'notice' ? [String(data['text'])] : [])),
    dialogs: () => readDialogs(console()),
    untilOpen: (title, deadlineMs = 10_000) =>
      until(
        `a dialog ${title}`,
        () => {
          const dialog = open();
          return dialog !== null && title.test(dialog.title) && dialog;
        },
        deadlineMs,
      ),
    untilClosed: async (deadlineMs = 10_000) => {
      await until('no dialog', () => open() === null, deadlineMs);
    },
    press: async (label) => {
      const dialog = open();
      const button = dialog?.buttons.find((each) => label.test(each.label));
      if (button === undefined) throw new Error(`there is no button ${label} in ${JSON.stringify(dialog)}`);
      await call('printer.gcode.script', { script: button.gcode });
    },
    whenOpen: async () => {
      const endMs = performance.now() + 60_000;
      for (;;) {
        try {
          await connect();
          return performance.now();
        } catch (error) {
          if (performance.now() > endMs || isClosed) throw error;
          await delay(20);
        }
      }
    },
    close: () => {
      isClosed = true;
      for (const client of clients) client.close();
    },
  };
}

function eventsOf(client: RpcClient): AgentEvent[] {
  return client.received.flatMap((message) => {
    if (message['method'] !== 'notify_agent_event' || !Array.isArray(message['params'])) return [];
    const { agent, event, data } = message['params'][0] as Record<string, unknown>;
    return agent === 'lookout' ? [{ event: String(event), data: (data ?? {}) as AgentEvent['data'] }] : [];
  });
}
