// The virtual printer: pauses at good and bad moments, the one G-code lock, faults, restarts, and what the camera sees.
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { VirtualGcodeError } from '../../src/virtual/gcode-line.ts';
import {
  createVirtualPrinter,
  type VirtualPrint,
  type VirtualPrinter,
  type VirtualPrinterOptions,
} from '../../src/virtual/printer.ts';
import { KlippyGone } from '../../src/virtual/reactor.ts';
import { until } from '../support/until.ts';

const long: VirtualPrint = {
  filename: 'long.gcode',
  layers: 50,
  layerMs: 8_000,
  heatMs: 0,
  failsFromLayer: null,
};
const open: VirtualPrinter[] = [];

function make(options: VirtualPrinterOptions = {}, print: Partial<VirtualPrint> = {}) {
  const printer = createVirtualPrinter({ speed: 40, restartMs: 20, ...options });
  open.push(printer);
  printer.addFile({ ...long, ...print });
  const lines: string[] = [];
  printer.onGcodeResponse((line) => lines.push(line));
  const field = (object: string, name: string) => printer.status()[object]?.[name];
  const state = () => field('print_stats', 'state');
  const isPaused = () => field('pause_resume', 'is_paused');
  const begin = async () => {
    await printer.startPrint('long.gcode');
    await until('the first layer', () => layer(printer) >= 1);
  };
  return { printer, lines, field, state, isPaused, begin };
}

function layer(printer: VirtualPrinter): number {
  const info = printer.status()['print_stats']?.['info'] as { current_layer: number | null };
  return info.current_layer ?? 0;
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof VirtualGcodeError);
    return error.message;
  }
  throw new Error('was not refused');
}

afterEach(() => {
  for (const printer of open.splice(0)) printer.close();
});

describe('a print', () => {
  it('heats with print_duration 0, then counts, and ends complete', async () => {
    const { printer, field, state } = make({}, { layers: 3, layerMs: 4_000, heatMs: 8_000 });
    await printer.startPrint('long.gcode');
    assert.equal(state(), 'printing');
    await until('heating', () => field('extruder', 'target') === 210);
    assert.equal(field('print_stats', 'print_duration'), 0);
    await until('extrusion', () => Number(field('print_stats', 'print_duration')) > 0);
    const { progress } = printer.status()['virtual_sdcard'] ?? {};
    assert.ok(Number(progress) > 0 && Number(progress) < 1);
    await until('the end', () => state() === 'complete');
    assert.equal(field('virtual_sdcard', 'progress'), 1);
    assert.equal(field('virtual_sdcard', 'file_path'), null);
    assert.deepEqual(field('print_stats', 'info'), { total_layer: 3, current_layer: 3 });
    assert.equal(field('extruder', 'target'), 0);
    assert.equal(field('display_status', 'message'), 'Done');
  });

  it('has a start that does not move on the clock of the host', async () => {
    const { printer, field, begin } = make();
    await begin();
    const start = () => printer.eventtime() - Number(field('print_stats', 'total_duration'));
    const first = start();
    await until('another layer', () => layer(printer) >= 3);
    assert.ok(Math.abs(start() - first) < 0.005);
  });

  it('cannot be started twice, nor without a file', async () => {
    const { printer, begin } = make();
    await begin();
    assert.equal(await refusal(printer.startPrint('long.gcode')), 'SD busy');
    await printer.gcode('CANCEL_PRINT');
    assert.equal(await refusal(printer.startPrint('none.gcode')), 'Unable to open file');
  });
});

describe('pause, resume, cancel', () => {
  it('pauses before the macro has parked, and is answered after', async () => {
    const { printer, state, isPaused, begin } = make({ parkMs: 8_000 });
    await begin();
    let isAnswered = false;
    const pause = printer.gcode('PAUSE').then(() => {
      isAnswered = true;
    });
    await until('paused', () => state() === 'paused');
    assert.equal(isAnswered, false);
    assert.equal(isPaused(), true);
    await pause;
    await printer.gcode('RESUME');
    assert.equal(state(), 'printing');
    assert.equal(isPaused(), false);
  });

  it('freezes print_duration while paused and counts the pause when cancelled in it', async () => {
    const { printer, field, state, begin } = make();
    await begin();
    await printer.gcode('PAUSE');
    const printed = () => Number(field('print_stats', 'print_duration'));
    const atPause = printed();
    const pausedAt = printer.eventtime();
    await until('300 ms of pause', () => printer.eventtime() - pausedAt > 0.3);
    assert.ok(Math.abs(printed() - atPause) < 0.001);
    await printer.gcode('CANCEL_PRINT');
    assert.equal(state(), 'cancelled');
    assert.ok(printed() - atPause > 0.29);
  });

  it('ends with negative filament and print_duration 0 when cancelled before it has extruded', async () => {
    const { printer, field, state } = make({}, { heatMs: 4_000 });
    await printer.startPrint('long.gcode');
    await until('heating', () => field('extruder', 'target') === 210);
    await printer.gcode('CANCEL_PRINT');
    assert.equal(state(), 'cancelled');
    assert.equal(field('print_stats', 'print_duration'), 0);
    assert.equal(field('print_stats', 'filament_used'), -5);
  });

  it('waits while the file heats', async () => {
    const { printer, field, state } = make({}, { heatMs: 12_000 });
    await printer.startPrint('long.gcode');
    await until('heating', () => field('extruder', 'target') === 210);
    const pause = printer.gcode('PAUSE');
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(state(), 'printing');
    await pause;
    assert.equal(state(), 'paused');
  });

  it('reads is_paused before paused when the file pauses itself', async () => {
    const { printer, state, isPaused, begin } = make(
      { parkMs: 8_000 },
      { events: [{ layer: 2, gcode: 'M600' }] },
    );
    await begin();
    await until('is_paused', () => isPaused() === true);
    const { file_position: position } = printer.status()['virtual_sdcard'] ?? {};
    assert.equal(state(), 'printing');
    await until('paused', () => state() === 'paused');
    assert.ok(Number(printer.status()['virtual_sdcard']?.['file_position']) > Number(position));
    await printer.gcode('RESUME');
    await until('the next layer', () => layer(printer) === 2);
  });

  it('reads paused before is_paused when the filament runs out', async () => {
    const { printer, state, isPaused, begin } = make({ speed: 8 }, { layerMs: 2_000 });
    await begin();
    printer.setFilament(false);
    await until('paused', () => state() === 'paused');
    assert.equal(isPaused(), false);
    await until('is_paused', () => isPaused() === true);
    assert.deepEqual(printer.status()['filament_switch_sensor runout'], {
      filament_detected: false,
      enabled: true,
    });
  });

  it('says ok and prints on when is_paused is left over', async () => {
    const { printer, lines, state, isPaused, begin } = make();
    await printer.gcode('PAUSE');
    assert.ok(lines.includes('// action:paused'));
    assert.equal(isPaused(), true);
    await begin();
    await printer.gcode('PAUSE');
    assert.equal(lines.at(-1), '// Print already paused');
    const before = layer(printer);
    await until('the next layer', () => layer(printer) > before);
    assert.equal(state(), 'printing');

    await printer.gcode('CLEAR_PAUSE');
    assert.equal(isPaused(), false);
    await printer.gcode('PAUSE');
    assert.equal(state(), 'paused');
  });

  it('stops by M25 without is_paused; only M24 goes on', async () => {
    const { printer, lines, state, isPaused, begin } = make();
    await begin();
    await printer.gcode('M25');
    await until('paused', () => state() === 'paused');
    assert.equal(isPaused(), false);
    await printer.gcode('RESUME');
    assert.equal(lines.at(-1), '// Print is not paused, resume aborted');
    assert.equal(state(), 'paused');
    await printer.gcode('M24');
    assert.equal(state(), 'printing');
  });

  it('does not resume with a cold nozzle, and says so', async () => {
    const { printer, lines, state, isPaused, field, begin } = make({ speed: 200 });
    await begin();
    await printer.gcode('PAUSE\nM104 S0');
    await until('a cold nozzle', () => field('extruder', 'can_extrude') === false);
    await printer.gcode('RESUME');
    assert.ok(lines.some((line) => line.startsWith('!! Resume aborted')));
    assert.equal(lines.at(-1), '// action:prompt_show');
    assert.equal(state(), 'paused');
    assert.equal(isPaused(), true);
  });
});

describe('the idle timeout', () => {
  it('cools and unhomes a paused printer, but stays paused', async () => {
    const { printer, field, state, begin } = make();
    await begin();
    await printer.gcode('PAUSE\nSET_IDLE_TIMEOUT TIMEOUT=0.2');
    assert.equal(field('idle_timeout', 'idle_timeout'), 0.2);
    await until('idle', () => field('idle_timeout', 'state') === 'Idle');
    assert.equal(field('extruder', 'target'), 0);
    assert.equal(field('heater_bed', 'target'), 0);
    assert.equal(field('toolhead', 'homed_axes'), '');
    assert.equal(state(), 'paused');
    assert.match(await refusal(printer.gcode('RESUME')), /^Must home axis first/);
  });

  it('does not come while a print runs, and can be put off in time', async () => {
    const { printer, field, begin } = make({ idleTimeoutS: 0.3 });
    await begin();
    await until('some layers', () => layer(printer) >= 4);
    assert.equal(field('idle_timeout', 'state'), 'Printing');
    await printer.gcode('PAUSE\nSET_IDLE_TIMEOUT TIMEOUT=600');
    const pausedAt = printer.eventtime();
    await until('longer than the old limit', () => printer.eventtime() - pausedAt > 0.5);
    assert.equal(field('idle_timeout', 'state'), 'Ready');
    assert.equal(field('extruder', 'target'), 210);
  });
});

describe('G-code', () => {
  it('runs one script at a time, in the order of coming', async () => {
    const { printer, lines } = make();
    const release = printer.holdLock();
    const both = Promise.all([printer.gcode('M118 one\nM118 two'), printer.gcode('M118 three')]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(lines, []);
    release();
    await both;
    assert.deepEqual(lines, ['echo: one', 'echo: two', 'echo: three']);
  });

  it('keeps a pause waiting while the lock is held', async () => {
    const { printer, state, begin } = make();
    await begin();
    const release = printer.holdLock();
    const pause = printer.gcode('PAUSE');
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(state(), 'printing');
    release();
    await pause;
    assert.equal(state(), 'paused');
  });

  it('stops a script at the first error', async () => {
    const { printer, lines } = make();
    await printer.gcode('G28');
    const script = 'M118 before\nG1 X9999\nM118 after';
    assert.equal(await refusal(printer.gcode(script)), 'Move out of range: 9999.000 0.000 0.000 [0.000]');
    assert.deepEqual(lines, ['echo: before', '!! Move out of range: 9999.000 0.000 0.000 [0.000]']);
  });

  it('takes an unknown command for no error', async () => {
    const { printer, lines } = make();
    await printer.gcode('NOSUCHCMD\nM118 on');
    assert.deepEqual(lines, ['// Unknown command:"NOSUCHCMD"', 'echo: on']);
  });

  it('shows RESPOND by its type', async () => {
    const { printer, lines } = make();
    await printer.gcode(
      'RESPOND MSG=a\nRESPOND TYPE=command MSG="action:x y"\nRESPOND TYPE=error MSG=b\nRESPOND TYPE=echo_no_space MSG=c\nRESPOND PREFIX=tgt MSG=d',
    );
    assert.deepEqual(lines, ['echo: a', '// action:x y', '!! b', 'echo:c', 'tgt d']);
    assert.match(
      await refusal(printer.gcode('RESPOND TYPE=nonsense MSG=x')),
      /^RESPOND TYPE 'nonsense' is invalid/,
    );
  });

  it('keeps M117 until it is cleared', async () => {
    const { printer, field } = make();
    await printer.gcode('M117 Look; at "this"');
    assert.equal(field('display_status', 'message'), 'Look; at "this"');
    await printer.gcode('M117');
    assert.equal(field('display_status', 'message'), null);
  });

  it('sets and switches off heaters, and refuses unknown ones', async () => {
    const { printer, field } = make();
    await printer.gcode('SET_HEATER_TEMPERATURE HEATER=extruder TARGET=150');
    assert.equal(field('extruder', 'target'), 150);
    await printer.gcode('TURN_OFF_HEATERS');
    assert.equal(field('extruder', 'target'), 0);
    assert.equal(
      await refusal(printer.gcode('SET_HEATER_TEMPERATURE HEATER=nose TARGET=1')),
      "The value 'nose' is not valid for HEATER",
    );
  });

  it('leaves out a part, and skips its moves', async () => {
    const { printer, field, begin } = make();
    await begin();
    await until('a part', () => field('exclude_object', 'current_object') === 'PART');
    await printer.gcode('EXCLUDE_OBJECT NAME=part\nEXCLUDE_OBJECT NAME=nothing');
    assert.deepEqual(field('exclude_object', 'excluded_objects'), ['NOTHING', 'PART']);
    const before = layer(printer);
    await until('quick layers', () => layer(printer) > before + 3, 500);
    await printer.gcode('EXCLUDE_OBJECT RESET=1');
    assert.deepEqual(field('exclude_object', 'excluded_objects'), []);
  });

  it('calls remote methods before any G-code of the macro, and goes on when there is none', async () => {
    const { printer, lines } = make({
      ownMacros: {
        NOTE: (params, actions) => {
          actions.callRemoteMethod('note', { text: params['TEXT'] });
          return 'M118 ran';
        },
      },
    });
    await printer.gcode('NOTE TEXT=nobody');
    const calls: unknown[] = [];
    printer.klipper?.remoteMethods.set(
      'note',
      new Set([(params: Record<string, unknown>) => calls.push([params, lines.length])]),
    );
    await printer.gcode('NOTE TEXT=hello');
    assert.deepEqual(calls, [[{ text: 'hello' }, 1]]);
    assert.deepEqual(lines, ['echo: ran', 'echo: ran']);
  });
});

describe('faults', () => {
  it('cancels with a !! line when the file has an error and the macros are those of Mainsail', async () => {
    const { lines, field, state, begin } = make({}, { events: [{ layer: 2, gcode: 'G1 X9999' }] });
    await begin();
    await until('the end', () => state() !== 'printing');
    assert.equal(state(), 'cancelled');
    assert.equal(field('print_stats', 'message'), '');
    assert.ok(lines.some((line) => line.startsWith('!! Move out of range')));
  });

  it('ends in error with the text when they are not', async () => {
    const { field, state, begin } = make({ macros: 'plain' }, { events: [{ layer: 2, gcode: 'G1 X9999' }] });
    await begin();
    await until('the end', () => state() !== 'printing');
    assert.equal(state(), 'error');
    assert.match(String(field('print_stats', 'message')), /^Move out of range/);
  });

  it('reads shutdown and paused after an emergency stop, without is_paused', async () => {
    const { printer, lines, field, state, isPaused, begin } = make();
    await begin();
    printer.emergencyStop();
    await until('paused', () => state() === 'paused');
    assert.equal(printer.state, 'shutdown');
    assert.equal(field('webhooks', 'state'), 'shutdown');
    assert.equal(isPaused(), false);
    assert.equal(field('extruder', 'target'), 0);
    assert.ok(lines.includes('// Klipper state: Shutdown'));
    assert.match(await refusal(printer.gcode('RESUME')), /^Shutdown due to webhooks request\n/);
    await printer.gcode('RESPOND TYPE=error MSG="still heard"');
    assert.equal(lines.at(-1), '!! still heard');
  });

  it('ends the heating that an emergency stop comes into', async () => {
    const { printer, state } = make({ speed: 1 }, { heatMs: 60_000 });
    await printer.startPrint('long.gcode');
    printer.emergencyStop();
    await until('the end of the loop', () => state() !== 'printing', 1_000);
  });

  it('stops at M112 from the file', async () => {
    const { printer, state, begin } = make({}, { events: [{ layer: 2, gcode: 'M112' }] });
    await begin();
    await until('the shutdown', () => printer.state === 'shutdown');
    await until('paused', () => state() === 'paused');
    assert.match(printer.stateMessage, /^Shutdown due to M112 command/);
  });

  it('comes back fresh from a restart, and rejects what was running', async () => {
    const { printer, lines, state, begin } = make();
    const states: string[] = [];
    printer.onState((next) => states.push(next));
    await begin();
    printer.holdLock();
    const waiting = printer.gcode('PAUSE');
    const restarted = printer.restart();
    await assert.rejects(waiting, KlippyGone);
    assert.equal(printer.state, 'disconnected');
    assert.deepEqual(printer.status(), {});
    await assert.rejects(printer.gcode('M118 x'), KlippyGone);
    await restarted;
    assert.equal(printer.state, 'ready');
    assert.equal(state(), 'standby');
    assert.deepEqual(states, ['disconnected', 'startup', 'ready']);
    assert.ok(lines.includes('// Klipper state: Disconnect'));
    await printer.gcode('M118 x');
  });

  it('restarts by G-code', async () => {
    const { printer } = make();
    await assert.rejects(printer.gcode('FIRMWARE_RESTART'), KlippyGone);
    await until('ready', () => printer.state === 'ready');
  });

  it('ends a start in error while the configuration is broken', async () => {
    const { printer, lines } = make();
    printer.setConfigError("Section 'x' is not a valid config section\n");
    await printer.restart();
    assert.equal(printer.state, 'error');
    assert.match(await refusal(printer.gcode('PAUSE')), /^Section 'x' is not a valid config section\n\nOnce/);
    assert.equal(lines.at(-1), "!! Section 'x' is not a valid config section");
    printer.setConfigError(null);
    await printer.restart();
    assert.equal(printer.state, 'ready');
  });
});

describe('what others see', () => {
  it('counts commands wherever they came from, and keeps scripts from outside', async () => {
    const { printer, begin } = make({}, { events: [{ layer: 2, gcode: 'M600' }] });
    await begin();
    await until('the pause', () => printer.log.count('PAUSE') === 1);
    await printer.gcode('RESUME');
    assert.equal(printer.log.count('RESUME'), 1);
    assert.deepEqual(printer.log.scripts, ['SDCARD_PRINT_FILE FILENAME="long.gcode"', 'RESUME']);
  });

  it('shows the part grow, then spaghetti, and keeps it after the end', async () => {
    const { printer, begin, state } = make({}, { layers: 10, layerMs: 3_000, failsFromLayer: 4 });
    assert.deepEqual(printer.scene(), {
      isPrinting: false,
      grown: 0,
      spaghetti: 0,
      gantry: 0,
      isDark: false,
    });
    await begin();
    await until('growth', () => printer.scene().grown > 0.1 && printer.scene().spaghetti === 0);
    await until('spaghetti', () => printer.scene().spaghetti > 0.5);
    assert.ok(Math.abs(printer.scene().grown - 0.3) < 0.01);
    await printer.gcode('CANCEL_PRINT\nSET_PIN PIN=light VALUE=0');
    assert.equal(state(), 'cancelled');
    const after = printer.scene();
    assert.equal(after.isPrinting, false);
    assert.equal(after.isDark, true);
    assert.ok(after.spaghetti > 0.5);
  });

  it('writes its files where a real Moonraker can find them only when it has a folder', () => {
    const { printer } = make();
    assert.deepEqual(
      printer.files().map(({ path }) => path),
      ['long.gcode'],
    );
    assert.equal(printer.gcodesPath, '/home/pi/printer_data/gcodes');
  });
});
