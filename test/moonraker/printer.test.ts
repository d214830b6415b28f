import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ActionOutcome, Print } from '../../src/core/types.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createMoonrakerConnection } from '../../src/moonraker/connection.ts';
import { toEndpoint } from '../../src/moonraker/endpoint.ts';
import { createMoonrakerPrinter, type PrinterOptions } from '../../src/moonraker/printer.ts';
import { startVirtualMoonraker } from '../../src/virtual/moonraker.ts';
import { createVirtualPrinter, type VirtualPrinterOptions } from '../../src/virtual/printer.ts';
import { createQuietLog } from '../support/quiet-log.ts';
import { until } from '../support/until.ts';

const { signal } = new AbortController();
const noDelay = () => assert.fail('a delay was reported');

async function setUp(
  t: TestContext,
  machineOptions: VirtualPrinterOptions = {},
  printerOptions: Partial<PrinterOptions> = {},
) {
  const machine = createVirtualPrinter({ speed: 20, restartMs: 20, sampleMs: 20, ...machineOptions });
  machine.addFile({
    filename: 'good.gcode',
    layers: 200,
    layerMs: 4_000,
    heatMs: 2_000,
    failsFromLayer: null,
  });
  const moonraker = await startVirtualMoonraker({ printer: machine, initMs: 5 });
  const log = createQuietLog();
  const connection = createMoonrakerConnection(
    {
      endpoint: toEndpoint(moonraker.url),
      identity: { name: 'lookout', version: '0', type: 'agent', url: 'x' },
      credentials: { kind: 'trusted' },
    },
    { clock: systemClock, log, random: () => 0 },
  );
  const printer = createMoonrakerPrinter(
    {
      ...{ pauseTimeoutMs: 5_000, pausedIdleTimeoutS: null, afterPauseGcode: null, hotendStandbyC: null },
      ...printerOptions,
    },
    { connection, clock: systemClock, log },
  );
  const prints: Print[] = [];
  printer.onPrint((print) => prints.push(print));
  const abort = new AbortController();
  const running = printer.run(abort.signal);
  t.after(async () => {
    abort.abort();
    await running;
    await moonraker.close();
    machine.close();
  });
  const kinds = () => prints.map((print) => print.kind).filter((kind, index, all) => kind !== all[index - 1]);
  const is = (kind: Print['kind']) => until(kind, () => printer.print.kind === kind);
  const startPrint = async () => {
    await is('idle');
    await machine.startPrint('good.gcode');
    await is('printing');
  };
  return { machine, moonraker, connection, printer, prints, kinds, is, startPrint, log };
}

describe('print', () => {
  it('is followed from heating over pause and resume to the cancel', async (t) => {
    const { machine, printer, kinds, is, startPrint } = await setUp(t);
    await startPrint();
    await machine.gcode('PAUSE');
    await is('paused');
    assert.equal(printer.print.kind === 'paused' && printer.print.by, 'somebody');
    await machine.gcode('RESUME');
    // The cancel retracts: with less filament than that used, Klipper counts the print as not begun.
    await until('some layers', () => printer.print.kind === 'printing' && (printer.print.job.layer ?? 0) > 8);
    await machine.gcode('CANCEL_PRINT');
    await is('ended');
    assert.deepEqual(kinds(), ['idle', 'heating', 'printing', 'paused', 'printing', 'ended']);
    assert.equal(printer.print.kind === 'ended' && printer.print.how, 'cancelled');
  });

  it('has one start all the way, and durations that were really read', async (t) => {
    const { printer, prints, startPrint } = await setUp(t);
    await startPrint();
    const sampled = await printer.sample(signal);
    assert.ok(
      sampled.kind === 'printing' && sampled.job.printDurationMs > 0 && sampled.job.totalDurationMs > 0,
    );
    const starts = prints.flatMap((print) => ('job' in print ? [print.job.startTickMs] : []));
    // The first reading of a start may be one sample late.
    assert.ok(Math.max(...starts) - Math.min(...starts) < 300, `${starts}`);
  });

  it('shows the start of a print that it finds running', async (t) => {
    const { machine, moonraker, printer, is, startPrint, prints } = await setUp(t);
    await startPrint();
    const before = await printer.sample(signal);
    await moonraker.restart(20);
    await is('not-ready');
    prints.length = 0;
    await is('printing');
    assert.equal(prints[0]?.kind, 'printing');
    const after = printer.print;
    assert.ok(before.kind === 'printing' && after.kind === 'printing');
    assert.ok(Math.abs(before.job.startTickMs - after.job.startTickMs) < 100);
    assert.equal(machine.log.count('PAUSE'), 0);
  });

  it('is not ready while Klipper restarts, shuts down or comes back in an error', async (t) => {
    const { machine, printer, is } = await setUp(t);
    await is('idle');
    machine.emergencyStop('Heater extruder not heating');
    await until('shutdown', () => printer.print.kind === 'not-ready' && printer.print.why === 'shutdown');
    await until(
      'its text',
      () => printer.print.kind === 'not-ready' && /not heating/.test(printer.print.message),
    );
    machine.setConfigError('Section extruder is missing');
    await machine.restart();
    // No notification comes for this one: it is asked for every 2 s.
    await until('error', () => printer.print.kind === 'not-ready' && printer.print.why === 'error');
    assert.match(printer.print.kind === 'not-ready' ? printer.print.message : '', /extruder is missing/);
    machine.setConfigError(null);
    await machine.restart();
    await is('idle');
  });

  it('is not ready without Moonraker', async (t) => {
    const { moonraker, printer, is } = await setUp(t);
    await is('idle');
    await moonraker.kill();
    await is('not-ready');
    assert.equal(printer.print.kind === 'not-ready' && printer.print.why, 'no-moonraker');
    await assert.rejects(printer.sample(signal));
    await moonraker.restart(0);
    await is('idle');
  });

  it('tells a leftover is_paused from a print that pauses itself', async (t) => {
    const { machine, printer, is } = await setUp(t);
    await is('idle');
    // PAUSE with nothing to pause sets the flag.
    await machine.gcode('PAUSE');
    await machine.startPrint('good.gcode');
    await is('printing');
    await until('stale', () => printer.print.kind === 'printing' && printer.print.pauseFlag === 'stale');
  });

  it("shows a pause from the file as the file's", async (t) => {
    const { machine, printer, is } = await setUp(t, { parkMs: 10_000 });
    machine.addFile({
      filename: 'm600.gcode',
      layers: 9,
      layerMs: 2_000,
      heatMs: 0,
      failsFromLayer: null,
      events: [{ layer: 2, gcode: 'M600' }],
    });
    await is('idle');
    await machine.startPrint('m600.gcode');
    await is('paused');
    assert.equal(printer.print.kind === 'paused' && printer.print.by, 'file');
  });
});

describe('quiet', () => {
  it('asks nothing while idle and hardly anything while watching', async (t) => {
    const { machine, connection, printer, is } = await setUp(t, { sampleMs: 250 });
    await is('idle');
    // The last requests of the start may still be on their way.
    let idle = -1;
    while (idle !== connection.counts.requests) {
      idle = connection.counts.requests;
      await delay(1_000);
    }
    await delay(2_000);
    assert.equal(connection.counts.requests, idle);
    machine.addFile({
      filename: 'cold.gcode',
      layers: 99,
      layerMs: 4_000,
      heatMs: 40_000,
      failsFromLayer: null,
    });
    await machine.startPrint('cold.gcode');
    await is('heating');
    await is('printing');
    // Start: durations, print_duration subscribed. Begun: durations, print_duration dropped.
    await until('the four requests of a start', () => connection.counts.requests === idle + 4);
    const before = { ...connection.counts };
    const layerBefore = machine.status()['print_stats']?.['info'];
    await delay(3_000);
    await printer.sample(signal);
    const after = connection.counts;
    const layers =
      Number(Object(machine.status()['print_stats']?.['info']).current_layer) -
      Number(Object(layerBefore).current_layer);
    assert.equal(after.requests - before.requests, 1);
    // 3 s would be 12 updates if anything ticked; a change of layer is news.
    const updates = after.statusUpdates - before.statusUpdates;
    assert.ok(updates <= layers + 1, `${updates} updates for ${layers} layers`);
  });
});

describe('pause', () => {
  it('is done when it is seen, is ours, and is one', async (t) => {
    const { machine, printer, startPrint } = await setUp(t);
    await startPrint();
    const outcome = await printer.pause(noDelay, signal);
    assert.equal(outcome.kind, 'done');
    assert.equal(printer.print.kind === 'paused' && printer.print.by, 'us');
    assert.equal(machine.log.count('PAUSE'), 1);
  });

  it('clears a leftover flag first, or Klipper would answer ok and print on', async (t) => {
    const { machine, printer, is } = await setUp(t);
    await is('idle');
    await machine.gcode('PAUSE');
    await machine.startPrint('good.gcode');
    await is('printing');
    const outcome = await printer.pause(noDelay, signal);
    assert.equal(outcome.kind, 'done');
    assert.equal(printer.print.kind, 'paused');
    assert.equal(machine.log.count('CLEAR_PAUSE'), 1);
    await machine.gcode('RESUME');
    await is('printing');
  });

  it('says to all who ask that it hangs behind other G-code, once, sends nothing more, and comes through', async (t) => {
    const { machine, printer, startPrint } = await setUp(t, {}, { pauseTimeoutMs: 300 });
    await startPrint();
    const release = machine.holdLock();
    const delays: ActionOutcome[] = [];
    const pausing = printer.pause((outcome) => delays.push(outcome), signal);
    // A person who asks as well is served by the same.
    const asked = printer.pause((outcome) => delays.push(outcome), signal);
    await until('the delay', () => delays.length > 0);
    await delay(500);
    assert.equal(machine.log.count('PAUSE'), 0);
    release();
    assert.deepEqual([(await pausing).kind, (await asked).kind], ['done', 'done']);
    assert.deepEqual([delays.length, machine.log.count('PAUSE')], [2, 1]);
    assert.equal(printer.print.kind === 'paused' && printer.print.by, 'us');
  });

  it('comes through when Moonraker goes away while it is out, without a second one', async (t) => {
    const { machine, moonraker, printer, startPrint } = await setUp(t);
    await startPrint();
    const release = machine.holdLock();
    const pausing = printer.pause(noDelay, signal);
    await until('the request', () => moonraker.requests['printer.print.pause'] === 1);
    moonraker.dropAll();
    await until('not ready', () => printer.print.kind === 'not-ready');
    release();
    assert.equal((await pausing).kind, 'done');
    assert.equal(machine.log.count('PAUSE'), 1);
  });

  it('leaves no flag behind when the print ends before it gets its turn', async (t) => {
    const { machine, moonraker, printer, startPrint } = await setUp(t);
    await startPrint();
    const release = machine.holdLock();
    const cancelling = machine.gcode('CANCEL_PRINT');
    const pausing = printer.pause(noDelay, signal);
    await until('the request', () => moonraker.requests['printer.print.pause'] === 1);
    release();
    await cancelling;
    assert.equal((await pausing).kind, 'failed');
    assert.deepEqual([machine.log.count('PAUSE'), machine.log.count('CLEAR_PAUSE')], [1, 1]);
    assert.equal(machine.status()['pause_resume']?.['is_paused'], false);
  });

  it('does nothing to a print that is gone with Klipper', async (t) => {
    const { machine, moonraker, printer, startPrint, is } = await setUp(t);
    await startPrint();
    machine.holdLock();
    const pausing = printer.pause(noDelay, signal);
    await until('the request', () => moonraker.requests['printer.print.pause'] === 1);
    await machine.restart();
    assert.equal((await pausing).kind, 'failed');
    await is('idle');
    assert.equal(machine.status()['pause_resume']?.['is_paused'], false);
    assert.equal(machine.log.count('PAUSE'), 0);
  });

  it('does not take an emergency stop for a pause', async (t) => {
    const { machine, printer, startPrint } = await setUp(t);
    await startPrint();
    machine.holdLock();
    const pausing = printer.pause(noDelay, signal);
    machine.emergencyStop();
    const outcome = await pausing;
    assert.equal(outcome.kind === 'failed' && outcome.code, 'KLIPPY_NOT_READY');
  });

  it('sends nothing when nothing prints, and leaves a pause of somebody else alone', async (t) => {
    const { machine, printer, is, startPrint } = await setUp(t, {}, { pausedIdleTimeoutS: 9_999 });
    await is('idle');
    const outcome = await printer.pause(noDelay, signal);
    assert.deepEqual(
      [outcome.kind === 'failed' && outcome.code, machine.log.count('PAUSE')],
      ['PAUSE_NOT_OBSERVED', 0],
    );
    await startPrint();
    await machine.gcode('PAUSE');
    await is('paused');
    const again = await printer.pause(noDelay, signal);
    assert.deepEqual(
      [again.kind, machine.log.count('PAUSE'), machine.log.count('SET_IDLE_TIMEOUT')],
      ['done', 1, 0],
    );
  });

  it('keeps the bed warm and gives the old idle timeout back', async (t) => {
    const { machine, printer, startPrint } = await setUp(
      t,
      { idleTimeoutS: 600 },
      { pausedIdleTimeoutS: 7_200 },
    );
    await startPrint();
    const outcome = await printer.pause(noDelay, signal);
    assert.equal(outcome.kind === 'done' && outcome.idleTimeoutBeforeS, 600);
    await until('the new timeout', () => machine.status()['idle_timeout']?.['idle_timeout'] === 7_200);
    await printer.runGcode('SET_IDLE_TIMEOUT TIMEOUT=600', signal);
    assert.equal(machine.status()['idle_timeout']?.['idle_timeout'], 600);
  });

  it('leaves an idle timeout that is long enough', async (t) => {
    const { machine, printer, startPrint } = await setUp(
      t,
      { idleTimeoutS: 9_000 },
      { pausedIdleTimeoutS: 7_200 },
    );
    await startPrint();
    const outcome = await printer.pause(noDelay, signal);
    assert.equal(outcome.kind === 'done' && outcome.idleTimeoutBeforeS, null);
    assert.equal(machine.log.count('SET_IDLE_TIMEOUT'), 0);
  });
});

describe('resume and cancel', () => {
  it('resumes, also after M25, and cancels', async (t) => {
    const { machine, printer, startPrint } = await setUp(t);
    await startPrint();
    await printer.pause(noDelay, signal);
    assert.equal((await printer.resume(signal)).kind, 'done');
    await machine.gcode('M25');
    await until('m25', () => printer.print.kind === 'paused' && printer.print.by === 'm25');
    assert.equal((await printer.resume(signal)).kind, 'done');
    assert.deepEqual([machine.log.count('RESUME'), machine.log.count('M24')], [1, 1]);
    assert.equal((await printer.cancel(signal)).kind, 'done');
    assert.equal(printer.print.kind, 'ended');
    const again = await printer.cancel(signal);
    assert.equal(again.kind, 'done');
    assert.equal(machine.log.count('CANCEL_PRINT'), 1);
  });
});

describe('gcode', () => {
  it("hands on each line and rejects with Klipper's words", async (t) => {
    const { printer, is } = await setUp(t);
    const lines: string[] = [];
    printer.onGcodeResponse((line) => lines.push(line));
    await is('idle');
    await printer.runGcode('RESPOND TYPE=echo MSG="one"\nRESPOND TYPE=error MSG="two"', signal);
    assert.deepEqual(lines, ['echo: one', '!! two']);
    await assert.rejects(printer.runGcode('G1 X9999', signal), /out of range|home/i);
  });
});

describe('the objects of a print', () => {
  it('are read, and one is left out', async (t) => {
    const { machine, printer, startPrint } = await setUp(t);
    await startPrint();
    await machine.gcode('EXCLUDE_OBJECT_DEFINE NAME=other POLYGON=[[10,180],[35,180],[35,205]]');
    const read = await printer.bedObjects(signal);
    assert.deepEqual(
      read?.objects.map(({ name, polygon }) => [name, polygon.length]),
      [
        ['PART', 4],
        ['OTHER', 3],
      ],
    );
    assert.deepEqual(read?.bed, { minX: 0, minY: 0, maxX: 235, maxY: 235 });
    assert.equal((await printer.skipObject('PART', signal)).kind, 'done');
    assert.deepEqual((await printer.bedObjects(signal))?.excluded, ['PART']);
    const again = await printer.skipObject('OTHER', signal);
    assert.equal(again.kind === 'failed' && again.code, 'SKIP_NOT_OBSERVED');
  });
});
