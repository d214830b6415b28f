// The measured figures of a scenario, as lines in the report of the tests.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Scene } from './scene.ts';

/** `12.3 s`. */
export const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

/** How long it took from the first bad frame to the observed pause, and how much of that the service had asked for. */
export function tellCatch(t: TestContext, scene: Scene, pausedMs: number, shownMs: number): void {
  const firstMs = scene.firstBadFrameMs();
  const judged = scene.octoeverywhere.calls.filter(({ quality }) => quality !== null);
  const bad = judged.filter(({ badness, atMs }) => (badness ?? 0) > 0 && firstMs !== null && atMs >= firstMs);
  const last = bad.at(-1);
  assert.ok(firstMs !== null && last !== undefined, 'a bad frame was judged');
  // Between two calls lookout may only wait: at least 20 s, as the service has asked.
  const serviceMs = (bad.length - 1) * 20_000;
  const tookMs = pausedMs - firstMs;
  t.diagnostic(
    `first bad frame → paused: ${seconds(tookMs)}, of which ${seconds(serviceMs)} (${Math.round((100 * serviceMs) / tookMs)} %) ` +
      `are the service's own interval (${bad.length} pictures) and ${seconds(tookMs - serviceMs)} everything else; ` +
      `pause suggested → paused: ${seconds(pausedMs - last.atMs)}; paused → dialog on the screen: ${seconds(shownMs - pausedMs)}`,
  );
}

/** One figure with its limit. */
export function tellFigure(t: TestContext, what: string, ms: number, limitMs: number): void {
  t.diagnostic(`${what}: ${seconds(ms)} (limit ${seconds(limitMs)})`);
  assert.ok(ms <= limitMs, `${what}: ${seconds(ms)}, allowed are ${seconds(limitMs)}`);
}
