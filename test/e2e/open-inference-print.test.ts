// A model judges a print, one of our own on this host or one behind an Open Inference server: the built program with its settings.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { startVirtualOpenInference } from '../../src/virtual/open-inference.ts';
import { whyNoMoonraker } from '../support/real-moonraker.ts';
import { inScene, scenesAtOnce, serviceKey } from './scene.ts';
import { caughtBy } from './services.ts';

const skip = await whyNoMoonraker();
/** It holds the usual key, so that the scene looks for it in the log. */
const token = `token-${serviceKey}`;

describe('a print that an Open Inference server watches', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'fails: it is paused by evidence, and asked nothing more than it takes',
    inScene({}, async (scene, t) => {
      const { lookout, octoeverywhere } = scene;
      const service = await startVirtualOpenInference({ token });
      t.after(service.close);
      lookout.configure(
        {
          backend: { use: 'open-inference' },
          'backend open-inference': { url: service.baseUrl, model: 'strands' },
          detection: { warn_after: '10s', fail_after: '30s' },
        },
        { 'backend open-inference': { token } },
      );
      await scene.startLookout();
      await scene.startPrint();
      await caughtBy('open-inference', scene, t);
      const kinds = service.calls.map(({ kind }) => kind).filter((kind) => kind !== 'ready');
      assert.deepEqual(kinds.slice(0, 2), ['metadata', 'infer']);
      assert.ok(
        kinds.slice(2).every((kind) => kind === 'infer'),
        'what the model takes is asked once',
      );
      assert.ok(service.calls.every(({ status }) => status === 200));
      assert.equal(octoeverywhere.calls.length, 0, 'nobody else gets a picture');
      const sent = service.calls.find(({ kind }) => kind === 'infer');
      t.diagnostic(`${kinds.length - 1} pictures of ${Math.round((sent?.bytes ?? 0) / 1024)} KiB`);
    }),
  );
});

describe('a print that nobody was chosen for', { concurrency: scenesAtOnce, skip }, () => {
  it(
    'fails: the built-in detector sees it, and that it died in between changes nothing',
    inScene({}, async (scene, t) => {
      const { lookout, octoeverywhere, webcam } = scene;
      lookout.configure({ detection: { interval: '3s', warn_after: '9s', fail_after: '21s' } });
      const conf = readFileSync(lookout.confFile, 'utf8').replace('use: octoeverywhere\n', '');
      writeFileSync(lookout.confFile, conf);
      await scene.startLookout();
      assert.equal(lookout.count(/the detector runs/), 0, 'nothing runs before a print');
      await scene.startPrint();
      const started = await lookout.line(/the detector runs.* pid=\d+/, 30_000);
      const pid = Number(/pid=(\d+)/.exec(started.text)?.[1]);
      process.kill(pid, 'SIGKILL');
      await caughtBy('builtin', scene, t);
      const [again] = lookout.lines.filter(({ text }) => text.includes('the detector runs')).slice(-1);
      const last = Number(/pid=(\d+)/.exec(again?.text ?? '')?.[1]);
      assert.notEqual(last, pid);
      assert.equal(octoeverywhere.calls.length, 0, 'no picture leaves the house');
      assert.ok(webcam.requests().snapshot > 5);
    }),
  );
});
