import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createAgentEventChannel } from '../../src/alerts/agent-event.ts';
import { createConsoleChannel } from '../../src/alerts/console.ts';
import { createPromptChannel } from '../../src/alerts/prompt.ts';
import { AlertError } from '../../src/core/errors.ts';
import type { Alert } from '../../src/core/types.ts';

const { signal } = new AbortController();
const alert: Alert = {
  incidentId: 'a1',
  level: 'failing',
  title: 'Lookout: print failing, paused',
  lines: ['Trouble seen for 60 s.', 'The print is paused.'],
  answers: ['resume', 'cancel'],
};
const refuse = async () => {
  throw new Error('Klipper is not ready');
};

describe('the console channel', () => {
  const setUp = () => {
    const scripts: string[] = [];
    const channel = createConsoleChannel({
      runGcode: async (script) => {
        scripts.push(script);
      },
      redLine: (text) => `red ${text}`,
      plainLine: (text) => `plain ${text}`,
    });
    return { channel, scripts };
  };

  it('writes an alert as one red line, and the same alert not again', async () => {
    const { channel, scripts } = setUp();
    await channel.raise(alert, null, signal);
    await channel.raise(alert, null, signal);
    await channel.raise({ ...alert, title: 'Lookout: print failing and NOT stopped' }, null, signal);
    assert.deepEqual(scripts, [
      'red Lookout: print failing, paused. Trouble seen for 60 s. The print is paused.',
      'red Lookout: print failing and NOT stopped. Trouble seen for 60 s. The print is paused.',
    ]);
  });

  it('writes good news plainly and bad news in red', async () => {
    const { channel, scripts } = setUp();
    await channel.tell({ level: 'info', text: 'sees again' }, signal);
    await channel.tell({ level: 'warning', text: 'blind' }, signal);
    assert.deepEqual(scripts, ['plain sees again', 'red blind']);
  });

  it('rejects with ALERT_NOT_SENT and what printer.cfg needs', async () => {
    const channel = createConsoleChannel({ runGcode: refuse, redLine: String, plainLine: String });
    await assert.rejects(channel.raise(alert, null, signal), (error) => {
      assert.ok(error instanceof AlertError);
      assert.equal(error.code, 'ALERT_NOT_SENT');
      assert.match(error.hint, /\[respond\]/);
      return true;
    });
  });
});

describe('the prompt channel', () => {
  it('hands alerts on and leaves notices to the others', async () => {
    const calls: string[] = [];
    const channel = createPromptChannel({
      raise: async ({ incidentId }) => {
        calls.push(`raise ${incidentId}`);
        return 'waiting';
      },
      close: async (incidentId) => {
        calls.push(`close ${incidentId}`);
      },
    });
    await channel.raise(alert, null, signal);
    await channel.tell({ level: 'error', text: 'no buttons' }, signal);
    await channel.close('a1', signal);
    assert.deepEqual(calls, ['raise a1', 'close a1']);
  });

  it('rejects with ALERT_NOT_SENT', async () => {
    const channel = createPromptChannel({ raise: refuse, close: async () => {} });
    await assert.rejects(channel.raise(alert, null, signal), { code: 'ALERT_NOT_SENT' });
  });
});

describe('the agent event channel', () => {
  it('sends what other programs need, in the names of the JSON world', async () => {
    const events: unknown[] = [];
    const channel = createAgentEventChannel({
      sendEvent: async (event, data) => {
        events.push([event, data]);
      },
    });
    await channel.raise(alert, null, signal);
    await channel.close('a1', signal);
    await channel.tell({ level: 'info', text: 'sees again' }, signal);
    const { title, lines, answers } = alert;
    assert.deepEqual(events, [
      ['alert', { incident_id: 'a1', level: 'failing', title, lines, answers, object: null }],
      ['alert_closed', { incident_id: 'a1' }],
      ['notice', { level: 'info', text: 'sees again' }],
    ]);
  });

  it('rejects with ALERT_NOT_SENT', async () => {
    const channel = createAgentEventChannel({ sendEvent: refuse });
    await assert.rejects(channel.raise(alert, null, signal), { code: 'ALERT_NOT_SENT' });
  });
});
