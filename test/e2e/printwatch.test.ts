// PrintWatch judges: a failing print is paused once, a young one is left to wait in silence, and a key in use twice is told.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { until } from '../support/until.ts';
import { inScene, scenesAtOnce } from './scene.ts';
import { accessToPrintWatch, callsTo, caughtBy, printwatchKey, startPrintWatch } from './services.ts';
import { seconds } from './tell.ts';

const skip = await whyNoMoonraker();
const chosen = { backend: { use: 'printwatch' } };

describe('a print that PrintWatch watches', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'fails: it is paused once, and PrintWatch hears of the pause',
    inScene({}, async (scene, t) => {
      const service = await startPrintWatch(t);
      const { conf, secrets } = accessToPrintWatch(service);
      scene.lookout.configure({ ...conf, ...chosen }, secrets);
      await scene.startLookout();
      await until('a heartbeat', () => callsTo(service, 'heartbeat').length > 0);
      await scene.startPrint();
      await caughtBy('printwatch', scene, t);
      await until('the event', () => callsTo(service, 'print/event').length > 0);
      const pictures = callsTo(service, 'infer');
      assert.equal(pictures.length, 4, 'as many as it looks back on');
      assert.equal(new Set(pictures.map(({ request }) => request?.['ticket_id'])).size, 1);
      const events = callsTo(service, 'print/event').map(({ request }) => JSON.stringify(request?.['event']));
      assert.equal(events.length, 1);
      assert.match(events[0] ?? '', /"type":"paused"/);
      // PrintWatch has to get to know a printer first.
      const refused = service.calls.filter(({ code }) => code !== 200 && code !== 214);
      assert.deepEqual(refused, [], 'no call breaks a rule of the service');

      await delay(20_000);
      assert.equal(scene.state(), 'paused');
      assert.equal(scene.printer.log.count('PAUSE'), 1);
      assert.equal(callsTo(service, 'infer').length, 4, 'no picture of a print that stands still');
      assert.equal(scene.browser.dialogs().length, 1);
      assert.equal(scene.octoeverywhere.calls.length, 0, 'nobody else gets a picture');
    }),
  );

  it(
    'is too young for PrintWatch: it waits without a word, and then the failure is caught',
    inScene({}, async (scene, t) => {
      const { browser, lookout } = scene;
      const service = await startPrintWatch(t, { startsAfterSec: 70 });
      const { conf, secrets } = accessToPrintWatch(service);
      lookout.configure({ ...conf, ...chosen, detection: { start_after: '2s' } }, secrets);
      await scene.startLookout();
      await scene.startPrint();
      const judged = () => callsTo(service, 'infer').find(({ code }) => code === 200);
      await until('a judgement', judged, 110_000);
      const [early, ...later] = callsTo(service, 'infer');
      assert.equal(early?.code, 213);
      const gapMs = (later[0]?.atMs ?? 0) - (early?.atMs ?? 0);
      assert.ok(gapMs >= 60_000, `asked again after ${seconds(gapMs)}`);
      assert.equal(later.length, 1);
      t.diagnostic(`code 213: one call in ${seconds(gapMs)}`);
      // More than twice `blind_after`.
      assert.equal(lookout.count(/ (WARN|ERROR) /), 0);
      assert.equal(lookout.count(/not yet/), 1, 'one line for one call');
      assert.deepEqual(browser.notices(), [], 'waiting is not blind');
      assert.deepEqual(browser.dialogs(), []);
      await caughtBy('printwatch', scene, t);
    }),
  );

  it(
    'is watched by another client as well: the causes are told once, and nothing is paused',
    inScene({}, async (scene, t) => {
      const { browser, lookout, printer } = scene;
      const service = await startPrintWatch(t);
      const { conf, secrets } = accessToPrintWatch(service);
      lookout.configure({ ...conf, ...chosen }, secrets);
      await scene.startLookout();
      await scene.startPrint();
      const first = await until('a picture', () => callsTo(service, 'infer').at(0), 20_000);
      // A copy of this host's card: the same printer, but another print as far as the service can tell.
      const response = await fetch(`${service.baseUrl}/api/v2/heartbeat`, {
        method: 'POST',
        headers: { 'User-Agent': 'Mozilla/5.0', 'Content-Type': 'application/json' },
        body: JSON.stringify({
          api_key: printwatchKey,
          printer_id: first.request?.['printer_id'],
          ticket_id: 'f'.repeat(32),
          version: '1.2.11',
          state: 0,
        }),
      });
      assert.match(await response.text(), /"statusCode":200/);
      const isRed = (line: string) => line.startsWith('!! ') && /PrintWatch does not judge/.test(line);
      const told = await until('a red line', () => browser.console().find(isRed), 40_000);
      for (const cause of [
        /the key is not valid/,
        /another program uses the id of this printer/,
        /too often/,
      ]) {
        assert.match(told, cause);
      }
      await until('blind', () => browser.notices().some((text) => /blind/.test(text)), 45_000);
      await delay(20_000);
      assert.equal(browser.console().filter(isRed).length, 1);
      assert.equal(scene.state(), 'printing');
      assert.equal(printer.log.count('PAUSE'), 0);
      const crowded = callsTo(service, 'infer').filter(({ code }) => code === 212);
      const gaps = crowded.slice(1).map(({ atMs }, at) => atMs - (crowded[at]?.atMs ?? 0));
      assert.ok(gaps.length >= 2, `${crowded.length} calls were refused`);
      const isLonger = gaps.every((gap, at) => at === 0 || gap > 1.5 * (gaps[at - 1] ?? 0));
      assert.ok(isLonger, `it keeps away longer each time: ${gaps.map(seconds).join(', ')}`);
      t.diagnostic(`code 212: asked again after ${gaps.map(seconds).join(', ')}`);
    }),
  );
});
