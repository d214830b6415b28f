import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { PauseStep } from '../../src/core/types.ts';
import { type AfterPauseOptions, followPause, holdsResume, noHold } from '../../src/moonraker/after-pause.ts';
import { createVirtualPrinter } from '../../src/virtual/printer.ts';
import { root } from '../architecture/source-files.ts';
import { until } from '../support/until.ts';

const cfg = readFileSync(join(root, 'klipper/lookout.cfg'), 'utf8');
const descriptionOf = (section: string) =>
  new RegExp(`^\\[gcode_macro ${section}\\]\\ndescription: (.*)$`, 'm').exec(cfg)?.[1] ?? '';
const helpWithHold = {
  RESUME: descriptionOf('Resume'),
  LOOKOUT_STANDBY: descriptionOf('LOOKOUT_STANDBY'),
};

async function follow(options: Partial<AfterPauseOptions>, help: unknown = helpWithHold, refused = '') {
  const scripts: string[] = [];
  const steps: PauseStep[] = [];
  const runGcode = async (script: string) => {
    if (refused !== '' && script.includes(refused)) throw new Error('Klipper said no');
    scripts.push(script);
  };
  const deps = { runGcode, readHelp: async () => help };
  const whole = { afterPauseGcode: null, hotendStandbyC: null, ...options };
  await followPause(whole, deps, (step) => steps.push(step), new AbortController().signal);
  return { scripts, steps };
}

describe('the steps after a pause', () => {
  it('are none from the start', async () => {
    assert.deepEqual(await follow({}), { scripts: [], steps: [] });
  });

  it("run the user's G-code, then cool the hotend where a resume will wait for it", async () => {
    assert.deepEqual(await follow({ afterPauseGcode: 'LED_RED\nM300', hotendStandbyC: 140 }), {
      scripts: ['LED_RED\nM300', 'LOOKOUT_STANDBY TEMP=140'],
      steps: [
        { step: 'after_pause_gcode', result: 'done', message: '' },
        { step: 'hotend_standby', result: 'done', message: '' },
      ],
    });
  });

  for (const [what, help] of [
    ['without the macros', { RESUME: 'Resume the actual running print' }],
    ['with lookout.cfg before mainsail.cfg', { ...helpWithHold, RESUME: 'Resume the actual running print' }],
    ['with a RESUME and no standby', { RESUME: helpWithHold.RESUME }],
    ['where Klipper gives no help', null],
  ] as const) {
    it(`leave the hotend hot ${what}`, async () => {
      assert.deepEqual(await follow({ hotendStandbyC: 140 }, help), {
        scripts: [],
        steps: [{ step: 'hotend_standby', result: 'skipped', message: noHold }],
      });
    });
  }

  it('go on after one that failed', async () => {
    const { scripts, steps } = await follow(
      { afterPauseGcode: 'NO', hotendStandbyC: 140 },
      helpWithHold,
      'NO',
    );
    assert.deepEqual(scripts, ['LOOKOUT_STANDBY TEMP=140']);
    assert.deepEqual(steps[0], { step: 'after_pause_gcode', result: 'failed', message: 'Klipper said no' });
  });

  it('know the macros of klipper/lookout.cfg by how they describe themselves', () => {
    assert.ok(holdsResume(helpWithHold));
  });
});

describe('the standby in a printer', () => {
  const setUp = async () => {
    const printer = createVirtualPrinter({ speed: 20, parkMs: 0, hasLookoutMacros: true });
    printer.addFile({ filename: 'a.gcode', layers: 500, layerMs: 1_000, heatMs: 100, failsFromLayer: null });
    const target = () => Number(printer.status()['extruder']?.['target']);
    const temperature = () => Number(printer.status()['extruder']?.['temperature']);
    const state = () => printer.status()['print_stats']?.['state'];
    await printer.startPrint('a.gcode');
    await until('warm', () => temperature() > 200 && state() === 'printing', 10_000);
    return { printer, target, temperature, state };
  };

  it('is over, and the nozzle warm, before the print goes on', async (t) => {
    const { printer, target, temperature, state } = await setUp();
    t.after(() => printer.close());
    const full = target();
    await printer.gcode('LOOKOUT_STANDBY TEMP=140');
    assert.equal(target(), full, 'not while it prints');
    await printer.gcode('PAUSE');
    await printer.gcode('LOOKOUT_STANDBY TEMP=140');
    assert.equal(target(), 140);
    await until('cool', () => temperature() < 160, 20_000);
    await printer.gcode('RESUME');
    assert.equal(state(), 'printing');
    assert.equal(target(), full);
    assert.ok(temperature() >= full - 2);
  });

  it('heats nothing again after a cancel, nor where somebody has set another temperature', async (t) => {
    const { printer, target, state } = await setUp();
    t.after(() => printer.close());
    await printer.gcode('PAUSE');
    await printer.gcode('LOOKOUT_STANDBY TEMP=140');
    await printer.gcode('M104 S180');
    await printer.gcode('RESUME');
    assert.equal(target(), 180);
    await printer.gcode('PAUSE');
    await printer.gcode('LOOKOUT_STANDBY TEMP=140');
    await printer.gcode('CANCEL_PRINT');
    await printer.gcode('RESUME');
    assert.deepEqual([state(), target()], ['cancelled', 0]);
  });
});
