// A filament runout in a print on a real Moonraker: the printer's own business, and no look while it lasts.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { until } from '../support/until.ts';
import { inScene, scenesAtOnce } from './scene.ts';

const skip = await whyNoMoonraker();

describe('a filament runout', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'pauses by itself: nothing is judged or said meanwhile, and after the resume the print is watched on',
    // It looks failed from the start, but only where nothing counts.
    inScene(
      { conf: { camera: { ignore: '0.05,0.1,0.95,0.98' }, detection: { start_after: '0s' } } },
      async (scene) => {
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
        const judged = () => octoeverywhere.calls.slice(callsBefore).some((call) => call.badness !== null);
        await until('a picture of the print that goes on', judged, 30_000);
        const badness = octoeverywhere.calls.flatMap((call) => call.badness ?? []);
        assert.ok(badness.length > 0 && Math.max(...badness) < 10, `the service saw it: ${badness}`);
        assert.notEqual(scene.firstBadFrameMs(), null);
        // The sensor's own, and none of ours.
        assert.equal(printer.log.count('PAUSE'), 1);
      },
    ),
  );
});
