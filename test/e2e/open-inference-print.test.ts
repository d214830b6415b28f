// An Open Inference server judges a print: the built program with its settings and its secrets.
import assert from 'node:assert/strict';
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
