// What was kept, from outside: lists, pictures, late answers, and names that must lead nowhere.
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Print } from '../../src/core/types.ts';
import { createRecords } from '../../src/records/records.ts';
import { retain } from '../../src/records/retention.ts';
import { findRingFolder } from '../../src/records/ring-folder.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { aFolder, aHouse, type House, job, printing, scored } from './house.ts';

const ended = { kind: 'print-changed', print: { kind: 'ended', job, how: 'complete', message: '' } } as const;

/** A print with one incident; another one of the same file a while later, and so on. */
async function prints(house: House, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const next = { ...job, startTickMs: job.startTickMs + index * 3_600_000 };
    house.hear({ kind: 'print-changed', print: { kind: 'printing', job: next, pauseFlag: 'none' } });
    await house.written();
    for (let look = 0; look < 6; look += 1) {
      await house.clock.advance(10_000);
      house.look(scored(1), next);
      await house.written();
    }
    ids.push(house.state.incident?.id ?? '');
    house.hear({ ...ended, print: { ...ended.print, job: next } });
    await house.written();
    await house.clock.advance(3_600_000);
  }
  return ids;
}

describe('the records', () => {
  it('list incidents and prints, the newest first, and go on where one is broken', async (t) => {
    const house = aHouse(aFolder(t));
    const ids = await prints(house, 3);
    const { records } = house;
    assert.deepEqual(
      (await records.list()).map(({ incident }) => incident.id),
      ids.toReversed(),
    );
    const found = await records.prints();
    assert.deepEqual(
      found.map(({ how, summary }) => [how, summary.looks, summary.incidents]),
      Array(3).fill(['complete', 6, 1]),
    );
    assert.ok((found[0]?.startedAtMs ?? 0) > (found[1]?.startedAtMs ?? 0));
    const incidents = join(house.folder, 'lookout', 'incidents');
    writeFileSync(join(incidents, ids[0] ?? '', 'incident.json'), '{"for');
    writeFileSync(join(incidents, 'stray'), '');
    mkdirSync(join(incidents, 'empty'));
    writeFileSync(join(house.folder, 'lookout', 'prints', 'odd.ndjson'), 'x\n');
    assert.equal((await records.list()).length, 2);
    assert.equal((await records.prints()).length, 3);
    await assert.rejects(records.read(ids[0] ?? ''), { code: 'RECORD_UNREADABLE' });
    assert.equal(await records.read('empty'), null);
    writeFileSync(join(incidents, ids[1] ?? '', 'trace.ndjson'), '{"kind":"x"}\n');
    await assert.rejects(records.read(ids[1] ?? ''), { code: 'RECORD_UNREADABLE', message: /line 1/ });
    assert.deepEqual(records.health, { isGood: true, trouble: null, lostFrames: 0, lostSteps: 0 });
  });

  it('show the print that runs up to now, and its course', async (t) => {
    const house = aHouse(aFolder(t));
    house.hear({ kind: 'print-changed', print: printing });
    await house.looks(5, 0.1);
    const [running, ...others] = await house.records.prints();
    assert.deepEqual([running?.endedAtMs, running?.summary.looks, others.length], [null, 5, 0]);
    const story = await house.records.print(running?.id ?? '');
    assert.equal(story?.summary.looks, 5);
    assert.deepEqual(
      story?.lines.map(({ kind }) => kind),
      Array(5).fill('look'),
    );
    const { health, ...rest } = createRecords(join(house.folder, 'lookout'), null, createFakeClock());
    assert.equal(health.isGood, true);
    // From outside only what is on disk is known: the sums come with every tenth look.
    assert.equal((await rest.prints())[0]?.summary.looks, 0);
    assert.equal((await rest.print(running?.id ?? ''))?.lines.length, 5);
  });

  it('lead nowhere else, whatever is asked for', async (t) => {
    const house = aHouse(aFolder(t));
    const [id = ''] = await prints(house, 1);
    const { records } = house;
    writeFileSync(join(house.folder, 'lookout', 'secret.json'), '{}');
    writeFileSync(join(house.folder, 'lookout', 'incidents', id, 'f0000.jpg'), '');
    for (const bad of [
      '',
      '.',
      '..',
      '../lookout',
      '/etc',
      `${id}/`,
      `${id}/../${id}`,
      `${id}\0`,
      id.toUpperCase(),
      'x'.repeat(33),
      'none',
    ]) {
      assert.equal(await records.read(bad), null, bad);
      assert.equal(await records.export(bad), null, bad);
      assert.equal(await records.picture(bad, 'picture.jpg'), null, bad);
      assert.equal(await records.label(bad, 'seen', 'test'), false, bad);
      assert.equal(await records.print(bad), null, bad);
    }
    for (const bad of [
      '',
      '..',
      '../incident.json',
      'incident.json',
      'trace.ndjson',
      'f0000.jpg',
      '/etc/passwd',
      'f000000000001.jpg',
      'picture.jpg\0',
    ]) {
      assert.equal(await records.picture(id, bad), null, bad);
    }
  });

  it('keep an answer that comes days later, but none to an incident that is open', async (t) => {
    const house = aHouse(aFolder(t));
    const [id = ''] = await prints(house, 1);
    assert.equal(await house.records.label(id, 'false-alarm', 'dashboard'), true);
    const next = { ...job, startTickMs: job.startTickMs + 3_600_000 };
    house.hear({ kind: 'print-changed', print: { ...printing, job: next } as Print });
    for (let count = 0; count < 6; count += 1) {
      await house.written();
      await house.clock.advance(10_000);
      house.look(scored(1), next);
    }
    await house.written();
    const open = house.state.incident?.id ?? '';
    assert.notEqual(open, id);
    assert.equal(await house.records.label(open, 'seen', 'dashboard'), false);
    const labels = (await house.records.read(id))?.labels;
    assert.deepEqual(
      labels?.map(({ answer, through }) => [answer, through]),
      [['false-alarm', 'dashboard']],
    );
    for (let count = 0; count < 60; count += 1) await house.records.label(id, 'seen', 'x');
    assert.equal((await house.records.read(id))?.labels.length, 50);
    const outside = createRecords(join(house.folder, 'lookout'), null, house.clock);
    assert.equal(await outside.label(id, 'cancel', 'test'), true);
  });

  it('move an incident of another boot with the same id out of the way', async (t) => {
    const folder = aFolder(t);
    const [id = ''] = await prints(aHouse(folder), 1);
    const house = aHouse(folder, { bootId: 'boot-2' });
    const [again] = await prints(house, 1);
    assert.equal(again, id);
    assert.deepEqual(readdirSync(join(folder, 'lookout', 'incidents')).sort(), [id, `${id}b1`]);
    assert.equal((await house.records.read(id))?.frames.length, 6);
    assert.equal((await house.records.read(`${id}b1`))?.frames.length, 6);
  });

  it('are readable by nobody else', async (t) => {
    const house = aHouse(aFolder(t));
    const [id = ''] = await prints(house, 1);
    const folder = join(house.folder, 'lookout', 'incidents', id);
    for (const name of ['', 'incident.json', 'trace.ndjson', 'picture.jpg', 'frames']) {
      assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
    }
  });
});

describe('what is kept', () => {
  it('is the newest: by days, by MB, and never without the last one or the open ones', async (t) => {
    const house = aHouse(aFolder(t));
    const ids = await prints(house, 5);
    const folder = join(house.folder, 'lookout');
    const left = () => readdirSync(join(folder, 'incidents')).sort();
    const nowMs = house.clock.now().atMs;
    const all = { folder, keepMs: 86_400_000, maxBytes: 1e9 };
    await retain(all, new Set(), nowMs);
    assert.equal(left().length, 5);
    mkdirSync(join(folder, 'incidents', 'broken'));
    await retain({ ...all, keepMs: 3.5 * 3_600_000 }, new Set([ids[0] ?? '']), nowMs);
    assert.deepEqual(left(), [ids[0], ids[2], ids[3], ids[4]].sort());
    assert.equal(readdirSync(join(folder, 'prints')).length, 3);
    await retain({ ...all, maxBytes: 45_000 }, new Set(), nowMs);
    assert.deepEqual(left(), [ids[3], ids[4]].sort());
    await retain({ ...all, maxBytes: 1, keepMs: 1 }, new Set(), nowMs + 1e12);
    assert.deepEqual(left(), [ids[4]]);
    rmSync(folder, { recursive: true });
    await retain(all, new Set(), nowMs);
  });

  it('is looked after at the start, and after each incident', async (t) => {
    const folder = aFolder(t);
    const ids = await prints(aHouse(folder), 2);
    const house = aHouse(folder, { bootId: 'boot-2', keepBytes: 1 });
    const stop = new AbortController();
    const running = house.recorder.run(stop.signal);
    await house.written();
    assert.deepEqual(readdirSync(join(folder, 'lookout', 'incidents')), [ids[1]]);
    stop.abort();
    await running;
  });
});

describe('the ring', () => {
  it('lies where systemd says, else in shared memory that is ours, else on disk', (t) => {
    const root = aFolder(t);
    const sharedMemory = join(root, 'shm');
    const folder = join(root, 'lookout');
    const find = (over: object) =>
      findRingFolder({ where: 'memory', folder, runtimeFolder: null, sharedMemory, ...over });
    const onDisk = join(folder, 'ring');
    assert.equal(find({ where: 'disk' }), onDisk);
    assert.match(
      find({ runtimeFolder: '/run/moonraker-lookout' }),
      /^\/run\/moonraker-lookout\/ring-[0-9a-f]{16}$/,
    );
    assert.equal(find({}), onDisk, 'there is no shared memory');
    mkdirSync(sharedMemory);
    const shared = find({});
    assert.ok(shared.startsWith(join(sharedMemory, 'moonraker-lookout-')));
    assert.equal(existsSync(join(shared, '..')), true);
    assert.notEqual(find({ folder: join(root, 'other') }), shared);
    chmodSync(join(shared, '..'), 0o777);
    assert.equal(find({}), onDisk, 'others could read it');
    rmSync(join(shared, '..'), { recursive: true });
    symlinkSync(root, join(shared, '..'));
    assert.equal(find({}), onDisk, 'somebody leads us elsewhere');
  });
});
