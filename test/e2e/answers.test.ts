// What people can answer to a pause, by the dialog or past it, and what lookout makes of it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startService } from '../contract/service.ts';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { until } from '../support/until.ts';
import { idleTimeouts, inScene, pausedByLookout, scenesAtOnce } from './scene.ts';

const skip = await whyNoMoonraker();
/** Of a model that gives one score for the picture. */
const metadata = {
  name: 'dial',
  inputs: [{ name: 'picture', datatype: 'FP32', shape: [1, 3, 32, 32] }],
  outputs: [{ name: 'score', datatype: 'FP64', shape: [1, 1] }],
};

describe('a print that lookout has paused', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'is resumed past us: the dialog goes, and we stay quiet for resume_mute',
    inScene({}, async (scene) => {
      const { browser, octoeverywhere, printer } = scene;
      await pausedByLookout(scene);
      const shownBefore = browser.dialogs().length;
      const callsBefore = octoeverywhere.calls.length;
      await browser.call('printer.print.resume');
      const resumedMs = await scene.untilState('printing');
      await browser.untilClosed(2_000);
      // What Klipper had before.
      await until('the idle timeout', () => idleTimeouts(scene).at(-1) === 'SET_IDLE_TIMEOUT TIMEOUT=600');

      await delay(30_000 - (performance.now() - resumedMs));
      const during = octoeverywhere.calls.slice(callsBefore);
      assert.ok(
        during.some(({ quality }) => quality?.PauseSuggested === true),
        'the service went on suggesting a pause',
      );
      assert.equal(browser.dialogs().length, shownBefore);
      // After that it is told once, because it is still there, but it is not paused again.
      const dialog = await browser.untilOpen(/^Lookout: this print may be failing$/, 40_000);
      assert.match(dialog.texts.join(' '), /You let it go on/);
      await delay(22_000);
      assert.equal(browser.dialogs().length, shownBefore + 1);
      assert.equal(scene.state(), 'printing');
      assert.equal(printer.log.count('PAUSE'), 1);
    }),
  );

  for (const { label, state, command, event } of [
    { label: /^Resume$/, state: 'printing', command: 'RESUME', event: 'answer=resume' },
    { label: /^False alarm/, state: 'printing', command: 'RESUME', event: 'answer=false-alarm' },
    { label: /^Cancel print$/, state: 'cancelled', command: 'CANCEL_PRINT', event: 'answer=cancel' },
  ]) {
    it(
      `is answered with the button ${label.source}`,
      inScene({}, async (scene) => {
        const { browser, lookout, octoeverywhere, printer } = scene;
        await pausedByLookout(scene);
        const shownBefore = browser.dialogs().length;
        const callsBefore = octoeverywhere.calls.length;
        await browser.press(label);
        await scene.untilState(state);
        await browser.untilClosed();
        await lookout.line(new RegExp(`app/watch: answered .*${event}`));
        await lookout.line(/answer carried out .*kind=done/);
        assert.equal(printer.log.count(command), 1);
        if (state === 'printing') {
          const isAsked = () => octoeverywhere.calls.length > callsBefore;
          await until('the next picture', isAsked, 40_000);
        }
        await delay(3_000);
        assert.equal(scene.state(), state);
        assert.equal(browser.dialogs().length, shownBefore);
        assert.equal(printer.log.count('PAUSE'), 1);
      }),
    );
  }

  it(
    'has its dialog closed by its X: it stays paused, and nothing comes again',
    inScene({}, async (scene) => {
      const { browser, lookout } = scene;
      await pausedByLookout(scene);
      const shownBefore = browser.dialogs().length;
      // What Mainsail sends.
      await browser.call('printer.gcode.script', {
        script: 'RESPOND type="command" msg="action:prompt_end"',
      });
      await lookout.line(/answered .*answer=seen/);
      assert.equal((await lookout.stop()).code, 0);
      await scene.startLookout();
      await delay(5_000);
      assert.equal(scene.state(), 'paused');
      assert.equal(browser.dialogs().length, shownBefore);
    }),
  );

  it(
    'is resumed past us: it is left in peace with what it had, and paused again when that grows',
    inScene({}, async (scene, t) => {
      const { browser, lookout, printer } = scene;
      // A model that sees what it is told to see.
      let score = 0.05;
      const service = await startService(({ method }) => ({
        status: 200,
        json:
          method === 'GET'
            ? metadata
            : { outputs: [{ name: 'score', datatype: 'FP64', shape: [1, 1], data: [[score]] }] },
      }));
      t.after(service.close);
      const judged = () => service.requests.filter(({ method }) => method === 'POST').length;
      lookout.configure({
        backend: { use: 'open-inference' },
        'backend open-inference': {
          ...{ url: service.origin, model: 'dial', decoder: 'score', min_interval: '1s' },
        },
        detection: {
          ...{ interval: '2s', start_after: '0s', warn_after: '5s', fail_after: '10s' },
          ...{ resume_mute: '5s', busy_load: '0' },
        },
      });
      await scene.startLookout();
      await scene.startPrint();
      await until('a good picture', () => judged() > 0, 20_000);
      score = 0.75;
      await scene.untilState('paused', 60_000);
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      await lookout.line(/action ended.* kind=done/);

      const seen = judged();
      await browser.call('printer.print.resume');
      await scene.untilState('printing');
      await browser.untilClosed();
      // Past resume_mute it is told once, because it is still there; it would have been enough for a second pause.
      const dialog = await browser.untilOpen(/^Lookout: this print may be failing$/, 40_000);
      assert.match(dialog.texts.join(' '), /You let it go on/);
      await until('more than enough pictures', () => judged() >= seen + 12, 60_000);
      assert.equal(scene.state(), 'printing');
      assert.equal(printer.log.count('PAUSE'), 1);

      score = 0.95;
      await scene.untilState('paused', 60_000);
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      assert.equal(printer.log.count('PAUSE'), 2);
    }),
  );
});
