import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { inspectJpeg } from '../../src/camera/jpeg.ts';
import type { WebcamEntry } from '../../src/core/types.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createQuietLog } from '../support/quiet-log.ts';
import { until } from '../support/until.ts';
import { makePicture, makeStream } from './pictures.ts';
import { failure, look, never, serve, told } from './servers.ts';

const entry = (name: string, baseUrl: string, more: Partial<WebcamEntry> = {}): WebcamEntry => ({
  name,
  service: 'mjpegstreamer',
  isEnabled: true,
  snapshotUrl: `${baseUrl}/snapshot`,
  streamUrl: '',
  rotation: 0,
  flipHorizontal: false,
  flipVertical: false,
  targetFps: 15,
  ...more,
});

describe('createCamera', () => {
  it('passes the bytes of the camera on, with the moment they were asked for', async (t) => {
    const picture = makePicture({ width: 1280, height: 720 });
    const url = await serve(t, (_request, response) =>
      response.end(Buffer.concat([picture, Buffer.alloc(900)])),
    );
    const clock = createFakeClock();
    const frame = await look(t, url, {}, { clock }).grab(never);
    assert.deepEqual(Buffer.from(frame.jpeg), picture);
    assert.deepEqual([frame.width, frame.height, frame.camera], [1280, 720, 'camera']);
    assert.deepEqual([frame.atMs, frame.tickMs], [clock.now().atMs, clock.now().tickMs]);
  });

  it('turns and scales as the webcam entry says', async (t) => {
    const jpeg = await sharp({ create: { width: 640, height: 360, channels: 3, background: '#385' } })
      .jpeg()
      .toBuffer();
    const url = await serve(t, (_request, response) => response.end(jpeg));
    const camera = look(
      t,
      '',
      { snapshotUrl: null, baseUrl: url, maxHeight: 320 },
      { webcams: () => [entry('bed', url, { rotation: 270 })] },
    );
    const frame = await camera.grab(never);
    assert.deepEqual([frame.width, frame.height, frame.camera], [180, 320, 'bed']);
    assert.equal(inspectJpeg(frame.jpeg).height, 320);
  });

  it('takes the first webcam that gives a picture, and stays with it', async (t) => {
    const asked: string[] = [];
    const url = await serve(t, (request, response) => {
      asked.push(request.url ?? '');
      if (request.url === '/b') response.end(makePicture({ seed: asked.length }));
      else response.writeHead(404).end();
    });
    const log = createQuietLog();
    const list = [
      entry('a', url),
      entry('b', url, { snapshotUrl: `${url}/b?key=secret`.replace('?key=secret', '') }),
    ];
    const camera = look(t, url, { snapshotUrl: null }, { webcams: () => list, log });
    assert.equal(camera.source, null);
    for (let i = 0; i < 3; i += 1) assert.equal((await camera.grab(never)).camera, 'b');
    assert.deepEqual(asked, ['/snapshot', '/b', '/b', '/b']);
    assert.deepEqual([camera.name, camera.source], ['b', `${url}/b`]);
    assert.equal(log.lines.length, 1);
  });

  it('looks for another one after three failures, and after a change of the list', async (t) => {
    let isBroken = false;
    const asked: string[] = [];
    const url = await serve(t, (request, response) => {
      asked.push(request.url ?? '');
      if (request.url === '/a' && isBroken) response.writeHead(500).end();
      else response.end(makePicture({ seed: asked.length }));
    });
    let list = [entry('a', url, { snapshotUrl: '/a' }), entry('b', url, { snapshotUrl: '/b' })];
    const camera = look(t, url, { snapshotUrl: null }, { webcams: () => list });
    await camera.grab(never);
    isBroken = true;
    for (let i = 0; i < 3; i += 1) assert.equal((await failure(camera)).code, 'CAMERA_HTTP_STATUS');
    assert.equal((await camera.grab(never)).camera, 'b');
    isBroken = false;
    assert.equal((await camera.grab(never)).camera, 'b');
    list = list.slice(0, 1);
    assert.equal((await camera.grab(never)).camera, 'a');
    assert.deepEqual(asked, ['/a', '/a', '/a', '/a', '/a', '/b', '/b', '/a']);
  });

  it('tells of every webcam when none works', async (t) => {
    const url = await serve(t, (request, response) =>
      request.url === '/a' ? response.writeHead(404).end() : response.end('<html>'),
    );
    const list = [entry('a', url, { snapshotUrl: '/a' }), entry('b', url, { snapshotUrl: '/b' })];
    const error = await failure(look(t, url, { snapshotUrl: null }, { webcams: () => list }));
    assert.match(told(error), /^CAMERA_HTTP_STATUS: no webcam gives a picture: a: .*404.*; b: .*web page/);
  });

  it('goes on with the webcams it knew while Moonraker is away', async (t) => {
    let seed = 0;
    const url = await serve(t, (_request, response) => {
      seed += 1;
      response.end(makePicture({ seed }));
    });
    let list: readonly WebcamEntry[] | null = null;
    const camera = look(t, url, { snapshotUrl: null }, { webcams: () => list });
    assert.match(told(await failure(camera)), /^CAMERA_NOT_FOUND: .*not been read/);
    list = [entry('bed', url)];
    await camera.grab(never);
    list = null;
    assert.equal((await camera.grab(never)).camera, 'bed');
  });

  it('falls back from a snapshot address to the stream', async (t) => {
    const stream = makeStream(
      [1, 2].map((seed) => makePicture({ seed })),
      { delimiter: '--b' },
    );
    const url = await serve(t, (request, response) => {
      if (request.url !== '/?action=stream') return response.writeHead(404).end();
      response.setHeader('Content-Type', 'multipart/x-mixed-replace;boundary=b');
      return response.end(stream);
    });
    const list = [entry('bed', url, { snapshotUrl: '/gone', streamUrl: '/?action=stream' })];
    const frame = await look(t, url, { snapshotUrl: null }, { webcams: () => list }).grab(never);
    assert.deepEqual(Buffer.from(frame.jpeg), makePicture({ seed: 2 }));
  });

  it('makes one request for all who ask at the same time', async (t) => {
    let requests = 0;
    const url = await serve(t, (_request, response) => {
      requests += 1;
      response.end(makePicture({ seed: requests }));
    });
    const camera = look(t, url);
    const [first, second] = await Promise.all([camera.grab(never), camera.grab(never)]);
    assert.equal(first, second);
    assert.equal(requests, 1);
    await camera.grab(never);
    assert.equal(requests, 2);
  });

  it('lets one who leaves go without taking the picture from the other', async (t) => {
    const answers: (() => void)[] = [];
    const url = await serve(t, (_request, response) => {
      answers.push(() => response.end(makePicture()));
    });
    const camera = look(t, url);
    const leaving = new AbortController();
    const left = camera.grab(leaving.signal);
    const stayed = camera.grab(never);
    leaving.abort(new Error('left'));
    await assert.rejects(left, /left/);
    (await until('the request', () => answers[0]))();
    assert.equal((await stayed).width, 1280);
    assert.equal(answers.length, 1);
  });

  it('closes the connection when the last one leaves half-way', async (t) => {
    let isClosed = false;
    let isAsked = false;
    const url = await serve(t, (_request, response) => {
      isAsked = true;
      response.write(makePicture().subarray(0, 100));
      response.on('close', () => {
        isClosed = true;
      });
    });
    const abort = new AbortController();
    const grabbing = look(t, url).grab(abort.signal);
    await until('the request', () => isAsked);
    abort.abort(new Error('stop'));
    await assert.rejects(grabbing, /stop/);
    await until('the connection to close', () => isClosed);
    await assert.rejects(look(t, url).grab(AbortSignal.abort(new Error('before'))), /before/);
  });

  it('calls a camera frozen that sends the same bytes five times, and recovers', async (t) => {
    let seed = 1;
    const url = await serve(t, (_request, response) => response.end(makePicture({ seed })));
    const camera = look(t, url);
    for (let i = 0; i < 4; i += 1) await camera.grab(never);
    assert.match(told(await failure(camera)), /^CAMERA_FROZEN: .*frozen: the same picture 5 times in a row/);
    assert.match(told(await failure(camera)), /^CAMERA_FROZEN: .*6 times/);
    seed = 2;
    await camera.grab(never);
  });

  it('shows people what it sees without learning from it, however still that is', async (t) => {
    const agents: (string | undefined)[] = [];
    const url = await serve(t, ({ headers }, response) => {
      agents.push(headers['user-agent']);
      response.end(makePicture());
    });
    const camera = look(t, url);
    for (let i = 0; i < 6; i += 1) await camera.show(never);
    await camera.grab(never);
    assert.equal(agents.length, 7);
    assert.ok(agents.every((agent) => agent === 'moonraker-lookout'));
  });

  it('refuses a picture that took more than 10 s to come', async (t) => {
    const clock = createFakeClock();
    const url = await serve(t, (_request, response) => {
      const picture = makePicture();
      response.write(picture.subarray(0, 50));
      setTimeout(() => void clock.advance(11_000).then(() => response.end(picture.subarray(50))), 20);
    });
    assert.match(told(await failure(look(t, url, {}, { clock }))), /^CAMERA_STALE: the picture is 11 s old/);
  });

  it('refuses a picture of too many pixels', async (t) => {
    const url = await serve(t, (_request, response) =>
      response.end(makePicture({ width: 8_193, height: 10 })),
    );
    assert.match(told(await failure(look(t, url))), /^CAMERA_TOO_LARGE: .*8193 × 10/);
  });

  it('says that a picture cannot be decoded where it has to be', async (t) => {
    let seed = 0;
    const url = await serve(t, (_request, response) => {
      seed += 1;
      response.end(makePicture({ dataBytes: 4_000, seed }));
    });
    await look(t, url).grab(never);
    assert.match(told(await failure(look(t, url, { rotation: 90 }))), /^CAMERA_UNDECODABLE/);
  });
});

describe('broken frames of real webcams', () => {
  const folder = join(
    process.env['LOOKOUT_PICTURES'] ?? join('..', 'shared', 'data', 'detector'),
    'permissive',
    'corrupt_frames',
  );
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jpg')) : [];
  it('are whole files, so they pass; cut anywhere they do not', {
    skip: files.length === 0 && `no pictures at ${folder}`,
  }, async (t) => {
    for (const name of files) {
      const jpeg = readFileSync(join(folder, name));
      let body = jpeg;
      const url = await serve(t, (_request, response) => response.end(body));
      const camera = look(t, url, { maxHeight: 4_320 });
      assert.deepEqual(Buffer.from((await camera.grab(never)).jpeg), jpeg, name);
      const scaled = await look(t, url, { maxHeight: 240, flipVertical: true }).grab(never);
      assert.equal(scaled.height, 240);
      for (const share of [0.01, 0.3, 0.9]) {
        body = jpeg.subarray(0, Math.round(jpeg.length * share));
        assert.equal((await failure(camera)).code, 'CAMERA_TRUNCATED');
      }
    }
  });
});
