// What one reading after another makes of the print: starts, resumes, whose pause it is, look-alikes and ends.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isSameJob } from '../../src/core/job.ts';
import {
  initialPrintTracker,
  type PrinterSnapshot,
  type PrintTrackerInput,
  type PrintTrackerState,
  trackPrint,
} from '../../src/core/print.ts';
import type { JobRef, PauseFlag, Print } from '../../src/core/types.ts';

const idle: PrinterSnapshot = {
  klippy: 'ready',
  message: '',
  state: 'standby',
  errorMessage: '',
  filename: '',
  printDurationMs: 0,
  totalDurationMs: 0,
  filePosition: 0,
  isPaused: false,
  isSdActive: false,
  progress: 0,
  layer: null,
  totalLayer: null,
  isFilamentOut: false,
  eventTickMs: 1_000_000,
};

/** A print of `a.gcode` that started at 1000 s of Klipper's clock, at `second` of its life. */
function at(second: number, over: Partial<PrinterSnapshot> = {}): PrinterSnapshot {
  return {
    ...idle,
    state: 'printing',
    filename: 'a.gcode',
    printDurationMs: Math.max(0, second - 60) * 1000,
    totalDurationMs: second * 1000,
    filePosition: 100 * second,
    isSdActive: true,
    progress: second / 1000,
    eventTickMs: 1_000_000 + second * 1000,
    ...over,
  };
}

const paused = { state: 'paused', isSdActive: false } as const;

const read = (isFull: boolean) => (snapshot: PrinterSnapshot) =>
  ({ kind: 'read', snapshot, isFull, tickMs: snapshot.eventTickMs }) as const;
/** With the fields that tick. */
const full = read(true);
/** Those are left over from before. */
const lean = read(false);
const says = (line: string, second: number): PrintTrackerInput => ({
  kind: 'gcode-response',
  line,
  tickMs: 1_000_000 + second * 1000,
});
const ask: PrintTrackerInput = { kind: 'pause-requested' };
const settle: PrintTrackerInput = { kind: 'pause-settled' };

function track(...inputs: readonly PrintTrackerInput[]): PrintTrackerState {
  return inputs.reduce(trackPrint, initialPrintTracker);
}

function printOf(...inputs: readonly PrintTrackerInput[]): Print {
  return track(...inputs).print;
}

function jobOf(print: Print): JobRef {
  assert.ok('job' in print, `a ${print.kind} print has no job`);
  return print.job;
}

function nameOf(print: Print): string {
  if (print.kind === 'paused') return `paused by ${print.by}`;
  if (print.kind === 'ended') return `ended ${print.how}: ${print.message}`;
  return print.kind === 'not-ready' ? `not-ready ${print.why}` : print.kind;
}

describe('the phase of a print', () => {
  const cases: readonly (readonly [string, readonly PrintTrackerInput[], string])[] = [
    ['nothing read yet', [], 'not-ready no-moonraker'],
    ['standby', [full(idle)], 'idle'],
    ['started, nothing extruded', [full(idle), full(at(10))], 'heating'],
    ['extruding', [full(at(10)), full(at(70))], 'printing'],
    ['the purge is taken back in full', [full(at(70)), full(at(71, { printDurationMs: -3 }))], 'heating'],
    [
      'seen only by flags: the durations are old',
      [full(at(70)), lean(at(71, { printDurationMs: 0 }))],
      'printing',
    ],
    ['complete', [full(at(70)), full(at(90, { state: 'complete' }))], 'ended complete: '],
    ['cancelled', [full(at(70)), full(at(90, { state: 'cancelled' }))], 'ended cancelled: '],
    [
      'error in the file, without mainsail.cfg',
      [full(at(70)), full(at(90, { state: 'error', errorMessage: 'Move out of range\n' }))],
      'ended error: Move out of range',
    ],
    ['reset after the end', [full(at(70)), full(at(90, { state: 'complete' })), full(idle)], 'idle'],
    [
      'emergency stop looks like a pause',
      [full(at(70)), full(at(80, { ...paused, klippy: 'shutdown' }))],
      'not-ready shutdown',
    ],
    [
      'emergency stop during our pause',
      [full(at(70)), ask, full(at(80, { ...paused, klippy: 'shutdown' }))],
      'not-ready shutdown',
    ],
    [
      'Klipper back from a restart',
      [full(at(70)), full({ ...idle, klippy: 'disconnected' }), full(idle)],
      'idle',
    ],
    [
      'Moonraker back, the print runs on',
      [full(at(70)), full({ ...idle, klippy: 'no-moonraker' }), full(at(99))],
      'printing',
    ],
  ];
  for (const [name, inputs, expected] of cases) {
    it(name, () => assert.equal(nameOf(printOf(...inputs)), expected));
  }

  it('carries the message of what makes it not ready', () => {
    const print = printOf(full({ ...idle, klippy: 'error', message: 'bad config' }));
    assert.deepEqual(print, { kind: 'not-ready', why: 'error', message: 'bad config' });
  });

  it('does not guess which print runs before its durations were read', () => {
    const first = printOf(lean(at(70)));
    assert.deepEqual(nameOf(first), 'not-ready startup');
    assert.equal(nameOf(printOf(lean(at(70, paused)))), 'not-ready startup');
    const known = printOf(lean(at(70)), full(at(71)));
    assert.deepEqual(jobOf(known).startTickMs, 1_000_000);
    assert.equal(
      nameOf(printOf(full(at(70)), full({ ...idle, klippy: 'disconnected' }), lean(at(80)))),
      'printing',
    );
    const other = lean(at(80, { filename: 'b.gcode' }));
    assert.equal(
      nameOf(printOf(full(at(70)), full({ ...idle, klippy: 'disconnected' }), other)),
      'not-ready startup',
    );
  });

  it('reads an end without durations', () => {
    assert.equal(nameOf(printOf(lean(at(70, { state: 'complete' })))), 'ended complete: ');
  });
});

describe('whose pause it is', () => {
  const both = { ...paused, isPaused: true };
  const cases: readonly (readonly [string, readonly PrintTrackerInput[], string])[] = [
    ['ours', [full(at(70)), ask, full(at(80, both))], 'us'],
    [
      'ours, and still so when it is settled',
      [full(at(70)), ask, full(at(80, both)), settle, full(at(90, both))],
      'us',
    ],
    [
      'ours, the state a moment before the flag',
      [full(at(70)), ask, full(at(80, paused)), settle, full(at(81, both))],
      'us',
    ],
    ['after ours had failed', [full(at(70)), ask, settle, full(at(80, both))], 'somebody'],
    ['state and flag at once', [full(at(70)), full(at(80, both))], 'somebody'],
    ['first seen paused', [full(at(80, both))], 'somebody'],
    ['bare M25: no flag', [full(at(70)), full(at(80, paused))], 'm25'],
    ['M25, and PAUSE on top', [full(at(70)), full(at(80, paused)), full(at(90, both))], 'somebody'],
    [
      'runout: the state half a second before the flag',
      [
        full(at(70)),
        full(at(80, { ...paused, isFilamentOut: true })),
        full(at(81, { ...both, isFilamentOut: true })),
      ],
      'sensor',
    ],
    [
      'runout, where the sensor is read late',
      [full(at(70)), full(at(80, paused)), full(at(81, { ...both, isFilamentOut: true }))],
      'sensor',
    ],
    [
      'filament taken out while somebody has it paused',
      [full(at(70)), full(at(80, both)), full(at(99, { ...both, isFilamentOut: true }))],
      'somebody',
    ],
    [
      'the file: the flag before the state',
      [full(at(70)), full(at(80, { isPaused: true })), full(at(80, both))],
      'file',
    ],
    [
      'the file, macro long enough to be sure',
      [
        full(at(70)),
        full(at(80, { isPaused: true })),
        full(at(82, { isPaused: true, filePosition: 8000 })),
        full(at(83, both)),
      ],
      'file',
    ],
    [
      'the file, read by flags only',
      [full(at(70)), lean(at(80, { isPaused: true })), lean(at(81, both))],
      'file',
    ],
    [
      'the file, while ours waits behind its macro',
      [full(at(70)), full(at(80, { isPaused: true })), ask, full(at(81, both))],
      'file',
    ],
    [
      'somebody, after a flag that was left over',
      [full(at(70, { isPaused: true })), full(at(80, { isPaused: true })), full(at(90, both))],
      'somebody',
    ],
    [
      'the next pause of the same print is another',
      [full(at(70)), ask, full(at(80, both)), settle, full(at(90)), full(at(99, both))],
      'somebody',
    ],
    [
      'ours was out when Klipper went',
      [full(at(70)), ask, full({ ...idle, klippy: 'no-moonraker' }), full(at(80, both))],
      'somebody',
    ],
  ];
  for (const [name, inputs, by] of cases) {
    it(name, () => assert.equal(nameOf(printOf(...inputs)), `paused by ${by}`));
  }
});

describe('is_paused while printing', () => {
  const flagged = (second: number, filePosition: number) => at(second, { isPaused: true, filePosition });
  const cases: readonly (readonly [string, readonly PrintTrackerInput[], PauseFlag])[] = [
    ['not set', [full(at(70))], 'none'],
    ['just seen', [full(at(70)), full(flagged(80, 5))], 'unsettled'],
    ['seen without a position', [full(at(70)), lean(flagged(80, 5)), lean(flagged(81, 6))], 'unsettled'],
    ['position known only later', [full(at(70)), lean(flagged(80, 5)), full(flagged(81, 6))], 'unsettled'],
    ['the file stands still', [full(flagged(80, 5)), full(flagged(81, 5))], 'macro'],
    ['the file moves on', [full(flagged(80, 5)), full(flagged(81, 6))], 'stale'],
    [
      'one long line, then it moves on',
      [full(flagged(80, 5)), full(flagged(90, 5)), full(flagged(99, 6))],
      'stale',
    ],
    [
      'stale, and the file waits for the heater',
      [full(flagged(80, 5)), full(flagged(81, 6)), full(flagged(90, 6))],
      'stale',
    ],
    ['an old position proves nothing', [full(flagged(80, 5)), lean(flagged(81, 6))], 'unsettled'],
    ['cleared', [full(flagged(80, 5)), full(flagged(81, 6)), full(at(90))], 'none'],
    [
      'left over from the print before',
      [full(flagged(80, 5)), full(flagged(81, 6)), full(at(3, { isPaused: true, eventTickMs: 2_000_000 }))],
      'unsettled',
    ],
  ];
  for (const [name, inputs, expected] of cases) {
    it(name, () => {
      const print = printOf(...inputs);
      assert.ok(print.kind === 'printing' || print.kind === 'heating');
      assert.equal(print.pauseFlag, expected);
    });
  }
});

describe('which print it is', () => {
  const first = jobOf(printOf(full(at(70))));
  const over = (state: PrinterSnapshot['state']) => full(at(90, { state }));
  const cases: readonly (readonly [string, readonly PrintTrackerInput[], boolean])[] = [
    ['a later reading', [full(at(70)), full(at(500))], true],
    [
      'after a pause of an hour',
      [full(at(70)), full(at(80, paused)), full(at(3_680, paused)), full(at(3_690))],
      true,
    ],
    [
      'after Moonraker was away',
      [full(at(70)), full({ ...idle, klippy: 'no-moonraker' }), full(at(900))],
      true,
    ],
    ['seen by another process', [full(at(900))], true],
    [
      'its end, whose durations are frozen',
      [full(at(70)), full(at(90, { state: 'complete', eventTickMs: 9_000_000 }))],
      true,
    ],
    [
      'its end, read again and again',
      [full(at(70)), over('complete'), full(at(90, { state: 'complete', eventTickMs: 9_000_000 }))],
      true,
    ],
    [
      'started 2.0 s apart: one print read late',
      [full(at(70)), full(at(80, { eventTickMs: 1_082_000 }))],
      true,
    ],
    ['started 2.1 s apart: another', [full(at(70)), full(at(80, { eventTickMs: 1_082_100 }))], false],
    ['the same file again, the end not seen', [full(at(70)), full(at(5, { eventTickMs: 1_200_000 }))], false],
    [
      'the same file again, by flags',
      [full(at(70)), over('complete'), lean(at(90, { eventTickMs: 1_200_000 }))],
      false,
    ],
    ['the next file, by flags', [full(at(70)), lean(at(90, { filename: 'b.gcode' }))], false],
    ['another file at the same time', [full(at(70, { filename: 'b.gcode' }))], false],
  ];
  for (const [name, inputs, isSame] of cases) {
    it(name, () => assert.equal(isSameJob(first, jobOf(printOf(...inputs))), isSame));
  }

  it('keeps the start that was read first', () => {
    const late = printOf(full(at(70)), full(at(80, { eventTickMs: 1_081_500 })));
    assert.equal(jobOf(late).startTickMs, 1_000_000);
  });

  it('takes the start from the event where only that was read, and corrects nothing later', () => {
    const started = lean(at(99, { eventTickMs: 2_000_250 }));
    const known = full(at(5, { eventTickMs: 2_005_000 }));
    const print = printOf(full(idle), started, known);
    assert.equal(jobOf(print).startTickMs, 2_000_250);
    assert.equal(nameOf(print), 'heating');
  });

  it('keeps old durations but new layers in a reading by flags', () => {
    const print = printOf(
      full(at(70, { layer: 1, totalLayer: 9 })),
      lean(at(0, { layer: 2, totalLayer: 9 })),
    );
    assert.deepEqual(jobOf(print), {
      filename: 'a.gcode',
      startTickMs: 1_000_000,
      printDurationMs: 10_000,
      totalDurationMs: 70_000,
      progress: 0.07,
      layer: 2,
      totalLayer: 9,
    });
  });
});

describe('why a print was cancelled', () => {
  const cancelled = (second: number, over: Partial<PrinterSnapshot> = {}) =>
    full(at(second, { state: 'cancelled', ...over }));
  const cases: readonly (readonly [string, readonly PrintTrackerInput[], string])[] = [
    ['by an error just before', [full(at(70)), says('!! Bad move', 79.7), cancelled(80)], 'Bad move'],
    ['by an error while heating', [full(at(7)), says('!! Bad heater', 7.9), cancelled(8)], 'Bad heater'],
    ['long after an error', [full(at(70)), says('!! Bad move', 74.9), cancelled(80)], ''],
    ['after a plain line', [full(at(70)), says('// Bad move', 79.7), cancelled(80)], ''],
    [
      'after a cold resume was refused',
      [full(at(80, paused)), says('!! Resume aborted', 89), cancelled(90)],
      '',
    ],
    [
      'by an error of the print before',
      [full(at(70)), says('!! Bad', 1), full(at(1, { eventTickMs: 1_071_000 })), cancelled(2)],
      '',
    ],
    [
      'complete, after an error',
      [full(at(70)), says('!! Bad', 79.7), full(at(80, { state: 'complete' }))],
      '',
    ],
    [
      'with a message of its own',
      [full(at(70)), says('!! Bad', 79.7), cancelled(80, { errorMessage: ' own ' })],
      'own',
    ],
    [
      'still so when it is read again',
      [full(at(70)), says('!! Bad', 79.7), cancelled(80), cancelled(99)],
      'Bad',
    ],
    [
      'not so for another end',
      [full(at(70)), says('!! Bad', 79.7), cancelled(80), full(at(90, { state: 'complete' }))],
      '',
    ],
    [
      'not so for another file',
      [full(at(70)), says('!! Bad', 79.7), cancelled(80), cancelled(90, { filename: 'b' })],
      '',
    ],
  ];
  for (const [name, inputs, message] of cases) {
    it(name, () => {
      const print = printOf(...inputs);
      assert.ok(print.kind === 'ended');
      assert.equal(print.message, message);
    });
  }
});
