// The command `check` and wrong configurations: an exit code, and a reason that a person understands.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { WebcamFault } from '../../src/virtual/webcam.ts';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { runLookout } from './lookout-process.ts';
import { inScene, type Lookout, scenesAtOnce, serviceKey } from './scene.ts';

const skip = await whyNoMoonraker();

const check = ({ confFile }: Lookout) => runLookout(['check', '--config', confFile]);

describe('check', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'says yes to a good set-up, also while the service runs',
    inScene({}, async (scene) => {
      await scene.startLookout();
      const { code, output } = await check(scene.lookout);
      assert.equal(code, 0, output);
      for (const about of [
        'Moonraker',
        'Klipper',
        'commands',
        'webcams',
        'picture',
        'backend octoeverywhere',
      ])
        assert.match(output, new RegExp(`^OK {3,}${about}: `, 'm'));
      assert.match(output, /A print would be watched\.$/);
      assert.equal(output.includes(serviceKey), false, 'a key is never shown');
      assert.equal(scene.lookout.count(/NAME_TAKEN|connection to Moonraker/), 0);

      // Where nothing is chosen, the built-in detector judges; who has a key for a service is told.
      const { confFile } = scene.lookout;
      const conf = readFileSync(confFile, 'utf8').replace('use: octoeverywhere\n', '');
      writeFileSync(confFile, conf);
      const own = await check(scene.lookout);
      assert.equal(own.code, 0, own.output);
      assert.match(
        own.output,
        /^OK +backend builtin: lookout-1 runs on onnxruntime-\w+ [\d.]+ \(\w+\): \d+ ms/m,
      );
      assert.match(
        own.output,
        /WARN.*api_key: is not used: builtin judges until you set \[backend\] use: octo/,
      );
      writeFileSync(confFile, `${conf}\n[backend builtin]\nmodel: /nowhere/own.onnx\n`);
      const gone = await check(scene.lookout);
      assert.equal(gone.code, 1);
      assert.match(
        gone.output,
        /^FAIL +backend builtin: .*own\.json cannot be read.*\[BACKEND_BAD_MODEL\]\n +\S/m,
      );
    }),
  );

  it(
    'says no without a webcam, with a wrong service key, without Moonraker',
    inScene({ hasWebcam: false }, async (scene) => {
      const { lookout } = scene;
      const noWebcam = await check(lookout);
      assert.equal(noWebcam.code, 1);
      assert.match(noWebcam.output, /^FAIL +picture: .*\[CAMERA_NOT_FOUND\]\n +\S/m);

      const camera = { snapshot_url: scene.webcam.snapshotUrl };
      lookout.configure({ camera }, { 'backend octoeverywhere': { api_key: 'wrong-key' } });
      const wrongKey = await check(lookout);
      assert.equal(wrongKey.code, 1);
      assert.match(wrongKey.output, /^OK +picture: /m);
      assert.match(
        wrongKey.output,
        /^FAIL +backend octoeverywhere: .*\[BACKEND_BAD_KEY\]\n +Put a valid api_key/m,
      );
      assert.equal(wrongKey.output.includes('wrong-key'), false);

      lookout.configure({ camera });
      await scene.moonraker.stop();
      const away = await check(lookout);
      assert.equal(away.code, 1);
      assert.match(
        away.output,
        /^FAIL +Moonraker: cannot connect .*\[MOONRAKER_UNREACHABLE\]\n +Nothing listens there/m,
      );
      assert.match(away.output, /A print would NOT be watched\./);
    }),
  );

  it(
    'says no when Moonraker wants another key',
    inScene({ isKeyNeeded: true }, async ({ lookout, moonraker }) => {
      const none = await check(lookout);
      assert.equal(none.code, 1);
      assert.match(none.output, /^FAIL +Moonraker: .*\[MOONRAKER_UNAUTHORIZED\]\n +Add this host/m);
      lookout.configure({}, { moonraker: { api_key: 'wrong-key' } });
      const wrong = await check(lookout);
      assert.equal(wrong.code, 1);
      assert.match(wrong.output, /^FAIL +Moonraker: .*\[MOONRAKER_UNAUTHORIZED\]\n +The API key is wrong/m);
      lookout.configure({}, { moonraker: { api_key: moonraker.apiKeyValue } });
      const right = await check(lookout);
      assert.equal(right.code, 0, right.output);
      assert.equal(right.output.includes(moonraker.apiKeyValue), false);
    }),
  );

  it(
    'names what is wrong with the camera',
    inScene({ conf: { camera: { timeout: '2s' } } }, async ({ lookout, webcam }) => {
      const codes: Readonly<Partial<Record<WebcamFault, string>>> = {
        dead: 'CAMERA_UNREACHABLE',
        hang: 'CAMERA_TIMEOUT',
        'error-500': 'CAMERA_HTTP_STATUS',
        'not-found': 'CAMERA_HTTP_STATUS',
        html: 'CAMERA_NOT_JPEG',
        garbage: 'CAMERA_NOT_JPEG',
        truncated: 'CAMERA_TRUNCATED',
        huge: 'CAMERA_TOO_LARGE',
      };
      for (const [fault, code] of Object.entries(codes)) {
        webcam.setFault(fault as WebcamFault);
        const { code: exitCode, output } = await check(lookout);
        assert.equal(exitCode, 1, fault);
        assert.match(output, new RegExp(`^FAIL +picture: .*\\[${code}\\]\n +\\S`, 'm'), fault);
      }
    }),
  );
});

describe('doctor', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'reads a real Moonraker and what it says of Klipper',
    inScene({}, async (scene) => {
      const doctor = () => runLookout(['doctor', '--config', scene.lookout.confFile]);
      const before = await doctor();
      assert.match(before.output, /^WARN +agent: lookout is not connected/m);
      await scene.startLookout();
      const { output } = await doctor();
      const points = [
        'Moonraker',
        'agent',
        'clock',
        'Klipper',
        'printer\\.cfg',
        '\\[pause_resume\\]',
        '\\[respond\\]',
      ];
      for (const about of [...points, 'macro PAUSE', 'webcam ".*"', 'picture', 'backend octoeverywhere'])
        assert.match(output, new RegExp(`^OK {3,}${about}: `, 'm'));
      // This Moonraker has no update manager.
      assert.match(output, /^WARN +updates: /m);
      assert.doesNotMatch(output, /^FAIL/m);
      assert.equal(output.includes(serviceKey), false);
    }),
  );
});

describe('a wrong configuration', { concurrency: scenesAtOnce }, () => {
  const withConf = async (conf: string, use: (file: string, folder: string) => Promise<void>) => {
    const folder = mkdtempSync(join(tmpdir(), 'lookout-conf-'));
    try {
      mkdirSync(join(folder, 'config'));
      const file = join(folder, 'config', 'moonraker-lookout.conf');
      writeFileSync(file, conf);
      await use(file, folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  for (const command of ['run', 'check']) {
    it(`ends ${command} with 78 and all mistakes by file and line`, async () => {
      const lines = [
        '[moonraker]',
        'ulr: ws://127.0.0.1',
        '',
        '[detection]',
        'interval: soon',
        '[detektion]',
      ];
      await withConf(`${lines.join('\n')}\n`, async (file) => {
        const { code, output } = await runLookout([command, '--config', file]);
        assert.equal(code, 78, output);
        assert.match(output, /moonraker-lookout\.conf:2: \[moonraker\] ulr: .*url/);
        assert.match(output, /moonraker-lookout\.conf:5: \[detection\] interval: found "soon", allowed: /);
        assert.match(output, /moonraker-lookout\.conf:6: .*detektion.*detection/);
        assert.match(output, /\[CONFIG_INVALID\]/);
      });
    });
  }

  it('ends with 78 when others may read the secrets', async () => {
    await withConf('[secrets]\nfile: ../lookout.secrets\n', async (file, folder) => {
      const secrets = join(folder, 'lookout.secrets');
      writeFileSync(secrets, '[backend octoeverywhere]\napi_key: shown-to-nobody\n');
      chmodSync(secrets, 0o644);
      const { code, output } = await runLookout(['run', '--config', file]);
      assert.equal(code, 78, output);
      assert.match(output, /\[CONFIG_SECRETS_OPEN\]\nRun: chmod 600 .*lookout\.secrets/);
      assert.equal(output.includes('shown-to-nobody'), false);
    });
  });

  it('ends with 64 for a command that there is not', async () => {
    const { code, output } = await runLookout(['wach']);
    assert.equal(code, 64);
    assert.match(output, /there is no command "wach"/);
  });
});
