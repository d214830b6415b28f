// A filament runout in a print on a real Moonraker: the printer's own business, and no look while it lasts.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { inScene, scenesAtOnce } from './scene.ts';

const skip = await whyNoMoonraker();

describe('a filament runout', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'pauses by itself: nothing is judged or said meanwhile, and after the resume the print is watched on',
    inScene({ print: { failsFromLayer: 500 }, conf: { detection: { start_after: '0s' } } }, async (scene) => {
      const { browser, lookout, octoeverywhere, printer } = scene;
      await scene.startLookout();
      await scene.startPrint();
      await lookout.line(/app\/watch: judging frames/, 30_000);
      printer.setFilament(false);
      await scene.untilState('paused');
      await lookout.line(/app\/watch: the print is paused/);
      const mark = lookout.lines.length;
      await delay(1_000);
      const callsBefore = octoeverywhere.calls.length;
      await delay(25_000);
      assert.equal(octoeverywhere.calls.length, callsBefore, 'looked at a print that stands still');
      assert.deepEqual(browser.dialogs(), []);
      printer.setFilament(true);
      await browser.call('printer.print.resume');
      await scene.untilState('printing');
      await lookout.line(/app\/watch: judging frames/, 30_000, mark);
      // The sensor's own, and none of ours.
      assert.equal(printer.log.count('PAUSE'), 1);
    }),
  );
});
