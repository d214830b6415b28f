import assert from 'node:assert/strict';
import { it } from 'node:test';
import { liveLine } from '../../src/app/live-line.ts';
import type { WatchStatus } from '../../src/app/watch.ts';
import type { Gate } from '../../src/core/gates.ts';
import { type Print, toScore } from '../../src/core/types.ts';
import { initialWatchState } from '../../src/core/watch-state.ts';
import { aJob, anAssessment } from '../support/parts.ts';

const job = aJob();
const printing: Print = { kind: 'printing', job, pauseFlag: 'none' };
const now = { atMs: 0, tickMs: 100_000 };

function line(print: Print, gate: Gate | null, state: Partial<WatchStatus['state']> = {}): string {
  const status = { print, gate, mode: 'act' as const, assessments: 2, calls: 2, steppedTickMs: 0 };
  return liveLine({ ...status, state: { ...initialWatchState, ...state } }, now.tickMs);
}

const rows: readonly [string, string][] = [
  [line({ kind: 'idle' }, { kind: 'not-printing' }), 'idle · 2 calls'],
  [
    line(
      { kind: 'not-ready', why: 'shutdown', message: 'Lost MCU\nmore' },
      { kind: 'not-ready', message: 'Lost MCU' },
    ),
    'printer not ready: Lost MCU · 2 calls',
  ],
  [
    line({ kind: 'heating', job, pauseFlag: 'none' }, { kind: 'heating' }, { job }),
    'heating · clear · 2 calls',
  ],
  [
    line(printing, null, { job, last: { assessment: anAssessment(), counted: toScore(0.05), at: now } }),
    'printing layer 12/200 · clear · quality 9/10 · 2 calls',
  ],
  [
    line(printing, { kind: 'start-after', leftMs: 30_000 }, { job }),
    'printing layer 12/200 · judging starts in 30 s of printing ([detection] start_after) · clear · 2 calls',
  ],
  [
    line(printing, null, {
      job,
      verdict: 'watching',
      trouble: { since: { atMs: 0, tickMs: 60_000 }, layer: 1 },
    }),
    'printing layer 12/200 · watching, trouble for 40 s · 2 calls',
  ],
  [
    line(printing, null, { job, quietUntilTickMs: 130_000 }),
    'printing layer 12/200 · clear · quiet for 30 s · 2 calls',
  ],
  [
    line({ kind: 'paused', job, by: 'us' }, { kind: 'paused' }, { job }),
    'paused (us) layer 12/200 · clear · 2 calls',
  ],
];

for (const [is, wanted] of rows) it(`says: ${wanted}`, () => assert.equal(is, wanted));
