// Everything may end and come back in the middle of a print: Klipper, Moonraker, and lookout itself.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { until } from '../support/until.ts';
import {
  idleTimeouts,
  inScene,
  pausedByLookout,
  type Scene,
  scenesAtOnce,
  untilBadPictures,
} from './scene.ts';
import { tellFigure } from './tell.ts';

const skip = await whyNoMoonraker();
/** From Moonraker's open port to the print being seen again. */
const backLimitMs = 5_000;

/** Starts everything and holds Klipper's lock when the pause is about to be asked for. Returns the way to let go. */
async function pauseAskedFor(scene: Scene): Promise<() => void> {
  await scene.startLookout();
  await scene.startPrint();
  await untilBadPictures(scene, 2);
  const release = scene.printer.holdLock();
  await scene.lookout.line(/acting on a failing print/, 40_000);
  // The call has to reach Klipper's queue.
  await delay(1_000);
  return release;
}

describe('in the middle of a print', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'Klipper restarts: the print is lost, and the next one is watched',
    inScene({}, async (scene) => {
      const { browser, lookout, printer, octoeverywhere } = scene;
      await scene.startLookout();
      await scene.startPrint();
      await untilBadPictures(scene, 1);
      const mark = lookout.lines.length;
      await browser.call('printer.restart');
      await lookout.line(/the printer is not ready/, 10_000, mark);
      await lookout.line(/nothing is printing/, 20_000, mark);
      assert.equal(scene.state(), 'standby');
      await scene.startPrint();
      await scene.untilState('paused', 100_000);
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      await delay(2_000);
      assert.equal(printer.log.count('PAUSE'), 1);
      assert.equal(octoeverywhere.contexts.length, 2, 'one for each print');
    }),
  );

  it(
    'Klipper comes back with an error, which Moonraker tells nobody: it is said, and its end too',
    inScene({}, async (scene) => {
      const { browser, lookout, printer } = scene;
      await scene.startLookout();
      await scene.startPrint();
      await lookout.line(/judging starts/);
      const mark = lookout.lines.length;
      printer.setConfigError("Option 'pin' in section 'fan' must be specified");
      await browser.call('printer.restart');
      await lookout.line(/the printer is not ready: Option 'pin' in section 'fan'/, 15_000, mark);
      printer.setConfigError(null);
      await browser.call('printer.firmware_restart');
      await lookout.line(/nothing is printing/, 15_000, mark);
      await scene.startPrint();
      await lookout.line(/judging frames/, 20_000, mark);
    }),
  );

  for (const { what, signal, awayMs } of [
    { what: 'Moonraker restarts', signal: 'SIGTERM', awayMs: 0 },
    { what: 'Moonraker is killed and comes back', signal: 'SIGKILL', awayMs: 10_000 },
  ] as const) {
    it(
      `${what}: the print goes on and is paused in the end`,
      inScene({}, async (scene, t) => {
        const { browser, lookout, printer, octoeverywhere } = scene;
        await scene.startLookout();
        await scene.startPrint();
        await untilBadPictures(scene, 1);
        const mark = lookout.lines.length;
        const openMs = await scene.restartMoonraker(signal, awayMs);
        assert.equal(scene.state(), 'printing');
        const connected = await lookout.line(/moonraker\/connection: connected/, 20_000, mark);
        const seen = await lookout.line(/judging frames/, 20_000, mark);
        t.diagnostic(`port open → connected: ${((connected.tickMs - openMs) / 1_000).toFixed(1)} s`);
        tellFigure(t, `${what}: port open → subscribed again`, seen.tickMs - openMs, backLimitMs);
        await scene.untilState('paused', 100_000);
        await browser.untilOpen(/^Lookout: print failing, paused$/);
        await delay(2_000);
        assert.equal(printer.log.count('PAUSE'), 1);
        assert.equal(octoeverywhere.contexts.length, 1);
      }),
    );
  }

  it(
    'a second lookout waits for its turn and takes over',
    inScene({}, async (scene, t) => {
      const { browser, lookout, octoeverywhere, printer } = scene;
      const second = scene.addLookout();
      await scene.startLookout();
      second.start();
      await second.line(/another program is connected to Moonraker under our name.*MOONRAKER_NAME_TAKEN/);
      await scene.startPrint();
      await untilBadPictures(scene, 1);
      await delay(10_000);
      assert.equal(second.count(/MOONRAKER_NAME_TAKEN/), 1, 'it is said once');
      assert.equal(octoeverywhere.contexts.length, 1, 'the second does not pay for pictures');
      const stopped = await lookout.stop();
      assert.equal(stopped.code, 0);
      const stoppedMs = performance.now();
      const { tickMs } = await second.line(/judging frames/, 20_000);
      tellFigure(t, 'the first has ended → the second watches', tickMs - stoppedMs, 10_000);
      await scene.untilState('paused', 100_000);
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      await delay(2_000);
      assert.equal(printer.log.count('PAUSE'), 1);
      await second.stop();
    }),
  );

  it(
    'lookout is killed when it has asked for the pause: it comes once',
    inScene({}, async (scene) => {
      const { browser, lookout, printer } = scene;
      const release = await pauseAskedFor(scene);
      assert.equal((await lookout.stop('SIGKILL')).signal, 'SIGKILL');
      release();
      await scene.untilState('paused');
      await scene.startLookout();
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      await delay(5_000);
      assert.equal(scene.state(), 'paused');
      assert.equal(printer.log.count('PAUSE'), 1);
    }),
  );

  it(
    'lookout is killed and back before the pause comes: it comes once',
    inScene({}, async (scene) => {
      const { browser, lookout, printer } = scene;
      const release = await pauseAskedFor(scene);
      await lookout.stop('SIGKILL');
      await scene.startLookout();
      await lookout.line(/alert .*NOT stopped/);
      assert.equal(printer.log.count('PAUSE'), 0);
      release();
      await scene.untilState('paused');
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      await delay(5_000);
      assert.equal(scene.state(), 'paused');
      assert.equal(printer.log.count('PAUSE'), 1);
    }),
  );

  it(
    'lookout is killed after the pause: the dialog comes again, the pause does not',
    inScene({}, async (scene) => {
      const { browser, lookout, octoeverywhere, printer } = scene;
      await pausedByLookout(scene);
      const before = browser.dialogs().length;
      await lookout.stop('SIGKILL');
      await scene.startLookout();
      await lookout.line(/alert .*print failing, paused/);
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      await delay(3_000);
      assert.ok(browser.dialogs().length <= before + 1);
      assert.equal(printer.log.count('PAUSE'), 1);
      // The buttons work for the new process too, and it still knows what Klipper's idle timeout was.
      await browser.press(/^Resume$/);
      await scene.untilState('printing');
      await browser.untilClosed();
      await delay(1_000);
      assert.deepEqual(idleTimeouts(scene), [
        'SET_IDLE_TIMEOUT TIMEOUT=43200',
        'SET_IDLE_TIMEOUT TIMEOUT=600',
      ]);
      assert.equal(octoeverywhere.contexts.length, 1);
    }),
  );

  it(
    'lookout is stopped: the dialog goes, the printer is left alone',
    inScene({}, async (scene, t) => {
      const { browser, lookout, printer } = scene;
      await pausedByLookout(scene);
      await delay(1_000);
      const scripts = printer.log.scripts.length;
      const { code, tookMs } = await lookout.stop('SIGTERM');
      assert.equal(code, 0);
      tellFigure(t, 'SIGTERM → ended', tookMs, 3_000);
      await browser.untilClosed(1_000);
      assert.deepEqual(printer.log.scripts.slice(scripts), ['RESPOND TYPE=command MSG=action:prompt_end']);
      await delay(3_000);
      assert.equal(scene.state(), 'paused');
      // Whoever starts it again sees the dialog again.
      await scene.startLookout();
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      assert.equal(printer.log.count('PAUSE'), 1);
    }),
  );

  it(
    'lookout is stopped while everything hangs: it ends all the same',
    inScene({}, async (scene, t) => {
      const { browser, lookout, octoeverywhere, printer } = scene;
      await scene.startLookout();
      await scene.startPrint();
      await untilBadPictures(scene, 2);
      await browser.untilOpen(/^Lookout: this print may be failing$/);
      octoeverywhere.setFault('hang');
      await until('a call that hangs', () => octoeverywhere.calls.at(-1)?.status === null, 40_000);
      const release = printer.holdLock();
      const { code, tookMs } = await lookout.stop('SIGTERM');
      assert.equal(code, 0);
      // 3 s is what closing the dialog may take.
      tellFigure(t, 'SIGTERM → ended, with the service and Klipper hanging', tookMs, 4_500);
      release();
      await browser.untilClosed();
      assert.equal(scene.state(), 'printing');
      assert.equal(printer.log.count('PAUSE'), 0);
    }),
  );
});
