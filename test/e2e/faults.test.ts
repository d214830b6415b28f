// Faults of others: none of them pauses a print, each is told once, and watching goes on when it is over.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { until } from '../support/until.ts';
import { inScene, type Scene, scenesAtOnce } from './scene.ts';

const skip = await whyNoMoonraker();

/** The fault is over: the failure is caught, once. */
async function caughtAfterAll(scene: Scene, deadlineMs: number): Promise<void> {
  await scene.untilState('paused', deadlineMs);
  await scene.browser.untilOpen(/^Lookout: print failing, paused$/);
  await delay(2_000);
  assert.equal(scene.printer.log.count('PAUSE'), 1);
  assert.equal(scene.octoeverywhere.contexts.length, 1);
}

describe('a fault in the middle of a print', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'the camera is dead for a minute: blind is told with its reason, then the failure is caught',
    inScene({ conf: { detection: { start_after: '0s' } } }, async (scene, t) => {
      const { browser, octoeverywhere, webcam } = scene;
      await scene.startLookout();
      await scene.startPrint();
      await until(
        'the first picture',
        () => octoeverywhere.calls.some(({ kind }) => kind === 'process'),
        20_000,
      );
      webcam.setFault('dead');
      const diedMs = performance.now();
      const told = await until('blind', () => browser.notices().find((text) => /blind/.test(text)), 65_000);
      assert.match(told, /it has no usable picture/);
      assert.match(told, /\[CAMERA_UNREACHABLE\]/);
      await delay(60_000 - (performance.now() - diedMs));
      assert.equal(scene.state(), 'printing');
      assert.equal(scene.printer.log.count('PAUSE'), 0);
      webcam.setFault('none');
      const mendedMs = performance.now();
      await until('sees again', () => browser.notices().some((text) => /sees again/.test(text)), 70_000);
      t.diagnostic(`camera back → judged again: ${((performance.now() - mendedMs) / 1_000).toFixed(1)} s`);
      await caughtAfterAll(scene, 60_000);
      assert.equal(browser.notices().filter((text) => /blind/.test(text)).length, 1, 'it is told once');
    }),
  );

  it(
    'the service answers 500 for a minute, then its fallback works: the failure is caught',
    inScene({ conf: { detection: { start_after: '0s' } } }, async (scene) => {
      const { browser, octoeverywhere } = scene;
      await scene.startLookout();
      await scene.startPrint();
      await until(
        'the first picture',
        () => octoeverywhere.calls.some(({ kind }) => kind === 'process'),
        20_000,
      );
      octoeverywhere.setFault('OE_INTERNAL_ERROR', 'both');
      const brokeMs = performance.now();
      const told = await until('blind', () => browser.notices().find((text) => /blind/.test(text)), 65_000);
      assert.match(told, /it gets no judgement of its pictures/);
      await delay(60_000 - (performance.now() - brokeMs));
      assert.equal(scene.state(), 'printing');
      octoeverywhere.setFault('none', 'fallback');
      await until('sees again', () => browser.notices().some((text) => /sees again/.test(text)), 70_000);
      await caughtAfterAll(scene, 60_000);
      const hosts = octoeverywhere.calls.filter(({ kind }) => kind === 'process').map(({ host }) => host);
      assert.deepEqual([...new Set(hosts)], ['primary', 'fallback']);
      assert.deepEqual(hosts.slice(2), hosts.slice(2).fill('fallback'), 'it never goes back');
    }),
  );

  it(
    'the camera sends rubbish of several kinds: no picture of it is judged',
    inScene({}, async (scene) => {
      const { lookout, octoeverywhere, webcam } = scene;
      const codes = {
        html: 'CAMERA_NOT_JPEG',
        truncated: 'CAMERA_TRUNCATED',
        huge: 'CAMERA_TOO_LARGE',
      } as const;
      await scene.startLookout();
      webcam.setFault('html');
      await scene.startPrint();
      await lookout.line(new RegExp(codes.html), 30_000);
      webcam.setFault('truncated');
      await lookout.line(new RegExp(codes.truncated), 30_000);
      webcam.setFault('huge');
      await lookout.line(new RegExp(codes.huge), 30_000);
      assert.equal(scene.state(), 'printing');
      assert.equal(octoeverywhere.calls.length, 0);
      webcam.setFault('none');
      await caughtAfterAll(scene, 120_000);
    }),
  );

  it(
    'the service sends rubbish of several kinds: it never looks like a verdict',
    inScene({}, async (scene) => {
      const { lookout, octoeverywhere, printer } = scene;
      await scene.startLookout();
      await scene.startPrint();
      await until(
        'the first picture',
        () => octoeverywhere.calls.some(({ kind }) => kind === 'process'),
        20_000,
      );
      octoeverywhere.setFault('html');
      await lookout.line(/web page instead of JSON.*BACKEND_BAD_ANSWER/, 40_000);
      octoeverywhere.setFault('wrong-types');
      await lookout.line(/wrong shape.*BACKEND_BAD_ANSWER/, 60_000);
      assert.equal(printer.log.count('PAUSE'), 0);
      octoeverywhere.setFault('none');
      await caughtAfterAll(scene, 120_000);
    }),
  );

  it(
    "OctoEverywhere's key is wrong: it is told once, and nothing is paused",
    inScene({}, async (scene) => {
      const { browser, lookout, octoeverywhere, printer } = scene;
      lookout.configure({}, { 'backend octoeverywhere': { api_key: 'wrong-key' } });
      await scene.startLookout();
      await scene.startPrint();
      const told = await until('the notice', () => browser.notices()[0], 30_000);
      assert.match(told, /the key is not valid.*\[BACKEND_BAD_KEY\].*Put a valid api_key/);
      await delay(45_000);
      assert.equal(browser.notices().length, 1);
      assert.equal(browser.console().filter((line) => line.startsWith('!! ')).length, 1);
      assert.equal(octoeverywhere.calls.length, 1, 'a key that is wrong is not tried again and again');
      assert.deepEqual(browser.dialogs(), []);
      assert.equal(scene.state(), 'printing');
      assert.equal(printer.log.count('PAUSE'), 0);
      assert.equal(lookout.count(/wrong-key/), 0, 'a key is never logged');
    }),
  );

  it(
    "Moonraker's key is wrong: it is said once, and a right one mends it",
    inScene({ isKeyNeeded: true }, async (scene) => {
      const { lookout, moonraker, octoeverywhere, printer } = scene;
      lookout.configure({}, { moonraker: { api_key: 'wrong-key' } });
      lookout.start();
      const { text } = await lookout.line(/MOONRAKER_UNAUTHORIZED/);
      assert.match(text, /Moonraker lets us connect but not in/);
      assert.match(text, /The API key is wrong/);
      await scene.startPrint();
      await delay(20_000);
      assert.equal(lookout.count(/MOONRAKER_UNAUTHORIZED/), 1);
      assert.equal(lookout.count(/wrong-key/), 0);
      assert.equal(octoeverywhere.calls.length, 0);
      assert.equal(scene.state(), 'printing');
      assert.equal((await lookout.stop()).code, 0);
      lookout.configure({}, { moonraker: { api_key: moonraker.apiKeyValue } });
      await scene.startLookout();
      await caughtAfterAll(scene, 100_000);
      assert.equal(printer.log.count('PAUSE'), 1);
    }),
  );
});
