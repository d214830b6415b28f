// The dashboard as a person uses it, on a real Moonraker: one print that looks fine, fails, is paused, goes on, and is lost from sight.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { inScene, type Scene } from '../e2e/scene.ts';
import { accessToMlApi, startMlApi } from '../e2e/services.ts';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { checkAccess, openPage, startChromium, takePicture, whyNoChromium } from './chromium.ts';

const skip = whyNoChromium === false ? await whyNoMoonraker() : whyNoChromium;

/** Judged every two seconds, so that a failure takes seconds and not minutes. */
const quick = {
  dashboard: { enabled: 'True', listen: '127.0.0.1', port: '0' },
  detection: { interval: '2s', start_after: '0s', warn_after: '5s', fail_after: '12s', resume_mute: '5s' },
};
const print = { layers: 600, layerMs: 1_000, heatMs: 300, failsFromLayer: 12 };
const waitMs = 45_000;

const title = (page: Page) => page.locator('.glance h2');
const untilTitle = (page: Page, wanted: RegExp) =>
  title(page).filter({ hasText: wanted }).waitFor({ timeout: waitMs });
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });

async function startHouse(scene: Scene, t: TestContext): Promise<string> {
  const service = await startMlApi(t);
  const { conf, secrets } = accessToMlApi(service);
  scene.lookout.configure(
    {
      ...conf,
      ...quick,
      backend: { use: 'obico' },
      'backend obico': { ...conf['backend obico'], min_interval: '1s' },
    },
    secrets,
  );
  await scene.startLookout();
  const { text } = await scene.lookout.line(/the dashboard is open/);
  return `http://127.0.0.1:${/port=(\d+)/.exec(text)?.[1]}`;
}

/** Mainsail, as far as the panel can tell: a page of another port that shows it in a frame. */
async function startFrame(t: TestContext, src: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(
      `<!doctype html><html lang="en"><title>UI</title><body style="margin:0"><iframe title="Lookout" src="${src}" style="width:640px;height:430px;border:0"></iframe>`,
    );
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Draws an area and sees it in the file, on the page and in force. */
async function drawArea(page: Page, scene: Scene): Promise<void> {
  await button(page, 'Ignore areas').click();
  const layer = page.getByRole('group', { name: 'Areas that are not judged' });
  const box = await layer.boundingBox();
  assert.ok(box !== null);
  await page.mouse.move(box.x + box.width * 0.75, box.y + box.height * 0.05);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.95, box.y + box.height * 0.35, { steps: 4 });
  await page.mouse.up();
  await button(page, 'Add area').press('Enter');
  const second = page.getByRole('button', { name: /^Area 2/ });
  await second.focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Delete');
  assert.equal(await page.getByRole('button', { name: /^Area \d/ }).count(), 1);
  await drawPolygon(page, box);
  await checkAccess(page, 'while drawing');
  await button(page, 'Save areas').click();
  await page.getByText('Saved.').waitFor();
  const text = readFileSync(scene.lookout.confFile, 'utf8');
  assert.match(
    text,
    /^ignore:\n {4}0\.7\d*,0\.0\d*,0\.9\d*,0\.3\d*\n {4}0\.(2|19)\S+ 0\.1\S+ 0\.(09|08)\S+$/m,
  );
  await page.locator('.overlay .mask').nth(1).waitFor({ state: 'attached' });
}

/** Two corners by mouse and one by keyboard, which is taken back once; Enter again on it closes the polygon. */
async function drawPolygon(
  page: Page,
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): Promise<void> {
  const cross = page.getByRole('button', { name: 'Place a corner here' });
  await button(page, 'Draw polygon').click();
  await cross.waitFor();
  await page.keyboard.press('Escape');
  await cross.waitFor({ state: 'detached' });
  await button(page, 'Draw polygon').click();
  await page.mouse.click(box.x + box.width * 0.2, box.y + box.height * 0.4);
  await page.mouse.click(box.x + box.width * 0.15, box.y + box.height * 0.8);
  await page.getByText(/^2 corners/).waitFor();
  await checkAccess(page, 'while drawing a polygon');
  for (const key of ['ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowUp', 'Enter', 'Backspace', 'Enter'])
    await page.keyboard.press(key);
  await page.getByText(/^3 corners/).waitFor();
  await page.keyboard.press('Enter');
  await cross.waitFor({ state: 'detached' });
  assert.equal(await page.getByRole('button', { name: /^Area \d/ }).count(), 2);
}

/** Everything with the keyboard: from the top of the page to a button, and a question that Escape answers with no. */
async function pauseByKeyboard(page: Page, scene: Scene): Promise<void> {
  const tabTo = async (name: string) => {
    for (let turns = 0; turns < 40; turns += 1) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate('document.activeElement?.textContent')) === name) return;
    }
    throw new Error(`the keyboard does not reach ${name}`);
  };
  await button(page, 'Pause').waitFor();
  await page.evaluate('document.activeElement?.blur()');
  await tabTo('Cancel print');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(scene.state(), 'printing');
  await page.locator('button:focus', { hasText: 'Cancel print' }).waitFor();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await scene.untilState('paused', waitMs);
}

async function lookAtPhone(browser: Browser, url: string): Promise<void> {
  const { page, complaints } = await openPage(browser, url, {
    viewport: { width: 390, height: 844 },
    colorScheme: 'dark',
    reducedMotion: 'reduce',
    isMobile: true,
  });
  await untilTitle(page, /./);
  await page.locator('.picture img').waitFor();
  const reach = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
  assert.equal(await page.evaluate(reach), 0, 'nothing reaches out of a phone');
  await checkAccess(page, 'on a phone, dark');
  await takePicture(page, 'dashboard-phone');
  assert.deepEqual(complaints, []);
  await page.context().close();
}

describe('the dashboard in a browser', { skip }, () => {
  it(
    'shows a print from the first layer to the failure and after, and is enough to handle it',
    inScene({ print }, async (scene, t) => {
      const url = await startHouse(scene, t);
      const browser = await startChromium(t);
      const { page, complaints } = await openPage(browser, url);
      await untilTitle(page, /Nothing to watch/);
      await page.locator('.picture img').waitFor();
      await checkAccess(page, 'idle');
      await drawArea(page, scene);

      await scene.startPrint();
      await untilTitle(page, /Looks fine/);
      assert.match((await page.locator('.health h3').textContent()) ?? '', /part\.gcode/);
      await takePicture(page, 'dashboard-good');

      await untilTitle(page, /Watch out/);
      await page.locator('.overlay .found').first().waitFor({ state: 'attached' });
      await takePicture(page, 'dashboard-warning');
      await lookAtPhone(browser, url);

      await untilTitle(page, /Paused: look here/);
      await scene.untilState('paused', waitMs);
      await checkAccess(page, 'paused');
      await page.locator('.gallery img').first().waitFor();
      await takePicture(page, 'dashboard-paused', true);

      const frame = await openPage(browser, await startFrame(t, `${url}/panel`), {
        viewport: { width: 640, height: 430 },
      });
      const panel = frame.page.frameLocator('iframe');
      await panel.getByText('Paused: look here').waitFor();
      await panel.locator('.picture img').waitFor();
      await takePicture(frame.page, 'dashboard-panel');
      await panel.getByRole('button', { name: 'False alarm' }).click();
      await scene.untilState('printing', waitMs);
      assert.deepEqual(frame.complaints, []);
      await frame.page.context().close();
      await untilTitle(page, /Going on, as you said|Looking closely|Watch out/);

      await pauseByKeyboard(page, scene);
      await button(page, 'Resume').click();
      await scene.untilState('printing', waitMs);

      scene.webcam.setFault('dead');
      await untilTitle(page, /^Cannot see$/);
      await takePicture(page, 'dashboard-blind');
      await checkAccess(page, 'blind');
      scene.webcam.setFault('none');
      await untilTitle(page, /Looking closely|Watch out|Looks fine|look here/);
      assert.deepEqual(complaints, []);
      await page.close();

      // Nobody looks any more: the camera is asked by the watch alone, and a paused print is not watched.
      if (scene.state() !== 'paused') await scene.browser.call('printer.print.pause');
      await scene.untilState('paused', waitMs);
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      const before = scene.webcam.requests().snapshot;
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      assert.equal(scene.webcam.requests().snapshot, before);
    }),
  );
});
