// Every recorded session of a real Moonraker gives the phases that really happened in it.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { isSameJob } from '../../src/core/job.ts';
import type { JobRef, Print } from '../../src/core/types.ts';
import { type ReadingStyle, replay } from './replay.ts';

const folder =
  process.env['LOOKOUT_CAPTURES'] ?? resolve(import.meta.dirname, '../../../shared/data/captures');

/** `PAUSED` stands for a pause that the recorder sent; what an `ended` begins with is its message. */
interface Session {
  readonly phases: readonly string[];
  /** How many prints ran in it. */
  readonly prints: number;
}

const restarted = ['not-ready disconnected', 'not-ready startup', 'idle'];

const sessions: Readonly<Record<string, Session>> = {
  agent_features: { prints: 0, phases: ['ended cancelled'] },
  bad_move: {
    prints: 1,
    phases: ['ended cancelled', 'heating', 'printing', 'ended cancelled: Move out of range'],
  },
  bad_move_plain: {
    prints: 1,
    phases: ['ended error: Error evaluating', 'heating', 'printing', 'ended error: Move out of range'],
  },
  // The `!!` of a second start, refused just before the cancel, cannot be told from the cause of it.
  bad_requests: {
    prints: 1,
    phases: ['ended cancelled', 'idle', 'heating', 'printing', 'ended cancelled: SD busy'],
  },
  cancel_while_heating: { prints: 1, phases: ['ended cancelled', 'heating', 'ended cancelled'] },
  cancel_while_paused: {
    prints: 1,
    phases: ['idle', 'heating', 'printing', 'PAUSED', 'ended cancelled', 'idle'],
  },
  config_error: {
    prints: 0,
    phases: [
      'ended complete',
      'not-ready disconnected',
      'not-ready error',
      'not-ready disconnected',
      'not-ready error',
      ...restarted,
    ],
  },
  duplicate_agent: { prints: 0, phases: ['ended cancelled'] },
  duplicate_agent_second: { prints: 0, phases: ['not-ready no-moonraker'] },
  error_in_file: {
    prints: 1,
    phases: ['idle', 'heating', 'printing', 'ended cancelled: Error evaluating'],
  },
  error_in_file_plain: {
    prints: 1,
    phases: ['idle', 'heating', 'printing', 'ended error: Error evaluating'],
  },
  estop_in_file: {
    prints: 1,
    phases: [
      'idle',
      'heating',
      'printing',
      'not-ready shutdown',
      'not-ready disconnected',
      'not-ready startup',
    ],
  },
  estop_rpc: {
    prints: 1,
    phases: ['ended cancelled', 'heating', 'printing', 'not-ready shutdown', ...restarted],
  },
  file_end_variants: {
    prints: 2,
    // The first file never extrudes: `print_duration` stays 0.
    phases: [
      'ended complete',
      'heating',
      'PAUSED',
      'heating',
      'ended cancelled',
      'heating',
      'ended cancelled',
    ],
  },
  full_session: {
    prints: 2,
    phases: [
      'idle',
      'heating',
      'printing',
      'PAUSED',
      'printing',
      'ended complete',
      'heating',
      'printing',
      'ended cancelled',
      ...restarted,
      ...restarted,
      'not-ready no-moonraker',
      'not-ready startup',
      'idle',
    ],
  },
  heater_fault: { prints: 1, phases: ['idle', 'heating', 'not-ready shutdown', ...restarted] },
  klippy_killed: { prints: 1, phases: ['ended cancelled', 'heating', 'printing', ...restarted] },
  mcu_killed: { prints: 1, phases: ['idle', 'heating', 'printing', 'not-ready shutdown', ...restarted] },
  moonraker_killed: {
    prints: 1,
    phases: [
      'idle',
      'heating',
      'printing',
      'not-ready no-moonraker',
      'not-ready disconnected',
      'not-ready startup',
      'printing',
      'ended complete',
    ],
  },
  pause_while_heating: { prints: 1, phases: ['ended cancelled', 'heating', 'PAUSED', 'ended cancelled'] },
  // The cold resume was refused with a `!!`; the cancel after it was a person's.
  resume_cold: { prints: 1, phases: ['ended cancelled', 'heating', 'printing', 'PAUSED', 'ended cancelled'] },
  runout: {
    prints: 1,
    phases: ['ended complete', 'heating', 'printing', 'paused by sensor', 'ended cancelled'],
  },
  self_pause: {
    prints: 1,
    phases: ['idle', 'heating', 'printing', 'paused by file', 'printing', 'ended complete'],
  },
};

const hasCaptures = existsSync(folder);
const skip = hasCaptures ? false : `no recorded sessions at ${folder} (set LOOKOUT_CAPTURES)`;

describe('recorded sessions', { skip }, () => {
  it('are all known here', () => {
    const found = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
    assert.deepEqual(
      found.map((name) => name.slice(0, -'.jsonl'.length)).sort(),
      Object.keys(sessions).sort(),
    );
  });

  for (const [name, { phases, prints }] of Object.entries(sessions)) {
    for (const style of ['full', 'lean'] satisfies ReadingStyle[]) {
      for (const isPauseOurs of [true, false]) {
        it(`${name}, ${style} readings, pauses ${isPauseOurs ? 'ours' : "somebody's"}`, () => {
          const seen = replay(join(folder, `${name}.jsonl`), { style, isPauseOurs });
          const paused = isPauseOurs ? 'paused by us' : 'paused by somebody';
          const expected = phases.map((phase) => (phase === 'PAUSED' ? paused : phase));
          assert.deepEqual(shorten(phasesOf(seen), expected), expected);
          assert.equal(jobsOf(seen).length, prints);
        });
      }
    }
  }

  it('self_pause: the macro is seen before the state turns to paused', () => {
    const seen = replay(join(folder, 'self_pause.jsonl'), { style: 'full', isPauseOurs: false });
    const firstPaused = seen.findIndex((print) => print.kind === 'paused');
    const before = seen[firstPaused - 1];
    assert.ok(before?.kind === 'printing');
    assert.equal(before.pauseFlag, 'macro');
  });

  it('the layer and the progress of a print are read', () => {
    const seen = replay(join(folder, 'full_session.jsonl'), { style: 'full', isPauseOurs: false });
    const printing = seen.filter((print) => print.kind === 'printing');
    const layers = new Set(printing.map((print) => print.job.layer));
    assert.ok(layers.has(1) && layers.has(3), `layers seen: ${[...layers]}`);
    assert.equal(printing[0]?.job.totalLayer, 3);
    assert.ok(printing.every(({ job }) => job.progress > 0 && job.progress <= 1));
  });
});

function phasesOf(prints: readonly Print[]): string[] {
  const names: string[] = [];
  let job: JobRef | null = null;
  for (const print of prints) {
    const isNewJob = isRunning(print) && (job === null || !isSameJob(job, print.job));
    if (isRunning(print)) job = print.job;
    const name = nameOf(print);
    if (isNewJob || names.at(-1) !== name) names.push(name);
  }
  return names;
}

function nameOf(print: Print): string {
  switch (print.kind) {
    case 'not-ready':
      return `not-ready ${print.why}`;
    case 'paused':
      return `paused by ${print.by}`;
    case 'ended':
      return print.message === '' ? `ended ${print.how}` : `ended ${print.how}: ${print.message}`;
    default:
      return print.kind;
  }
}

/** Cuts the messages of ends to what the expectation names of them. */
function shorten(phases: readonly string[], expected: readonly string[]): string[] {
  return phases.map((phase, index) => {
    const wanted = expected[index] ?? '';
    return wanted.includes(': ') && phase.startsWith(wanted) ? wanted : phase;
  });
}

type Running = Extract<Print, { kind: 'heating' | 'printing' | 'paused' }>;

function isRunning(print: Print): print is Running {
  return print.kind === 'heating' || print.kind === 'printing' || print.kind === 'paused';
}

function jobsOf(prints: readonly Print[]): JobRef[] {
  const jobs: JobRef[] = [];
  for (const print of prints) {
    if (isRunning(print) && !jobs.some((job) => isSameJob(job, print.job))) jobs.push(print.job);
  }
  return jobs;
}
