// Counts what goes over the connection, and says once what is odd about it.
import type { Log } from '../core/ports.ts';
import type { InboundFrame } from './frames.ts';

/** Counted since the start of this process; never reset. */
export interface ConnectionCounts {
  /** All inbound frames. */
  readonly frames: number;
  /** `notify_proc_stat_update`, left unread. */
  readonly skipped: number;
  readonly malformed: number;
  readonly oversized: number;
  /** Notifications that nobody of ours listens to. */
  readonly unheard: number;
  /** Errors that Moonraker could not assign to a request of ours. */
  readonly unassigned: number;
  readonly statusUpdates: number;
  /** Requests that we sent. */
  readonly requests: number;
  /** Connections that opened. */
  readonly connects: number;
}

/** Counts; logs the first of each oddity. */
export interface FrameCounter {
  readonly counts: ConnectionCounts;
  countFrame(frame: InboundFrame): void;
  countRequest(): void;
  countConnect(): void;
  countOversized(): void;
  countUnheard(method: string): void;
}

/** Names remembered for saying something once. */
const maxNames = 50;

/** Starts at zero. */
export function createFrameCounter(log: Log): FrameCounter {
  const counts = {
    frames: 0,
    skipped: 0,
    malformed: 0,
    oversized: 0,
    unheard: 0,
    unassigned: 0,
    statusUpdates: 0,
    requests: 0,
    connects: 0,
  };
  const unheardNames = new Set<string>();
  return {
    counts,
    countFrame: (frame) => {
      counts.frames += 1;
      if (frame.kind === 'skipped') counts.skipped += 1;
      if (frame.kind === 'notification' && frame.method === 'notify_status_update') counts.statusUpdates += 1;
      if (frame.kind === 'malformed') {
        counts.malformed += 1;
        if (counts.malformed === 1)
          log.warn('Moonraker sent a frame that cannot be read', { why: frame.why });
      }
      if (frame.kind === 'answer' && frame.id === null && frame.outcome.kind === 'error') {
        counts.unassigned += 1;
        if (counts.unassigned === 1) {
          log.warn('Moonraker refused something of ours', { message: frame.outcome.message.slice(0, 200) });
        }
      }
    },
    countRequest: () => {
      counts.requests += 1;
    },
    countConnect: () => {
      counts.connects += 1;
    },
    countOversized: () => {
      counts.oversized += 1;
      if (counts.oversized === 1) log.warn('Moonraker sent a frame above the limit');
    },
    countUnheard: (method) => {
      counts.unheard += 1;
      if (unheardNames.has(method) || unheardNames.size >= maxNames) return;
      unheardNames.add(method);
      log.debug('nobody listens to this notification', { method: method.slice(0, 100) });
    },
  };
}
