import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createLogFile } from '../../src/service/log-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lookout-log-file-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const small = { maxBytes: 100, files: 3 };
/** Thirty bytes, so that three of them fit. */
const line = (text: string | number) => `${String(text).padEnd(29, '.')}\n`;

function start(limits?: typeof small) {
  const file = join(folder, 'lookout.log');
  const troubles: string[] = [];
  const sink = createLogFile(file, (text) => troubles.push(text), limits);
  return { file, troubles, sink, read: (name = 'lookout.log') => readFileSync(join(folder, name), 'utf8') };
}

test('a full file is put aside, and the oldest of them goes', () => {
  const { sink, read, troubles } = start(small);
  for (let number = 1; number <= 11; number += 1) assert.equal(sink.write(line(number)), true);
  assert.deepEqual(readdirSync(folder).sort(), ['lookout.log', 'lookout.log.1', 'lookout.log.2']);
  assert.equal(read(), [10, 11].map(line).join(''));
  assert.equal(read('lookout.log.1'), [7, 8, 9].map(line).join(''));
  assert.equal(read('lookout.log.2'), [4, 5, 6].map(line).join(''));
  assert.deepEqual(troubles, []);
});

test('usually five files of two megabytes are kept, whatever is written', () => {
  const { sink } = start();
  const long = `${'x'.repeat(299_999)}\n`;
  for (let number = 0; number < 60; number += 1) sink.write(long);
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
  assert.equal(sizes.length, 5);
  assert.ok(
    sizes.every((size) => size <= 2_000_000),
    String(sizes),
  );
});

test('what an earlier process has written counts, and is put aside at its end', () => {
  const { sink, read, file } = start(small);
  writeFileSync(file, `${'old'.repeat(32)}\n`);
  sink.write(line('new'));
  assert.equal(read(), line('new'));
  assert.match(read('lookout.log.1'), /^old/);
});

test('it goes on when somebody else deletes, moves or empties the file or one of the old ones', () => {
  const { sink, read, file, troubles } = start(small);
  for (let number = 1; number <= 7; number += 1) sink.write(line(number));
  unlinkSync(`${file}.1`);
  unlinkSync(file);
  sink.write(line('deleted'));
  assert.equal(read(), line('deleted'));
  renameSync(file, join(folder, 'moved'));
  sink.write(line('moved'));
  assert.equal(read(), line('moved'));
  truncateSync(file);
  sink.write(line('emptied'));
  assert.equal(read(), line('emptied'));
  for (let number = 1; number <= 3; number += 1) sink.write(line(number));
  assert.equal(read('lookout.log.1'), ['emptied', 1, 2].map(line).join(''));
  rmSync(folder, { recursive: true });
  sink.write(line('folder'));
  assert.equal(read(), line('folder'));
  assert.deepEqual(troubles, []);
});

test('where nothing can be put aside the file is begun anew in its place', () => {
  const { sink, read, file } = start(small);
  // A folder that is not empty cannot be written over by a file.
  mkdirSync(join(`${file}.1`, 'x'), { recursive: true });
  mkdirSync(join(`${file}.2`, 'x'), { recursive: true });
  for (let number = 1; number <= 5; number += 1) assert.equal(sink.write(line(number)), true);
  assert.equal(read(), [4, 5].map(line).join(''));
});

test('a full disk costs lines, says so once, and says when it is over', () => {
  const { sink, read, file, troubles } = start(small);
  // Every write to it fails as on a full disk.
  symlinkSync('/dev/full', file);
  assert.equal(sink.write(line(1)), false);
  assert.equal(sink.write(line(2)), false);
  unlinkSync(file);
  assert.equal(sink.write(line(3)), true);
  assert.equal(read(), line(3));
  assert.equal(troubles.length, 2);
  assert.match(troubles[0] ?? '', /^log file: ENOSPC/);
  assert.match(troubles[1] ?? '', /works again, lines missing in it: 2/);
});
