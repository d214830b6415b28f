// Two things at once: somebody or something else acts while lookout does, and neither may spoil the other's work.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { until } from '../support/until.ts';
import { inScene, pausedByLookout, scenesAtOnce, untilBadPictures } from './scene.ts';

const skip = await whyNoMoonraker();
const isFlagSet = (status: Record<string, Record<string, unknown>>) =>
  status['pause_resume']?.['is_paused'] === true;

describe('at the same time as lookout', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'the user cancels: our pause comes too late and leaves no trace',
    inScene({}, async (scene) => {
      const { browser, lookout, printer } = scene;
      await scene.startLookout();
      await scene.startPrint();
      await untilBadPictures(scene, 2);
      const release = printer.holdLock();
      const cancelled = browser.call('printer.print.cancel');
      await lookout.line(/acting on a failing print/, 40_000);
      await delay(1_000);
      release();
      await cancelled;
      await scene.untilState('cancelled');
      await lookout.line(/action ended.* kind=failed/);
      await until('no flag', () => !isFlagSet(printer.status()), 10_000);
      await browser.untilClosed();
      // Left behind, the flag would make a PAUSE in the next print do nothing.
      await scene.startPrint();
      await scene.untilState('printing');
      await browser.call('printer.print.pause');
      await scene.untilState('paused');
    }),
  );

  it(
    'the user pauses: it is one pause, and a resume ends it',
    inScene({}, async (scene) => {
      const { browser, lookout, printer } = scene;
      await scene.startLookout();
      await scene.startPrint();
      await untilBadPictures(scene, 2);
      const release = printer.holdLock();
      const paused = browser.call('printer.print.pause');
      await lookout.line(/acting on a failing print/, 40_000);
      await delay(1_000);
      release();
      await paused;
      await scene.untilState('paused');
      await lookout.line(/action ended.* kind=done/);
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      await browser.press(/^Resume$/);
      await scene.untilState('printing');
      await browser.untilClosed();
      await delay(3_000);
      assert.equal(scene.state(), 'printing');
    }),
  );

  it(
    'somebody stops everything: nothing is paused, and the next print is watched',
    inScene({}, async (scene) => {
      const { browser, lookout, printer } = scene;
      await scene.startLookout();
      await scene.startPrint();
      await untilBadPictures(scene, 2);
      const mark = lookout.lines.length;
      await browser.call('printer.emergency_stop');
      await lookout.line(/the printer is not ready: Shutdown due to/, 10_000, mark);
      // Klipper says `paused` then, and it is not.
      assert.equal(scene.state(), 'paused');
      await delay(22_000);
      assert.equal(printer.log.count('PAUSE'), 0);
      await browser.call('printer.firmware_restart');
      await lookout.line(/nothing is printing/, 20_000, mark);
      await browser.untilClosed();
      await scene.startPrint();
      await scene.untilState('paused', 100_000);
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      assert.equal(printer.log.count('PAUSE'), 1);
    }),
  );

  it(
    'Moonraker restarts while the dialog is open: it comes again and works',
    inScene({}, async (scene) => {
      const { browser, printer } = scene;
      await pausedByLookout(scene);
      await scene.restartMoonraker('SIGTERM');
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      await delay(3_000);
      await browser.press(/^Resume$/);
      await scene.untilState('printing');
      await browser.untilClosed();
      assert.equal(printer.log.count('PAUSE'), 1);
    }),
  );

  it(
    'Moonraker is killed while our pause waits: it comes once',
    inScene({}, async (scene) => {
      const { browser, lookout, printer } = scene;
      await scene.startLookout();
      await scene.startPrint();
      await untilBadPictures(scene, 2);
      const release = printer.holdLock();
      await lookout.line(/acting on a failing print/, 40_000);
      await delay(1_000);
      await scene.restartMoonraker('SIGKILL', 2_000);
      await lookout.line(/moonraker\/connection: connected/, 20_000, lookout.lines.length - 3);
      assert.equal(printer.log.count('PAUSE'), 0);
      release();
      await scene.untilState('paused', 30_000);
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      await delay(5_000);
      assert.equal(scene.state(), 'paused');
      assert.equal(printer.log.count('PAUSE'), 1);
    }),
  );

  it(
    'a macro parks with PAUSE and RESUME: nobody has looked, and the failure is caught',
    inScene(
      { print: { events: [8, 12, 16, 20, 24, 28].map((layer) => ({ layer, gcode: 'M600' })) } },
      async (scene) => {
        const { browser, printer } = scene;
        await scene.startLookout();
        await scene.startPrint();
        for (let parked = 1; parked <= 6; parked += 1) {
          await until(
            'parked',
            () => printer.log.count('M600') === parked && scene.state() === 'paused',
            30_000,
          );
          await delay(500);
          await browser.call('printer.print.resume');
          await scene.untilState('printing');
        }
        await scene.untilState('paused', 100_000);
        await browser.untilOpen(/^Lookout: print failing, paused$/);
        assert.equal(printer.log.count('PAUSE'), 6 + 1);
      },
    ),
  );

  it(
    'the next print of the same file begins at once: it is another print',
    inScene({}, async (scene) => {
      const { browser, octoeverywhere, printer } = scene;
      await scene.startLookout();
      await scene.startPrint();
      await untilBadPictures(scene, 2);
      await browser.untilOpen(/^Lookout: this print may be failing$/);
      await browser.call('printer.print.cancel');
      await scene.startPrint();
      await browser.untilClosed();
      await scene.untilState('paused', 100_000);
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      assert.equal(octoeverywhere.contexts.length, 2);
      assert.equal(printer.log.count('PAUSE'), 1);
    }),
  );
});
