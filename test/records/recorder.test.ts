import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { decide } from '../../src/core/decide.ts';
import { initialWatchState, type WatchState } from '../../src/core/watch-state.ts';
import { readTrace } from '../../src/records/trace-schema.ts';
import { aFolder, aHouse, type House, job, printing } from './house.ts';

function traceOf({ folder }: House, id: string) {
  const file = join(folder, 'lookout', 'incidents', id, 'trace.ndjson');
  return readTrace(readFileSync(file, 'utf8'), file);
}

/** Takes every decision of the trace again, and compares. */
function assertReplays(house: House, id: string): void {
  const { parts } = traceOf(house, id);
  for (const { begin, steps } of parts) {
    let state = { ...initialWatchState, ...begin.state } as WatchState;
    for (const step of steps) {
      const decision = decide(state, step.input, step.at, house.options);
      state = decision.state;
      assert.deepEqual(JSON.parse(JSON.stringify(decision.effects)), step.effects);
      assert.equal(state.verdict, step.verdict);
      assert.equal(state.evidence.ms, step.evidenceMs);
      assert.equal(state.incident?.id ?? null, step.incident);
    }
  }
}

describe('the recorder', () => {
  it('keeps of a failing print the frames and the trace from before, and what became of it', async (t) => {
    const house = aHouse(aFolder(t));
    house.hear({ kind: 'print-changed', print: printing });
    await house.looks(20, 0.1);
    await house.looks(5, 1);
    const id = house.state.incident?.id ?? '';
    assert.equal(house.state.incident?.level, 'warning');
    assert.equal(house.recorder.openIncidentId(), id);
    await house.looks(6, 1);
    assert.equal(house.state.incident?.level, 'failing');
    house.hear({ kind: 'print-changed', print: { kind: 'paused', job, by: 'us' } });
    const outcome = { kind: 'done', tookMs: 700, idleTimeoutBeforeS: 600 } as const;
    house.hear({ kind: 'action-finished', incidentId: id, outcome });
    await house.written();
    await house.clock.advance(60_000);
    house.hear({ kind: 'answered', answer: 'false-alarm', incidentId: id });
    house.hear({ kind: 'print-changed', print: printing });
    await house.written();

    const story = await house.records.read(id);
    assert.ok(story !== null);
    assert.equal(story.isOpen, false);
    assert.equal(story.closed?.how, 'resumed');
    assert.deepEqual(
      story.labels.map(({ answer, through }) => [answer, through]),
      [['false-alarm', 'prompt']],
    );
    assert.equal(story.frames.length, 31);
    assert.equal(story.incident.action?.state, 'done');
    assert.equal(story.hasPicture, true);
    assert.equal((await house.records.picture(id, 'picture.jpg'))?.length, 1_000);
    const looks = story.steps.filter(({ input }) => input.kind === 'frame-assessed');
    assert.deepEqual(
      looks.map(({ frame }) => frame),
      story.frames.map(({ name }) => name),
    );
    assert.equal((await house.records.picture(id, story.frames[0]?.name ?? ''))?.length, 1_000);
    assertReplays(house, id);
    assert.deepEqual(house.notices, []);
  });

  it('keeps of a shadow print what would have been done, and what is said of it when it is over', async (t) => {
    const house = aHouse(aFolder(t), {}, { mode: 'shadow' });
    house.hear({ kind: 'print-changed', print: printing });
    await house.looks(2, 0.1);
    await house.looks(15, 1);
    const id = house.state.incident?.id ?? '';
    house.hear({ kind: 'print-changed', print: { kind: 'ended', job, how: 'cancelled', message: '' } });
    await house.written();
    const open = house.records.list();
    assert.equal((await open)[0]?.incident.wouldHave?.what, 'pause');
    assert.ok(house.effects.some(({ kind }) => kind === 'note-would-have'));
    house.hear({ kind: 'answered', answer: 'wrong', incidentId: id });
    house.hear({ kind: 'answered', answer: 'wrong', incidentId: id });
    house.hear({ kind: 'answered', answer: 'right', incidentId: null });
    await house.written();
    const story = await house.records.read(id);
    assert.deepEqual(
      story?.labels.map(({ answer, through }) => [answer, through]),
      [['wrong', 'prompt']],
    );
    assert.equal(story?.closed?.how, 'cancelled');
    assertReplays(house, id);
    // One whose folder is gone is no trouble.
    const { shadow } = house.state;
    const incident = story?.incident ?? assert.fail();
    house.state = { ...house.state, shadow: { ...shadow, questions: [{ ...incident, id: 'gone1' }] } };
    house.hear({ kind: 'answered', answer: 'right', incidentId: 'gone1' });
    await house.written();
    assert.deepEqual(house.notices, []);
  });

  it('keeps of a good print only its track, and of the ring no more than it may', async (t) => {
    const folder = aFolder(t);
    const house = aHouse(folder, { ringBytes: 50_000 });
    house.hear({ kind: 'print-changed', print: printing });
    await house.looks(100, 0.1);
    const names = readdirSync(join(folder, 'ring'));
    assert.ok(names.length > 20 && names.length < 70, `${names.length} files`);
    house.hear({ kind: 'print-changed', print: { kind: 'ended', job, how: 'complete', message: '' } });
    await house.written();
    assert.deepEqual(
      readdirSync(join(folder, 'ring')).filter((name) => name.endsWith('.jpg')),
      [],
    );
    assert.equal(existsSync(join(folder, 'lookout', 'incidents')), false);
    const [print] = await house.records.prints();
    assert.equal(print?.how, 'complete');
    assert.equal(print?.summary.looks, 100);
    assert.equal(print?.summary.incidents, 0);
    assert.deepEqual(house.ended, [print]);
    const before = readdirSync(join(folder, 'ring')).length;
    for (let index = 0; index < 50; index += 1) house.hear({ kind: 'time-passed' });
    await house.written();
    assert.equal(readdirSync(join(folder, 'ring')).length, before, 'nothing is written while nothing prints');
  });

  it('goes on with the same incident and the same print after the process was killed', async (t) => {
    const folder = aFolder(t);
    const first = aHouse(folder);
    first.hear({ kind: 'print-changed', print: printing });
    await first.looks(10, 1);
    const id = first.state.incident?.id ?? '';
    const trace = join(folder, 'lookout', 'incidents', id, 'trace.ndjson');
    writeFileSync(trace, `${readFileSync(trace, 'utf8')}{"kind":"step","at":{"atM`);

    const second = aHouse(folder);
    await second.clock.advance(110_000);
    // What survives a restart; the rest is seen again.
    const { job: known, incident, incidentCount, trouble } = first.state;
    second.state = { ...initialWatchState, job: known, incident, incidentCount, trouble };
    second.hear({ kind: 'restarted' });
    second.hear({ kind: 'print-changed', print: printing });
    await second.looks(3, 1);
    const story = await second.records.read(id);
    assert.equal(story?.frames.length, 13);
    assert.equal(traceOf(second, id).cutLines, 1);
    assert.deepEqual(
      traceOf(second, id).parts.map(({ begin }) => begin.why),
      ['start', 'gap'],
    );
    assertReplays(second, id);
    const prints = await second.records.prints();
    assert.equal(prints.length, 1, 'one print, one track');
    assert.equal(
      (await second.records.print(prints[0]?.id ?? ''))?.lines.filter((line) => line.kind === 'look').length,
      13,
    );
  });

  it('writes everything anew where its folders are deleted under it', async (t) => {
    const folder = aFolder(t);
    const house = aHouse(folder);
    house.hear({ kind: 'print-changed', print: printing });
    await house.looks(6, 1);
    const id = house.state.incident?.id ?? '';
    rmSync(join(folder, 'lookout'), { recursive: true });
    rmSync(join(folder, 'ring'), { recursive: true });
    await house.looks(4, 1);
    assert.equal(house.notices.length, 2, 'said once, and once that it is over');
    await house.looks(2, 1);
    const story = await house.records.read(id);
    assert.ok((story?.frames.length ?? 0) >= 2);
    assert.equal(story?.isOpen, true);
    assertReplays(house, id);
    assert.equal(house.notices.length, 2);
    assert.equal(house.recorder.health.isGood, true);
    assert.equal((await house.records.prints()).length, 1);
  });

  it('keeps one whole story while the wall clock jumps back and ahead by years', async (t) => {
    const house = aHouse(aFolder(t));
    const { atMs } = house.clock.now();
    const year = 31_557_600_000;
    house.hear({ kind: 'print-changed', print: printing });
    await house.looks(6, 0.1);
    // A Raspberry Pi begins in the past and hears the time from the network.
    house.clock.setWall(atMs - 10 * year);
    await house.looks(6, 1);
    house.clock.setWall(atMs + 10 * year);
    await house.looks(6, 1);
    const id = house.state.incident?.id ?? '';
    assert.equal(house.state.incident?.level, 'failing');
    house.hear({ kind: 'print-changed', print: { kind: 'ended', job, how: 'cancelled', message: '' } });
    await house.written();
    const story = await house.records.read(id);
    assert.equal(story?.frames.length, 18);
    assert.equal(story?.isOpen, false);
    assertReplays(house, id);
    const [print, ...others] = await house.records.prints();
    assert.deepEqual([print?.summary.looks, others.length], [18, 0]);
    assert.equal((await house.records.list()).length, 1);
    assert.deepEqual(house.notices, []);
  });

  it('keeps the frames after the opening within their limit', async (t) => {
    const house = aHouse(aFolder(t), { ringBytes: 10_000 }, { onFailure: 'alert' });
    house.hear({ kind: 'print-changed', print: printing });
    await house.looks(40, 1);
    const id = house.state.incident?.id ?? '';
    const story = await house.records.read(id);
    assert.ok(story !== null && story.frames.length <= 20, `${story?.frames.length}`);
    assert.equal(story?.steps.filter(({ input }) => input.kind === 'frame-assessed').length, 40);
  });
});
