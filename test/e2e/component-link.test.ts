// With the component in Moonraker: the bell, the job history and `server.lookout.*`, by the built program.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { connectRpc } from '../support/rpc-client.ts';
import { until } from '../support/until.ts';
import { inScene, pausedByLookout, scenesAtOnce, serviceKey, untilBadPictures } from './scene.ts';

const skip = await whyNoMoonraker();
const withComponent = { moonrakerConf: '[lookout]' };

interface Entry {
  readonly entry_id: string;
  readonly title: string;
  readonly description: string;
  readonly priority: string;
}

describe('with the component in Moonraker', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'a failing print is in the bell as well; answered through server.lookout.answer it prints on, and the history tells of it',
    inScene(withComponent, async (scene) => {
      const { moonraker, lookout, browser } = scene;
      const client = await connectRpc(moonraker.url);
      const ask = async (method: string, params?: Readonly<Record<string, unknown>>) => {
        const { result, error } = await client.call(method, params);
        assert.equal(error, undefined, JSON.stringify(error));
        return result as Record<string, unknown>;
      };
      const bell = async () => (await ask('server.announcements.list'))['entries'] as readonly Entry[];
      assert.deepEqual(await ask('server.lookout.status'), { state: 'offline' });
      assert.deepEqual((await ask('server.info'))['warnings'], []);

      await pausedByLookout(scene);
      await lookout.line(/Moonraker's component is there/);
      await until('the bell', async () => (await bell()).some(({ title }) => title.endsWith('paused')));
      const [entry, ...others] = await bell();
      assert.deepEqual(others, [], 'one entry an incident');
      assert.equal(entry?.title, 'Lookout: print failing, paused');
      assert.equal(entry?.priority, 'high');
      assert.match(entry?.description ?? '', /octoeverywhere says .* The print is paused/);
      const status = await ask('server.lookout.status');
      assert.equal(status['verdict'], 'failing');
      const told = client.received.filter(({ method }) => method === 'notify_lookout_state_changed');
      assert.match(JSON.stringify(told.at(-1)), /"state":"online".*"level":"failing"/);

      const incident = status['incident'] as Record<string, unknown>;
      await ask('server.lookout.answer', { answer: 'resume', incident_id: incident['id'] });
      await scene.untilState('printing');
      await browser.untilClosed();
      await until('an empty bell', async () => (await bell()).length === 0);
      const refused = await client.call('server.lookout.answer', { answer: 'perhaps' });
      assert.match(refused.error?.message ?? '', /answer/);

      await browser.call('printer.print.cancel');
      await until('the history', async () => {
        const { jobs } = await ask('server.history.list', { limit: 1 });
        const [job] = jobs as { status: string; auxiliary_data: { name: string; value: number }[] }[];
        if (job?.status !== 'cancelled') return false;
        const seen = Object.fromEntries(job.auxiliary_data.map(({ name, value }) => [name, value]));
        assert.equal(seen['incidents'], 1);
        assert.ok((seen['worst_quality'] ?? 10) <= 3 && (seen['evidence'] ?? 0) > 0, JSON.stringify(seen));
        return true;
      });
      client.close();
    }),
  );

  it(
    'dismissed in the bell is seen: the dialog goes as well; killed, it leaves Moonraker as it was',
    inScene(withComponent, async (scene) => {
      const { moonraker, lookout, browser } = scene;
      await pausedByLookout(scene);
      const client = await connectRpc(moonraker.url);
      const list = async () =>
        ((await client.call('server.announcements.list')).result as { entries: readonly Entry[] }).entries;
      const entry = await until('the bell', async () =>
        (await list()).find(({ title }) => title.endsWith('paused')),
      );
      await browser.call('server.announcements.dismiss', { entry_id: entry.entry_id });
      await lookout.line(/answered .*answer=seen .*through=announcement/);
      await browser.untilClosed();
      await lookout.stop('SIGKILL');
      await until('offline', async () => {
        const { result } = await client.call('server.lookout.status');
        return (result as Record<string, unknown>)['state'] === 'offline';
      });
      const info = (await client.call('server.info')).result as Record<string, unknown>;
      assert.deepEqual([info['warnings'], info['failed_components']], [[], []]);
      assert.equal(scene.state(), 'paused');
      assert.doesNotMatch(moonraker.logs(), /Traceback/);
      client.close();
    }),
  );

  it(
    'that was loaded without it and got it with a restart: the service takes it up by itself',
    inScene({ patience: { warnAfterMs: 1_000, pauseAfterMs: 500_000 } }, async (scene) => {
      const { moonraker, lookout } = scene;
      await scene.startLookout();
      await scene.startPrint();
      await untilBadPictures(scene, 1);
      moonraker.addConf('[lookout]');
      await scene.restartMoonraker('SIGTERM');
      await lookout.line(/Moonraker's component is there/, 15_000);
      assert.equal(scene.state(), 'printing');
    }),
  );

  it(
    'hands over the settings of moonraker.conf: a mistake is a warning there and stops the watching, mended it is watched',
    inScene({}, async (scene) => {
      const { moonraker, lookout, octoeverywhere, browser } = scene;
      writeFileSync(lookout.confFile, `[moonraker]\nurl: ${moonraker.url}\n`);
      const conf = (maxHeight: string) =>
        `[lookout]\n[lookout camera]\nmax_height: ${maxHeight}\n[lookout backend]\nuse: octoeverywhere\n` +
        `[lookout backend octoeverywhere]\nurl: ${octoeverywhere.baseUrl}\napi_key: {secrets.oe.api_key}\n`;
      writeFileSync(join(moonraker.dataPath, 'moonraker.secrets'), `[oe]\napi_key: ${serviceKey}\n`);
      const client = await connectRpc(moonraker.url);
      moonraker.addConf(conf('9'));
      await scene.restartMoonraker('SIGTERM');
      lookout.start();
      await lookout.line(/the settings cannot be used, so nothing is watched/, 20_000);
      const warnings = async () => {
        const asking = await connectRpc(moonraker.url);
        const { result } = await asking.call('server.info');
        asking.close();
        return (result as { warnings: readonly string[] }).warnings;
      };
      await until('a warning in Moonraker', async () => {
        const [warning] = await warnings();
        return warning?.includes('[lookout camera] max_height: found "9", allowed: a whole number');
      });
      await lookout.line(/watching is switched off/);

      const file = join(moonraker.dataPath, 'config', 'moonraker.conf');
      writeFileSync(file, readFileSync(file, 'utf8').replace('max_height: 9', 'max_height: 720'));
      await scene.restartMoonraker('SIGTERM');
      await lookout.line(/the settings in moonraker\.conf are in force/, 20_000);
      assert.deepEqual(await warnings(), []);
      await browser.call('printer.print.start', { filename: 'part.gcode' });
      await until('a picture judged with that key', () => octoeverywhere.calls.length > 0, 30_000);
      assert.equal(lookout.count(/a bug/), 0);
      client.close();
    }),
  );
});
