// Obico's ml_api judges: it only scores, so evidence pauses the print, and its way to our pictures is open while it looks only.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { until } from '../support/until.ts';
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

/** The file prints a second object too, at the back of the bed: some moves in each layer. */
function anotherObject(layers: number): { layer: number; gcode: string }[] {
  const define = 'EXCLUDE_OBJECT_DEFINE NAME=other POLYGON=[[5,190],[40,190],[40,225],[5,225]]';
  const moves = ['G1 X10 Y195 E0.4 F9000', 'G1 X30 Y215 E0.4 F9000'];
  const layer = ['EXCLUDE_OBJECT_START NAME=other', ...moves, 'EXCLUDE_OBJECT_END NAME=other'].join('\n');
  return [
    { layer: 1, gcode: define },
    ...Array.from({ length: layers }, (_, at) => ({ layer: at + 1, gcode: layer })),
  ];
}

describe('a print that Obico’s ml_api watches', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'fails: it is paused by evidence, nothing listens any more, and a false alarm teaches what is seen',
    inScene({}, async (scene, t) => {
      const { browser, lookout, octoeverywhere, printer } = scene;
      const service = await startMlApi(t);
      const { conf, secrets } = accessToMlApi(service);
      // No quiet time after the resume: what goes on then goes on for what was said.
      const detection = { ...conf['detection'], resume_mute: '0s' };
      lookout.configure({ ...conf, backend: { use: 'obico' }, detection }, secrets);
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

      await browser.press(/^False alarm/);
      await scene.untilState('printing');
      // Long enough for a second pause: the scene is as bad as before.
      await until('four more pictures', () => service.calls.length >= judged.length + 5, 70_000);
      assert.equal(scene.state(), 'printing');
      assert.equal(printer.log.count('PAUSE'), 1);
      const taught = readFileSync(
        join(dirname(dirname(lookout.confFile)), 'lookout', 'background.json'),
        'utf8',
      );
      const { backgrounds } = JSON.parse(taught) as { backgrounds: { backend: string; kept: object }[] };
      assert.equal(backgrounds[0]?.backend, 'obico');
      assert.ok(Object.keys(backgrounds[0]?.kept ?? {}).length > 0, 'it is on disk');
    }),
  );

  it(
    'fails in one object of two, which is skipped by its button, and goes on with the other',
    inScene(
      {
        print: { failsFromLayer: 8, events: anotherObject(600) },
      },
      async (scene, t) => {
        const { browser, lookout, printer } = scene;
        const service = await startMlApi(t);
        const { conf, secrets } = accessToMlApi(service);
        lookout.configure(
          {
            ...conf,
            backend: { use: 'obico' },
            'backend obico': { ...conf['backend obico'], min_interval: '1s' },
            detection: {
              ...{ interval: '2s', start_after: '0s', warn_after: '5s', fail_after: '12s' },
              ...{ resume_mute: '5s', busy_load: '0' },
            },
            camera: { bed_corners: '0.164,0.737 0.742,0.966 0.776,0.490 0.404,0.405' },
            dashboard: { enabled: 'True', listen: '127.0.0.1', port: '0' },
          },
          secrets,
        );
        await scene.startLookout();
        const { text } = await lookout.line(/the dashboard is open/);
        const page = `http://127.0.0.1:${/port=(\d+)/.exec(text)?.[1]}/api/v1/state`;
        await scene.startPrint();
        await scene.untilState('paused', 60_000);
        const dialog = await browser.untilOpen(/^Lookout: print failing, paused$/);
        assert.deepEqual(
          dialog.buttons.map(({ label }) => label),
          ['Resume', 'Skip this object', 'Cancel print', 'False alarm, go on'],
        );
        const offer = /^Skip this object leaves out PART and prints the others\.$/;
        assert.ok(
          dialog.texts.some((line) => offer.test(line)),
          dialog.texts.join(' '),
        );
        const shown = JSON.stringify(await (await fetch(page)).json());
        assert.match(shown, /leaves out PART and prints/, 'the page says it too');
        assert.match(shown, /"answers":\["resume","skip-object"/);

        const callsBefore = service.calls.length;
        await browser.press(/^Skip this object$/);
        await scene.untilState('printing');
        await browser.untilClosed();
        const { exclude_object: left } = printer.status();
        assert.deepEqual(left?.['excluded_objects'], ['PART']);
        const { scripts } = printer.log;
        assert.ok(scripts.includes('EXCLUDE_OBJECT NAME=PART'));
        // Skipped first: a resume before it would go on printing what fails.
        await lookout.line(/answer carried out .*answer=skip-object.*kind=done/);
        await lookout.line(/answer carried out .*answer=resume.*kind=done/);
        // The watch goes on, past the quiet time, and what is left of the object is no new failure.
        await until('five more pictures', () => service.calls.length >= callsBefore + 5, 40_000);
        await delay(6_000);
        assert.equal(scene.state(), 'printing');
        assert.equal(printer.log.count('PAUSE'), 1);
      },
    ),
  );
});
