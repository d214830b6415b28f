// PrintWatch's own way to reach people: it sends an e-mail when asked to.
import { AlertError } from '../core/errors.ts';
import type { Channel, Clock } from '../core/ports.ts';
import type { Job } from '../core/types.ts';
import type { Identity, PrintWatchApi } from './printwatch-api.ts';
import type { PrintWatchMemory } from './printwatch-memory.ts';

/** What the channel works with. */
export interface MailDeps {
  readonly api: PrintWatchApi;
  readonly memory: PrintWatchMemory;
  readonly clock: Clock;
  readonly who: () => Promise<Identity>;
  /** The print that an alert is about; null while none has been seen. */
  readonly job: () => Job | null;
  /** Throws while no request is to be made at all. */
  readonly refuse: () => void;
}

/**
 * A channel that asks for one e-mail per incident and level. An e-mail cannot be taken back, and PrintWatch writes its own
 * text, so `close` and `tell` do nothing.
 */
export function createMailChannel({ api, memory, clock, who, job: jobOf, refuse }: MailDeps): Channel {
  return {
    name: 'printwatch',
    raise: async ({ incidentId, level }, _picture, signal) => {
      if (level === 'question') return;
      const { mailed } = memory.now();
      // Shown again after a restart, or with another text: that is no news. From warning to failing is.
      if (mailed?.incidentId === incidentId && (mailed.level === level || mailed.level === 'failing')) return;
      const job = jobOf();
      if (job === null) return;
      try {
        refuse();
        await api.notify(await who(), level, job, clock.now().atMs, signal);
      } catch (cause) {
        signal.throwIfAborted();
        throw new AlertError('printwatch: the e-mail was not asked for', {
          code: 'ALERT_NOT_SENT',
          retry: 'soon',
          hint: 'Check email_addr in [backend printwatch] and the connection to PrintWatch.',
          cause,
        });
      }
      await memory.save({ mailed: { incidentId, level } });
    },
    close: async () => {},
    tell: async () => {},
  };
}
