// The ways to Moonraker and to the camera that are not the usual one: socket file, login, stream, late start.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { inScene, pausedByLookout, scenesAtOnce, untilBadPictures } from './scene.ts';
import { tellFigure } from './tell.ts';

const skip = await whyNoMoonraker();

describe('by another way', { concurrency: scenesAtOnce, skip }, () => {
  it(
    "Moonraker's socket file, without any key",
    inScene({ isKeyNeeded: true }, async (scene, t) => {
      const { browser, lookout, moonraker, printer } = scene;
      lookout.configure({ moonraker: { url: `unix:${moonraker.socketPath}` } });
      await scene.startLookout();
      await scene.startPrint();
      await untilBadPictures(scene, 1);
      const mark = lookout.lines.length;
      const openMs = await scene.restartMoonraker('SIGTERM');
      const { tickMs } = await lookout.line(/judging frames/, 20_000, mark);
      tellFigure(t, 'Moonraker back → seen again over its socket file', tickMs - openMs, 5_000);
      await scene.untilState('paused', 100_000);
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      assert.equal(printer.log.count('PAUSE'), 1);
    }),
  );

  it(
    'a user and a password, also after Moonraker has restarted',
    inScene({ isKeyNeeded: true }, async (scene) => {
      const { browser, lookout } = scene;
      const user = { username: 'watcher', password: 'a-password-of-no-worth' };
      await browser.call('access.post_user', user);
      lookout.configure(
        { moonraker: { username: user.username } },
        { moonraker: { password: user.password } },
      );
      await scene.startLookout();
      const mark = lookout.lines.length;
      await scene.restartMoonraker('SIGKILL');
      await lookout.line(/nothing is printing/, 20_000, mark);
      await scene.startPrint();
      await scene.untilState('paused', 100_000);
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      assert.equal(lookout.count(/a-password/), 0, 'a password is never logged');
    }),
  );

  it(
    'a camera that only streams, turned by 90 degrees',
    inScene({ hasWebcam: false }, async (scene) => {
      const { lookout, webcam } = scene;
      lookout.configure({ camera: { stream_url: webcam.streamUrl, rotation: '90', flip_vertical: 'True' } });
      await pausedByLookout(scene);
      assert.equal(webcam.requests().snapshot, 0);
      const streams = webcam.requests().stream;
      await delay(12_000);
      assert.equal(webcam.requests().stream, streams, 'no picture is fetched of a paused print');
    }),
  );

  it(
    'Moonraker comes after us',
    inScene({}, async (scene, t) => {
      const { browser, lookout, moonraker, printer } = scene;
      await moonraker.stop();
      lookout.start();
      await lookout.line(/cannot connect to Moonraker .*MOONRAKER_UNREACHABLE/);
      // Long enough for the waits between two tries to have grown to their longest.
      await delay(40_000);
      assert.equal(lookout.count(/cannot connect to Moonraker/), 1, 'it is said once');
      const opened = browser.whenOpen();
      await moonraker.start();
      const openMs = await opened;
      const { tickMs } = await lookout.line(/nothing is printing/, 20_000);
      tellFigure(t, 'Moonraker there → followed', tickMs - openMs, 5_000);
      await scene.startPrint();
      await scene.untilState('paused', 100_000);
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      assert.equal(printer.log.count('PAUSE'), 1);
    }),
  );

  it(
    'a webcam that is added while a print runs',
    inScene({ hasWebcam: false }, async (scene) => {
      const { browser, lookout, webcam } = scene;
      await scene.startLookout();
      await scene.startPrint();
      await lookout.line(/CAMERA_NOT_FOUND/, 20_000);
      const entry = {
        name: 'late',
        service: 'mjpegstreamer',
        snapshot_url: webcam.snapshotUrl,
        stream_url: '',
      };
      await browser.call('server.webcams.post_item', entry);
      await scene.untilState('paused', 140_000);
      await browser.untilOpen(/^Lookout: print failing, paused$/);
    }),
  );

  it(
    'switched off: no picture is taken',
    inScene({ conf: { detection: { enabled: 'False' } } }, async (scene) => {
      const { lookout, webcam, octoeverywhere } = scene;
      lookout.start();
      await lookout.line(/watching is switched off/);
      await scene.startPrint();
      await delay(12_000);
      assert.equal(webcam.requests().snapshot, 0);
      assert.equal(octoeverywhere.calls.length, 0);
      assert.equal(scene.state(), 'printing');
    }),
  );
});
