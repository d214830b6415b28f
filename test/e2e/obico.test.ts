// Obico's ml_api judges: it only scores, so evidence pauses the print, and its way to our pictures is open while it looks only.
import assert from 'node:assert/strict';
import { createConnection } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { inScene, scenesAtOnce } from './scene.ts';
import { accessToMlApi, caughtBy, startMlApi } from './services.ts';

const skip = await whyNoMoonraker();

/** Whether anybody listens there. */
function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    const settle = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

describe('a print that Obico’s ml_api watches', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'fails: it is paused by evidence, and nothing listens any more',
    inScene({}, async (scene, t) => {
      const { browser, lookout, octoeverywhere } = scene;
      const service = await startMlApi(t);
      const { conf, secrets } = accessToMlApi(service);
      lookout.configure({ ...conf, backend: { use: 'obico' } }, secrets);
      await scene.startLookout();
      await scene.startPrint();
      await caughtBy('obico', scene, t);
      assert.match(
        browser.open()?.texts[0] ?? '',
        /failure score \d+ of 100, failure seen for \d\d of the last \d\d s/,
      );
      const levels = browser
        .events()
        .flatMap(({ data }) => (data['level'] === undefined ? [] : data['level']));
      assert.deepEqual(levels.slice(-2), ['warning', 'failing']);

      const judged = service.calls.filter(({ kind }) => kind === 'judge');
      assert.ok(judged.every(({ status, picture }) => status === 200 && picture !== null));
      const places = judged.map(({ img }) => new URL(img ?? ''));
      assert.equal(new Set(places.map(({ pathname }) => pathname)).size, judged.length, 'no path twice');
      for (const { port } of places) assert.equal(await isOpen(Number(port)), false, `port ${port}`);
      const [first] = places;
      assert.equal(lookout.count(new RegExp(first?.pathname.slice(1) ?? '^')), 0, 'a path is never logged');
      t.diagnostic(`${judged.length} pictures of ${Math.round((judged[0]?.picture?.bytes ?? 0) / 1024)} KiB`);
      // Longer than an interval.
      await delay(12_000);
      assert.equal(service.calls.length, judged.length, 'no picture of a print that stands still');
      assert.equal(octoeverywhere.calls.length, 0, 'nobody else gets a picture');
    }),
  );
});
