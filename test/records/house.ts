// A recorder on a real file system, fed by the real decision core: what the loop would hand to it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { decide } from '../../src/core/decide.ts';
import type { PrintRecord } from '../../src/core/track.ts';
import { type Assessment, type Job, type Notice, type Print, toScore } from '../../src/core/types.ts';
import {
  type DecideOptions,
  type Effect,
  initialWatchState,
  type WatchInput,
  type WatchState,
} from '../../src/core/watch-state.ts';
import { createRecorder, type RecorderOptions } from '../../src/records/recorder.ts';
import { createRecords } from '../../src/records/records.ts';
import { options } from '../core/watch-rig.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { aJob } from '../support/parts.ts';
import { createQuietLog } from '../support/quiet-log.ts';
import { until } from '../support/until.ts';

/** Everything that a test of the records touches. */
export type House = ReturnType<typeof aHouse>;

/** A print that runs, whose file was started 100 s before the clock of the house. */
export const job = aJob({ startTickMs: 900_000 });
export const printing: Print = { kind: 'printing', job, pauseFlag: 'none' };

/** A score of a backend that decides nothing itself, with one region. */
export function scored(score: number): Assessment {
  return {
    ...{ backend: 'obico', score: toScore(score), quality: null, suggests: null, neutral: 0.4 },
    ...{
      regions: [{ x1: 0.1, y1: 0.2, x2: 0.3, y2: 0.4, score: toScore(score) }],
      calls: 1,
      nextInMs: 10_000,
    },
  };
}

/** A folder that is gone after the test. */
export function aFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-records-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A house in this folder; a second one in the same folder is a restart of the first. */
export function aHouse(
  folder: string,
  over: Partial<RecorderOptions> = {},
  core: Partial<DecideOptions> = {},
) {
  const clock = createFakeClock();
  const log = createQuietLog();
  const notices: Notice[] = [];
  const ended: PrintRecord[] = [];
  const decideOptions = { ...options, ...core };
  const recorder = createRecorder(
    {
      ...{ folder: join(folder, 'lookout'), ringFolder: join(folder, 'ring') },
      ...{ ringTimeMs: 600_000, ringBytes: 1_000_000, keepMs: 30 * 86_400_000, keepBytes: 10_000_000 },
      ...{ minFreeBytes: 0, program: '1.2.3', bootId: 'boot-1', decide: decideOptions, ...over },
    },
    {
      ...{ clock, log, onNotice: (notice: Notice) => notices.push(notice) },
      onPrintEnded: (print) => ended.push(print),
    },
  );
  const house = {
    ...{ folder, clock, log, notices, ended, recorder, options: decideOptions },
    records: createRecords(join(folder, 'lookout'), recorder, clock),
    state: initialWatchState,
    /** What the core ordered, in order. */
    effects: [] as Effect[],
    /** Bytes of each frame. */
    frameBytes: 1_000,
    hear(input: WatchInput): WatchState {
      const at = clock.now();
      const before = house.state;
      const { state, effects } = decide(before, input, at, decideOptions);
      house.state = state;
      house.effects.push(...effects);
      const gate = state.isPrinting ? null : ({ kind: 'not-printing' } as const);
      recorder.step({
        at,
        input,
        before,
        after: state,
        effects,
        gate,
        through: input.kind === 'answered' ? 'prompt' : null,
      });
      return state;
    },
    look(assessment: Assessment, of: Job = job): void {
      const jpeg = new Uint8Array(house.frameBytes).fill(7);
      recorder.frame({ ...clock.now(), jpeg, width: 640, height: 480, camera: 'bed' }, assessment);
      house.hear({ kind: 'frame-assessed', assessment, camera: 'bed', job: of, layer: 12 });
    },
    /** Looks of this score, one every 10 s, with everything written after each. */
    async looks(count: number, score: number): Promise<void> {
      // The clock of the house must not run on while the disk is still at work.
      await house.written();
      for (let index = 0; index < count; index += 1) {
        await clock.advance(10_000);
        house.look(scored(score));
        await house.written();
      }
    },
    /** Waits until everything heard so far is on disk. */
    async written(): Promise<void> {
      let isDone = false;
      recorder
        .inTurn(async () => {})
        .then(
          () => {
            isDone = true;
          },
          () => {},
        );
      await until('the recorder to have written', () => isDone, 30_000);
    },
  };
  return house;
}
