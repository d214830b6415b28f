import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beat } from '../../src/app/heartbeat.ts';
import { pulseOf } from '../../src/app/pulse.ts';
import type { WatchStatus } from '../../src/app/watch.ts';
import { initialWatchState } from '../../src/core/watch-state.ts';
import { createFakeClock } from '../support/fake-clock.ts';

function setUp(watchdogMs: number | null) {
  const clock = createFakeClock();
  const said: string[] = [];
  const status: WatchStatus & { steppedTickMs: number } = {
    print: { kind: 'idle' },
    gate: { kind: 'not-printing' },
    state: initialWatchState,
    mode: 'act',
    assessments: 0,
    calls: 0,
    steppedTickMs: clock.now().tickMs,
  };
  const life = { name: null, restart: () => null, parts: () => ({ watch: { status: () => status } }) };
  const systemd = {
    watchdogMs,
    ready: (text: string) => said.push(`ready ${text}`),
    alive: (text: string) => said.push(`alive ${text}`),
    stopping: () => said.push('stopping'),
  };
  const stop = new AbortController();
  const beating = beat(() => pulseOf([life], clock.now().tickMs), systemd, clock, stop.signal);
  const end = async () => {
    stop.abort();
    await beating;
  };
  return { clock, said, status, end };
}

describe('signs of life', () => {
  it('come twice in each watchdog time, after ready', async () => {
    const { clock, said, status, end } = setUp(40_000);
    await clock.advance(19_000);
    assert.deepEqual(said, ['ready idle · 0 calls']);
    status.steppedTickMs = clock.now().tickMs;
    await clock.advance(21_000);
    assert.equal(said.filter((text) => text.startsWith('alive')).length, 2);
    await end();
    assert.equal(said.at(-1), 'stopping');
  });

  it('end when the loop no longer goes round', async () => {
    const { clock, said, end } = setUp(40_000);
    await clock.advance(3_600_000);
    // Five minutes may be a slow service; more is a hang.
    assert.equal(said.filter((text) => text.startsWith('alive')).length, 15);
    await end();
  });
});
