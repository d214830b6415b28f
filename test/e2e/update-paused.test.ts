// An update comes while a print is paused: the next version knows the incident, shows it, and takes its answers.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { until } from '../support/until.ts';
import { idleTimeouts, inScene } from './scene.ts';

const repository = join(import.meta.dirname, '../..');

/** A checkout in which a new version can be built, with the packages of this one. */
function makeCheckout() {
  const root = mkdtempSync(join(tmpdir(), 'lookout-checkout-'));
  for (const name of [
    'src',
    'scripts',
    'dist',
    'build.mjs',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
  ]) {
    cpSync(join(repository, name), join(root, name), { recursive: true });
  }
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
  return {
    program: join(root, 'dist/main.js'),
    change: (name: string, from: string, to: string) => {
      const text = readFileSync(join(root, name), 'utf8');
      assert.ok(text.includes(from), name);
      writeFileSync(join(root, name), text.replace(from, to));
    },
    /** As ExecStartPre of the service does. */
    prepare: () => {
      const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/rebuild-if-needed.mjs')], {
        encoding: 'utf8',
      });
      assert.equal(status, 0, stderr);
      assert.doesNotMatch(stderr, /failed/);
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

it(
  'an update while paused keeps the incident, its dialog and its answers',
  { skip: await whyNoMoonraker() },
  inScene({}, async (scene, t) => {
    const { browser, lookout, printer, octoeverywhere } = scene;
    const checkout = makeCheckout();
    t.after(checkout.remove);
    const incidentId = (): unknown => {
      const file = join(dirname(dirname(lookout.confFile)), 'lookout/watch.json');
      return JSON.parse(readFileSync(file, 'utf8')).state.incident?.id;
    };
    lookout.start(checkout.program);
    await lookout.line(/app\/watch: nothing is printing/, 20_000);
    await scene.startPrint();
    await scene.untilState('paused', 100_000);
    const before = await browser.untilOpen(/^Lookout: print failing, paused$/);
    const id = incidentId();
    assert.equal(typeof id, 'string');

    assert.equal((await lookout.stop('SIGTERM')).code, 0);
    await browser.untilClosed();
    checkout.change('package.json', '"version": "', '"version": "9.');
    checkout.change('src/app/run.ts', "'moonraker-lookout starts'", "'the next moonraker-lookout starts'");
    checkout.prepare();
    lookout.start(checkout.program);
    await lookout.line(/the next moonraker-lookout starts version=9\./, 20_000);

    const after = await browser.untilOpen(/^Lookout: print failing, paused$/);
    assert.deepEqual(
      after.buttons.map(({ label }) => label),
      before.buttons.map(({ label }) => label),
    );
    assert.equal(incidentId(), id);
    assert.equal(scene.state(), 'paused');
    await browser.press(/^Resume$/);
    await scene.untilState('printing');
    await browser.untilClosed();
    await until('the idle timeout as it was', () => idleTimeouts(scene).length === 2, 10_000);
    assert.deepEqual(idleTimeouts(scene), ['SET_IDLE_TIMEOUT TIMEOUT=43200', 'SET_IDLE_TIMEOUT TIMEOUT=600']);
    assert.equal(printer.log.count('PAUSE'), 1, 'the next version does not pause again');
    assert.equal(octoeverywhere.contexts.length, 1, 'nor does it pay for the print again');
  }),
);
