import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { MoonrakerError } from '../../src/core/errors.ts';
import { noSummary } from '../../src/core/print-summary.ts';
import type { PrintRecord } from '../../src/core/track.ts';
import { toScore } from '../../src/core/types.ts';
import { createPrintSummaries } from '../../src/moonraker/print-summaries.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createQuietLog } from '../support/quiet-log.ts';

const print: PrintRecord = {
  ...{
    id: 'x',
    filename: 'a b.gcode',
    startedAtMs: 1_700_000_000_400,
    endedAtMs: 1_700_003_600_000,
    how: 'complete',
  },
  summary: {
    ...noSummary,
    looks: 90,
    calls: 90,
    worstScore: toScore(0.12345),
    failureMs: 61_400,
    blindMs: 5_000,
  },
};

/** A Moonraker with a history and a database in memory. */
function setUp(t: TestContext, jobs: readonly unknown[] = []) {
  const clock = createFakeClock();
  const log = createQuietLog();
  const database = new Map<string, unknown>();
  const calls: string[] = [];
  const house = { isUp: true, hasHistory: true, tell: (_state: unknown) => {}, database, calls, clock, log };
  const connection = {
    onState: (listener: (state: never) => void) => {
      house.tell = listener as never;
      return () => {};
    },
    call: (async (method: string, params: { key?: string; value?: unknown }) => {
      calls.push(method);
      if (!house.isUp || (method.startsWith('server.history') && !house.hasHistory)) {
        throw new MoonrakerError('away', { code: 'MOONRAKER_UNREACHABLE', retry: 'soon' });
      }
      if (method === 'server.history.list') return { jobs };
      if (method === 'server.database.post_item') database.set(params.key ?? '', params.value);
      if (method === 'server.database.delete_item') database.delete(params.key ?? '');
      return { value: Object.fromEntries(database) };
    }) as never,
  };
  const summaries = createPrintSummaries({ connection, clock, log });
  const stop = new AbortController();
  const running = summaries.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await running;
  });
  return { ...house, house, summaries };
}

const job = { job_id: '0000A1', filename: 'a b.gcode', start_time: 1_700_000_001.6, status: 'completed' };

describe('the summary of a print', () => {
  it('goes under its job in the history, without nulls', async (t) => {
    const other = { ...job, job_id: '0000A0', start_time: 1_700_000_100 };
    const { summaries, clock, database } = setUp(t, [{ odd: true }, other, job, { ...job, filename: 'b' }]);
    summaries.add(print);
    await clock.advance(2_000);
    assert.deepEqual([...database.keys()], ['0000A1-1700000002']);
    assert.deepEqual(database.get('0000A1-1700000002'), {
      ...{
        version: 1,
        filename: 'a b.gcode',
        started_at: 1_700_000_000,
        ended_at: 1_700_003_600,
        how: 'complete',
      },
      ...{ looks: 90, calls: 90, incidents: 0, failures: 0, worst_score: 0.123 },
      ...{ failure_s: 61, watched_s: 0, blind_s: 5, muted_s: 0 },
    });
  });

  it('is kept also where there is no history, no such job, or one with an odd id', async (t) => {
    for (const jobs of [[], [{ ...job, start_time: 1_600_000_000 }], [{ ...job, job_id: 'x.y' }]]) {
      const { summaries, clock, database } = setUp(t, jobs);
      summaries.add({ ...print, how: null, endedAtMs: null, summary: { ...print.summary, worstQuality: 3 } });
      await clock.advance(2_000);
      assert.deepEqual([...database.keys()], ['none-1700000000']);
    }
    const { house, summaries, clock, database } = setUp(t);
    house.hasHistory = false;
    summaries.add(print);
    await clock.advance(2_000);
    assert.equal(database.size, 1);
  });

  it('waits for a Moonraker that is away, and no more than 20 do', async (t) => {
    const { house, summaries, clock, database, calls } = setUp(t, [job]);
    house.isUp = false;
    for (let count = 0; count < 25; count += 1) summaries.add({ ...print, startedAtMs: count * 1_000_000 });
    await clock.advance(200_000);
    assert.ok(calls.length < 20, `${calls.length} calls`);
    house.isUp = true;
    house.tell({ kind: 'down' });
    house.tell({ kind: 'up' });
    await clock.advance(2_000);
    assert.equal(database.size, 20);
    const before = calls.length;
    house.tell({ kind: 'up' });
    await clock.advance(600_000);
    assert.equal(calls.length, before, 'nothing is asked while there is nothing to write');
  });

  it('leaves 500, the newest, and touches nothing of others', async (t) => {
    const { summaries, clock, database } = setUp(t, []);
    database.set('settings', { theirs: true });
    for (let count = 0; count < 530; count += 1) database.set(`0000FF-${1_600_000_000 + count}`, {});
    summaries.add(print);
    await clock.advance(2_000);
    assert.equal(database.size, 512);
    assert.equal(database.has('0000FF-1600000019'), false);
    summaries.add(print);
    await clock.advance(2_000);
    assert.equal(database.size, 501);
    assert.ok(database.has('settings') && database.has('none-1700000000'));
    assert.equal(database.has('0000FF-1600000030'), false);
    assert.ok(database.has('0000FF-1600000031'));
  });
});
