// klipper/lookout.cfg, rendered by the template engine that Klipper uses: what its macros do and call.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ensureMoonraker } from '../../scripts/moonraker-venv.mjs';
import { remoteMethodNames } from '../../src/app/control-doors.ts';
import { root } from '../architecture/source-files.ts';
import { whyNoMoonraker } from '../support/real-moonraker.ts';

const skip = await whyNoMoonraker();
const file = join(root, 'klipper/lookout.cfg');

interface Case {
  readonly macro: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly rawparams?: string;
  readonly printer?: Readonly<Record<string, object>>;
}

interface Rendered {
  readonly lines: readonly string[];
  readonly calls: readonly (readonly [string, object])[];
}

async function render(...cases: readonly Case[]): Promise<readonly Rendered[]> {
  const { python } = await ensureMoonraker();
  const input = JSON.stringify(cases.map((each) => ({ params: {}, printer: {}, ...each })));
  const script = join(root, 'test/support/render_macros.py');
  const { stdout, stderr, status } = spawnSync(python, [script, file], {
    input,
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout).answers;
}

const paused = {
  toolhead: { extruder: 'extruder' },
  extruder: { target: 210 },
  pause_resume: { is_paused: true },
  'gcode_macro LOOKOUT_STANDBY': { heater: '', target: 0, standby: 0 },
};
const standingBy = {
  ...paused,
  extruder: { target: 140 },
  'gcode_macro LOOKOUT_STANDBY': { heater: 'extruder', target: 210, standby: 140 },
};

describe('klipper/lookout.cfg', { skip }, () => {
  it('calls every method that is offered to macros, and no other of ours', async () => {
    const text = readFileSync(file, 'utf8');
    const called = [...text.matchAll(/action_call_remote_method\("(\w+)"/g)].map(([, name]) => name);
    const ours = new Set(called.filter((name) => name !== 'notify'));
    assert.deepEqual([...ours].sort(), [...remoteMethodNames].sort());
    const [status, notify, ...others] = await render(
      { macro: 'LOOKOUT_STATUS' },
      { macro: 'LOOKOUT_NOTIFY', params: { NAME: 'my phone', MSG: 'look' } },
      { macro: 'LOOKOUT_MUTE' },
      { macro: 'LOOKOUT_MUTE', params: { MINUTES: '5' } },
      { macro: 'LOOKOUT_MUTE', params: { SCOPE: 'PRINT' } },
      { macro: 'LOOKOUT_WATCH', params: { ENABLE: '0' } },
    );
    assert.deepEqual(
      others.flatMap(({ calls }) => calls),
      [
        ['lookout_mute', { minutes: '10' }],
        ['lookout_mute', { minutes: '5' }],
        ['lookout_mute', { scope: 'print' }],
        ['lookout_watch', { enable: '0' }],
      ],
    );
    assert.deepEqual(status, { lines: [], calls: [['lookout_status', {}]] });
    assert.deepEqual(notify?.calls, [['notify', { name: 'my phone', message: 'look' }]]);
  });

  it('remembers the temperature before it cools, and only a nozzle that is paused and hotter', async () => {
    const standby = (printer: object, TEMP = '140'): Case => ({
      ...{ macro: 'LOOKOUT_STANDBY', params: { TEMP }, printer: printer as Record<string, object> },
    });
    const [cooled, ...others] = await render(
      standby(paused),
      standby({ ...paused, pause_resume: { is_paused: false } }),
      standby({ ...paused, extruder: { target: 120 } }),
      standby({ ...paused, toolhead: { extruder: '' } }),
      standby(paused, '0'),
    );
    const set = 'SET_GCODE_VARIABLE MACRO=LOOKOUT_STANDBY VARIABLE';
    assert.deepEqual(cooled?.lines, [
      `${set}=heater VALUE="'extruder'"`,
      `${set}=standby VALUE=140.0`,
      `${set}=target VALUE=210`,
      'SET_HEATER_TEMPERATURE HEATER=extruder TARGET=140.0',
    ]);
    assert.deepEqual(
      others.flatMap(({ lines }) => lines),
      [],
    );
  });

  it('warms up and waits before the RESUME that was there, and heats nothing that is not its own', async () => {
    const resume = (printer: object): Case => ({
      ...{ macro: 'Resume', rawparams: 'VELOCITY=5', printer: printer as Record<string, object> },
    });
    const [warmed, ...others] = await render(
      resume(standingBy),
      resume(paused),
      resume({ ...standingBy, extruder: { target: 0 } }),
      resume({ ...standingBy, pause_resume: { is_paused: false } }),
    );
    const always = [
      'SET_GCODE_VARIABLE MACRO=LOOKOUT_STANDBY VARIABLE=target VALUE=0',
      '_LOOKOUT_RESUME VELOCITY=5',
    ];
    assert.deepEqual(warmed?.lines, [
      'SET_HEATER_TEMPERATURE HEATER=extruder TARGET=210',
      'TEMPERATURE_WAIT SENSOR=extruder MINIMUM=208',
      ...always,
    ]);
    assert.match(JSON.stringify(warmed?.calls), /warmed up to 210/);
    for (const { lines } of others) assert.deepEqual(lines, always);
  });
});
