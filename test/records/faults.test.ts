// Disks as they are in the end: full, in the way, hanging. Watching never waits for them, and what is lost is counted.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { frameName } from '../../src/records/files.ts';
import { until } from '../support/until.ts';
import { aFolder, aHouse, type House, printing, scored } from './house.ts';

/** Runs the test on a small file system of its own; skips it where this user may not mount one. */
async function onSmallDisk(
  t: TestContext,
  folder: string,
  kib: number,
  play: () => Promise<void>,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { status } = spawnSync('mount', [
    '-t',
    'tmpfs',
    '-o',
    `size=${kib}k,nr_inodes=2000`,
    'tmpfs',
    folder,
  ]);
  if (status !== 0) return t.skip('needs to mount a file system');
  try {
    await play();
  } finally {
    spawnSync('umount', ['-l', folder]);
  }
}

function levels({ notices }: House): readonly string[] {
  return notices.map(({ level }) => level);
}

describe('a records folder', () => {
  it('that is full is said once, with what to do, and used again when there is room', async (t) => {
    const folder = aFolder(t);
    await onSmallDisk(t, join(folder, 'lookout'), 400, async () => {
      const house = aHouse(folder, { ringTimeMs: 60_000 });
      house.frameBytes = 20_000;
      house.hear({ kind: 'print-changed', print: printing });
      await house.looks(3, 0.1);
      writeFileSync(join(folder, 'lookout', 'filler'), Buffer.alloc(280 * 1024));
      await house.looks(40, 1);
      assert.deepEqual(levels(house), ['warning']);
      assert.match(
        house.notices[0]?.text ?? '',
        /ENOSPC.*\[RECORD_NOT_WRITTEN\]. The disk is full: make room/s,
      );
      assert.equal(house.recorder.health.isGood, false);
      assert.equal(house.state.incident?.level, 'failing', 'the print is judged all the same');
      rmSync(join(folder, 'lookout', 'filler'));
      await house.looks(4, 1);
      assert.deepEqual(levels(house), ['warning', 'info']);
      const story = await house.records.read(house.state.incident?.id ?? '');
      assert.ok((story?.steps.length ?? 0) > 0);
      assert.equal((await house.records.prints())[0]?.summary.looks, 47);
    });
  });

  it('on a disk with little room left is not written to', async (t) => {
    const folder = aFolder(t);
    const house = aHouse(folder, { minFreeBytes: Number.MAX_SAFE_INTEGER });
    house.hear({ kind: 'print-changed', print: printing });
    await house.looks(6, 1);
    assert.match(house.notices[0]?.text ?? '', /only \d+ MB of the disk are free.*The disk is full/s);
    assert.deepEqual(readdirSync(join(folder, 'lookout', 'incidents')), []);
  });

  it('that is read-only is said once, with what to do, and used again when it is not', async (t) => {
    const folder = aFolder(t);
    const path = join(folder, 'lookout');
    await onSmallDisk(t, path, 4_000, async () => {
      const house = aHouse(folder);
      house.hear({ kind: 'print-changed', print: printing });
      await house.looks(3, 0.1);
      // What the kernel does with an SD card that begins to fail.
      assert.equal(spawnSync('mount', ['-o', 'remount,ro', path]).status, 0);
      await house.looks(12, 1);
      assert.deepEqual(levels(house), ['warning']);
      assert.match(house.notices[0]?.text ?? '', /EROFS.*\[RECORD_NOT_WRITTEN\]\. .*read-only/s);
      assert.equal(house.state.incident?.level, 'failing', 'the print is judged all the same');
      assert.equal(spawnSync('mount', ['-o', 'remount,rw', path]).status, 0);
      await house.looks(4, 1);
      assert.deepEqual(levels(house), ['warning', 'info']);
      assert.ok(((await house.records.read(house.state.incident?.id ?? ''))?.steps.length ?? 0) > 0);
    });
  });

  it('of another user is said once, with what to do', async (t) => {
    // Root may write everywhere.
    if (process.getuid?.() === 0) return t.skip('runs as root');
    const folder = aFolder(t);
    mkdirSync(join(folder, 'lookout'), { mode: 0o500 });
    const house = aHouse(folder);
    house.hear({ kind: 'print-changed', print: printing });
    await house.looks(12, 1);
    assert.deepEqual(levels(house), ['warning']);
    assert.match(house.notices[0]?.text ?? '', /EACCES.*\[RECORD_NOT_WRITTEN\]/s);
    assert.equal(house.state.incident?.level, 'failing');
  });

  it('that is a file is said once, and used again when it is a folder', async (t) => {
    const folder = aFolder(t);
    const house = aHouse(folder);
    writeFileSync(join(folder, 'lookout'), '');
    writeFileSync(join(folder, 'ring'), '');
    house.hear({ kind: 'print-changed', print: printing });
    await house.looks(6, 1);
    assert.deepEqual(levels(house), ['warning']);
    await assert.rejects(house.records.list(), { code: 'RECORD_UNREADABLE' });
    rmSync(join(folder, 'lookout'));
    rmSync(join(folder, 'ring'));
    await house.looks(4, 1);
    assert.deepEqual(levels(house), ['warning', 'info']);
    assert.equal((await house.records.list()).length, 1);
  });

  it('on a disk that hangs holds nobody up: what does not fit into the queue is dropped and counted', async (t) => {
    const folder = aFolder(t);
    const house = aHouse(folder);
    house.hear({ kind: 'print-changed', print: printing });
    await house.looks(3, 0.1);
    // The next picture meets a pipe that nobody reads: opening it waits until somebody does.
    const pipe = join(folder, 'ring', frameName(house.clock.now().tickMs));
    rmSync(pipe);
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    house.look(scored(0.1));
    await house.clock.advance(10_000);
    assert.deepEqual(levels(house), ['warning']);
    assert.match(house.notices[0]?.text ?? '', /the disk does not answer/);
    house.frameBytes = 1_000_000;
    const heapMb = () => process.memoryUsage().arrayBuffers / 1e6;
    const before = heapMb();
    for (let index = 0; index < 600; index += 1) {
      await house.clock.advance(10);
      house.look(scored(0.1));
    }
    assert.ok(heapMb() - before < 100, `${heapMb() - before} MB wait`);
    t.diagnostic(JSON.stringify([house.recorder.health, heapMb() - before]));
    const { lostFrames, lostSteps } = house.recorder.health;
    assert.ok(lostFrames > 500 && lostSteps > 100, `${lostFrames} frames, ${lostSteps} steps`);

    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    t.after(() => closeSync(reader));
    rmSync(pipe);
    await until('the queue to be written', () => house.recorder.health.isGood, 30_000);
    await house.written();
    await house.looks(10, 1);
    assert.deepEqual(levels(house), ['warning', 'info']);
    assert.equal(house.recorder.health.lostSteps, lostSteps);
    const story = await house.records.read(house.state.incident?.id ?? '');
    assert.ok((story?.steps.length ?? 0) > 5);
    await house.recorder.run(AbortSignal.abort());
  });
});
