// on_failure: confirm on a real Moonraker: the question ignored, accepted, and left alone.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { inScene, scenesAtOnce } from './scene.ts';

const skip = await whyNoMoonraker();
const conf = { action: { on_failure: 'confirm', confirm_timeout: '12s' } };
const question = /^Lookout: print failing$/;

describe('a print of which lookout asks before it pauses', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'is paused when nobody answers, after the whole time',
    inScene({ conf }, async (scene) => {
      const { browser, printer } = scene;
      await scene.startLookout();
      await scene.startPrint();
      const dialog = await browser.untilOpen(question, 100_000);
      const askedMs = performance.now();
      assert.match(dialog.texts.join(' '), /paused in 12 s, unless you choose Ignore/);
      assert.equal(printer.log.count('PAUSE'), 0);
      const pausedMs = await scene.untilState('paused', 60_000);
      assert.ok(pausedMs - askedMs >= 11_000, `paused after ${pausedMs - askedMs} ms`);
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      assert.equal(printer.log.count('PAUSE'), 1);
    }),
  );

  it(
    'goes on after Ignore',
    inScene({ conf }, async (scene) => {
      const { browser, lookout, printer } = scene;
      await scene.startLookout();
      await scene.startPrint();
      await browser.untilOpen(question, 100_000);
      await browser.press(/^Ignore$/);
      await lookout.line(/app\/watch: answered .*answer=ignore/);
      await browser.untilClosed();
      await delay(25_000);
      assert.equal(scene.state(), 'printing');
      assert.equal(printer.log.count('PAUSE'), 0);
    }),
  );

  it(
    'is paused at once by Pause now',
    inScene({ conf: { action: { on_failure: 'confirm', confirm_timeout: '10m' } } }, async (scene) => {
      const { browser, printer } = scene;
      await scene.startLookout();
      await scene.startPrint();
      await browser.untilOpen(question, 100_000);
      await browser.press(/^Pause now$/);
      await scene.untilState('paused');
      assert.equal(printer.log.count('PAUSE'), 1);
    }),
  );
});
