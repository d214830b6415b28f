// The course of a long print stays small, and what it stands for is the worst.
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { decide } from '../../src/core/decide.ts';
import { initialWatchState, type WatchInput } from '../../src/core/watch-state.ts';
import { createPrintTrack } from '../../src/records/print-track.ts';
import { readTrack } from '../../src/records/track-file.ts';
import { options } from '../core/watch-rig.ts';
import { aFolder, job, printing, scored } from './house.ts';

const maxLooks = 40;

/** Follows a print of so many looks, one every 10 s, in a folder. */
async function follow(folder: string, count: number, scoreAt: (index: number) => number, from = 0) {
  const track = createPrintTrack({ folder, bootId: 'b', maxLooks, onEnded: () => {} });
  let state = initialWatchState;
  let tickMs = 1_000_000 + from * 10_000;
  const hear = async (input: WatchInput) => {
    const at = { atMs: 1_700_000_000_000 + tickMs, tickMs };
    const before = state;
    const decision = decide(before, input, at, options);
    state = decision.state;
    await track.add({
      at,
      input,
      before,
      after: state,
      effects: decision.effects,
      gate: null,
      through: null,
    });
  };
  await hear({ kind: 'print-changed', print: printing });
  for (let index = 0; index < count; index += 1) {
    tickMs += 10_000;
    const assessment = scored(scoreAt(from + index));
    await hear({ kind: 'frame-assessed', assessment, job, camera: 'bed', layer: index });
  }
  return {
    track,
    end: () => hear({ kind: 'print-changed', print: { kind: 'ended', job, how: 'complete', message: '' } }),
  };
}

it('keeps so many looks at most, the worst of those that it stands for, and true sums', async (t) => {
  const folder = aFolder(t);
  const scoreAt = (index: number) => (index === 70 ? 0.39 : index === 201 ? 0.38 : 0.1);
  const { track, end } = await follow(folder, 205, scoreAt);
  const id = track.current()?.id ?? '';
  await end();
  const { lines, summary, end: ended } = await readTrack(folder, id);
  const looks = lines.filter((line) => line.kind === 'look');
  assert.ok(looks.length > maxLooks / 2 && looks.length <= maxLooks + 1, `${looks.length}`);
  assert.equal(looks.filter(({ score }) => score === 0.39).length, 1);
  assert.equal(looks.filter(({ score }) => score === 0.38).length, 1);
  assert.ok(looks.every(({ atMs }, index) => index === 0 || atMs > (looks[index - 1]?.atMs ?? 0)));
  assert.equal(summary.looks, 205);
  assert.equal(ended?.how, 'complete');
});

it('goes on in the same file after a kill that cut its last line', async (t) => {
  const folder = aFolder(t);
  const first = await follow(folder, 15, () => 0.1);
  const id = first.track.current()?.id ?? '';
  appendFileSync(join(folder, `${id}.ndjson`), '{"kind":"look","atM');
  const second = await follow(folder, 15, () => 0.2, 15);
  assert.equal(second.track.current()?.id, id);
  await second.end();
  const { lines, summary } = await readTrack(folder, id);
  assert.equal(lines.filter(({ kind }) => kind === 'look').length, 30);
  // The sums of the last five looks before the kill were not written yet.
  assert.equal(summary.looks, 25);
  // A process that ends in peace leaves all of them.
  const third = await follow(folder, 5, () => 0.1, 100);
  await third.track.flush();
  await third.track.flush();
  assert.equal((await readTrack(folder, third.track.current()?.id ?? '')).summary.looks, 5);
  await third.end();
  await third.track.flush();
  assert.equal(readFileSync(join(folder, `${id}.ndjson`), 'utf8').match(/"begin"/g)?.length, 1);
});
