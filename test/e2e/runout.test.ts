// A filament runout and an M600 in a print on a real Moonraker: the printer's own business, and no look while they last.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { until } from '../support/until.ts';
import { inScene, scenesAtOnce } from './scene.ts';

const skip = await whyNoMoonraker();
const light = { light_on: 'LAMP_ON', light_off: 'LAMP_OFF', light_wait: '1s' };
const ownMacros = {
  LAMP_ON: () => 'SET_PIN PIN=light VALUE=1',
  LAMP_OFF: () => 'SET_PIN PIN=light VALUE=0',
};

describe('a print that stands still for filament', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'a runout pauses it by itself: nothing is judged or said meanwhile, and after the resume the print is watched on',
    // It looks failed from the start, but only where nothing counts, and it is dark but for the light of the macros.
    inScene(
      {
        printer: { ownMacros },
        conf: { camera: { ...light, ignore: '0.05,0.1,0.95,0.98' }, detection: { start_after: '0s' } },
      },
      async (scene) => {
        const { browser, lookout, octoeverywhere, printer } = scene;
        await scene.startLookout();
        await browser.call('printer.gcode.script', { script: 'SET_PIN PIN=light VALUE=0' });
        await scene.startPrint();
        await lookout.line(/app\/watch: judging frames/, 30_000);
        printer.setFilament(false);
        await scene.untilState('paused');
        await lookout.line(/app\/watch: the print is paused/);
        const mark = lookout.lines.length;
        await delay(1_000);
        const callsBefore = octoeverywhere.calls.length;
        const litBefore = printer.log.count('LAMP_ON');
        await delay(25_000);
        assert.equal(octoeverywhere.calls.length, callsBefore, 'looked at a print that stands still');
        assert.equal(printer.log.count('LAMP_ON'), litBefore, 'lit a print that stands still');
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
        await until(
          'the light to be off',
          () => printer.log.count('LAMP_OFF') === printer.log.count('LAMP_ON'),
        );
        assert.ok(printer.log.count('LAMP_ON') >= 1);
        assert.equal(lookout.count(/CAMERA_TOO_DARK|light is left alone/), 0);
        // The sensor's own, and none of ours.
        assert.equal(printer.log.count('PAUSE'), 1);
      },
    ),
  );

  it(
    'M600 in the file: no picture is taken, lit or judged before the print goes on',
    inScene(
      { print: { events: [{ layer: 10, gcode: 'M600' }] }, conf: { detection: { start_after: '0s' } } },
      async (scene) => {
        const { browser, lookout, octoeverywhere, printer, webcam } = scene;
        const judged = () => octoeverywhere.calls.filter(({ badness }) => badness !== null).length;
        await scene.startLookout();
        await scene.startPrint();
        await until('a picture', () => judged() > 0, 30_000);
        await scene.untilState('paused', 30_000);
        await lookout.line(/app\/watch: the print is paused/);
        await delay(1_000);
        const [taken, before] = [webcam.requests(), octoeverywhere.calls.length];
        // Longer than the service's own interval.
        await delay(22_000);
        assert.deepEqual(webcam.requests(), taken);
        assert.equal(octoeverywhere.calls.length, before);
        assert.deepEqual(browser.dialogs(), []);
        assert.equal(printer.log.count('PAUSE'), 1, "the file's own");
        await browser.call('printer.print.resume');
        const seen = judged();
        await until('a picture of the print that goes on', () => judged() > seen, 30_000);
        assert.equal(scene.state(), 'printing');
      },
    ),
  );
});
