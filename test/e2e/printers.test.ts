// Several printers in one process: a camera and a Moonraker that hang are the trouble of their own printers only.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { startVirtualMlApi } from '../../src/virtual/ml-api.ts';
import { longestGapMs, startSeveralPrinters } from '../support/several-printers.ts';
import { until } from '../support/until.ts';
import { lookoutProcess, runLookout } from './lookout-process.ts';

/** As set below: whoever waited for a camera that hangs would wait for this long, and for a Moonraker longer. */
const cameraTimeoutMs = 20_000;
/** Far above the interval of 2 s, for a machine that is busy; far below the timeout. */
const delayedMs = 12_000;

it('watches each of four printers, whatever hangs at the others', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-printers-'));
  const service = await startVirtualMlApi();
  const print = {
    filename: 'part.gcode',
    layers: 600,
    layerMs: 1_000,
    heatMs: 300,
    failsFromLayer: 18,
  };
  const house = await startSeveralPrinters(['fails', 'fine', 'blind', 'silent'], print, {
    width: 640,
    height: 360,
  });
  const file = join(folder, 'config/moonraker-lookout.conf');
  for (const name of ['config', 'logs']) mkdirSync(join(folder, name));
  const conf = [
    `${house.conf}[backend]\nuse: obico`,
    `[backend obico]\nurl: ${service.baseUrl}\nmin_interval: 1s`,
    '[detection]\nbusy_load: 0\ninterval: 2s\nwarn_after: 5s\nfail_after: 10s\nblind_after: 30s',
    `[printer blind camera]\ntimeout: ${cameraTimeoutMs / 1_000}s`,
    '[printer fine action]\non_failure: alert\n',
  ];
  writeFileSync(file, conf.join('\n'));
  const lookout = lookoutProcess(['run', '--config', file], folder);
  try {
    lookout.start();
    for (const { name, printer } of house.places) {
      await lookout.line(new RegExp(` ${name}/app/watch: nothing is printing`), 20_000);
      await printer.startPrint('part.gcode');
    }
    await until('pictures of all', () => house.places.every(({ askedAtMs }) => askedAtMs.length > 1), 30_000);

    house.of('blind').webcam.setFault('hang');
    house.of('silent').moonraker.setSilent(true);
    const faultMs = performance.now();
    // Both see the failure, and each does as its own settings say.
    await lookout.line(/fails\/app\/perform: action ended .*action=pause/, 120_000);
    const pausedMs = performance.now();
    await lookout.line(/fine\/app\/perform: alert .*level=failing/, 60_000);
    for (const name of ['fails', 'fine']) {
      const asked = house.of(name).askedAtMs.filter((atMs) => atMs > faultMs && atMs < pausedMs);
      const gapMs = longestGapMs([faultMs, ...asked, pausedMs]);
      assert.ok(asked.length >= 4, `${name}: ${asked.length} pictures`);
      assert.ok(gapMs < delayedMs, `${name} was not looked at for ${gapMs} ms`);
    }
    await lookout.line(/WARN +blind\/app\/watch: no assessment of this frame .*CAMERA_TIMEOUT/, 60_000);
    const states = ['fails', 'fine'].map((name) => house.of(name).printer.klipper?.stats.state);
    assert.deepEqual(states, ['paused', 'printing']);
    assert.equal(lookout.count(/ERROR/), 0);
    for (const name of ['fails', 'fine']) {
      assert.ok(existsSync(join(folder, 'lookout', name, 'watch.json')), `${name} has a folder of its own`);
    }
    const { code } = await lookout.stop();
    assert.equal(code, 0);

    house.of('silent').moonraker.setSilent(false);
    house.of('blind').webcam.setFault('dead');
    const one = await runLookout(['check', '--config', file, '--printer', 'fine']);
    assert.equal(one.code, 0, one.output);
    assert.match(one.output, /\n\nprinter fine\nOK {3,}Moonraker: /);
    const all = await runLookout(['check', '--config', file]);
    assert.equal(all.code, 1);
    const parts = all.output.split(/\n\nprinter /).slice(1);
    assert.deepEqual(
      parts.map((part) => [part.split('\n')[0], /^FAIL +(\w+)/m.exec(part)?.[1]]),
      [
        ['fails', undefined],
        ['fine', undefined],
        ['blind', 'picture'],
        ['silent', undefined],
      ],
    );
    const nobody = await runLookout(['check', '--config', file, '--printer', 'fin']);
    assert.equal(nobody.code, 78);
    assert.match(nobody.output, /there is no \[printer fin\].*\n--printer takes one of: fails, fine, /);
  } catch (error) {
    const written = lookout.lines.slice(-80).map(({ text }) => text);
    throw new Error(`moonraker-lookout had written:\n${written.join('\n')}`, { cause: error });
  } finally {
    await lookout.stop('SIGKILL');
    await house.close();
    await service.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
