import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPrinterLife, type LivingParts } from '../../src/app/printer-life.ts';
import { printerLog } from '../../src/app/printer-log.ts';
import { pulseOf } from '../../src/app/pulse.ts';
import type { WatchStatus } from '../../src/app/watch.ts';
import type { Print } from '../../src/core/types.ts';
import { initialWatchState } from '../../src/core/watch-state.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { aJob, aPrinter } from '../support/parts.ts';
import { createQuietLog } from '../support/quiet-log.ts';

const idle: Print = { kind: 'idle' };

function aStatus(change: Partial<WatchStatus> = {}): WatchStatus {
  const state = initialWatchState;
  return {
    print: idle,
    gate: null,
    state,
    mode: 'act',
    assessments: 0,
    calls: 0,
    steppedTickMs: 1_000_000,
    ...change,
  };
}

/** Parts whose watch runs until the signal aborts, or until `fail`. */
function someParts() {
  const told: string[] = [];
  const printer = aPrinter({ kind: 'not-ready', why: 'no-moonraker', message: '' });
  let fail: (error: Error) => void = () => {};
  const runs = { watch: 0, connection: 0 };
  const untilAborted = (signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const parts: LivingParts = {
    printer,
    announcer: {
      raise: () => {},
      close: () => {},
      tell: ({ text }) => told.push(text),
      shutDown: async () => {},
    },
    run: async (signal) => {
      runs.connection += 1;
      await untilAborted(signal);
      runs.connection -= 1;
    },
    watch: {
      run: async (signal) => {
        runs.watch += 1;
        await Promise.race([
          untilAborted(signal),
          new Promise<never>((_, reject) => {
            fail = reject;
          }),
        ]);
      },
    },
  };
  return { parts, printer, told, runs, fail: (text: string) => fail(new Error(text)) };
}

function setUp(isAlone: boolean) {
  const clock = createFakeClock();
  const log = createQuietLog();
  const made: ReturnType<typeof someParts>[] = [];
  let trouble: Error | null = null;
  const make = () => {
    if (trouble !== null) throw trouble;
    const next = someParts();
    made.push(next);
    return next.parts;
  };
  const life = createPrinterLife({ name: 'left', isAlone }, make(), make, { clock, log, random: () => 1 });
  const stop = new AbortController();
  const running = life.run(stop.signal);
  const part = (index: number) => made[index] ?? assert.fail(`there are only ${made.length}`);
  return {
    ...{ clock, log, life, part, running, made },
    setTrouble: (error: Error | null) => {
      trouble = error;
    },
    end: async () => {
      stop.abort(new Error('enough'));
      await running;
    },
  };
}

describe('a printer beside others', () => {
  it('is watched anew after its watch has failed, with its old connection closed, and says so', async () => {
    const { clock, life, part, made, log, end } = setUp(false);
    await clock.advance(0);
    part(0).fail('a bug');
    await clock.advance(9_000);
    assert.equal(life.parts(), null);
    assert.equal(life.restart()?.atTickMs, 1_010_000);
    assert.equal(part(0).runs.connection, 0);
    await clock.advance(2_000);
    assert.equal(life.parts(), part(1).parts);
    assert.equal(life.restart(), null);
    assert.deepEqual(
      log.lines.map(({ level }) => level),
      ['error'],
    );
    assert.deepEqual(part(1).told, []);
    part(1).printer.set(idle);
    part(1).printer.set({ kind: 'heating', job: aJob(), pauseFlag: 'none' });
    assert.deepEqual(part(1).told, [
      'Lookout: watching this printer failed and was started anew. The log says why.',
    ]);
    await end();
    assert.equal(made.length, 2);
  });

  it('waits longer with each failure, and short again after a long good time', async () => {
    const { clock, life, part, end } = setUp(false);
    const waits: number[] = [];
    for (const [index, goodMs] of [0, 0, 0, 0, 0, 0, 0, 600_000].entries()) {
      await clock.advance(goodMs);
      part(index).fail('again');
      await clock.advance(0);
      const waitMs = (life.restart()?.atTickMs ?? 0) - clock.now().tickMs;
      waits.push(waitMs / 1000);
      await clock.advance(waitMs);
    }
    assert.deepEqual(waits, [10, 20, 40, 80, 160, 300, 300, 10]);
    await end();
  });

  it('tries again when its parts cannot even be made', async () => {
    const { clock, life, part, setTrouble, end } = setUp(false);
    await clock.advance(0);
    setTrouble(new Error('the certificate has gone'));
    part(0).fail('a bug');
    await clock.advance(15_000);
    assert.match(String(life.restart()?.error), /certificate/);
    setTrouble(null);
    await clock.advance(20_000);
    assert.equal(life.parts(), part(1).parts);
    await end();
  });

  it('is made anew on demand, in order and at once, which is no failure', async () => {
    const { clock, life, part, log, end } = setUp(true);
    await clock.advance(0);
    life.renew();
    await clock.advance(0);
    assert.equal(life.parts(), part(1).parts);
    assert.equal(part(0).runs.connection, 0);
    assert.equal(part(1).runs.watch, 1);
    assert.deepEqual(log.lines, []);
    await end();
  });

  it('can be stopped while it waits', async () => {
    const { clock, part, end, made } = setUp(false);
    await clock.advance(0);
    part(0).fail('a bug');
    await clock.advance(1_000);
    await end();
    assert.equal(made.length, 1);
  });
});

describe('the only printer', () => {
  it('ends the process when its watch fails', async () => {
    const { clock, part, running } = setUp(true);
    await clock.advance(0);
    part(0).fail('a bug');
    await assert.rejects(running, /a bug/);
  });
});

describe('the pulse of several printers', () => {
  const life = (name: string, status: WatchStatus | null) => ({
    name,
    parts: () => (status === null ? null : { watch: { status: () => status } }),
    restart: () => (status === null ? { error: new Error('x'), atTickMs: 1_030_000 } : null),
  });
  const blind = {
    since: { atMs: 0, tickMs: 0 },
    fault: { side: 'camera', code: 'CAMERA_STATUS', message: '', hint: '', isPermanent: false },
    isTold: false,
  } as const;

  it('names the worst first', () => {
    const lives = [
      life('a', aStatus()),
      life('b', aStatus({ state: { ...initialWatchState, blind } })),
      life('c', null),
    ];
    assert.deepEqual(pulseOf(lives, 1_000_000), {
      isStuck: false,
      line: 'c: failed, starts anew in 30 s | b: idle · blind: CAMERA_STATUS · 0 calls | a: idle · 0 calls',
    });
  });

  it('stops when one of them hangs', () => {
    const { isStuck, line } = pulseOf(
      [life('a', aStatus({ steppedTickMs: 1_400_000 })), life('b', aStatus())],
      1_400_000,
    );
    assert.equal(isStuck, true);
    assert.match(line, /^b: hangs, idle/);
  });
});

describe('the log of a printer', () => {
  it('names it in every component, however deep', () => {
    const log = createQuietLog();
    printerLog(log, 'left').child('app/watch').child('core').info('x');
    printerLog(log, 'left').warn('y');
    printerLog(log, null).child('app/watch').info('z');
    assert.deepEqual(
      log.lines.map(({ component }) => component),
      ['left/core', 'left', 'app/watch'],
    );
  });
});
