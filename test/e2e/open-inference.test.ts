// The Open Inference backend against real servers: MLServer and KServe, each with small ONNX models made here.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import { shippedModel } from '../../src/backends/builtin/places.ts';
import { createBuiltin } from '../../src/backends/builtin.ts';
import { createOpenInference, type OpenInferenceOptions } from '../../src/backends/open-inference.ts';
import type { BackendError } from '../../src/core/errors.ts';
import { drawScene } from '../../src/virtual/scene.ts';
import { openInferenceOptions } from '../backends/open-inference-rig.ts';
import { badPicture, createRig, goodPicture, never, startClock } from '../backends/rig.ts';
import { modelSide } from '../support/onnx-models.ts';
import { aJob } from '../support/parts.ts';
import {
  type RealInferenceServer,
  referenceScores,
  type ServerKind,
  startRealInferenceServer,
  whyNoInferenceServers,
} from '../support/real-inference-servers.ts';

const skip = await whyNoInferenceServers();
const size = { width: modelSide, height: modelSide };
const tolerance = 1e-4;

/** Grey, more coloured towards the top and the right, and nowhere so much that a score would be cut off at 1. */
async function drawPicture(): Promise<{ readonly jpeg: Buffer; readonly rgb: Buffer }> {
  const pixels = Buffer.alloc(3 * modelSide * modelSide, 90);
  for (let at = 0; at < pixels.length; at += 3) {
    const [x, y] = [(at / 3) % modelSide, Math.floor(at / 3 / modelSide)];
    if (y < modelSide / 2) pixels[at] = 90 + 0.35 * (x + y);
    if (x > modelSide * 0.75) pixels[at + 2] = 50 + 0.5 * y;
  }
  const jpeg = await sharp(pixels, { raw: { ...size, channels: 3 } })
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer();
  return { jpeg, rgb: await sharp(jpeg).raw().toBuffer() };
}

/** What each model needs besides its name, and which number of the reference it must come to. */
const models: readonly [string, Partial<OpenInferenceOptions>, 'grid' | 'score' | 'yolo'][] = [
  ['grid', { decoder: 'grid', activation: 'sigmoid' }, 'grid'],
  ['bytes', { decoder: 'grid', activation: 'sigmoid', layout: 'nhwc' }, 'grid'],
  ['score', { decoder: 'score', activation: 'softmax', class: 1, ...size }, 'score'],
  ['yolo', { decoder: 'yolo' }, 'yolo'],
  ['apart', { decoder: 'yolo', outputs: 'boxes, confs' }, 'yolo'],
];

/** How each server wants its pictures. */
const servers: readonly [ServerKind, string][] = [
  ['MLServer', 'JSON'],
  ['KServe', 'raw tensors'],
];

for (const [kind, way] of servers) {
  describe(`a real ${kind}`, { skip }, () => {
    let server: RealInferenceServer;
    let picture: Awaited<ReturnType<typeof drawPicture>>;
    before(async () => {
      picture = await drawPicture();
      server = await startRealInferenceServer(kind, { 'lookout-1': shippedModel });
    });
    after(() => server.close());

    const rigFor = (change: Partial<OpenInferenceOptions>) => {
      const clock = startClock();
      const rig = createRig(
        createOpenInference,
        { ...openInferenceOptions, url: server.url, ...change },
        clock,
      );
      const assess = () =>
        rig.backend.assess({ ...clock.now(), ...size, jpeg: picture.jpeg, camera: 'bed' }, aJob(), never);
      const fails = async (): Promise<BackendError> => {
        const outcome = await assess().catch((error: BackendError) => error);
        assert.ok(outcome instanceof Error, JSON.stringify(outcome));
        return outcome;
      };
      return { ...rig, assess, fails };
    };

    for (const [model, change, expected] of models) {
      test(`${model}: comes to what NumPy comes to`, async () => {
        const reference = await referenceScores(picture.rgb);
        assert.ok(reference[expected] > 0.2 && reference[expected] < 0.9, 'a number that could be wrong');
        const rig = rigFor({ model, ...change });
        const { score, regions } = await rig.assess();
        assert.ok(
          Math.abs(score - reference[expected]) < tolerance,
          `${score}, by NumPy ${reference[expected]}`,
        );
        const highest = Math.max(...reference.cells);
        if (expected !== 'score') {
          assert.ok(Math.abs((regions[0]?.score ?? 0) - highest) < tolerance);
          const at = reference.cells.indexOf(highest);
          const [x, y] = [((at % 4) + 0.5) / 4, (Math.floor(at / 4) + 0.5) / 4];
          const best = regions[0];
          assert.ok(best && best.x1 < x && x < best.x2 && best.y1 < y && y < best.y2, JSON.stringify(best));
        }
        await rig.clock.advance(10_000);
        assert.equal((await rig.assess()).score, score, 'again, now that the way is known');
        const fallbacks = rig.log.lines.filter(({ message }) => message.includes('no raw tensors'));
        assert.equal(fallbacks.length, way === 'JSON' ? 1 : 0, 'what the server takes is found out once');
      });
    }

    test('the model that comes with the program: scores as the built-in detector has them', async (t) => {
      const card = shippedModel.replace('.onnx', '.json');
      const there = rigFor({ model: 'lookout-1', card });
      const here = createRig(createBuiltin, { model: null, runtime: 'auto' }, there.clock);
      t.after(() => here.backend.printEnded?.(aJob()));
      const doubtful = { isPrinting: true, grown: 0.3, spaghetti: 0.15, gantry: 0.5, isDark: false };
      const scores: number[] = [];
      for (const jpeg of [
        goodPicture,
        await drawScene(doubtful, { width: 640, height: 360 }, 7),
        badPicture,
      ]) {
        const frame = { ...there.clock.now(), jpeg, width: 640, height: 360, camera: 'bed' };
        const own = await here.backend.assess(frame, aJob(), never);
        const served = await there.backend.assess(frame, aJob(), never);
        assert.ok(Math.abs(own.score - served.score) < 0.002, `${own.score} here, ${served.score} there`);
        assert.deepEqual([served.neutral, served.regions.length], [own.neutral, own.regions.length]);
        scores.push(own.score);
        await there.clock.advance(10_000);
      }
      const [good = 1, , bad = 0] = scores;
      assert.ok(good < 0.1 && bad > 0.9, `${good} for a good print, ${bad} for spaghetti`);
    });

    test('is confirmed with what the model takes', async () => {
      const { backend } = rigFor({ model: 'grid', decoder: 'grid', activation: 'sigmoid' });
      assert.equal(
        await backend.confirm?.(never),
        `grid is ready: it takes FP32 [1,3,64,64] as images, answers with logits [1,1,4,4] (grid). Pictures go as ${way}.`,
      );
    });

    for (const [what, change, message] of [
      [
        'a shape that is no picture',
        { model: 'odd' },
        /takes FP32 \[1,10\] as features, which is no picture/,
      ],
      [
        'another size',
        { model: 'grid', width: 320 },
        /takes FP32 \[1,3,64,64\] as images, but the width is set to 320/,
      ],
      [
        'another layout',
        { model: 'bytes' },
        /takes UINT8 \[1,64,64,3\] as pixels, which is no picture in nchw/,
      ],
      ['any size', { model: 'score', decoder: 'score' }, /takes FP32 \[-1,3,-1,-1\] as images, any width/],
      [
        'an answer of another kind',
        { model: 'grid', decoder: 'score' },
        /answers with \[1,1,4,4\] as logits.* no list of scores/,
      ],
      ['a model that is not there', { model: 'nope' }, /HTTP 404.*nope/],
    ] as const) {
      test(`refuses ${what}, naming it`, async () => {
        const error = await rigFor(change).fails();
        assert.equal(error.code, 'BACKEND_BAD_MODEL', error.message);
        assert.match(error.message, message);
      });
    }

    test('takes up again when the server comes back', async () => {
      const rig = rigFor({ model: 'grid', activation: 'sigmoid' });
      const { score } = await rig.assess();
      await server.stop('SIGKILL');
      await rig.clock.advance(10_000);
      assert.equal((await rig.fails()).code, 'BACKEND_UNREACHABLE');
      await server.start();
      await rig.clock.advance(10_000);
      assert.equal((await rig.assess()).score, score);
    });
  });
}
