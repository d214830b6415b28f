// Puts alerts into the bell of Mainsail and Fluidd, where they stay on every page and over a reload. Needs the component in
// Moonraker, and does nothing without it.
import { AlertError } from '../core/errors.ts';
import type { Channel } from '../core/ports.ts';

/** What the bell needs of Moonraker. */
export interface AnnouncementDeps {
  /** Whether the component can be used now. */
  readonly isThere: () => boolean;
  readonly announce: (
    entry: {
      readonly incidentId: string;
      readonly title: string;
      readonly description: string;
      readonly url: string;
      readonly priority: 'normal' | 'high';
    },
    signal: AbortSignal,
  ) => Promise<void>;
  readonly retract: (incidentId: string, signal: AbortSignal) => Promise<void>;
  /** Absolute address of the page that shows it; '' where there is none. */
  readonly pageOf: () => string;
}

/** The one entry for what is said without buttons. No incident is called this: their ids have no dash. */
const noticeId = 'lookout-notice';

/** The bell. A notice of trouble stays there until a plain one says that it is over. Rejects with AlertError `ALERT_NOT_SENT`. */
export function createAnnouncementChannel(deps: AnnouncementDeps): Channel {
  const attempt = async (work: () => Promise<void>) => {
    if (!deps.isThere()) return;
    try {
      await work();
    } catch (cause) {
      throw new AlertError('the announcement was not made', { code: 'ALERT_NOT_SENT', retry: 'soon', cause });
    }
  };
  return {
    name: 'announcement',
    raise: ({ incidentId, level, title, lines }, _picture, signal) =>
      attempt(() => {
        const priority = level === 'failing' ? 'high' : 'normal';
        const description = escapeHtml(lines.join(' '));
        return deps.announce({ incidentId, title, description, url: deps.pageOf(), priority }, signal);
      }),
    close: (incidentId, signal) => attempt(() => deps.retract(incidentId, signal)),
    tell: ({ level, text }, signal) =>
      attempt(() => {
        if (level === 'info') return deps.retract(noticeId, signal);
        const entry = { title: 'Lookout', description: escapeHtml(text), url: deps.pageOf() };
        return deps.announce({ incidentId: noticeId, ...entry, priority: 'normal' }, signal);
      }),
  };
}

/** Both user interfaces show the description as HTML. A file name may hold anything. */
function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
