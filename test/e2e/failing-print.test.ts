// What lookout does about a print: nothing to a good one, one pause to a bad one, and only what the settings say.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { until } from '../support/until.ts';
import { idleTimeouts, inScene, pausedByLookout, scenesAtOnce, untilBadPictures } from './scene.ts';
import { tellCatch } from './tell.ts';

const skip = await whyNoMoonraker();

describe('a print that is watched', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'fails: it is paused once, and the dialog is shown',
    inScene(
      // The defaults of lookout and of the service.
      {
        print: { failsFromLayer: 10 },
        conf: { detection: { start_after: '0s', resume_mute: '5m', blind_after: '5m' } },
        patience: { warnAfterMs: 30_000, pauseAfterMs: 60_000 },
      },
      async (scene, t) => {
        const { browser, lookout, printer, octoeverywhere } = scene;
        await scene.startLookout();
        await scene.startPrint();
        const pausedMs = await scene.untilState('paused', 150_000);
        const dialog = await browser.untilOpen(/^Lookout: print failing, paused$/);
        const shownMs = performance.now();
        await lookout.line(/action ended.* kind=done/);
        tellCatch(t, scene, pausedMs, shownMs);

        assert.deepEqual(dialog.order, [
          ...['begin', 'text', 'text'],
          ...['button_group_start', 'button', 'button', 'button_group_end'],
          ...['footer_button', 'show'],
        ]);
        assert.deepEqual(
          dialog.buttons.map(({ label }) => label),
          ['Resume', 'Cancel print', 'False alarm, go on'],
        );
        assert.match(dialog.texts[0] ?? '', /^octoeverywhere says that the print has very probably failed/);
        const titles = browser.dialogs().map(({ title }) => title);
        assert.deepEqual(titles, ['Lookout: this print may be failing', 'Lookout: print failing, paused']);
        const levels = browser
          .events()
          .filter(({ event }) => event === 'alert')
          .map(({ data }) => data['level']);
        assert.deepEqual(levels, ['warning', 'failing']);
        await until(
          'red lines',
          () => browser.console().filter((line) => line.startsWith('!! ')).length === 2,
        );
        // The bed must stay warm while nobody has come yet: 12 h.
        await until(
          'the idle timeout',
          () => idleTimeouts(scene).at(-1) === 'SET_IDLE_TIMEOUT TIMEOUT=43200',
        );

        const calls = octoeverywhere.calls.length;
        await delay(25_000);
        assert.equal(printer.log.count('PAUSE'), 1);
        assert.equal(scene.state(), 'paused');
        assert.equal(browser.dialogs().length, 2);
        assert.equal(octoeverywhere.calls.length, calls, 'no call is paid for a print that stands still');
        assert.equal(octoeverywhere.contexts.length, 1);
        const refused = octoeverywhere.calls.filter(({ status }) => status !== 200);
        assert.deepEqual(refused, [], 'no call comes too soon');
      },
    ),
  );

  it(
    'is good: nothing happens',
    inScene(
      { print: { layers: 65, failsFromLayer: null }, conf: { detection: { start_after: '0s' } } },
      async ({ browser, lookout, octoeverywhere, printer, ...scene }) => {
        await scene.startLookout();
        await scene.startPrint();
        await scene.untilState('complete', 120_000);
        await lookout.line(/nothing is printing/, 5_000, lookout.lines.length - 1);
        const judged = octoeverywhere.calls.filter(({ kind }) => kind === 'process');
        assert.ok(judged.length >= 3, `${judged.length} pictures were judged`);
        assert.ok(
          judged.every(({ badness }) => badness === 0),
          JSON.stringify(judged),
        );
        assert.equal(octoeverywhere.contexts.length, 1);
        assert.equal(printer.log.count('PAUSE') + printer.log.count('CANCEL_PRINT'), 0);
        assert.deepEqual(browser.dialogs(), []);
        assert.deepEqual(browser.events(), []);
        assert.equal(lookout.count(/ (WARN|ERROR) /), 0);
        const shots = scene.webcam.requests().snapshot;
        await delay(22_000);
        assert.equal(scene.webcam.requests().snapshot, shots, 'nobody looks at an idle printer');
      },
    ),
  );

  it(
    'heats when the pause is due: the pause waits and then holds',
    inScene({ conf: { action: { pause_timeout: '5s' } } }, async (scene) => {
      const { browser, lookout, printer } = scene;
      await scene.startLookout();
      await scene.startPrint();
      await untilBadPictures(scene, 2);
      // As an M109 in the file does.
      const release = printer.holdLock();
      await lookout.line(/acting on a failing print/, 40_000);
      await until('the notice', () => browser.notices().some((text) => /still busy/.test(text)), 15_000);
      assert.equal(scene.state(), 'printing');
      assert.equal(printer.log.count('PAUSE'), 0);
      await delay(5_000);
      assert.equal(browser.notices().filter((text) => /still busy/.test(text)).length, 1);
      release();
      await scene.untilState('paused');
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      await delay(5_000);
      assert.equal(scene.state(), 'paused');
      assert.equal(printer.log.count('PAUSE'), 1);
    }),
  );

  it(
    'has a stale is_paused from before: it is paused all the same',
    inScene({}, async ({ browser, printer, ...scene }) => {
      await scene.startLookout();
      // With nothing printing it only sets the flag, and a PAUSE in the print would do nothing then.
      await browser.call('printer.print.pause');
      await scene.startPrint();
      await scene.untilState('paused', 100_000);
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      const scripts = printer.log.scripts.filter((script) => /PAUSE/.test(script) && !/RESPOND/.test(script));
      assert.deepEqual(scripts, ['PAUSE', 'CLEAR_PAUSE', 'PAUSE']);
      await delay(3_000);
      assert.equal(scene.state(), 'paused');
      assert.equal(printer.log.count('PAUSE'), 2, 'one by the user, one by lookout');
    }),
  );

  it(
    'fails under on_failure: alert: only the dialog comes, and its Pause pauses',
    inScene({ conf: { action: { on_failure: 'alert' } } }, async (scene) => {
      const { browser, printer } = scene;
      await scene.startLookout();
      await scene.startPrint();
      const dialog = await browser.untilOpen(/^Lookout: print failing$/, 100_000);
      assert.deepEqual(
        dialog.buttons.map(({ label }) => label),
        ['Pause', 'Cancel print', 'False alarm, go on'],
      );
      // The service says it again.
      await untilBadPictures(scene, 4);
      await delay(2_000);
      assert.equal(scene.state(), 'printing');
      assert.equal(printer.log.count('PAUSE'), 0);
      assert.equal(browser.dialogs().length, 2, 'the warning and the failure');
      await browser.press(/^Pause$/);
      await scene.untilState('paused');
      await browser.untilClosed();
      assert.equal(printer.log.count('PAUSE'), 1);
    }),
  );

  it(
    'fails under on_failure: cancel: it is cancelled, and the dialog stays until it is seen',
    inScene({ conf: { action: { on_failure: 'cancel' } } }, async ({ browser, printer, ...scene }) => {
      await scene.startLookout();
      await scene.startPrint();
      await scene.untilState('cancelled', 100_000);
      const dialog = await browser.untilOpen(/^Lookout: print failed, cancelled$/);
      assert.deepEqual(
        dialog.buttons.map(({ label }) => label),
        ['Seen'],
      );
      await delay(3_000);
      assert.equal(printer.log.count('CANCEL_PRINT'), 1);
      assert.equal(printer.log.count('PAUSE'), 0);
      await browser.press(/^Seen$/);
      await browser.untilClosed();
    }),
  );

  it(
    'fails under on_failure: gcode: that is run once',
    inScene(
      { conf: { action: { on_failure: 'gcode', failure_gcode: '\n  M117 failed\n  PAUSE' } } },
      async (scene) => {
        await pausedByLookout(scene, /^Lookout: print failing, your G-code was run$/);
        await delay(3_000);
        assert.equal(scene.printer.log.scripts.filter((script) => /M117 failed/.test(script)).length, 1);
        assert.equal(scene.printer.log.count('PAUSE'), 1);
        assert.equal(scene.state(), 'paused');
      },
    ),
  );
});
