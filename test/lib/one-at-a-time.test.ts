import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneAtATime } from '../../src/lib/one-at-a-time.ts';

const never = new AbortController().signal;

/** Work that ends when it is told to. */
function work() {
  let end = () => {};
  let hasBegun = false;
  const run = () =>
    new Promise<void>((resolve) => {
      hasBegun = true;
      end = resolve;
    });
  return { run, hasBegun: () => hasBegun, end: () => end() };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('the second begins when the first has ended, in good or bad', async () => {
  const turn = oneAtATime();
  const [first, second] = [work(), work()];
  const failing = turn(async () => {
    await first.run();
    throw new Error('no luck');
  }, never);
  const other = turn(second.run, never);
  await settle();
  assert.equal(second.hasBegun(), false);
  first.end();
  await assert.rejects(failing, /no luck/);
  await settle();
  assert.equal(second.hasBegun(), true);
  second.end();
  await other;
});

test('what is called off while it waits is never begun and rejects at once', async () => {
  const turn = oneAtATime();
  const [first, second, third] = [work(), work(), work()];
  const running = turn(first.run, never);
  const abort = new AbortController();
  const waiting = turn(second.run, abort.signal);
  const last = turn(third.run, never);
  const reason = new Error('off');
  abort.abort(reason);
  await assert.rejects(waiting, (error) => error === reason);
  first.end();
  await running;
  await settle();
  assert.deepEqual([second.hasBegun(), third.hasBegun()], [false, true]);
  third.end();
  await last;
});

test('work that is called off while it runs holds its place until it has ended', async () => {
  const turn = oneAtATime();
  const [first, second] = [work(), work()];
  const abort = new AbortController();
  const running = turn(first.run, abort.signal);
  const waiting = turn(second.run, never);
  await settle();
  abort.abort(new Error('off'));
  await assert.rejects(running, /off/);
  await settle();
  assert.equal(second.hasBegun(), false);
  first.end();
  await settle();
  assert.equal(second.hasBegun(), true);
  second.end();
  await waiting;
});

test('a signal that has aborted before', async () => {
  const turn = oneAtATime();
  const first = work();
  await assert.rejects(turn(first.run, AbortSignal.abort(new Error('too late'))), /too late/);
  assert.equal(first.hasBegun(), false);
  assert.equal(await turn(async () => 7, never), 7);
});
