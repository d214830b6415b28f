// When the server is looked after beside the frames, and who hears of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchHealth } from '../../src/backends/open-inference-health.ts';
import { BackendError } from '../../src/core/errors.ts';
import type { Notice, Print } from '../../src/core/types.ts';
import { aJob, aPrinter } from '../support/parts.ts';
import { createQuietLog } from '../support/quiet-log.ts';
import { startClock } from './rig.ts';

const minuteMs = 60_000;
const heating: Print = { kind: 'heating', job: aJob(), pauseFlag: 'none' };
const printing: Print = { kind: 'printing', job: aJob(), pauseFlag: 'none' };
const paused: Print = { kind: 'paused', job: aJob(), by: 'somebody' };
const gone = () =>
  new BackendError('open-inference: ready found nothing that listens', {
    code: 'BACKEND_UNREACHABLE',
    retry: 'soon',
  });

async function start(t: { after(end: () => Promise<void>): void }, print: Print) {
  const clock = startClock();
  const printer = aPrinter(print);
  const notices: Notice[] = [];
  const state = { looks: 0, error: null as Error | null };
  const abort = new AbortController();
  const running = watchHealth(
    printer,
    {
      clock,
      log: createQuietLog(),
      onNotice: (notice) => notices.push(notice),
      checkReady: async () => {
        state.looks += 1;
        if (state.error !== null) throw state.error;
      },
    },
    abort.signal,
  );
  const end = async () => {
    abort.abort(new Error('the service stops'));
    await running;
  };
  t.after(end);
  await clock.advance(0);
  return { clock, printer, notices, state, end };
}

test('asks once a minute while a print heats or is paused, and else not at all', async (t) => {
  const { clock, printer, state } = await start(t, { kind: 'idle' });
  await clock.advance(180 * minuteMs);
  assert.equal(state.looks, 0, 'nothing is printing');
  printer.set(heating);
  await clock.advance(0);
  assert.equal(state.looks, 1, 'at once');
  await clock.advance(3 * minuteMs);
  assert.equal(state.looks, 4);
  printer.set(printing);
  await clock.advance(60 * minuteMs);
  assert.equal(state.looks, 4, 'the frames ask');
  printer.set(paused);
  await clock.advance(minuteMs);
  assert.equal(state.looks, 6);
  printer.set(printing);
  printer.set(paused);
  await clock.advance(0);
  assert.equal(state.looks, 6, 'never more than once a minute');
});

test('the user is told once a print, when it is not ready twice in a row', async (t) => {
  const { clock, printer, notices, state } = await start(t, heating);
  state.error = gone();
  await clock.advance(minuteMs);
  assert.deepEqual(notices, [], 'it may just be restarting');
  await clock.advance(minuteMs);
  assert.deepEqual(notices, [
    {
      level: 'warning',
      text: 'The print cannot be watched yet: open-inference: ready found nothing that listens.',
    },
  ]);
  await clock.advance(30 * minuteMs);
  assert.equal(notices.length, 1);
  printer.set({ ...heating, job: aJob({ startTickMs: 900_000 }) });
  await clock.advance(2 * minuteMs);
  assert.equal(notices.length, 2, 'the next print');
});

test('one failure between good answers is not worth a word', async (t) => {
  const { clock, notices, state } = await start(t, heating);
  for (const error of [gone(), null, gone(), null, gone(), null]) {
    state.error = error;
    await clock.advance(minuteMs);
  }
  assert.deepEqual(notices, []);
});

test('ends with the signal, whatever it is at', async (t) => {
  for (const print of [heating, printing, { kind: 'idle' } as const]) {
    const { clock, end } = await start(t, print);
    await end();
    assert.equal(clock.sleepers(), 0);
  }
});
