import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createWaker } from '../../src/moonraker/waker.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const { signal } = new AbortController();

describe('createWaker', () => {
  it('does not wait for what is so already', async () => {
    const clock = createFakeClock();
    assert.equal(await createWaker(clock).wait(() => true, 1000, signal), true);
    assert.equal(clock.sleepers(), 0);
  });

  it('looks again at each wake and lets go of its timer', async () => {
    const clock = createFakeClock();
    const waker = createWaker(clock);
    let isSo = false;
    const waiting = waker.wait(() => isSo, 1000, signal);
    waker.wake();
    assert.equal(clock.sleepers(), 1);
    isSo = true;
    waker.wake();
    assert.equal(await waiting, true);
    assert.equal(clock.sleepers(), 0);
  });

  it('gives up after its time', async () => {
    const clock = createFakeClock();
    const waiting = createWaker(clock).wait(() => false, 1000, signal);
    await clock.advance(1000);
    assert.equal(await waiting, false);
  });

  it('looks a last time at the end', async () => {
    const clock = createFakeClock();
    let isSo = false;
    const waiting = createWaker(clock).wait(() => isSo, 1000, signal);
    isSo = true;
    await clock.advance(1000);
    assert.equal(await waiting, true);
  });

  it('rejects with the reason of the signal, before and during', async () => {
    const clock = createFakeClock();
    const abort = new AbortController();
    const waiting = createWaker(clock).wait(() => false, null, abort.signal);
    abort.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
    await assert.rejects(
      createWaker(clock).wait(() => true, null, abort.signal),
      /enough/,
    );
    assert.equal(clock.sleepers(), 0);
  });
});
