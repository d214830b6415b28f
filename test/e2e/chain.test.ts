// Several backends in order: the next one judges and pauses when the first is gone or not ready for work, and the user is told.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { until } from '../support/until.ts';
import { inScene, type Scene, scenesAtOnce } from './scene.ts';
import {
  accessToMlApi,
  accessToPrintWatch,
  callsTo,
  caughtBy,
  startMlApi,
  startPrintWatch,
} from './services.ts';
import { seconds } from './tell.ts';

const skip = await whyNoMoonraker();
const failover = { failover_after: '30s' };

/** The one notice that says who judges now. */
async function changedTo(backend: string, { browser }: Scene, deadlineMs: number): Promise<string> {
  const changes = () => browser.notices().filter((text) => text.includes(' judges the print now.'));
  const told = await until(`${backend} to judge`, () => changes().at(0), deadlineMs);
  assert.ok(told.startsWith(`Lookout: ${backend} judges the print now. `), told);
  assert.equal(changes().length, 1);
  return told;
}

describe('a chain of backends', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'loses its first in the middle of a print: the second pauses it, and the alert names it',
    inScene({}, async (scene, t) => {
      const { browser, lookout, octoeverywhere } = scene;
      const service = await startPrintWatch(t);
      const { conf, secrets } = accessToPrintWatch(service);
      lookout.configure({ ...conf, backend: { use: 'printwatch, octoeverywhere', ...failover } }, secrets);
      await scene.startLookout();
      await scene.startPrint();
      await until('a judgement', () => callsTo(service, 'infer').some(({ code }) => code === 200), 20_000);
      await service.close();
      const killedMs = performance.now();
      assert.equal(octoeverywhere.calls.length, 0, 'one at a time gets pictures');
      const told = await changedTo('octoeverywhere', scene, 60_000);
      assert.match(told, /printwatch is blind: .*\[BACKEND_UNREACHABLE\]/);
      t.diagnostic(`first killed → the second judges: ${seconds(performance.now() - killedMs)}`);
      await caughtBy('octoeverywhere', scene, t);
      t.diagnostic(`first killed → paused by the second: ${seconds(performance.now() - killedMs)}`);
      assert.equal(octoeverywhere.contexts.length, 1);
      const red = browser.console().filter((line) => line.startsWith('!! '));
      assert.ok(
        red.some((line) => line.includes('octoeverywhere judges the print now')),
        red.join('\n'),
      );
    }),
  );

  it(
    'has a first with a wrong key: the second judges from the first picture on',
    inScene({}, async (scene, t) => {
      const { lookout, printer } = scene;
      const [first, second] = [await startPrintWatch(t), await startMlApi(t)];
      const [one, two] = [accessToPrintWatch(first), accessToMlApi(second)];
      lookout.configure(
        { ...one.conf, ...two.conf, backend: { use: 'printwatch, obico', ...failover } },
        { ...two.secrets, 'backend printwatch': { api_key: 'sub_wrong-key' } },
      );
      await scene.startLookout();
      await scene.startPrint();
      const startMs = performance.now();
      const told = await changedTo('obico', scene, 20_000);
      assert.match(told, /printwatch is blind: .*the key is not valid.*\[BACKEND_BAD_KEY\]/);
      t.diagnostic(`print started → the second judges: ${seconds(performance.now() - startMs)}`);
      await caughtBy('obico', scene, t);
      assert.ok(first.calls.length <= 1, 'a key that is wrong is not tried again and again');
      assert.equal(lookout.count(/wrong-key/), 0, 'a key is never logged');
      assert.equal(printer.log.count('PAUSE'), 1);
    }),
  );

  it(
    'has a first that has used up its month: the second judges on',
    inScene({}, async (scene, t) => {
      const { lookout, octoeverywhere } = scene;
      const second = await startMlApi(t);
      const { conf, secrets } = accessToMlApi(second);
      lookout.configure(
        {
          ...conf,
          backend: { use: 'octoeverywhere, obico', ...failover },
          'backend octoeverywhere': { url: octoeverywhere.baseUrl, monthly_calls: '1' },
        },
        secrets,
      );
      await scene.startLookout();
      await scene.startPrint();
      await changedTo('obico', scene, 40_000);
      assert.equal(octoeverywhere.calls.filter(({ kind }) => kind === 'process').length, 1);
      await caughtBy('obico', scene, t);
    }),
  );
});
