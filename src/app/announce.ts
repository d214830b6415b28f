// Brings alerts to every channel: one thing at a time per channel, a slow one delays no other, a dead one is told on the rest.
import { AlertError } from '../core/errors.ts';
import { explainChannelDown } from '../core/explain-channel.ts';
import type { Channel, Log } from '../core/ports.ts';
import type { Alert, Frame, Notice } from '../core/types.ts';
import { startDeadline } from '../lib/deadline.ts';

/** All channels as one. Everything returns at once; what does not go out is logged. */
export interface Announcer {
  /** @param picture what the alert is about; null where none was seen */
  raise(alert: Alert, picture: Frame | null): void;
  close(incidentId: string): void;
  tell(notice: Notice): void;
  /** Drops what still waits, takes the open alert away, says goodbye, and resolves within 3 s. */
  shutDown(openIncidentId: string | null): Promise<void>;
}

/** An alert waits behind whatever G-code runs: heating can take this long, longer is not worth waiting for. */
const alertDeadlineMs = 15 * 60_000;
/** systemd gives a service seconds to stop; the prompt gets this long. */
const shutDownMs = 3_000;
/** Alerts waiting for one channel; the oldest is dropped past this. */
const maxQueued = 20;

interface Work {
  readonly kind: 'raise' | 'close' | 'tell';
  readonly run: (channel: Channel, signal: AbortSignal) => Promise<void>;
}

interface Queue {
  readonly channel: Channel;
  readonly add: (work: Work) => void;
}

/** Makes the announcer over these channels. */
export function createAnnouncer(channels: readonly Channel[], log: Log): Announcer {
  const stop = new AbortController();
  const onAll = (work: Work) => {
    for (const queue of queues) queue.add(work);
  };
  const onDown = (down: Channel, error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    const hint = error instanceof AlertError ? error.hint : '';
    const notice = explainChannelDown(down.name, message, hint);
    const others = queues.filter(({ channel }) => channel !== down);
    for (const other of others) other.add(telling(notice));
  };
  const queues: readonly Queue[] = channels.map((channel) =>
    createQueue(channel, log, stop.signal, (error) => onDown(channel, error)),
  );
  return {
    raise: (alert, picture) => {
      const isQuestion = alert.level === 'question';
      for (const queue of queues) {
        if (isQuestion && queue.channel.takesQuestions !== true) continue;
        queue.add({ kind: 'raise', run: (channel, signal) => channel.raise(alert, picture, signal) });
      }
    },
    close: (incidentId) =>
      onAll({ kind: 'close', run: (channel, signal) => channel.close(incidentId, signal) }),
    tell: (notice) => onAll(telling(notice)),
    shutDown: async (openIncidentId) => {
      // Whatever still waits in a queue would come too late.
      stop.abort(new DOMException('moonraker-lookout stops', 'AbortError'));
      const deadline = startDeadline(shutDownMs, new AbortController().signal);
      const leaving = channels.map(async (channel) => {
        if (openIncidentId !== null) await channel.close(openIncidentId, deadline.signal);
        await channel.leave?.(deadline.signal);
      });
      await Promise.allSettled(leaving);
      deadline.done();
    },
  };
}

function telling(notice: Notice): Work {
  return { kind: 'tell', run: (channel, signal) => channel.tell(notice, signal) };
}

/** @param onDown called for the first failure after the last success: an outage is told once, however many alerts it swallows */
function createQueue(channel: Channel, log: Log, stop: AbortSignal, onDown: (error: unknown) => void): Queue {
  const waiting: Work[] = [];
  let isRunning = false;
  /** What has failed since it last worked. A channel has nothing to do for some kinds: their success proves nothing. */
  const failed = new Set<Work['kind']>();
  const drain = async () => {
    isRunning = true;
    for (let work = waiting.shift(); work !== undefined && !stop.aborted; work = waiting.shift()) {
      const deadline = startDeadline(alertDeadlineMs, stop);
      try {
        await work.run(channel, deadline.signal);
        if (failed.has(work.kind)) failed.clear();
      } catch (error) {
        if (!stop.aborted) {
          log.warn('an alert did not go out', { channel: channel.name, error });
          if (failed.size === 0) onDown(error);
          failed.add(work.kind);
        }
      } finally {
        deadline.done();
      }
    }
    isRunning = false;
  };
  return {
    channel,
    add: (work) => {
      waiting.push(work);
      if (waiting.length > maxQueued) waiting.shift();
      if (!isRunning) void drain();
    },
  };
}
