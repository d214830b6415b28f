// Sends alerts as Moonraker agent events, for other programs that listen. They do not wait for Klipper's G-code lock.
import { AlertError } from '../core/errors.ts';
import type { Channel } from '../core/ports.ts';

/** What the channel needs of Moonraker. */
export interface AgentEventDeps {
  /** `connection.send_event`: everybody but us receives `notify_agent_event` with this event and data. */
  readonly sendEvent: (event: string, data: Record<string, unknown>, signal: AbortSignal) => Promise<void>;
}

/** Events `alert` {incident_id, level, title, lines, answers}, `alert_closed` {incident_id}, `notice` {level, text}. */
export function createAgentEventChannel(deps: AgentEventDeps): Channel {
  const send = async (event: string, data: Record<string, unknown>, signal: AbortSignal) => {
    try {
      await deps.sendEvent(event, data, signal);
    } catch (cause) {
      throw new AlertError('the agent event was not sent', { code: 'ALERT_NOT_SENT', retry: 'soon', cause });
    }
  };
  return {
    name: 'event',
    takesQuestions: true,
    raise: ({ incidentId, level, title, lines, answers, object = null }, _picture, signal) =>
      send('alert', { incident_id: incidentId, level, title, lines, answers, object }, signal),
    close: (incidentId, signal) => send('alert_closed', { incident_id: incidentId }, signal),
    tell: ({ level, text }, signal) => send('notice', { level, text }, signal),
  };
}
