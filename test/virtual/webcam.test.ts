import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { inspectJpeg } from '../../src/camera/jpeg.ts';
import type { VirtualScene } from '../../src/virtual/scene.ts';
import { startVirtualWebcam, type VirtualWebcam, type WebcamFault } from '../../src/virtual/webcam.ts';

const scene: VirtualScene = { isPrinting: true, grown: 0.5, spaghetti: 0, gantry: 0.5, isDark: false };
const size = { width: 320, height: 180 };

async function get(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) });
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    body: Buffer.from(await response.arrayBuffer()),
  };
}

/** Reads a stream until `enough` is in it. */
async function readStream(
  url: string,
  enough: (text: string) => boolean,
): Promise<{ type: string; text: string }> {
  const abort = new AbortController();
  const response = await fetch(url, { signal: AbortSignal.any([abort.signal, AbortSignal.timeout(10_000)]) });
  let text = '';
  assert.ok(response.body);
  for await (const chunk of response.body) {
    text += Buffer.from(chunk).toString('latin1');
    if (enough(text)) break;
  }
  abort.abort();
  return { type: response.headers.get('content-type') ?? '', text };
}

describe('startVirtualWebcam', () => {
  let webcam: VirtualWebcam;
  before(async () => {
    webcam = await startVirtualWebcam({ scene: () => scene, size, fps: 100 });
  });
  after(() => webcam.close());

  it('serves snapshots at the addresses of mjpg-streamer and camera-streamer', async () => {
    for (const path of ['/?action=snapshot', '/webcam/?action=snapshot', '/snapshot', '/webcam/snapshot']) {
      const { status, type, body } = await get(webcam.baseUrl + path);
      assert.deepEqual([status, type], [200, 'image/jpeg']);
      assert.deepEqual(inspectJpeg(body).width, 320);
    }
    assert.equal((await get(`${webcam.baseUrl}/elsewhere`)).status, 404);
  });

  it('never sends the same bytes for two frames', async () => {
    const bodies = new Set<string>();
    for (let i = 0; i < 4; i += 1) {
      bodies.add((await get(webcam.snapshotUrl)).body.toString('base64'));
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    assert.equal(bodies.size, 4);
  });

  it('streams parts with their length', async () => {
    const { type, text } = await readStream(
      webcam.streamUrl,
      (all) => all.split('--boundarydonotcross').length > 4,
    );
    assert.equal(type, 'multipart/x-mixed-replace;boundary=boundarydonotcross');
    assert.match(text, /^--boundarydonotcross\r\nContent-Type: image\/jpeg\r\nContent-Length: \d+\r\n/);
  });

  it('counts requests by kind', async () => {
    const before = webcam.requests();
    await get(webcam.snapshotUrl);
    await readStream(webcam.streamUrl, () => true);
    const now = webcam.requests();
    assert.deepEqual([now.snapshot - before.snapshot, now.stream - before.stream], [1, 1]);
  });

  const answers: readonly [WebcamFault, (answer: Awaited<ReturnType<typeof get>>) => void][] = [
    ['error-500', ({ status }) => assert.equal(status, 500)],
    ['not-found', ({ status }) => assert.equal(status, 404)],
    ['html', ({ status, body }) => assert.match(`${status} ${body}`, /^200 <!DOCTYPE html>/)],
    ['garbage', ({ type, body }) => assert.ok(type === 'image/jpeg' && body[0] !== 0xff)],
    ['truncated', ({ body }) => assert.throws(() => inspectJpeg(body), /cut off/)],
    ['huge', ({ body }) => assert.ok(body.length > 100 * 1024 * 1024)],
  ];
  for (const [fault, check] of answers) {
    it(`answers ${fault} on command and recovers`, async () => {
      webcam.setFault(fault);
      check(await get(webcam.snapshotUrl));
      webcam.setFault('none');
      assert.equal((await get(webcam.snapshotUrl)).type, 'image/jpeg');
    });
  }

  it('is dead on command: connections are reset, open streams too', async () => {
    const stream = readStream(webcam.streamUrl, () => {
      webcam.setFault('dead');
      return false;
    });
    await assert.rejects(stream);
    await assert.rejects(get(webcam.snapshotUrl), /fetch failed/);
    webcam.setFault('none');
    assert.equal((await get(webcam.snapshotUrl)).status, 200);
  });

  it('hangs on command', async () => {
    webcam.setFault('hang');
    await assert.rejects(fetch(webcam.snapshotUrl, { signal: AbortSignal.timeout(150) }), {
      name: 'TimeoutError',
    });
    webcam.setFault('none');
  });

  it('freezes on command', async () => {
    webcam.setFault('frozen');
    const first = await get(webcam.snapshotUrl);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.deepEqual((await get(webcam.snapshotUrl)).body, first.body);
    webcam.setFault('none');
  });

  it('asks for a password where one is set', async () => {
    const locked = await startVirtualWebcam({
      scene: () => scene,
      size,
      basicAuth: { username: 'u', password: 'p' },
    });
    try {
      assert.equal((await get(locked.snapshotUrl)).status, 401);
      const authorization = `Basic ${Buffer.from('u:p').toString('base64')}`;
      assert.equal((await get(locked.snapshotUrl, { authorization })).status, 200);
    } finally {
      await locked.close();
    }
  });

  it('can leave the lengths of parts out', async () => {
    const bare = await startVirtualWebcam({ scene: () => scene, size, isLengthLess: true });
    try {
      const { text } = await readStream(bare.streamUrl, (all) => all.length > 3_000);
      assert.doesNotMatch(text, /Content-Length/);
    } finally {
      await bare.close();
    }
  });
});
