import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { RecordError } from '../../src/core/errors.ts';
import { createStore } from '../../src/records/store.ts';
import { createQuietLog } from '../support/quiet-log.ts';

let parent = '';
let folder = '';
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'lookout-store-'));
  folder = join(parent, 'lookout');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

function start() {
  const log = createQuietLog();
  return { store: createStore({ folder }, { log }), log };
}

test('a document is read back, by this store and by the next', async () => {
  const { store, log } = start();
  assert.equal(store.load('watch'), null);
  await store.save('watch', { verdict: 'clear', calls: 3 });
  assert.deepEqual(store.load('watch'), { verdict: 'clear', calls: 3 });
  assert.deepEqual(start().store.load('watch'), { verdict: 'clear', calls: 3 });
  assert.equal(store.load('other'), null);
  assert.deepEqual(log.lines, []);
});

test('nobody else can read them, and nothing else is left in the folder', async () => {
  const { store } = start();
  await store.save('watch', 1);
  await store.save('calls', 2);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(statSync(join(folder, 'watch.json')).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder).sort(), ['calls.json', 'watch.json']);
});

test('saves of one name are done in order, and those that wait become one', async () => {
  const { store } = start();
  const done: number[] = [];
  const saves = Array.from({ length: 100 }, (_, value) =>
    store.save('watch', value).then(() => done.push(value)),
  );
  await Promise.all(saves);
  assert.equal(store.load('watch'), 99);
  assert.deepEqual(
    done,
    Array.from({ length: 100 }, (_, value) => value),
  );
});

test('a save resolves only when its value, or a newer one, is on disk', async () => {
  const { store } = start();
  const first = store.save('watch', 'first');
  const second = store.save('watch', 'second');
  await first;
  assert.ok(['first', 'second'].includes(String(store.load('watch'))));
  await second;
  assert.equal(store.load('watch'), 'second');
});

test('what is saved is the value as it was at the call', async () => {
  const { store } = start();
  const value = { calls: 1 };
  const first = store.save('watch', value);
  value.calls = 2;
  const second = store.save('watch', value);
  value.calls = 3;
  await first;
  await second;
  assert.deepEqual(store.load('watch'), { calls: 2 });
});

for (const [name, content] of [
  ['cut off', '{"verdict":"cl'],
  ['empty', ''],
  ['full of zeros after a power cut', '\0'.repeat(100)],
  ['far too large', `"${'x'.repeat(1_100_000)}"`],
] as const) {
  test(`a document that is ${name} is moved aside and reported once`, async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'watch.json'), content);
    const { store, log } = start();
    assert.equal(store.load('watch'), null);
    assert.equal(store.load('watch'), null);
    assert.equal(readFileSync(join(folder, 'watch.corrupt'), 'utf8'), content);
    assert.equal(log.lines.length, 1);
    assert.equal(log.lines[0]?.level, 'warn');
    const error = log.lines[0]?.fields['error'];
    assert.ok(error instanceof RecordError);
    assert.equal(error.code, 'RECORD_UNREADABLE');
    assert.match(error.hint, /moved to .*watch\.corrupt/);
    await store.save('watch', 1);
    assert.equal(store.load('watch'), 1);
  });
}

test('what is not a readable file is left where it is', () => {
  mkdirSync(join(folder, 'watch.json'), { recursive: true });
  const { store, log } = start();
  assert.equal(store.load('watch'), null);
  assert.ok(existsSync(join(folder, 'watch.json')));
  assert.equal(log.lines.length, 1);
});

/** The error that saving ends in. */
async function failureOf(work: Promise<void>): Promise<RecordError> {
  const error = await work.then(
    () => assert.fail('it was saved'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof RecordError, String(error));
  assert.equal(error.code, 'RECORD_NOT_WRITTEN');
  assert.notEqual(error.hint, '');
  return error;
}

test('a folder that cannot be made rejects, and works once it can be', async () => {
  writeFileSync(folder, 'a file in the way');
  const { store } = start();
  const error = await failureOf(store.save('watch', 1));
  assert.equal(error.retry, 'later');
  assert.ok(error.cause instanceof Error);
  rmSync(folder);
  await store.save('watch', 2);
  assert.equal(store.load('watch'), 2);
});

test('a folder that was taken away meanwhile is made again', async () => {
  const { store } = start();
  await store.save('watch', 1);
  rmSync(folder, { recursive: true });
  await failureOf(store.save('watch', 2));
  await store.save('watch', 3);
  assert.equal(store.load('watch'), 3);
});

test('when the old document cannot be replaced it stays, and no temporary file is left', async () => {
  const { store } = start();
  mkdirSync(join(folder, 'watch.json', 'in the way'), { recursive: true });
  await failureOf(store.save('watch', 1));
  assert.deepEqual(readdirSync(folder), ['watch.json']);
});

test('a failed save does not stop the one that waits behind it', async () => {
  writeFileSync(folder, 'a file in the way');
  const { store } = start();
  const first = store.save('watch', 1);
  const second = store.save('watch', 2);
  await failureOf(first);
  await failureOf(second);
});

// /dev/full answers every write with "no space left", as a full disk does.
test('a full disk is told with what to do', { skip: !existsSync('/dev/full') }, async () => {
  mkdirSync(folder);
  symlinkSync('/dev/full', join(folder, `.watch.${process.pid}.tmp`));
  const { store } = start();
  const error = await failureOf(store.save('watch', 1));
  assert.match(error.hint, /disk is full/);
});

test('a folder of somebody else is told with what to do', { skip: process.getuid?.() === 0 }, async () => {
  mkdirSync(folder);
  chmodSync(folder, 0o500);
  const { store } = start();
  const error = await failureOf(store.save('watch', 1));
  assert.match(error.hint, /may not write/);
});

for (const [name, value] of [
  ['undefined', undefined],
  ['a function', () => 1],
  ['over a megabyte', 'x'.repeat(1_100_000)],
] as const) {
  test(`${name} is not saved`, async () => {
    const { store } = start();
    await store.save('watch', 'old');
    const error = await failureOf(store.save('watch', value));
    assert.equal(error.retry, 'never');
    assert.equal(store.load('watch'), 'old');
  });
}

test('a name that could leave the folder is a defect', async () => {
  const { store } = start();
  for (const name of ['../x', '', 'A', '.x', 'a/b']) {
    assert.throws(() => store.load(name), RangeError);
    await assert.rejects(store.save(name, 1), RangeError);
  }
});

test('temporary files of a process that died long ago are cleared, fresh ones are not', async () => {
  mkdirSync(folder);
  for (const name of ['.watch.1.tmp', '.calls.2.tmp']) writeFileSync(join(folder, name), '');
  utimesSync(join(folder, '.watch.1.tmp'), 1, 1);
  await start().store.save('watch', 1);
  assert.deepEqual(readdirSync(folder).sort(), ['.calls.2.tmp', 'watch.json']);
});
