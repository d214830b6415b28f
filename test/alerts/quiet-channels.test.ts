// Channels that cannot be answered: the display, the notifier, and what keeps any of them from repeating itself.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createM117Channel } from '../../src/alerts/m117.ts';
import { onlyNews } from '../../src/alerts/news.ts';
import { createNotifierChannel } from '../../src/alerts/notifier.ts';
import { AlertError } from '../../src/core/errors.ts';
import type { Alert } from '../../src/core/types.ts';
import { toGcodeText } from '../../src/moonraker/console-lines.ts';
import { aChannel, aStore } from '../support/parts.ts';
import { createQuietLog } from '../support/quiet-log.ts';

const { signal } = new AbortController();
const alert: Alert = {
  incidentId: 'a1',
  level: 'warning',
  title: 'Lookout: this print may be failing',
  lines: ['Seen "strands"; for 60 s.', 'Nothing has been done.'],
  answers: ['pause'],
};

describe('the display', () => {
  const setUp = () => {
    const scripts: string[] = [];
    const display = { message: null as string | null, isDead: false };
    const channel = createM117Channel({
      runGcode: async (script) => {
        if (display.isDead) throw new Error('shut down');
        scripts.push(script);
        display.message = script.slice('M117 '.length) || null;
      },
      readMessage: async () => display.message,
      toText: toGcodeText,
    });
    return { channel, scripts, display };
  };

  it('shows the title while the alert is open, and clears what is its own', async () => {
    const { channel, scripts } = setUp();
    await channel.raise(alert, null, signal);
    await channel.tell({ level: 'error', text: 'passing' }, signal);
    await channel.close('a1', signal);
    await channel.close('a1', signal);
    assert.deepEqual(scripts, ['M117 Lookout: this print may be failing', 'M117']);
  });

  it('leaves what another program has written meanwhile', async () => {
    const { channel, scripts, display } = setUp();
    await channel.raise(alert, null, signal);
    display.message = 'Layer 13/200';
    await channel.close('a1', signal);
    assert.equal(scripts.length, 1);
  });

  it('rejects with what printer.cfg needs', async () => {
    const { channel, display } = setUp();
    display.isDead = true;
    await assert.rejects(channel.raise(alert, null, signal), {
      code: 'ALERT_NOT_SENT',
      hint: /display_status/,
    });
  });
});

describe('the notifier', () => {
  const setUp = (hasMacro: boolean, hasComponent = false) => {
    const scripts: string[] = [];
    const calls: string[] = [];
    const channel = createNotifierChannel('my phone', {
      component: {
        isThere: () => hasComponent,
        notify: async (name, message) => {
          if (calls.length > 0) throw new Error("Notifier 'my phone' not found");
          calls.push(`${name}: ${message}`);
        },
      },
      runGcode: async (script) => {
        if (scripts.length > 1) throw new Error('shut down');
        scripts.push(script);
      },
      hasMacro: async () => hasMacro,
      toText: toGcodeText,
    });
    return { channel, scripts, calls };
  };

  it('needs neither macro nor Klipper with the component in Moonraker', async () => {
    const { channel, scripts, calls } = setUp(false, true);
    await channel.tell({ level: 'warning', text: 'Lookout is blind.' }, signal);
    assert.deepEqual([calls, scripts], [['my phone: Lookout is blind.'], []]);
    await assert.rejects(channel.raise(alert, null, signal), {
      message: /my phone/,
      hint: /\[notifier my phone\] in moonraker\.conf/,
    });
  });

  it('calls the macro, in a line that Klipper reads as it is meant', async () => {
    const { channel, scripts } = setUp(true);
    await channel.raise(alert, null, signal);
    await channel.close('a1', signal);
    await channel.tell({ level: 'warning', text: 'blind\nM112' }, signal);
    assert.deepEqual(scripts, [
      `LOOKOUT_NOTIFY NAME="my phone" MSG="Lookout: this print may be failing. Seen 'strands', for 60 s. Nothing has been done."`,
      'LOOKOUT_NOTIFY NAME="my phone" MSG="blind M112"',
    ]);
    await assert.rejects(channel.raise(alert, null, signal), { code: 'ALERT_NOT_SENT' });
  });

  it('sends nothing without the macro, and says what to include', async () => {
    const { channel, scripts } = setUp(false);
    await assert.rejects(channel.raise(alert, null, signal), (error) => {
      assert.ok(error instanceof AlertError);
      assert.match(`${error.message} ${error.hint}`, /LOOKOUT_NOTIFY.*Include lookout\.cfg/);
      return true;
    });
    assert.deepEqual(scripts, []);
  });
});

describe('a channel that says only what is news', () => {
  it('says each level and each outcome of an incident once, also over a restart', async () => {
    const store = aStore();
    const log = createQuietLog();
    const first = aChannel();
    const channel = onlyNews(first, { store, log }, false);
    const failing = { ...alert, level: 'failing', title: 'Lookout: print failing, paused' } as const;
    await channel.raise(alert, null, signal);
    await channel.raise({ ...alert, lines: ['Seen for 90 s.'] }, null, signal);
    await channel.raise(failing, null, signal);
    const second = aChannel();
    const restarted = onlyNews(second, { store, log }, false);
    await restarted.raise(failing, null, signal);
    await restarted.raise({ ...failing, incidentId: 'a2' }, null, signal);
    assert.deepEqual(first.said, [`raise ${alert.title}`, `raise ${failing.title}`]);
    assert.deepEqual(second.said, [`raise ${failing.title}`]);
  });

  it('ends only what it has told, and tells it again after that', async () => {
    const inner = aChannel();
    const channel = onlyNews(inner, { store: aStore(), log: createQuietLog() }, true);
    await channel.close('a1', signal);
    await channel.raise(alert, null, signal);
    await channel.close('a2', signal);
    await channel.close('a1', signal);
    await channel.close('a1', signal);
    await channel.raise(alert, null, signal);
    assert.deepEqual(inner.said, [`raise ${alert.title}`, 'close a1', `raise ${alert.title}`]);
  });

  it('has said it although that cannot be kept, and says again what did not go out', async () => {
    const log = createQuietLog();
    const inner = aChannel();
    const full = { ...aStore(), save: async () => Promise.reject(new Error('the disk is full')) };
    const channel = onlyNews(inner, { store: full, log }, false);
    await channel.raise(alert, null, signal);
    await channel.raise(alert, null, signal);
    assert.equal(inner.said.length, 1);
    assert.equal(log.lines.length, 1);
    const dead = onlyNews(
      { ...inner, raise: async () => Promise.reject(new Error('dead')) },
      { store: aStore(), log },
      false,
    );
    await assert.rejects(dead.raise(alert, null, signal));
    await assert.rejects(dead.raise(alert, null, signal));
  });
});
