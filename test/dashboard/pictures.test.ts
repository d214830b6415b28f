// Pictures: fetched once for all who look, never for nobody, without what a viewer does not need.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { toScore } from '../../src/core/types.ts';
import { withoutMetadata } from '../../src/dashboard/strip-metadata.ts';
import { drawScene } from '../../src/virtual/scene.ts';
import { makePicture } from '../camera/pictures.ts';
import { anAssessment } from '../support/parts.ts';
import { until } from '../support/until.ts';
import { aFrame, startRig } from './rig.ts';

const region = { x1: 0.2, y1: 0.2, x2: 0.6, y2: 0.6, score: toScore(0.9) };
const scene = { isPrinting: true, grown: 0.3, spaghetti: 0, gantry: 0.5, isDark: false };

const isSame = (a: Buffer | undefined, b: Buffer | null) => a !== undefined && b !== null && a.equals(b);

describe('a live picture', () => {
  it('is fetched once for ten who look, and not again within a second', async (t) => {
    const { ask, view } = await startRig(t);
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask('/api/v1/picture')));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal(view.grabs, 1);
    const { etag = '' } = answers[0]?.headers ?? {};
    assert.equal((await ask('/api/v1/picture', { headers: { 'If-None-Match': etag } })).status, 304);
    assert.equal(view.grabs, 1);
    assert.ok(isSame(answers[0]?.body, view.jpeg), 'it is not encoded again');
  });

  it('is that of the last look while it is new', async (t) => {
    const { ask, view } = await startRig(t);
    view.look();
    assert.equal((await ask('/api/v1/picture')).status, 200);
    assert.equal(view.grabs, 0);
  });

  it('that there is not says so, and the camera is left alone for a while', async (t) => {
    const { ask, view } = await startRig(t);
    view.jpeg = null;
    for (let time = 0; time < 3; time += 1) assert.equal((await ask('/api/v1/picture')).code(), 'NO_PICTURE');
    assert.equal(view.grabs, 1);
  });

  it('is not fetched while nobody looks', async (t) => {
    const { view } = await startRig(t);
    view.look();
    await delay(1_200);
    assert.equal(view.grabs, 0);
  });
});

describe('a drawn picture', () => {
  it('has the regions in it, and its own size', async (t) => {
    const { ask, view } = await startRig(t);
    view.jpeg = Buffer.from(await drawScene(scene));
    const plain = await ask('/snapshot.jpg');
    assert.ok(isSame(plain.body, Buffer.from(withoutMetadata(view.jpeg))));
    view.look(anAssessment({ regions: [region] }));
    const drawn = await ask('/snapshot.jpg?look');
    assert.equal(drawn.headers['content-type'], 'image/jpeg');
    assert.ok(!isSame(drawn.body, plain.body));
    view.ignored = [
      [
        { x: 0, y: 0 },
        { x: 1, y: 0 },
        { x: 1, y: 0.3 },
      ],
    ];
    assert.ok(!isSame((await ask('/snapshot.jpg?look')).body, drawn.body));
  });

  it('that cannot be drawn upon is shown as it is', async (t) => {
    const { ask, view } = await startRig(t);
    view.look(anAssessment({ regions: [region] }));
    assert.ok(isSame((await ask('/snapshot.jpg')).body, view.jpeg));
  });

  it('may be read by Mainsail and Fluidd, and by no other page', async (t) => {
    const { ask } = await startRig(t);
    const origin = async (value: string) =>
      (await ask('/snapshot.jpg', { headers: { Origin: value } })).headers['access-control-allow-origin'];
    assert.equal(await origin('http://voron.local'), 'http://voron.local');
    assert.equal(await origin('http://evil.example'), undefined);
  });

  it('is not given to our own camera', async (t) => {
    const { ask } = await startRig(t);
    const headers = { 'User-Agent': 'moonraker-lookout/1.0' };
    assert.equal((await ask('/snapshot.jpg', { headers })).code(), 'NO_PICTURE');
    assert.equal((await ask('/stream', { headers })).code(), 'NO_PICTURE');
  });
});

describe('a stream', () => {
  it('tells the length of each part, repeats the picture, and ends its work when the viewer leaves', async (t) => {
    const { port, host, view } = await startRig(t);
    view.jpeg = makePicture({ hasThumbnail: true });
    const socket = connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    let text = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      text = Buffer.concat([text, chunk]);
    });
    socket.write(`GET /stream HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://voron.local\r\n\r\n`);
    await until('three parts', () => text.toString('latin1').split('Content-Length:').length > 3, 6_000);
    const all = text.toString('latin1');
    assert.match(all, /content-type: multipart\/x-mixed-replace; boundary=lookoutframe\r\n/i);
    assert.match(all, /access-control-allow-origin: http:\/\/voron\.local\r\n/i);
    const clean = withoutMetadata(view.jpeg);
    assert.ok(
      all.includes(`--lookoutframe\r\nContent-Type: image/jpeg\r\nContent-Length: ${clean.length}\r\n\r\n`),
    );
    assert.equal(Buffer.from(clean).indexOf(Buffer.from([0xff, 0xd8]), 2), -1, 'no thumbnail is left');
    socket.destroy();
    await delay(1_100);
    const { grabs } = view;
    await delay(1_300);
    assert.equal(view.grabs, grabs);
  });
});

describe('metadata', () => {
  it('goes, and the picture stays', () => {
    const jpeg = makePicture({ hasThumbnail: true });
    const clean = withoutMetadata(jpeg);
    assert.ok(clean.length < jpeg.length);
    assert.deepEqual(Buffer.from(clean.subarray(clean.length - 300)), jpeg.subarray(jpeg.length - 300));
    assert.equal(withoutMetadata(clean), clean, 'a clean picture is the same bytes');
    assert.equal(aFrame(Buffer.from(clean)).jpeg.length, clean.length);
  });

  it('that cannot be read leaves the picture as it is', () => {
    const broken = makePicture({ hasThumbnail: true }).subarray(0, 60);
    assert.equal(withoutMetadata(broken), broken);
  });
});
