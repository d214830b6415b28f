import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MoonrakerError } from '../../src/core/errors.ts';
import type { PrinterSnapshot } from '../../src/core/print.ts';
import type { ActionOutcome } from '../../src/core/types.ts';
import type { Reading } from '../../src/moonraker/klipper-status.ts';
import type { RecipeDeps } from '../../src/moonraker/observe.ts';
import { pausePrint } from '../../src/moonraker/pause-recipe.ts';
import { cancelPrint, lengthenIdleTimeout, resumePrint } from '../../src/moonraker/recipes.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createQuietLog } from '../support/quiet-log.ts';

const running: PrinterSnapshot = {
  klippy: 'ready',
  message: '',
  state: 'printing',
  errorMessage: '',
  filename: 'a.gcode',
  printDurationMs: 1,
  totalDurationMs: 1,
  filePosition: 1000,
  isPaused: false,
  isSdActive: true,
  progress: 0.1,
  layer: null,
  totalLayer: null,
  isFilamentOut: false,
  eventTickMs: 0,
};

const closed = () => new MoonrakerError('closed', { code: 'MOONRAKER_CLOSED', retry: 'soon' });
const macroError = () =>
  new MoonrakerError('Must home axis first', { code: 'MOONRAKER_REFUSED', retry: 'later' });

/** What a call does: an effect now, and how it is answered; `pending` is answered by `answer()` later. */
type Behaviour = (machine: Machine) => 'ok' | 'pending' | MoonrakerError;
type Machine = ReturnType<typeof createMachine>;

/** A printer whose every call does what the test says. Time is the fake clock's. */
function createMachine(
  start: Partial<PrinterSnapshot>,
  behaviours: Readonly<Record<string, readonly Behaviour[]>>,
) {
  const clock = createFakeClock();
  let snapshot: PrinterSnapshot = { ...running, ...start };
  const sent: string[] = [];
  const readers = new Set<(reading: Reading) => void>();
  const lineListeners = new Set<(line: string) => void>();
  const pending: { resolve: () => void; reject: (error: Error) => void }[] = [];
  /** Bytes that the file moves on between two queries. */
  let stride = 100;
  const set = (change: Partial<PrinterSnapshot>) => {
    snapshot = { ...snapshot, ...change };
    for (const reader of readers) reader({ snapshot, isFull: false });
  };
  const run = (name: string): Promise<void> => {
    const list = behaviours[name] ?? [];
    const nth = sent.filter((one) => one === name).length;
    sent.push(name);
    const behaviour = list[Math.min(nth, list.length - 1)];
    const answer = behaviour === undefined ? 'ok' : behaviour(machine);
    if (answer === 'ok') return Promise.resolve();
    if (answer !== 'pending') return Promise.reject(answer);
    return new Promise((resolve, reject) => pending.push({ resolve, reject }));
  };
  const deps: RecipeDeps = {
    clock,
    snapshot: () => snapshot,
    onReading: (listener) => {
      readers.add(listener);
      return () => readers.delete(listener);
    },
    query: async () => {
      if (snapshot.klippy === 'no-moonraker') throw closed();
      if (snapshot.state === 'printing')
        snapshot = { ...snapshot, filePosition: snapshot.filePosition + stride };
      for (const reader of readers) reader({ snapshot, isFull: true });
      return snapshot;
    },
    call: run,
    runGcode: run,
    onGcodeResponse: (listener) => {
      lineListeners.add(listener);
      return () => lineListeners.delete(listener);
    },
  };
  const machine = {
    clock,
    deps,
    sent,
    set,
    setStride: (bytes: number) => {
      stride = bytes;
    },
    say: (line: string) => {
      for (const listener of lineListeners) listener(line);
    },
    answer: (error?: Error) => {
      const call = pending.shift();
      if (error === undefined) call?.resolve();
      else call?.reject(error);
    },
    listeners: () => readers.size + lineListeners.size,
  };
  return machine;
}

const pauseRpc = 'printer.print.pause';
const pauses: Behaviour = ({ set }) => {
  set({ state: 'paused', isPaused: true });
  return 'ok';
};
const nothing: Behaviour = () => 'ok';
const setsFlag: Behaviour = ({ set }) => {
  set({ isPaused: true });
  return 'ok';
};
const clears: Behaviour = ({ set }) => {
  set({ isPaused: false });
  return 'ok';
};

/** Starts a recipe and lets time run until it ends or the limit is reached. */
async function follow(
  machine: Machine,
  recipe: Promise<ActionOutcome>,
  limitMs = 600_000,
): Promise<ActionOutcome | 'still running'> {
  let outcome: ActionOutcome | 'still running' = 'still running';
  recipe.then(
    (value) => {
      outcome = value;
    },
    () => undefined,
  );
  await machine.clock.advance(0);
  for (let ms = 0; ms < limitMs && outcome === 'still running'; ms += 250) await machine.clock.advance(250);
  return outcome;
}

function pause(machine: Machine, delays: ActionOutcome[] = [], signal = new AbortController().signal) {
  return pausePrint({ pauseTimeoutMs: 20_000 }, machine.deps, (outcome) => delays.push(outcome), signal);
}

const codeOf = (outcome: ActionOutcome | 'still running') =>
  outcome === 'still running' ? outcome : outcome.kind === 'failed' ? outcome.code : outcome.kind;

describe('pausePrint', () => {
  it('sends one pause and is done when it is seen', async () => {
    const machine = createMachine({}, { [pauseRpc]: [pauses] });
    assert.equal(codeOf(await follow(machine, pause(machine))), 'done');
    assert.deepEqual(machine.sent, [pauseRpc]);
    assert.equal(machine.listeners(), 0);
  });

  it('believes what it sees before the answer, and leaves the call to its end', async () => {
    const late: Behaviour = ({ set }) => {
      set({ state: 'paused', isPaused: true });
      return 'pending';
    };
    const machine = createMachine({}, { [pauseRpc]: [late] });
    assert.equal(codeOf(await follow(machine, pause(machine))), 'done');
    machine.answer(closed());
  });

  it('sends it once more when it is answered without effect, and clears a flag that it left', async () => {
    const machine = createMachine({}, { [pauseRpc]: [setsFlag, pauses], CLEAR_PAUSE: [clears] });
    assert.equal(codeOf(await follow(machine, pause(machine))), 'done');
    assert.deepEqual(machine.sent, [pauseRpc, 'CLEAR_PAUSE', pauseRpc]);
  });

  it('never sends a third, and says the last G-code error', async () => {
    const complains: Behaviour = ({ say }) => {
      say('!! Macro PAUSE is broken');
      return 'ok';
    };
    const machine = createMachine({}, { [pauseRpc]: [nothing, complains] });
    const outcome = await follow(machine, pause(machine));
    assert.equal(codeOf(outcome), 'PAUSE_NOT_OBSERVED');
    assert.match(JSON.stringify(outcome), /Macro PAUSE is broken/);
    assert.deepEqual(machine.sent, [pauseRpc, pauseRpc]);
    assert.equal(machine.listeners(), 0);
  });

  it('sends it once more after an error of the macro', async () => {
    const machine = createMachine({}, { [pauseRpc]: [macroError] });
    const outcome = await follow(machine, pause(machine));
    assert.equal(codeOf(outcome), 'PAUSE_NOT_OBSERVED');
    assert.match(JSON.stringify(outcome), /Must home/);
    assert.deepEqual(machine.sent, [pauseRpc, pauseRpc]);
  });

  it('is done when the macro fails after it has paused', async () => {
    const half: Behaviour = ({ set }) => {
      set({ state: 'paused' });
      return macroError();
    };
    const machine = createMachine({}, { [pauseRpc]: [half] });
    assert.equal(codeOf(await follow(machine, pause(machine))), 'done');
    assert.deepEqual(machine.sent, [pauseRpc]);
  });

  it('waits without end behind other G-code, says so once, and sends nothing more', async () => {
    const machine = createMachine({}, { [pauseRpc]: [() => 'pending'] });
    const delays: ActionOutcome[] = [];
    const pausing = pause(machine, delays);
    assert.equal(await follow(machine, pausing, 19_000), 'still running');
    assert.equal(delays.length, 0);
    assert.equal(await follow(machine, pausing, 1_000_000), 'still running');
    assert.deepEqual(delays, [{ kind: 'delayed', waitedMs: 20_000 }]);
    assert.deepEqual(machine.sent, [pauseRpc]);
    machine.set({ state: 'paused' });
    assert.equal(codeOf(await follow(machine, pausing)), 'done');
  });

  it('waits for a PAUSE inside the file instead of clearing its flag', async () => {
    const machine = createMachine({ isPaused: true }, { [pauseRpc]: [pauses] });
    machine.setStride(0);
    const delays: ActionOutcome[] = [];
    const pausing = pause(machine, delays);
    assert.equal(await follow(machine, pausing, 30_000), 'still running');
    assert.deepEqual([machine.sent, delays.length], [[], 1]);
    machine.set({ state: 'paused' });
    assert.equal(codeOf(await follow(machine, pausing)), 'done');
    assert.deepEqual(machine.sent, []);
  });

  it('sends its own once a timelapse macro has resumed the print that it had paused', async () => {
    const machine = createMachine({ state: 'paused', isPaused: true }, { [pauseRpc]: [pauses] });
    const pausing = pause(machine);
    assert.equal(await follow(machine, pausing, 2_000), 'still running');
    assert.deepEqual(machine.sent, []);
    machine.set({ state: 'printing', isPaused: false });
    assert.equal(codeOf(await follow(machine, pausing)), 'done');
    assert.deepEqual(machine.sent, [pauseRpc]);
  });

  it('leaves it at a pause of somebody else that lasts', async () => {
    const machine = createMachine({ state: 'paused', isPaused: true }, { [pauseRpc]: [pauses] });
    assert.equal(codeOf(await follow(machine, pause(machine), 21_000)), 'done');
    assert.deepEqual(machine.sent, []);
  });

  it('clears a leftover flag as soon as the file moves', async () => {
    const machine = createMachine({ isPaused: true }, { [pauseRpc]: [pauses], CLEAR_PAUSE: [clears] });
    machine.setStride(0);
    const pausing = pause(machine);
    await follow(machine, pausing, 10_000);
    machine.setStride(50);
    assert.equal(codeOf(await follow(machine, pausing)), 'done');
    assert.deepEqual(machine.sent, ['CLEAR_PAUSE', pauseRpc]);
  });

  describe('with an outage while it is out', () => {
    const goesAway: Behaviour = ({ set }) => {
      set({ klippy: 'no-moonraker' });
      return closed();
    };

    it("sends nothing while the file stands still: it may be in Klipper's queue", async () => {
      const machine = createMachine({}, { [pauseRpc]: [goesAway, pauses] });
      const pausing = pause(machine);
      await follow(machine, pausing, 5_000);
      machine.setStride(0);
      machine.set({ klippy: 'ready' });
      assert.equal(await follow(machine, pausing, 300_000), 'still running');
      assert.deepEqual(machine.sent, [pauseRpc]);
      machine.set({ state: 'paused', isPaused: true });
      assert.equal(codeOf(await follow(machine, pausing)), 'done');
    });

    it('sends it once more when the file is seen to move twice', async () => {
      const machine = createMachine({}, { [pauseRpc]: [goesAway, pauses] });
      const pausing = pause(machine);
      await follow(machine, pausing, 5_000);
      machine.set({ klippy: 'ready' });
      assert.equal(codeOf(await follow(machine, pausing)), 'done');
      assert.deepEqual(machine.sent, [pauseRpc, pauseRpc]);
    });

    it('is done when the print is paused on the return', async () => {
      const machine = createMachine({}, { [pauseRpc]: [goesAway] });
      const pausing = pause(machine);
      await follow(machine, pausing, 5_000);
      machine.set({ klippy: 'ready', state: 'paused', isPaused: true });
      assert.equal(codeOf(await follow(machine, pausing)), 'done');
      assert.deepEqual(machine.sent, [pauseRpc]);
    });

    it('does nothing when the print is gone on the return', async () => {
      const machine = createMachine({}, { [pauseRpc]: [goesAway] });
      const pausing = pause(machine);
      await follow(machine, pausing, 5_000);
      machine.set({ klippy: 'ready', state: 'standby' });
      assert.equal(codeOf(await follow(machine, pausing)), 'PAUSE_NOT_OBSERVED');
      assert.deepEqual(machine.sent, [pauseRpc]);
    });

    for (const [klippy, code] of [
      ['no-moonraker', 'MOONRAKER_UNREACHABLE'],
      ['disconnected', 'KLIPPY_NOT_READY'],
    ] as const) {
      it(`gives up after two minutes of ${klippy}`, async () => {
        const machine = createMachine({}, { [pauseRpc]: [goesAway] });
        const pausing = pause(machine);
        machine.set({ klippy });
        assert.equal(await follow(machine, pausing, 119_000), 'still running');
        machine.set({ klippy });
        assert.equal(codeOf(await follow(machine, pausing, 2_000)), code);
      });
    }
  });

  const refusals: readonly [string, Partial<PrinterSnapshot>, string][] = [
    ['standby', { state: 'standby' }, 'PAUSE_NOT_OBSERVED'],
    ['a finished print', { state: 'complete' }, 'PAUSE_NOT_OBSERVED'],
    ['a shutdown that reads paused', { klippy: 'shutdown', state: 'paused' }, 'KLIPPY_NOT_READY'],
    ['an error that reads printing', { klippy: 'error' }, 'KLIPPY_NOT_READY'],
  ];
  for (const [what, start, code] of refusals) {
    it(`sends nothing at ${what}`, async () => {
      const machine = createMachine(start, {});
      assert.equal(codeOf(await follow(machine, pause(machine))), code);
      assert.deepEqual(machine.sent, []);
    });
  }

  it('ends with its signal and lets go of everything', async () => {
    const machine = createMachine({}, { [pauseRpc]: [() => 'pending'] });
    const abort = new AbortController();
    const pausing = pause(machine, [], abort.signal);
    await machine.clock.advance(1_000);
    abort.abort(new Error('enough'));
    await assert.rejects(pausing, /enough/);
    await machine.clock.advance(0);
    assert.deepEqual([machine.listeners(), machine.clock.sleepers()], [0, 0]);
  });
});

describe('resumePrint', () => {
  const resumeRpc = 'printer.print.resume';
  const resumes: Behaviour = ({ set }) => {
    set({ state: 'printing', isPaused: false });
    return 'ok';
  };
  const { signal } = new AbortController();
  const paused = { state: 'paused', isPaused: true } as const;

  it('is done when the print is seen to print', async () => {
    const machine = createMachine(paused, { [resumeRpc]: [resumes] });
    assert.equal(codeOf(await follow(machine, resumePrint(machine.deps, signal))), 'done');
    assert.deepEqual(machine.sent, [resumeRpc]);
  });

  it('does not believe ok, and tells why: a cold nozzle', async () => {
    const cold: Behaviour = ({ say }) => {
      say('!! Resume aborted !!! "extruder" not hot enough');
      return 'ok';
    };
    const machine = createMachine(paused, { [resumeRpc]: [cold] });
    const resuming = resumePrint(machine.deps, signal);
    assert.equal(await follow(machine, resuming, 14_000), 'still running');
    const outcome = await follow(machine, resuming, 2_000);
    assert.equal(codeOf(outcome), 'RESUME_NOT_OBSERVED');
    assert.match(JSON.stringify(outcome), /not hot enough/);
  });

  it('waits for a macro that heats up first', async () => {
    const machine = createMachine(paused, { [resumeRpc]: [() => 'pending'] });
    const resuming = resumePrint(machine.deps, signal);
    assert.equal(await follow(machine, resuming, 300_000), 'still running');
    machine.set({ state: 'printing' });
    assert.equal(codeOf(await follow(machine, resuming)), 'done');
  });

  it('sends M24 after M25, and RESUME when the flag comes half a second late', async () => {
    const m25 = createMachine({ state: 'paused', isPaused: false }, { M24: [resumes] });
    assert.equal(codeOf(await follow(m25, resumePrint(m25.deps, signal))), 'done');
    assert.deepEqual(m25.sent, ['M24']);
    const runout = createMachine({ state: 'paused', isPaused: false }, { [resumeRpc]: [resumes] });
    const resuming = resumePrint(runout.deps, signal);
    await runout.clock.advance(500);
    runout.set({ isPaused: true });
    assert.equal(codeOf(await follow(runout, resuming)), 'done');
    assert.deepEqual(runout.sent, [resumeRpc]);
  });

  it('sends nothing when it prints already, when nothing is paused, and when Klipper is not ready', async () => {
    for (const [start, code] of [
      [{ state: 'printing' }, 'done'],
      [{ state: 'complete' }, 'RESUME_NOT_OBSERVED'],
      [{ state: 'paused', klippy: 'shutdown' }, 'KLIPPY_NOT_READY'],
      [{ state: 'paused', klippy: 'disconnected' }, 'KLIPPY_NOT_READY'],
    ] as const) {
      const machine = createMachine(start, {});
      assert.equal(codeOf(await follow(machine, resumePrint(machine.deps, signal))), code);
      assert.deepEqual(machine.sent, []);
    }
  });

  it('fails when Klipper shuts down meanwhile', async () => {
    const machine = createMachine(paused, { [resumeRpc]: [() => 'pending'] });
    const resuming = resumePrint(machine.deps, signal);
    await machine.clock.advance(100);
    machine.set({ klippy: 'shutdown', message: 'MCU lost' });
    assert.equal(codeOf(await follow(machine, resuming, 1_000)), 'KLIPPY_NOT_READY');
  });
});

describe('cancelPrint', () => {
  const { signal } = new AbortController();
  const cancelRpc = 'printer.print.cancel';

  for (const state of ['printing', 'paused'] as const) {
    it(`cancels a print that is ${state}`, async () => {
      const cancels: Behaviour = ({ set }) => {
        set({ state: 'cancelled' });
        return 'ok';
      };
      const machine = createMachine({ state }, { [cancelRpc]: [cancels] });
      assert.equal(codeOf(await follow(machine, cancelPrint(machine.deps, signal))), 'done');
    });
  }

  it('says so when it had no effect', async () => {
    const machine = createMachine({}, { [cancelRpc]: [macroError] });
    const outcome = await follow(machine, cancelPrint(machine.deps, signal));
    assert.equal(codeOf(outcome), 'CANCEL_NOT_OBSERVED');
    assert.match(JSON.stringify(outcome), /Must home/);
  });

  it('is done when there is nothing to cancel', async () => {
    const machine = createMachine({ state: 'complete' }, {});
    assert.equal(codeOf(await follow(machine, cancelPrint(machine.deps, signal))), 'done');
    assert.deepEqual(machine.sent, []);
  });
});

describe('lengthenIdleTimeout', () => {
  const { signal } = new AbortController();
  const answering = (answers: Readonly<Record<string, unknown>>) => {
    const asked: string[] = [];
    const call = async (_method: string, params: Readonly<Record<string, unknown>>) => {
      const object = Object.keys(Object(params['objects']))[0] ?? '';
      asked.push(object);
      return { eventtime: 1, status: { [object]: answers[object] ?? {} } };
    };
    return { connection: { call: call as never }, asked };
  };
  const cases: readonly [string, Readonly<Record<string, unknown>>, number | null, string[]][] = [
    ['shorter', { idle_timeout: { idle_timeout: 600 } }, 600, ['SET_IDLE_TIMEOUT TIMEOUT=7200']],
    ['long enough', { idle_timeout: { idle_timeout: 7200 } }, null, []],
    [
      'only configured, in an older Klipper',
      { idle_timeout: { idle_timeout: null }, configfile: { settings: { idle_timeout: { timeout: 900 } } } },
      900,
      ['SET_IDLE_TIMEOUT TIMEOUT=7200'],
    ],
    ['nowhere', {}, null, []],
  ];
  for (const [what, answers, beforeS, sent] of cases) {
    it(`the timeout is ${what}`, async () => {
      const machine = createMachine({ state: 'paused' }, {});
      const { connection } = answering(answers);
      const deps = { connection, recipe: machine.deps, log: createQuietLog() };
      assert.equal(await lengthenIdleTimeout(7_200, deps, signal), beforeS);
      assert.deepEqual(machine.sent, sent);
    });
  }

  it('never asks for the whole configuration where Klipper tells the timeout', async () => {
    const machine = createMachine({ state: 'paused' }, {});
    const { connection, asked } = answering({ idle_timeout: { idle_timeout: 600 } });
    await lengthenIdleTimeout(7_200, { connection, recipe: machine.deps, log: createQuietLog() }, signal);
    assert.deepEqual(asked, ['idle_timeout']);
  });

  it('goes on without, when it cannot be read', async () => {
    const machine = createMachine({ state: 'paused' }, {});
    const connection = { call: (() => Promise.reject(closed())) as never };
    const log = createQuietLog();
    assert.equal(await lengthenIdleTimeout(7_200, { connection, recipe: machine.deps, log }, signal), null);
    assert.equal(log.lines.length, 1);
  });
});
