// The OctoEverywhere backend and the virtual service on one fake clock.
import assert from 'node:assert/strict';
import type { BackendDeps } from '../../src/backends/deps.ts';
import { createOctoEverywhere, type OctoEverywhereOptions } from '../../src/backends/octoeverywhere.ts';
import { BackendError } from '../../src/core/errors.ts';
import type { Backend } from '../../src/core/ports.ts';
import type { Assessment, Job, Notice } from '../../src/core/types.ts';
import { startVirtualOctoEverywhere } from '../../src/virtual/octoeverywhere.ts';
import { drawScene } from '../../src/virtual/scene.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { aJob, aStore } from '../support/parts.ts';
import { createQuietLog } from '../support/quiet-log.ts';

export const apiKey = 'a-good-key';
export const never = new AbortController().signal;

const scene = { isPrinting: true, grown: 0.5, gantry: 0.5, isDark: false };
const small = { width: 640, height: 360 };
/** Drawn once: the judgement costs enough. */
export const goodPicture = await drawScene({ ...scene, spaghetti: 0 }, small);
export const badPicture = await drawScene({ ...scene, spaghetti: 0.5 }, small);

interface TestContext {
  after(end: () => Promise<void>): void;
}

/** Everything that a test of the backend needs. The clock is the service's clock too. */
export async function startRig(
  t: TestContext,
  change: Partial<OctoEverywhereOptions> = {},
  serviceIntervalSec = 40,
) {
  const clock = createFakeClock(Date.UTC(2026, 6, 14, 12));
  const service = await startVirtualOctoEverywhere({
    apiKey,
    intervalSec: serviceIntervalSec,
    now: () => clock.now().tickMs,
  });
  t.after(service.close);
  const log = createQuietLog();
  const store = aStore();
  const notices: Notice[] = [];
  const options: OctoEverywhereOptions = {
    apiKey,
    url: service.baseUrl,
    warningConfidence: 3,
    pauseConfidence: 3,
    minIntervalMs: 20_000,
    monthlyCalls: 5_000,
    createTimeoutMs: 2_000,
    processTimeoutMs: 2_000,
    ...change,
  };
  const deps: BackendDeps = {
    clock,
    log,
    store,
    random: () => 0.5,
    bootId: 'boot-1',
    onNotice: (notice) => notices.push(notice),
  };
  const rig = {
    clock,
    service,
    log,
    store,
    notices,
    backend: createOctoEverywhere(options, deps),
    /** As after a restart of the process: nothing but the store is left. */
    restart: (
      changedOptions: Partial<OctoEverywhereOptions> = {},
      changedDeps: Partial<BackendDeps> = {},
    ): Backend => {
      rig.backend = createOctoEverywhere({ ...options, ...changedOptions }, { ...deps, ...changedDeps });
      return rig.backend;
    },
    assess: (job: Job = aJob(), jpeg: Uint8Array = goodPicture): Promise<Assessment> =>
      rig.backend.assess({ ...clock.now(), jpeg, width: 640, height: 360, camera: 'bed' }, job, never),
    /** The error of an assess that must fail. */
    fails: async (job: Job = aJob(), jpeg?: Uint8Array): Promise<BackendError> => {
      const outcome = await rig.assess(job, jpeg).catch((error: unknown) => error);
      assert.ok(outcome instanceof BackendError, `a BackendError, not ${JSON.stringify(outcome)}`);
      return outcome;
    },
    /** Requests so far, by kind. */
    count: (kind: 'createcontext' | 'process') => service.calls.filter((call) => call.kind === kind).length,
  };
  return rig;
}
