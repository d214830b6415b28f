// The built-in detector with tiny models: what it refuses, and its process when that dies, hangs, grows or is not needed.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import sharp from 'sharp';
import { createDetectors } from '../../src/backends/builtin/detectors.ts';
import { wasmFolder } from '../../src/backends/builtin/places.ts';
import { type BuiltinOptions, createBuiltin } from '../../src/backends/builtin.ts';
import type { BackendDeps } from '../../src/backends/deps.ts';
import { BackendError } from '../../src/core/errors.ts';
import { rectangle } from '../../src/core/regions.ts';
import { paintAreas } from '../../src/lib/paint-areas.ts';
import { badPicture, createRig, goodPicture, never, startClock } from '../backends/rig.ts';
import { modelSide, onnxModels } from '../support/onnx-models.ts';
import { aJob } from '../support/parts.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'lookout-builtin-'));
after(() => rmSync(folder, { recursive: true }));

const gridCard = {
  format: 1,
  name: 'colour',
  output: { decoder: 'grid', activation: 'sigmoid', threshold: 0.1 },
};
const hasWasm = existsSync(join(wasmFolder, 'node_modules/onnxruntime-web'));
let files = 0;

/** Writes a model and its card; returns the path of the model. */
function modelFile(
  name: string,
  card: object | string | null = gridCard,
  bytes = onnxModels[name] ?? Buffer.from(name),
): string {
  files += 1;
  const path = join(folder, `${files}.onnx`);
  writeFileSync(path, bytes);
  if (card !== null)
    writeFileSync(join(folder, `${files}.json`), typeof card === 'string' ? card : JSON.stringify(card));
  return path;
}

/** A detector on a fake clock, and its own process ended after the test. */
function rigOf(t: { after(end: () => void): void }, options: Partial<BuiltinOptions> = {}) {
  const clock = startClock();
  const detectors = createDetectors({ clock, log: { ...quiet }, random: () => 0.5 });
  const all: BuiltinOptions = { model: modelFile('grid'), runtime: 'auto', ...options };
  const rig = createRig(
    (own: BuiltinOptions, deps: BackendDeps) => createBuiltin(own, { ...deps, detectors }),
    all,
    clock,
  );
  const ends = () => rig.backend.printEnded?.(aJob());
  t.after(ends);
  const card = (all.model ?? '').replace('.onnx', '.json');
  const { model: _, ...rest } = all;
  const detector = detectors.take({ model: all.model ?? '', card, ...rest });
  return { ...rig, rig, clock, detector, ends };
}

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => quiet };
const isAlive = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
const pidOf = ({ detector }: ReturnType<typeof rigOf>): number => {
  assert.ok(detector.pid !== null, 'there is a process');
  return detector.pid;
};
const gone = (pid: number) => until('the process to be gone', () => !isAlive(pid), 5_000);

async function refusal(work: Promise<unknown>): Promise<BackendError> {
  const outcome = await work.catch((error: unknown) => error);
  assert.ok(outcome instanceof BackendError, `a BackendError, not ${String(outcome)}`);
  assert.notEqual(outcome.hint, '');
  return outcome;
}

describe('the built-in detector judges', () => {
  it('with scores, regions and cells, at the lowest priority, and with none of our secrets', async (t) => {
    process.env['LOOKOUT_TEST_SECRET'] = 'hush-hush';
    t.after(() => delete process.env['LOOKOUT_TEST_SECRET']);
    const house = rigOf(t);
    const good = await house.rig.assess(aJob(), goodPicture);
    const bad = await house.rig.assess(aJob(), badPicture);
    assert.ok(bad.score > good.score && bad.regions.length > 0, `${good.score} ${bad.score}`);
    assert.deepEqual([bad.backend, bad.suggests, bad.calls, bad.neutral], ['builtin', null, 0, 0.2]);
    assert.deepEqual([bad.cells?.columns, bad.cells?.rows, bad.cells?.scores.length], [4, 2, 8]);
    const pid = pidOf(house);
    assert.equal(readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[18], '19');
    assert.equal(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8').trim(), '900');
    assert.doesNotMatch(readFileSync(`/proc/${pid}/environ`, 'utf8'), /hush-hush/);
    // What its maker would be told lies in a database until then.
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    assert.deepEqual(
      open.filter((path) => /Microsoft|\.db/.test(path)),
      [],
    );
  });

  it('a picture from which is painted out what is ignored, where the model says no more than a score', async (t) => {
    const side = { width: modelSide, height: modelSide };
    const output = { decoder: 'score', activation: 'softmax', class: 1 };
    const score = modelFile('score', { format: 1, name: 'score', input: side, output });
    const everything = [rectangle({ x: 0, y: 0 }, { x: 1, y: 1 })];
    for (const [model, isPainted] of [
      [score, true],
      [modelFile('grid'), false],
    ] as const) {
      const { rig } = rigOf(t, { model });
      const seen = async (jpeg: Uint8Array) => (await rig.assess(aJob(), jpeg)).score;
      const asIs = await seen(badPicture);
      const blank = await seen(await paintAreas(badPicture, everything));
      assert.notEqual(asIs, blank);
      rig.restart({}, { ignored: () => everything });
      t.after(() => rig.backend.printEnded?.(aJob()));
      assert.equal(await seen(badPicture), isPainted ? blank : asIs);
    }
  });

  it('the same with every decoder and with WebAssembly, where that is installed', async (t) => {
    const cards = {
      grid: gridCard.output,
      bytes: gridCard.output,
      score: { decoder: 'score', activation: 'softmax', class: 1 },
      yolo: { decoder: 'yolo', threshold: 0.1 },
      apart: { decoder: 'yolo', threshold: 0.1 },
    };
    for (const [name, output] of Object.entries(cards)) {
      const side = name === 'score' ? { width: modelSide, height: modelSide } : {};
      const input = { ...side, layout: name === 'bytes' ? 'nhwc' : 'nchw' };
      const model = modelFile(name, { format: 1, name, input, output });
      const native = await rigOf(t, { model, runtime: 'native' }).rig.assess(aJob(), badPicture);
      assert.ok(native.score > 0.1, `${name}: ${native.score}`);
      if (!hasWasm) continue;
      const wasm = await rigOf(t, { model, runtime: 'wasm' }).rig.assess(aJob(), badPicture);
      assert.ok(Math.abs(native.score - wasm.score) < 1e-4, name);
    }
  });

  it('a picture upside down as what it is, where the card asks for a second look', async (t) => {
    const plain = (width: number, height: number, background: string) =>
      ({ create: { width, height, channels: 3, background } }) as const;
    const left = await sharp(plain(640, 360, '#808080'))
      .composite([{ input: plain(160, 200, '#ff0000'), left: 40, top: 120 }])
      .jpeg()
      .toBuffer();
    for (const [name, layout, runtime] of [
      ['grid', 'nchw', 'native'],
      ['bytes', 'nhwc', 'native'],
      ...(hasWasm ? ([['grid', 'nchw', 'wasm']] as const) : []),
    ] as const) {
      // This model judges each place by itself. Had it been shown the same view again, half of it would be on the right.
      const [once, twice] = await Promise.all(
        [null, 0].map((recheck) => {
          const output = { ...gridCard.output, recheck };
          const model = modelFile(name, { format: 1, name, input: { layout }, output });
          return rigOf(t, { model, runtime }).rig.assess(aJob(), left);
        }),
      );
      const cells = once?.cells?.scores ?? [];
      assert.ok((cells[0] ?? 0) > 0.5 && (cells[3] ?? 1) < 0.1, `${name}: ${cells.join(' ')}`);
      assert.deepEqual(twice?.cells?.scores, cells, name);
    }
  });

  it('progressive, grey, CMYK and turned JPEGs', async (t) => {
    const house = rigOf(t);
    const plain = await house.rig.assess(aJob(), badPicture);
    const progressive = await sharp(badPicture).jpeg({ progressive: true, quality: 95 }).toBuffer();
    assert.ok(Math.abs((await house.rig.assess(aJob(), progressive)).score - plain.score) < 0.05);
    const turned = await sharp(badPicture).withMetadata({ orientation: 3 }).jpeg({ quality: 95 }).toBuffer();
    const [first] = (await house.rig.assess(aJob(), turned)).regions;
    assert.ok(
      Math.abs((first?.x1 ?? 9) - (plain.regions[0]?.x1 ?? 0)) < 0.3,
      'an EXIF orientation is not applied',
    );
    assert.ok(
      (await house.rig.assess(aJob(), await sharp(badPicture).greyscale().jpeg().toBuffer())).score <
        plain.score,
    );
    const cmyk = await sharp(badPicture).toColourspace('cmyk').jpeg().toBuffer();
    assert.ok((await house.rig.assess(aJob(), cmyk)).score > 0);
  });

  it('says what it is and ends its process after', async (t) => {
    const house = rigOf(t);
    const said = await house.rig.backend.confirm?.(never);
    assert.match(said ?? '', /^colour runs on onnxruntime-node \d.*FP32 \[1,3,64,64\] as images.*\(grid\)/);
    assert.equal(house.detector.pid, null);
  });
});

describe('the built-in detector refuses', () => {
  it('pictures that are none, before they are decoded, and broken ones, and goes on', async (t) => {
    const house = rigOf(t);
    const { backend, clock } = house.rig;
    const frame = (jpeg: Uint8Array, width = 640, height = 360) => ({
      ...clock.now(),
      jpeg,
      width,
      height,
      camera: 'bed',
    });
    for (const bad of [
      frame(Buffer.from('<html>')),
      frame(goodPicture, 1, 1),
      frame(goodPicture, 10_000, 10_000),
      frame(Buffer.concat([goodPicture, Buffer.alloc(9 * 1024 * 1024)])),
    ]) {
      assert.equal((await refusal(backend.assess(bad, aJob(), never))).code, 'BACKEND_BAD_FRAME');
    }
    assert.equal(house.detector.pid, null, 'nothing was started for them');
    const noise = Buffer.concat([goodPicture.subarray(0, 300), Buffer.from([0xff, 0xd9])]);
    const half = goodPicture.subarray(0, goodPicture.length / 2);
    for (const broken of [noise, half]) {
      const error = await refusal(backend.assess(frame(broken), aJob(), never));
      assert.deepEqual([error.code, error.retry], ['BACKEND_BAD_FRAME', 'soon']);
    }
    assert.ok((await house.rig.assess(aJob(), goodPicture)).score >= 0);
  });

  const grid = onnxModels['grid'] ?? Buffer.alloc(0);
  const cases: readonly (readonly [string, () => string, RegExp])[] = [
    [
      'a model that is not there',
      () => join(folder, 'none.onnx'),
      /model card .*none\.json cannot be read \(ENOENT\)/,
    ],
    ['a model without a card', () => modelFile('grid', null), /model card .* cannot be read/],
    ['a card that is no JSON', () => modelFile('grid', '{'), /is not JSON/],
    ['a card of nonsense', () => modelFile('grid', { ...gridCard, neutral: 7 }), /neutral is 7/],
    [
      'a card of another file',
      () => modelFile('grid', { ...gridCard, sha256: createHash('sha256').digest('hex') }),
      /is not the one of its card/,
    ],
    [
      'a model that is cut off',
      () => modelFile('grid', gridCard, grid.subarray(0, grid.length / 2)),
      /cannot be loaded/,
    ],
    ['something else', () => modelFile('grid', gridCard, Buffer.from('no model')), /cannot be loaded/],
    ['an empty file', () => modelFile('grid', gridCard, Buffer.alloc(0)), /cannot be loaded/],
    [
      'a card of another size',
      () => modelFile('grid', { ...gridCard, input: { width: 320, height: 320 } }),
      /width is set to 320/,
    ],
    ['a model of wrong shape', () => modelFile('odd'), /no picture in nchw/],
    [
      'a decoder of another model',
      () => modelFile('grid', { ...gridCard, output: { decoder: 'yolo' } }),
      /decoder yolo/,
    ],
    [
      'a card for JPEGs',
      () => modelFile('grid', { ...gridCard, input: { encoding: 'jpeg' } }),
      /BYTES|encoding: jpeg/,
    ],
  ];
  for (const [what, make, why] of cases) {
    it(what, async (t) => {
      const house = rigOf(t, { model: make() });
      const error = await house.rig.fails();
      assert.equal(error.code, 'BACKEND_BAD_MODEL');
      assert.match(error.message, why);
      assert.equal(house.detector.pid, null);
    });
  }

  it('to start where memory is short, and says how much there is', async (t) => {
    const house = rigOf(t, { leastFreeBytes: Number.MAX_SAFE_INTEGER });
    const error = await house.rig.fails();
    assert.deepEqual([error.code, error.retry, house.detector.pid], ['BACKEND_BUSY', 'later', null]);
    assert.match(error.message, /only \d+ MiB of memory are free/);
  });

  it('a runtime that is not there', async () => {
    const { loadRuntime } = await import('../../src/backends/builtin/runtime.ts');
    const error = await refusal(Promise.resolve().then(() => loadRuntime('wasm', '/nowhere/')));
    assert.deepEqual([error.code, error.retry], ['BACKEND_NO_RUNTIME', 'never']);
  });
});

describe("the detector's process", () => {
  it('is shared by all printers, waits for its turn, and ends with the last of them', async (t) => {
    const house = rigOf(t);
    const detectors = { take: () => house.detector };
    const second = house.rig.restart({}, { detectors });
    const first = createBuiltin({ model: null, runtime: 'auto' }, { ...depsOf(house.rig), detectors });
    const frame = { ...house.clock.now(), jpeg: goodPicture, width: 640, height: 360, camera: 'bed' };
    const both = await Promise.all([first, second].map((each) => each.assess(frame, aJob(), never)));
    assert.equal(both.length, 2);
    const pid = pidOf(house);
    first.printEnded?.(aJob());
    assert.ok(isAlive(pid));
    second.printEnded?.(aJob());
    await gone(pid);
    assert.equal(house.detector.pid, null);
  });

  it('ends when no picture has come for a while', async (t) => {
    const house = rigOf(t, { idleMs: 60_000 });
    await house.rig.assess();
    const pid = pidOf(house);
    await house.clock.advance(59_000);
    assert.ok(isAlive(pid));
    await house.clock.advance(2_000);
    await gone(pid);
    await house.rig.assess();
    assert.notEqual(pidOf(house), pid);
  });

  it('is killed when it hangs, and started again after a wait', async (t) => {
    const house = rigOf(t, { timeoutMs: 4_000 });
    await house.rig.assess();
    const pid = pidOf(house);
    process.kill(pid, 'SIGSTOP');
    assert.equal((await house.rig.fails()).code, 'BACKEND_TIMEOUT');
    await gone(pid);
    const early = await house.rig.fails();
    assert.deepEqual([early.code, early.retryAfterMs], ['BACKEND_UNREACHABLE', 1_500]);
    await house.clock.advance(2_000);
    await house.rig.assess();
    assert.notEqual(pidOf(house), pid);
  });

  it('is started again at once where it has ended between two pictures', async (t) => {
    const house = rigOf(t);
    await house.rig.assess();
    const pid = pidOf(house);
    process.kill(pid, 'SIGKILL');
    await gone(pid);
    await until('its end to be known', () => house.detector.hasEnded, 5_000);
    await house.rig.assess();
    assert.notEqual(pidOf(house), pid);
  });

  it('is replaced when it has grown too large, after its answer', async (t) => {
    const house = rigOf(t, { maxBytes: 1024 * 1024 });
    assert.ok((await house.rig.assess()).score >= 0);
    assert.equal(house.detector.pid, null);
    assert.ok((await house.rig.assess()).score >= 0);
  });

  it('leaves whoever does not want to wait alone, and goes on', async (t) => {
    const house = rigOf(t);
    const leave = new AbortController();
    const frame = { ...house.clock.now(), jpeg: goodPicture, width: 640, height: 360, camera: 'bed' };
    const work = house.rig.backend.assess(frame, aJob(), leave.signal);
    leave.abort(new Error('enough'));
    await assert.rejects(work, /enough/);
    assert.ok((await house.rig.assess()).score >= 0);
  });
});

function depsOf({ clock, log, store }: ReturnType<typeof createRig>): BackendDeps {
  return { clock, log, store, random: () => 0.5, bootId: 'boot-1', onNotice: () => {} };
}
