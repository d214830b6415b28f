import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createAnnouncer } from '../../src/app/announce.ts';
import { AlertError } from '../../src/core/errors.ts';
import type { Channel } from '../../src/core/ports.ts';
import type { Alert, Frame } from '../../src/core/types.ts';
import { createQuietLog } from '../support/quiet-log.ts';

const alert: Alert = { incidentId: 'a1', level: 'failing', title: 'T', lines: ['L'], answers: ['seen'] };
const picture: Frame = { jpeg: new Uint8Array(4), width: 4, height: 3, camera: 'bed', atMs: 0, tickMs: 0 };

/** A channel that writes down what it is told and fails while it is broken. */
function aChannel(name: string) {
  const said: string[] = [];
  const say = async (text: string) => {
    said.push(text);
    if (!channel.isBroken) return;
    throw new AlertError('the line is dead', { code: 'ALERT_NOT_SENT', retry: 'soon', hint: 'Mend it.' });
  };
  const channel = {
    name,
    said,
    isBroken: false,
    raise: (raised: Alert, frame: Frame | null) => say(`raise ${raised.title} ${frame?.camera ?? 'blind'}`),
    // As for an e-mail, which cannot be taken back.
    close: async (incidentId: string) => void said.push(`close ${incidentId}`),
    tell: ({ text }: { text: string }) => say(`tell ${text}`),
  } satisfies Channel & Record<string, unknown>;
  return channel;
}

async function settled() {
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
}

describe('the announcer', () => {
  it('gives each channel the alert with the picture, and one that hangs delays no other', async () => {
    const fine = aChannel('fine');
    const hanging: Channel = {
      ...aChannel('hanging'),
      raise: (_alert, _picture, signal) => once(signal, 'abort').then(() => {}),
    };
    const announcer = createAnnouncer([hanging, fine], createQuietLog());
    announcer.raise(alert, picture);
    announcer.close('a1');
    await settled();
    assert.deepEqual(fine.said, ['raise T bed', 'close a1']);
    await announcer.shutDown(null);
  });

  it('tells the others of a dead channel, once per outage, whatever it could do without a line', async () => {
    const dead = aChannel('phone');
    const other = aChannel('console');
    const log = createQuietLog();
    const announcer = createAnnouncer([dead, other], log);
    dead.isBroken = true;
    for (const id of ['a1', 'a2', 'a3']) {
      announcer.raise({ ...alert, incidentId: id }, null);
      announcer.close(id);
    }
    await settled();
    const told = () => other.said.filter((text) => text.startsWith('tell'));
    assert.deepEqual(told(), [
      'tell Lookout could not reach you through "phone": the line is dead. Mend it.',
    ]);
    assert.equal(log.lines.filter(({ level }) => level === 'warn').length, 3);
    dead.isBroken = false;
    announcer.raise(alert, null);
    await settled();
    dead.isBroken = true;
    announcer.tell({ level: 'info', text: 'sees again' });
    await settled();
    assert.equal(told().length, 3);
  });

  it('comes to rest when every channel is dead', async () => {
    const channels = [aChannel('a'), aChannel('b')];
    const announcer = createAnnouncer(channels, createQuietLog());
    for (const channel of channels) channel.isBroken = true;
    announcer.raise(alert, null);
    await settled();
    assert.deepEqual(
      channels.map(({ said }) => said.length),
      [2, 2],
    );
  });

  it('hands a question only to who can answer it', async () => {
    const [dialog, siren] = [aChannel('dialog'), aChannel('siren')];
    const announcer = createAnnouncer([{ ...dialog, takesQuestions: true }, siren], createQuietLog());
    announcer.raise({ ...alert, level: 'question' }, null);
    announcer.raise(alert, null);
    await settled();
    assert.deepEqual([dialog.said, siren.said], [['raise T blind', 'raise T blind'], ['raise T blind']]);
  });

  it('drops what waits and closes what is open when it is shut down', async () => {
    const channel = aChannel('a');
    const announcer = createAnnouncer([channel], createQuietLog());
    announcer.raise(alert, null);
    announcer.tell({ level: 'info', text: 'too late' });
    await announcer.shutDown('a1');
    assert.deepEqual(channel.said, ['raise T blind', 'close a1']);
  });
});
