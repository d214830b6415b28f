import assert from 'node:assert/strict';
import { it } from 'node:test';
import { loadBackgrounds } from '../../src/app/background-record.ts';
import { type Background, noBackground } from '../../src/core/background.ts';
import { aStore } from '../support/parts.ts';
import { createQuietLog } from '../support/quiet-log.ts';

const known: Background = { ...noBackground('bed', 'obico'), kept: { 17: 0.5 }, fresh: { all: 0.3 } };

/** A store that counts what is written. */
function setUp(document: unknown = null) {
  const store = aStore();
  if (document !== null) store.documents.set('background', JSON.stringify(document));
  let writes = 0;
  const counting = {
    ...store,
    save: async (name: string, value: unknown) => {
      writes += 1;
      await store.save(name, value);
    },
  };
  const open = () => loadBackgrounds({ store: counting, log: createQuietLog() });
  return { open, store, writes: () => writes };
}

it('comes back as it was kept, with the first minute of a print over', async () => {
  const { open } = setUp();
  const first = open();
  assert.deepEqual(first.backgrounds, []);
  first.keep([{ ...known, pending: { 3: 0.4 }, watchedMs: 5_000, agedMs: 3 }]);
  await first.saved();
  const [back] = open().backgrounds;
  assert.deepEqual(back, { ...known, watchedMs: 60_001 });
});

it('is written when it has changed enough, not at every frame', async () => {
  const { open, writes } = setUp();
  const record = open();
  record.keep([noBackground('bed', 'obico')]);
  assert.equal(writes(), 0);
  record.keep([known]);
  record.keep([{ ...known, watchedMs: 10_000 }]);
  record.keep([{ ...known, kept: { 17: 0.41 } }]);
  assert.equal(writes(), 1);
  record.keep([{ ...known, kept: { 17: 0.39 } }]);
  assert.equal(writes(), 2);
  record.keep([{ ...known, kept: { 17: 0.39, 18: 0.2 } }]);
  record.keep([{ ...known, kept: { 17: 0.39, 18: 0.2 }, teachMs: 120_000 }]);
  record.keep([{ ...known, kept: { 17: 0.39, 18: 0.2 }, teachMs: 110_000 }]);
  assert.equal(writes(), 4);
  record.keep([{ ...known, camera: 'nozzle' }]);
  assert.equal(writes(), 5);
  await record.saved();
});

for (const [what, document] of Object.entries({
  'another version': { version: 9, backgrounds: [] },
  'a level that is none': {
    version: 1,
    backgrounds: [{ camera: 'bed', backend: 'obico', kept: { 17: 3 }, fresh: {}, teachMs: 0 }],
  },
  'no document at all': 'hello',
})) {
  it(`learns anew from ${what}`, () => assert.deepEqual(setUp(document).open().backgrounds, []));
}

it('goes on when it cannot be written', async () => {
  const store = { ...aStore(), save: async () => Promise.reject(new Error('disk full')) };
  const record = loadBackgrounds({ store, log: createQuietLog() });
  record.keep([known]);
  await record.saved();
});
