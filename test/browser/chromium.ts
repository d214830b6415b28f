// One Chromium for a test, with a page that complains about nothing.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const program = '/usr/bin/chromium';

/** Why these tests cannot run here; false where they can. */
export const whyNoChromium: string | false = existsSync(program)
  ? false
  : `${program} is not there: run scripts/ci-tools.sh`;

/** Starts the browser; it ends with the test. */
export async function startChromium(t: TestContext): Promise<Browser> {
  // Whoever runs these tests as root has no sandbox to lose.
  const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  return browser;
}

/** A page and what it complained about. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors of scripts, of the console and of the content security policy. */
  readonly complaints: readonly string[];
}

/** Opens a page. What it was refused on purpose is no complaint of it. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    bypassCSP: false,
    ...options,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    const isRefusal = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isRefusal) complaints.push(message.text());
  });
  await page.goto(url);
  return { page, complaints };
}

/** Nothing that keeps people with a handicap out (WCAG 2 A and AA), as far as axe-core can tell. */
export async function checkAccess(page: Page, what: string): Promise<void> {
  // Not as a script element: the page would refuse it.
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } };
    interface Finding {
      readonly id: string;
      readonly impact: string;
      readonly nodes: readonly { readonly html: string }[];
    }
    const { violations } = await axe.run();
    return violations.map(
      ({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ html }) => html).join(' ')}`,
    );
  });
  assert.deepEqual(
    found.filter((each) => /^(serious|critical)/.test(each)),
    [],
    what,
  );
}

/** Where pictures of the page go: $PICTURES for the documentation; nowhere without it. */
export async function takePicture(page: Page, name: string, isFull = false): Promise<void> {
  const folder = process.env['PICTURES'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.jpg`), type: 'jpeg', quality: 82, fullPage: isFull });
}
