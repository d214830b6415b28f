// What of the watch's state is left after a restart of the process, and what after one of the host.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadWatchState } from '../../src/app/watch-record.ts';
import type { Hold } from '../../src/core/hold.ts';
import { initialWatchState, type WatchState } from '../../src/core/watch-state.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { aJob, aStore } from '../support/parts.ts';
import { createQuietLog } from '../support/quiet-log.ts';

const hold: Hold = { isOff: true, mutes: [{ kind: 'file', filename: 'a.gcode' }] };
const kept: WatchState = { ...initialWatchState, job: aJob(), incidentCount: 2, hold };

async function saved() {
  const parts = { store: aStore(), clock: createFakeClock(), log: createQuietLog() };
  const record = loadWatchState({ ...parts, bootId: 'one' });
  record.keep(kept);
  await record.saved();
  return parts;
}

describe('the state of the watch on disk', () => {
  it('is whole after a restart of the process', async () => {
    const { state } = loadWatchState({ ...(await saved()), bootId: 'one' });
    assert.deepEqual([state.incidentCount, state.hold], [2, hold]);
    assert.equal(state.job?.filename, kept.job?.filename);
  });

  it('holds after a reboot what a person has asked for, and nothing of the print', async () => {
    const { state } = loadWatchState({ ...(await saved()), bootId: 'two' });
    assert.deepEqual(state, { ...initialWatchState, hold });
  });

  it('is read where an older version has written it, and left aside where it is nonsense', async () => {
    const parts = await saved();
    const { savedAt: _, ...older } = parts.store.load('watch') as Record<string, unknown>;
    await parts.store.save('watch', older);
    assert.deepEqual(loadWatchState({ ...parts, bootId: 'two' }).state.hold, hold);
    await parts.store.save('watch', { ...older, state: 7 });
    assert.deepEqual(loadWatchState({ ...parts, bootId: 'one' }).state, initialWatchState);
  });
});
