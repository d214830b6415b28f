import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { followMoonrakerConf } from '../../src/app/moonraker-conf.ts';
import type { LoadedSettings } from '../../src/app/settings.ts';
import { ConfigError } from '../../src/core/errors.ts';
import type { ComponentSettings, ComponentState } from '../../src/moonraker/component.ts';
import { createQuietLog } from '../support/quiet-log.ts';

const none: ComponentSettings = { sections: { lookout: {} }, problems: [] };
const bed: ComponentSettings = { sections: { 'lookout camera': { webcam: 'bed' } }, problems: [] };
const bad: ComponentSettings = { sections: { 'lookout camera': { webcam: '' } }, problems: [] };

function loadedAs(text: string, printers = 1): LoadedSettings {
  const config = { camera: { webcam: text }, detection: { enabled: true } };
  const all = Array.from({ length: printers }, (_, index) => ({ name: `p${index}`, config }));
  return { printers: all, warnings: [`warning of ${text}`], secrets: [`secret of ${text}`] } as never;
}

function setUp(first = loadedAs('file')) {
  const log = createQuietLog();
  const secrets: string[] = [];
  const followed = followMoonrakerConf(first, {
    load: (given) => {
      if (given === null) return loadedAs('file');
      if (given === bad) throw new ConfigError('one\ntwo', { code: 'CONFIG_INVALID', retry: 'never' });
      return loadedAs('moonraker');
    },
    registerSecrets: (more) => secrets.push(...more),
    log,
  });
  const reports: (readonly string[])[] = [];
  let renewals = 0;
  let tellSettings: (settings: ComponentSettings) => void = () => undefined;
  let tellState: (state: ComponentState) => void = () => undefined;
  followed.attach(
    {
      onSettings: (listener) => {
        tellSettings = listener;
        return () => undefined;
      },
      onState: (listener) => {
        tellState = listener;
        return () => undefined;
      },
      report: async (problems) => {
        reports.push(problems);
        if (problems.length > 2) throw new Error('gone');
      },
    },
    () => {
      renewals += 1;
    },
  );
  return {
    ...{ followed, log, secrets, reports },
    renewals: () => renewals,
    connect: (settings: ComponentSettings) => {
      tellSettings(settings);
      tellState({ kind: 'present', settings });
    },
    camera: () => followed.current().printers[0].config.camera.webcam,
    isOn: () => followed.current().printers[0].config.detection.enabled,
  };
}

describe('settings in moonraker.conf', () => {
  it('are taken up once, however often Moonraker is connected to, and given up when they are taken away', () => {
    const { connect, renewals, camera, secrets, log } = setUp();
    connect(none);
    assert.deepEqual([renewals(), camera()], [0, 'file'], '[lookout] alone changes nothing');
    connect(bed);
    connect(bed);
    assert.deepEqual([renewals(), camera()], [1, 'moonraker']);
    assert.deepEqual(secrets, ['secret of moonraker']);
    assert.ok(log.lines.some(({ message }) => message === 'warning of moonraker'));
    connect(none);
    assert.deepEqual([renewals(), camera()], [2, 'file']);
  });

  it('that are wrong stop the watching, are shown as warnings of Moonraker, and are mended by the next ones', () => {
    const { connect, renewals, isOn, reports, camera } = setUp();
    connect(bad);
    assert.deepEqual([renewals(), isOn()], [1, false]);
    assert.deepEqual(reports, [['one', 'two']]);
    connect(bad);
    assert.deepEqual([renewals(), reports.length], [1, 2], 'a Moonraker that restarts is told again');
    connect(bed);
    assert.deepEqual([renewals(), isOn(), camera(), reports.length], [2, true, 'moonraker', 2]);
  });

  it('are not for a process that watches several printers', () => {
    const { connect, renewals, log } = setUp(loadedAs('file', 2));
    connect(bed);
    assert.equal(renewals(), 0);
    assert.match(log.lines.at(-1)?.message ?? '', /several printers/);
  });
});
