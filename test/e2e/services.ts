// The detection services that a house does not have by itself, for one test each, and the settings that lead lookout to them.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { startVirtualMlApi, type VirtualMlApi } from '../../src/virtual/ml-api.ts';
import {
  startVirtualPrintWatch,
  type VirtualPrintWatch,
  type VirtualPrintWatchOptions,
} from '../../src/virtual/printwatch.ts';
import { type Conf, type Scene, serviceKey } from './scene.ts';
import { seconds } from './tell.ts';

/** The key of a subscription. It holds the usual key, so that every scene looks for it in the log. */
export const printwatchKey = `sub_${serviceKey}`;
/** The token of the ml_api, for the same reason. */
const mlApiToken = `token-${serviceKey}`;

/** A PrintWatch that judges from the first second on, until the test ends. */
export async function startPrintWatch(
  t: TestContext,
  options: Partial<VirtualPrintWatchOptions> = {},
): Promise<VirtualPrintWatch> {
  const service = await startVirtualPrintWatch({ apiKey: printwatchKey, startsAfterSec: 0, ...options });
  t.after(service.close);
  return service;
}

/** An ml_api with a token, until the test ends. */
export async function startMlApi(t: TestContext): Promise<VirtualMlApi> {
  const service = await startVirtualMlApi({ token: mlApiToken });
  t.after(service.close);
  return service;
}

/** What lookout needs for these services. */
export interface Access {
  readonly conf: Conf;
  readonly secrets: Conf;
}

/** The shortest look back with which a pause comes at the fourth bad picture. */
export function accessToPrintWatch({ baseUrl }: VirtualPrintWatch): Access {
  return {
    conf: { 'backend printwatch': { url: baseUrl, buffer_length: '4' } },
    secrets: { 'backend printwatch': { api_key: printwatchKey } },
  };
}

/** The shortest evidence with which a pause comes at the fourth bad picture. */
export function accessToMlApi({ baseUrl }: VirtualMlApi): Access {
  return {
    conf: { 'backend obico': { url: baseUrl }, detection: { warn_after: '10s', fail_after: '30s' } },
    secrets: { 'backend obico': { token: mlApiToken } },
  };
}

/** Calls of one kind that PrintWatch has had. */
export function callsTo(
  { calls }: VirtualPrintWatch,
  kind: VirtualPrintWatch['calls'][number]['kind'],
): VirtualPrintWatch['calls'] {
  return calls.filter((call) => call.kind === kind);
}

/** The failure was caught by this backend: one pause, which says who has seen it. Resolves when the dialog is open. */
export async function caughtBy(backend: string, scene: Scene, t: TestContext): Promise<void> {
  const { browser, printer } = scene;
  const pausedMs = await scene.untilState('paused', 110_000);
  const dialog = await browser.untilOpen(/^Lookout: print failing, paused$/);
  // A backend that gives boxes or cells also says where.
  const says = new RegExp(
    `^${backend} says that the print has very probably failed( \\(.+ the picture\\))?: `,
  );
  assert.match(dialog.texts[0] ?? '', says);
  const alerts = browser.console().filter((line) => line.includes('print failing, paused. '));
  assert.equal(alerts.length, 1, 'one red line');
  assert.ok(alerts[0]?.includes(`${backend} says`), alerts[0]);
  assert.equal(printer.log.count('PAUSE'), 1);
  const firstMs = scene.firstBadFrameMs() ?? Number.NaN;
  t.diagnostic(`first bad frame → paused by ${backend}: ${seconds(pausedMs - firstMs)}`);
}
