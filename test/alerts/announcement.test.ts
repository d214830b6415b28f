import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createAnnouncementChannel } from '../../src/alerts/announcement.ts';
import { AlertError } from '../../src/core/errors.ts';
import type { Alert } from '../../src/core/types.ts';

const { signal } = new AbortController();
const alert: Alert = {
  incidentId: 'a1n1',
  level: 'failing',
  title: 'Lookout: print failing, paused',
  lines: ['It says: <b>spaghetti</b> & more.', 'The print is paused.'],
  answers: ['resume'],
};

function setUp({ isThere = true, isFailing = false } = {}) {
  const calls: unknown[] = [];
  const note = async (...call: unknown[]) => {
    calls.push(call);
    if (isFailing) throw new Error('no');
  };
  const channel = createAnnouncementChannel({
    isThere: () => isThere,
    announce: (entry) => note('announce', entry),
    retract: (incidentId) => note('retract', incidentId),
    pageOf: () => 'http://printer.local:7136',
  });
  return { channel, calls };
}

describe('announcements', () => {
  it('stand in the bell with a link to their page, and go with the alert; text is no HTML there', async () => {
    const { channel, calls } = setUp();
    await channel.raise(alert, null, signal);
    await channel.raise({ ...alert, level: 'warning' }, null, signal);
    await channel.close('a1n1', signal);
    const entry = {
      incidentId: 'a1n1',
      title: alert.title,
      description: 'It says: &lt;b&gt;spaghetti&lt;/b&gt; &amp; more. The print is paused.',
      url: 'http://printer.local:7136',
    };
    assert.deepEqual(calls, [
      ['announce', { ...entry, priority: 'high' }],
      ['announce', { ...entry, priority: 'normal' }],
      ['retract', 'a1n1'],
    ]);
  });

  it('keep a notice of trouble until a plain one says that it is over', async () => {
    const { channel, calls } = setUp();
    await channel.tell({ level: 'warning', text: 'Lookout is blind.' }, signal);
    await channel.tell({ level: 'info', text: 'Lookout sees again.' }, signal);
    assert.deepEqual(calls, [
      [
        'announce',
        {
          incidentId: 'lookout-notice',
          title: 'Lookout',
          description: 'Lookout is blind.',
          url: 'http://printer.local:7136',
          priority: 'normal',
        },
      ],
      ['retract', 'lookout-notice'],
    ]);
  });

  it('are no failure of the channel without the component, and one where it refuses', async () => {
    const without = setUp({ isThere: false });
    await without.channel.raise(alert, null, signal);
    await without.channel.close('a1n1', signal);
    await without.channel.tell({ level: 'error', text: 'x' }, signal);
    assert.deepEqual(without.calls, []);
    const refused = setUp({ isFailing: true });
    await assert.rejects(refused.channel.raise(alert, null, signal), AlertError);
  });
});
