import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import * as v from 'valibot';
import { startVirtualMlApi } from '../../src/virtual/ml-api.ts';
import { startVirtualOctoEverywhere } from '../../src/virtual/octoeverywhere.ts';
import { startVirtualOpenInference } from '../../src/virtual/open-inference.ts';
import { startVirtualPrintWatch } from '../../src/virtual/printwatch.ts';
import { drawScene } from '../../src/virtual/scene.ts';

const main = join(import.meta.dirname, '../../dist/main.js');
const apiKey = 'sub_detect-key';
const folder = mkdtempSync(join(tmpdir(), 'lookout-detect-'));
const at = (name: string) => join(folder, name);
const [good, bad, noJpeg] = [at('good.jpg'), at('bad.jpg'), at('page.jpg')];
const closers: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closers) await close();
  rmSync(folder, { recursive: true, force: true });
});

interface Service {
  readonly baseUrl: string;
  readonly close: () => Promise<void>;
}
const kept = <Each extends Service>(service: Each): Each => {
  closers.push(service.close);
  return service;
};

before(async () => {
  const scene = { isPrinting: true, grown: 0.5, gantry: 0.5, isDark: false };
  writeFileSync(good, await drawScene({ ...scene, spaghetti: 0 }, undefined, 1));
  writeFileSync(bad, await drawScene({ ...scene, spaghetti: 0.6 }, undefined, 2));
  writeFileSync(noJpeg, '<!doctype html><title>502 Bad Gateway</title>');
});

const resultSchema = v.array(
  v.object({
    file: v.string(),
    label: v.nullable(v.string()),
    assessment: v.nullable(
      v.object({
        backend: v.string(),
        score: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
        regions: v.array(v.object({ x1: v.number(), y1: v.number(), x2: v.number(), y2: v.number() })),
      }),
    ),
    error: v.nullable(v.string()),
  }),
);

type Section = Readonly<Record<string, string>>;

function newHome(): string {
  const printerData = mkdtempSync(at('printer_data-'));
  mkdirSync(join(printerData, 'config'));
  return printerData;
}

/** Runs `detect` with one section for its backend. The pictures are of a service in this process, so nothing may block it. */
async function detect(backend: string, section: Section, args: readonly string[], printerData = newHome()) {
  const file = join(printerData, 'config', 'moonraker-lookout.conf');
  const lines = Object.entries(section).map(([key, value]) => `${key}: ${value}\n`);
  writeFileSync(file, `[backend ${backend}]\n${lines.join('')}[log]\nfile: none\n`);
  const child = spawn(process.execPath, [main, 'detect', '--config', file, '--backend', backend, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    env: {
      PATH: process.env['PATH'],
      LOOKOUT_BACKEND_PRINTWATCH_API_KEY: apiKey,
      LOOKOUT_BACKEND_OCTOEVERYWHERE_API_KEY: apiKey,
    },
  });
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { status, stdout, stderr };
}

/** Judges a good and a bad picture and reads what was printed. */
async function judgeBoth(backend: string, section: Section) {
  const { status, stdout, stderr } = await detect(backend, section, ['--json', good, bad]);
  assert.equal(status, 0, stderr);
  const results = v.parse(resultSchema, JSON.parse(stdout));
  assert.deepEqual(
    results.map(({ file, error, assessment }) => [file, error, assessment?.backend]),
    [
      [good, null, backend],
      [bad, null, backend],
    ],
  );
  const [low, high] = results.map(({ assessment }) => assessment?.score ?? Number.NaN);
  return { low: low ?? Number.NaN, high: high ?? Number.NaN, results };
}

describe('detect', { concurrency: true }, () => {
  it('has pictures judged by OctoEverywhere', async () => {
    const service = kept(await startVirtualOctoEverywhere({ apiKey }));
    const { low, high } = await judgeBoth('octoeverywhere', { url: service.baseUrl });
    assert.ok(low < 0.1 && high > 0.7, `${low} and ${high}`);
  });

  it('has pictures judged by PrintWatch, each for itself', async () => {
    const service = kept(await startVirtualPrintWatch({ apiKey }));
    const { low, high } = await judgeBoth('printwatch', { url: service.baseUrl });
    assert.ok(low < 0.1 && high > 0.7, `${low} and ${high}`);
    const refused = service.calls.filter(({ code }) => code !== 200 && code !== 214);
    assert.deepEqual(refused, []);
  });

  it('has pictures judged by Obico’s ml_api, with boxes', async () => {
    const service = kept(await startVirtualMlApi());
    const { low, high, results } = await judgeBoth('obico', { url: service.baseUrl, min_interval: '1s' });
    assert.ok(low < 0.1 && high > 0.7, `${low} and ${high}`);
    assert.equal(results[1]?.assessment?.regions.length, 1);
  });

  it('has pictures judged by a model behind the Open Inference Protocol', async () => {
    const service = kept(await startVirtualOpenInference());
    const { low, high } = await judgeBoth('open-inference', {
      ...{ url: service.baseUrl, model: 'strands' },
      ...{ min_interval: '1s' },
    });
    assert.ok(low < 0.1 && high > 0.5, `${low} and ${high}`);
  });

  it('goes on after a file that is no picture, says what it is, and ends with 1', async () => {
    const service = kept(await startVirtualMlApi());
    const section = { url: service.baseUrl, min_interval: '1s' };
    const { status, stdout } = await detect('obico', section, ['--json', noJpeg, at('gone.jpg'), bad]);
    assert.equal(status, 1);
    const [page, gone, judged] = v.parse(resultSchema, JSON.parse(stdout));
    assert.equal(page?.assessment, null);
    assert.match(page?.error ?? '', /JPEG.*\[CAMERA_NOT_JPEG\]/);
    assert.match(gone?.error ?? '', /gone\.jpg/);
    assert.ok((judged?.assessment?.score ?? 0) > 0.7);
    assert.equal(service.calls.length, 1, 'only a picture is sent');
  });

  it('prints a line for each picture', async () => {
    const service = kept(await startVirtualMlApi());
    const { status, stdout } = await detect('obico', { url: service.baseUrl, min_interval: '1s' }, [
      noJpeg,
      bad,
    ]);
    assert.equal(status, 1);
    const [page, judged] = stdout.split('\n');
    assert.match(page ?? '', /^\S+page\.jpg\tERROR\t.*CAMERA_NOT_JPEG/);
    assert.match(judged ?? '', /^\S+bad\.jpg\tscore [01]\.\d{3}\t/);
  });

  it('ends with 64 for a backend that there is not, and names those that there are', async () => {
    const { status, stderr, stdout } = await detect('obico', {}, ['--backend', 'crystal-ball', good]);
    assert.equal(status, 64);
    assert.equal(stdout, '');
    assert.match(stderr, /no backend "crystal-ball".*octoeverywhere, printwatch, obico/);
  });

  it('judges folders without a configuration’s help, with figures for good/ and bad/, and draws what it saw', async () => {
    const tree = at('tree');
    for (const [folder, picture] of [
      ['good/one', good],
      ['bad', bad],
    ] as const) {
      mkdirSync(join(tree, folder), { recursive: true });
      copyFileSync(picture, join(tree, folder, 'a.jpg'));
    }
    // Lies on its side, as a phone leaves it, and in another format.
    await sharp(bad).rotate(90).withMetadata({ orientation: 8 }).jpeg().toFile(join(tree, 'bad/turned.jpg'));
    await sharp(bad).png().toFile(join(tree, 'bad/b.png'));
    writeFileSync(join(tree, 'bad/notes.txt'), 'not a picture');
    mkdirSync(at('empty'));
    const out = at('drawn');
    const { status, stdout, stderr } = await detect('builtin', {}, ['--json', '--draw', out, tree]);
    const twice = await detect('builtin', {}, ['--draw', at('twice'), good, join(tree, 'good/one'), good]);
    assert.equal(twice.status, 0, twice.stderr);
    assert.deepEqual(readdirSync(at('twice')).sort(), ['2', 'a.jpg', 'good.jpg']);
    assert.equal(status, 0, stderr);
    const results = v.parse(resultSchema, JSON.parse(stdout));
    const told = results.map(({ file, label }) => [file.slice(tree.length + 1), label]);
    const wanted = ['bad/a.jpg', 'bad/b.png', 'bad/turned.jpg'].map((name) => [name, 'bad']);
    assert.deepEqual(told, [...wanted, ['good/one/a.jpg', 'good']]);
    for (const { label, assessment, file } of results) {
      const score = assessment?.score ?? Number.NaN;
      assert.ok(label === 'good' ? score < 0.1 : score > 0.9, `${file}: ${score}`);
    }
    assert.match(stderr, /3 bad and 1 good .*\nAUROC +1\.000\n.* 1\.000 {2}3 of 3 bad ones\n.*0 of 1 good/);
    assert.equal(readFileSync(join(out, 'good/one/a.jpg')).length, readFileSync(good).length);
    const { width, height } = await sharp(join(out, 'bad/turned.jpg')).metadata();
    assert.deepEqual([width, height], [1280, 720]);
    assert.notEqual(readFileSync(join(out, 'bad/a.jpg')).length, readFileSync(bad).length);
    const nothing = await detect('builtin', {}, [at('empty')]);
    assert.equal(nothing.status, 1);
    assert.match(nothing.stdout, /empty\tERROR\t.*no pictures in it/);
  });

  it('refuses pictures that are too small or too large to be decoded, and models that are not those of their cards', async () => {
    const jpeg = readFileSync(good);
    // The frame header: 0xffc0, two bytes of length, one of depth, then height and width.
    const header = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    const sized = (name: string, side: number) => {
      const changed = Buffer.from(jpeg);
      changed.writeUInt16BE(side, header + 5);
      changed.writeUInt16BE(side, header + 7);
      writeFileSync(at(name), changed);
      return at(name);
    };
    const pictures = [sized('tiny.jpg', 1), sized('huge.jpg', 10_000), noJpeg, bad];
    const { status, stdout } = await detect('builtin', {}, ['--json', ...pictures]);
    assert.equal(status, 1);
    const results = v.parse(resultSchema, JSON.parse(stdout));
    const codes = results.map(({ error }) => /\[([A-Z_]+)\]/.exec(error ?? '')?.[1] ?? null);
    assert.deepEqual(codes, ['BACKEND_BAD_FRAME', 'BACKEND_BAD_FRAME', 'CAMERA_NOT_JPEG', null]);

    const shipped = join(import.meta.dirname, '../../models/lookout-1');
    const bytes = readFileSync(`${shipped}.onnx`);
    bytes.writeUInt8(bytes.readUInt8(1_000_000) ^ 1, 1_000_000);
    writeFileSync(at('bent.onnx'), bytes);
    copyFileSync(`${shipped}.json`, at('bent.json'));
    const bent = await detect('builtin', { model: at('bent.onnx') }, [bad]);
    assert.equal(bent.status, 1);
    assert.match(bent.stdout, /is not the one of its card: its sha256 is [0-9a-f]{64} \[BACKEND_BAD_MODEL\]/);
    const timed = await detect('builtin', { model: at('bent.onnx') }, ['--bench']);
    assert.equal(timed.status, 1);
    assert.match(timed.stderr, /\[BACKEND_BAD_MODEL\] The file is damaged/);
    const gone = await detect('builtin', {}, ['--bench', at('gone.jpg')]);
    assert.equal(gone.status, 1);
    assert.match(gone.stderr, /^Error: ENOENT.*gone\.jpg'\n$/);
  });

  it('times the built-in detector, and says which cadence this host can carry', async () => {
    const { status, stdout, stderr } = await detect('builtin', {}, ['--bench', good]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^lookout-1 on onnxruntime-\w+ \S+ \(\w+\), a picture of 1280x720\n/);
    assert.match(stdout, /decoding [\d.]+ ms, the model [\d.]+ ms.*\n.*MiB.*\n.*a picture every \d+ s/);
  });

  it('is the same printer to PrintWatch in every run, and keeps its pace', async () => {
    const service = kept(await startVirtualPrintWatch({ apiKey }));
    const home = newHome();
    for (const picture of [good, bad]) {
      const { status, stdout } = await detect('printwatch', { url: service.baseUrl }, [picture], home);
      assert.equal(status, 0, stdout);
    }
    const refused = service.calls.filter(({ code }) => code !== 200 && code !== 214);
    assert.deepEqual(refused, []);
    assert.equal(existsSync(join(home, 'lookout/printwatch.json')), false, 'not that of the running service');
  });
});
