// What is left of an incident when everything else has gone wrong: a record that explains it, and takes its decisions again.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readIncidentFile } from '../../src/records/incident-file.ts';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { until } from '../support/until.ts';
import { runLookout } from './lookout-process.ts';
import { inScene, pausedByLookout, scenesAtOnce } from './scene.ts';

const skip = await whyNoMoonraker();

describe('an incident on disk', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'is whole when lookout is killed in the middle, goes on after it, and is replayed exactly',
    inScene({}, async (scene) => {
      const { browser, lookout, moonraker, octoeverywhere } = scene;
      const records = join(dirname(dirname(lookout.confFile)), 'lookout');
      const [command, data] = [['--config', lookout.confFile], dirname(dirname(lookout.confFile))];
      await pausedByLookout(scene);
      await lookout.line(/action ended.* kind=done/);
      const [id = ''] = readdirSync(join(records, 'incidents'));
      const folder = join(records, 'incidents', id);
      await until('the action in the record', () =>
        readFileSync(join(folder, 'trace.ndjson'), 'utf8').includes('"action-finished"'),
      );
      await lookout.stop('SIGKILL');

      const judged = octoeverywhere.calls.filter(({ kind }) => kind === 'process').length;
      const killed = await readIncidentFile(folder);
      assert.equal(killed.trace.frames.length, judged, 'every picture that was judged');
      assert.equal(readdirSync(join(folder, 'frames')).length, judged);
      assert.ok(existsSync(join(folder, 'picture.jpg')));
      const ordered = killed.trace.parts[0]?.steps.flatMap(({ effects }) => effects.map(({ kind }) => kind));
      assert.ok(ordered?.includes('take-action'));
      assert.equal(killed.header.incident.action?.state, 'done');

      await scene.startLookout();
      await browser.untilOpen(/^Lookout: print failing, paused$/);
      await browser.press(/^Cancel print$/);
      await scene.untilState('cancelled');
      await until('the end of the incident', () =>
        readFileSync(join(folder, 'incident.json'), 'utf8').includes('"closed": {'),
      );
      const whole = await readIncidentFile(folder);
      assert.equal(whole.header.labels.at(-1)?.answer, 'cancel');
      assert.equal(whole.header.closed?.how, 'cancelled');
      assert.deepEqual(
        whole.trace.parts.map(({ begin }) => begin.why),
        ['start', 'gap'],
      );

      const database = `${moonraker.httpUrl}/server/database/item?namespace=lookout`;
      let summaries: Record<string, Record<string, unknown>> = {};
      const endMs = performance.now() + 20_000;
      while (Object.keys(summaries).length === 0 && performance.now() < endMs) {
        const answer = (await (await fetch(database)).json()) as { result?: { value: typeof summaries } };
        summaries = answer.result?.value ?? {};
      }
      const [[key, summary] = ['', {}]] = Object.entries(summaries);
      const history = await (await fetch(`${moonraker.httpUrl}/server/history/list`)).text();
      assert.ok(history.includes(`"job_id":"${key.split('-')[0]}"`), `${key} in ${history}`);
      const { filename, how, incidents, failures, calls } = summary;
      assert.deepEqual(
        { filename, how, incidents, failures },
        { filename: 'part.gcode', how: 'cancelled', incidents: 1, failures: 1 },
      );
      assert.ok(Number(calls) >= judged, `${calls} calls`);

      const list = await runLookout(['incidents', ...command]);
      assert.match(
        list.output,
        new RegExp(`^${id}  .*failing, pause done, cancelled, said: cancel  "part.gcode"$`, 'm'),
      );
      const card = await runLookout(['scorecard', ...command]);
      assert.match(card.output, /Of the failures that were answered 100 % were right \(1 of 1\)\./);
      assert.match(card.output, /nothing to propose/);
      const zip = join(data, 'incident.zip');
      const exported = await runLookout(['export', id, '--out', zip, ...command]);
      assert.equal(exported.code, 0, exported.output);
      assert.equal((await runLookout(['export', id, '--out', zip, ...command])).code, 1, 'never over a file');
      assert.equal((await runLookout(['export', 'none', ...command])).code, 1);
      const replayed = await runLookout(['replay', zip]);
      assert.equal(replayed.code, 0, replayed.output);
      assert.match(replayed.output, /All \d+ decisions are the same\./);
      const other = join(data, 'config', 'other.conf');
      writeFileSync(other, '[action]\non_failure: alert\n');
      const different = await runLookout(['replay', zip, '--config', other]);
      assert.equal(different.code, 1, different.output);
      assert.match(different.output, /^≠ .*→ pause +→ alert: print failing$/m);
    }),
  );

  it(
    'is only noted in shadow mode: nothing is done, and the question after the print outlives a restart',
    inScene({ conf: { action: { mode: 'shadow' } } }, async (scene) => {
      const { browser, lookout, printer } = scene;
      const records = join(dirname(dirname(lookout.confFile)), 'lookout');
      await scene.startLookout();
      await scene.startPrint();
      await lookout.line(/shadow mode: this would be done now.*what=pause/, 100_000);
      const answer = await fetch(`${scene.moonraker.httpUrl}/server/extensions/request`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ agent: 'lookout', method: 'lookout.status' }),
      });
      assert.match(await answer.text(), /shadow: would have paused/);
      await delay(2_000);
      assert.equal(scene.state(), 'printing');
      assert.equal(printer.log.count('PAUSE'), 0);
      assert.deepEqual(browser.dialogs(), []);

      await browser.call('printer.print.cancel', {});
      await scene.untilState('cancelled');
      await browser.untilOpen(/^Lookout: was this a failure\?$/);
      assert.equal((await lookout.stop()).code, 0);
      await scene.startLookout();
      await browser.untilOpen(/^Lookout: was this a failure\?$/);
      await browser.press(/^Yes, it was failing$/);
      await lookout.line(/answered .*answer=right/);
      const [id = ''] = readdirSync(join(records, 'incidents'));
      const header = join(records, 'incidents', id, 'incident.json');
      await until('the answer in the record', () => readFileSync(header, 'utf8').includes('"right"'));

      const command = ['--config', lookout.confFile];
      const card = await runLookout(['scorecard', ...command]);
      assert.match(card.output, /Of the failures that were answered 100 % were right \(1 of 1\)\./);
      assert.match(card.output, /In shadow mode, where nothing was done about it: 1 of them\./);
      const replayed = await runLookout(['replay', join(records, 'incidents', id)]);
      assert.equal(replayed.code, 0, replayed.output);
    }),
  );
});
