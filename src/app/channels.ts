// The ways to reach a person that are switched on, in the order in which they should go out.
import * as v from 'valibot';
import { createAgentEventChannel } from '../alerts/agent-event.ts';
import { createAnnouncementChannel } from '../alerts/announcement.ts';
import { createConsoleChannel } from '../alerts/console.ts';
import { createM117Channel } from '../alerts/m117.ts';
import { onlyNews } from '../alerts/news.ts';
import { createNotifierChannel } from '../alerts/notifier.ts';
import { createPromptChannel } from '../alerts/prompt.ts';
import { createWebhookChannel } from '../alerts/webhook.ts';
import type { Channel, Clock, Log, Printer, Store } from '../core/ports.ts';
import type { MoonrakerComponent } from '../moonraker/component.ts';
import type { MoonrakerConnection } from '../moonraker/connection.ts';
import { echoLine, redLine, toGcodeText } from '../moonraker/console-lines.ts';
import { objectListSchema, statusAnswerSchema } from '../moonraker/messages.ts';
import type { Prompts } from '../moonraker/prompts.ts';
import { dashboardUrl } from './dashboard-url.ts';
import type { Settings } from './settings.ts';

/** What channels are made of. */
export interface ChannelParts {
  readonly connection: MoonrakerConnection;
  readonly printer: Printer;
  readonly prompts: Prompts;
  readonly component: MoonrakerComponent;
  readonly store: Store;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
  /** Of `[printer NAME]`; null for the only one. */
  readonly printerName: string | null;
}

/** Makes the channels. */
export function createChannels({ alerts, webhooks, dashboard }: Settings, parts: ChannelParts): Channel[] {
  const { connection, printer, prompts, component } = parts;
  const { runGcode } = printer;
  const channels: Channel[] = [];
  // First those that do not wait for Klipper's G-code lock.
  if (alerts.event) channels.push(createAgentEventChannel({ sendEvent: connection.sendEvent }));
  const isThere = () => component.state.kind === 'present';
  if (alerts.announcement) {
    const { announce, retract } = component;
    const pageOf = () => (dashboard.enabled ? dashboardUrl(dashboard, dashboard.port) : '');
    channels.push(createAnnouncementChannel({ isThere, announce, retract, pageOf }));
  }
  for (const [name, { url, notices, ...hook }] of Object.entries(webhooks)) {
    if (url === null) continue;
    const options = { ...hook, name, url, hasNotices: notices, printer: parts.printerName };
    channels.push(onlyNews(createWebhookChannel(options, parts), parts, true));
  }
  if (alerts.prompt) channels.push(createPromptChannel(prompts));
  if (alerts.console) channels.push(createConsoleChannel({ runGcode, redLine, plainLine: echoLine }));
  if (alerts.m117) {
    const readMessage = (signal: AbortSignal) => displayMessage(connection, signal);
    channels.push(createM117Channel({ runGcode, readMessage, toText: toGcodeText }));
  }
  if (alerts.notifier !== null) {
    const hasMacro = (name: string, signal: AbortSignal) => isMacro(connection, name, signal);
    const deps = {
      component: { isThere, notify: component.notify },
      runGcode,
      hasMacro,
      toText: toGcodeText,
    };
    const notifier = createNotifierChannel(alerts.notifier, deps);
    channels.push(onlyNews(notifier, parts, false));
  }
  return channels;
}

async function displayMessage(connection: MoonrakerConnection, signal: AbortSignal): Promise<string | null> {
  const objects = { display_status: ['message'] };
  const { status } = await connection.call('printer.objects.query', { objects }, statusAnswerSchema, {
    signal,
  });
  const message = v.safeParse(v.string(), status['display_status']?.['message']);
  return message.success ? message.output : null;
}

/** Klipper takes macros in any case, and lists them as they are written. */
async function isMacro(connection: MoonrakerConnection, name: string, signal: AbortSignal): Promise<boolean> {
  const { objects } = await connection.call('printer.objects.list', {}, objectListSchema, { signal });
  return objects.some((object) => object.toUpperCase() === `GCODE_MACRO ${name}`);
}
