// Keeps a channel from saying the same twice, also over a restart of this process.
import * as v from 'valibot';
import type { Channel, Log, Store } from '../core/ports.ts';
import type { Alert } from '../core/types.ts';

const toldSchema = v.object({ incidentId: v.string(), level: v.string(), title: v.string() });

/**
 * The same channel, silent where an alert is no news: shown again after a break, or with a longer duration in it. From
 * warning to failing is news, and so is another title of the same incident. An end is handed on for what was told.
 * @param canClose the channel tells of ends, so that whoever listens must hear of an alert again after one
 */
export function onlyNews(
  channel: Channel,
  { store, log }: { store: Store; log: Log },
  canClose: boolean,
): Channel {
  const document = `told-${channel.name.replace(/[^a-z0-9]+/gi, '-').toLowerCase()}`;
  const read = v.safeParse(toldSchema, store.load(document));
  let told = read.success ? read.output : null;
  // It has been said: that it may be said again after a restart is no reason to call it unsaid.
  const keep = () =>
    store.save(document, told).catch((error: unknown) => {
      log.warn('what was told could not be kept', { channel: channel.name, error });
    });
  return {
    ...channel,
    close: async (incidentId, signal) => {
      // What was never told needs no end; what has ended is news when it is there again.
      if (told?.incidentId !== incidentId || !canClose) return;
      told = null;
      await channel.close(incidentId, signal);
      await keep();
    },
    raise: async (alert, picture, signal) => {
      if (told !== null && isSame(told, alert)) return;
      await channel.raise(alert, picture, signal);
      const { incidentId, level, title } = alert;
      told = { incidentId, level, title };
      await keep();
    },
  };
}

function isSame(told: v.InferOutput<typeof toldSchema>, alert: Alert): boolean {
  return told.incidentId === alert.incidentId && told.level === alert.level && told.title === alert.title;
}
