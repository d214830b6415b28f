// Any backend on a fake clock, with everything that it is handed, and pictures to judge.
import assert from 'node:assert/strict';
import type { BackendDeps, RemoteCommand } from '../../src/backends/deps.ts';
import { BackendError } from '../../src/core/errors.ts';
import type { Backend } from '../../src/core/ports.ts';
import type { Assessment, Job, Notice } from '../../src/core/types.ts';
import { drawScene } from '../../src/virtual/scene.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { aJob, aStore } from '../support/parts.ts';
import { createQuietLog } from '../support/quiet-log.ts';

export const never = new AbortController().signal;

const scene = { isPrinting: true, grown: 0.5, gantry: 0.5, isDark: false };
const small = { width: 640, height: 360 };
/** Drawn once: the judgement costs enough. */
export const goodPicture = await drawScene({ ...scene, spaghetti: 0 }, small);
export const badPicture = await drawScene({ ...scene, spaghetti: 0.5 }, small);

export interface TestContext {
  after(end: () => Promise<void>): void;
}

/** Noon of a day in July 2026. */
export const startClock = () => createFakeClock(Date.UTC(2026, 6, 14, 12));

/** The backend, its world, and ways to use both. */
export function createRig<Options>(
  create: (options: Options, deps: BackendDeps) => Backend,
  options: Options,
  clock: ReturnType<typeof startClock>,
) {
  const log = createQuietLog();
  const store = aStore();
  const notices: Notice[] = [];
  const commands: RemoteCommand[] = [];
  const deps: BackendDeps = {
    clock,
    log,
    store,
    random: () => 0.5,
    bootId: 'boot-1',
    onNotice: (notice) => notices.push(notice),
    onCommand: (command) => commands.push(command),
  };
  const rig = {
    clock,
    log,
    store,
    notices,
    commands,
    backend: create(options, deps),
    /** As after a restart of the process: nothing but the store is left. */
    restart: (changedOptions: Partial<Options> = {}, changedDeps: Partial<BackendDeps> = {}): Backend => {
      rig.backend = create({ ...options, ...changedOptions }, { ...deps, ...changedDeps });
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
  };
  return rig;
}
