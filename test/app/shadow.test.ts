// Shadow mode through the loop and the one command path: nothing is done to the printer, and the question outlives a restart.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createControl } from '../../src/app/control.ts';
import { liveLine } from '../../src/app/live-line.ts';
import { aJob, aStore, failing } from '../support/parts.ts';
import { printing, startWatch } from './watch-rig.ts';

const { signal } = new AbortController();
const ended = { kind: 'ended', job: aJob(), how: 'cancelled', message: '' } as const;

function setUp(store = aStore(), print: Parameters<typeof startWatch>[0] = printing) {
  const rig = startWatch(print, store, { mode: 'shadow' });
  const labelled: string[] = [];
  const records = {
    health: { isGood: true, trouble: null, lostFrames: 0, lostSteps: 0 },
    list: async () => [],
    read: async () => null,
    label: async (id: string, answer: string) => {
      if (id !== 'old1') return false;
      labelled.push(`${id} ${answer}`);
      return true;
    },
  };
  const control = createControl({ ...rig, records, version: '1', pictureUrl: null });
  const call = async (method: string, params: unknown = {}) =>
    JSON.parse(JSON.stringify(await control.call(method, params, 'agent', signal)));
  const acts = () => rig.printer.calls.filter((name) => name !== 'sample');
  return { ...rig, call, acts, labelled };
}

describe('a failing print in shadow mode', () => {
  it('goes on untouched; the state says what would have been, and only right and wrong can be answered', async () => {
    const { call, acts, clock, backend, channel, log, watch, end } = setUp();
    backend.answer = failing;
    await clock.advance(120_000);
    assert.deepEqual(acts(), []);
    assert.deepEqual(channel.said, []);
    const status = await call('status');
    assert.match(status.text, /shadow: would have paused at layer 12, 2 min ago/);
    assert.match(liveLine(watch.status(), clock.now().tickMs), /shadow: would have paused/);
    assert.deepEqual([status.mode, status.verdict], ['shadow', 'failing']);
    assert.equal(status.incident.would_have.what, 'pause');
    assert.deepEqual(status.incident.answers, ['right', 'wrong']);
    for (const answer of ['pause', 'resume', 'false-alarm', 'skip-object']) {
      await assert.rejects(call('answer', { answer }), { code: 'CONTROL_NOT_NOW', hint: /lookout\.pause/ });
    }
    assert.ok(log.lines.some(({ message }) => message === 'shadow mode: this would be done now'));
    await call('answer', { answer: 'right' });
    assert.equal((await call('status')).incident.answer, 'right');
    await end();
  });

  it('is paused by a person who orders it', async () => {
    const { call, acts, clock, backend, end } = setUp();
    backend.answer = failing;
    await clock.advance(60_000);
    await call('pause');
    await clock.advance(0);
    assert.ok(acts().includes('pause'));
    await end();
  });

  it('is asked about at its end, again after a restart, and the answer is taken from any way in', async () => {
    const store = aStore();
    const first = setUp(store);
    first.backend.answer = failing;
    await first.clock.advance(60_000);
    first.printer.set(ended);
    await first.clock.advance(0);
    const { id } = (await first.call('status')).questions[0];
    assert.deepEqual(first.channel.said, ['raise Lookout: was this a failure?']);
    await first.end();
    assert.equal(first.channel.said.at(-1), `close ${id}`);

    const second = setUp(store, ended);
    await second.clock.advance(0);
    assert.deepEqual(second.channel.said, ['raise Lookout: was this a failure?']);
    const status = await second.call('status');
    assert.match(status.text, /shadow: 1 question is open/);
    assert.deepEqual(
      status.questions.map(({ opened_at: _at, would_have: would, ...rest }: Record<string, unknown>) => ({
        ...rest,
        would: (would as { what: string }).what,
      })),
      [{ id, level: 'failing', layer: 12, filename: aJob().filename, would: 'pause' }],
    );
    await assert.rejects(second.call('answer', { answer: 'seen' }), { code: 'CONTROL_NOT_FOUND' });
    const taken = await second.call('answer', { answer: 'wrong', incident_id: id });
    assert.deepEqual(taken, { text: taken.text, incident_id: id, answer: 'wrong' });
    assert.deepEqual((await second.call('status')).questions, []);
    const { input, through, before } = second.recorder.steps.at(-1) ?? assert.fail();
    assert.deepEqual([input.kind, through, before.shadow.questions.length], ['answered', 'agent', 1]);
    await second.call('answer', { answer: 'right', incident_id: 'old1' });
    assert.deepEqual(second.labelled, ['old1 right']);
    await assert.rejects(second.call('answer', { answer: 'right' }), { code: 'CONTROL_NOT_FOUND' });
    await second.end();
  });

  it('still owes its question when the host was switched off meanwhile', async () => {
    const store = aStore();
    const first = setUp(store);
    first.backend.answer = failing;
    await first.clock.advance(60_000);
    first.printer.set(ended);
    await first.end();
    store.documents.set('watch', (store.documents.get('watch') ?? '').replace('"boot"', '"another boot"'));
    const second = setUp(store, { kind: 'idle' });
    await second.clock.advance(0);
    assert.deepEqual(second.channel.said, ['raise Lookout: was this a failure?']);
    assert.equal(second.watch.status().state.incidentCount, 0);
    await second.end();
  });
});

describe('a judgement', () => {
  it('of what was really done is kept where it agrees, and refused where it does not', async () => {
    const rig = startWatch(printing);
    const records = {
      health: { isGood: true, trouble: null, lostFrames: 0, lostSteps: 0 },
      list: async () => [],
      read: async () => null,
      label: async () => false,
    };
    const control = createControl({ ...rig, records, version: '1', pictureUrl: null });
    rig.backend.answer = failing;
    await rig.clock.advance(20_000);
    const open = rig.watch.status().state.incident;
    assert.notEqual(open, null);
    await control.call('answer', { answer: 'right' }, 'agent', signal);
    assert.equal(rig.watch.status().state.incident?.answer, open?.answer, 'the alert stays as it is');
    await assert.rejects(control.call('answer', { answer: 'wrong' }, 'agent', signal), {
      code: 'CONTROL_NOT_NOW',
      message: /wrong judges what was seen in shadow mode/,
    });
    await rig.end();
  });
});
