import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSourcePicker } from '../../src/camera/picker.ts';
import { showUrl } from '../../src/camera/show-url.ts';
import { findSources, type SourceOptions } from '../../src/camera/source.ts';
import { CameraError } from '../../src/core/errors.ts';
import type { WebcamEntry } from '../../src/core/types.ts';

const options: SourceOptions = {
  webcam: null,
  snapshotUrl: null,
  streamUrl: null,
  baseUrl: 'http://127.0.0.1',
  rotation: 0,
  flipHorizontal: false,
  flipVertical: false,
};

const entry = (fields: Partial<WebcamEntry>): WebcamEntry => ({
  name: 'bed',
  service: 'mjpegstreamer',
  isEnabled: true,
  snapshotUrl: '',
  streamUrl: '',
  rotation: 0,
  flipHorizontal: false,
  flipVertical: false,
  targetFps: 15,
  ...fields,
});

const urls = (webcams: readonly WebcamEntry[] | null, more: Partial<SourceOptions> = {}) =>
  findSources({ ...options, ...more }, webcams).map((source) => source.url.href);

const fails = (webcams: readonly WebcamEntry[] | null, more: Partial<SourceOptions>, text: RegExp) =>
  assert.throws(
    () => urls(webcams, more),
    (error) => {
      assert.ok(error instanceof CameraError);
      assert.equal(error.code, 'CAMERA_NOT_FOUND');
      assert.match(`${error.message} | ${error.hint}`, text);
      return true;
    },
  );

describe('findSources', () => {
  const streamUrl = '/webcam/?action=stream';
  const host = 'http://127.0.0.1';
  const table: readonly [string, Partial<WebcamEntry>, readonly string[]][] = [
    [
      'a stock mjpegstreamer',
      { snapshotUrl: '/webcam/?action=snapshot', streamUrl },
      ['/webcam/?action=snapshot', '/webcam/?action=stream'],
    ],
    [
      'an mjpegstreamer without a snapshot address',
      { streamUrl },
      ['/webcam/?action=snapshot', '/webcam/?action=stream'],
    ],
    ['its second input', { streamUrl: '/?action=stream_1' }, ['/?action=snapshot_1', '/?action=stream_1']],
    ['a path of camera-streamer', { streamUrl: '/webcam2/stream' }, ['/webcam2/snapshot', '/webcam2/stream']],
    ['a stream with a name of its own', { streamUrl: '/video.mjpg' }, ['/video.mjpg']],
    ['mjpegstreamer-adaptive', { service: 'mjpegstreamer-adaptive', snapshotUrl: '/s' }, ['/s']],
    ['uv4l-mjpeg', { service: 'uv4l-mjpeg', streamUrl: '/stream/video.mjpeg' }, ['/stream/video.mjpeg']],
    [
      'webrtc-camerastreamer',
      { service: 'webrtc-camerastreamer', streamUrl: '/webcam/webrtc' },
      ['/webcam/?action=snapshot', '/webcam/snapshot'],
    ],
    [
      'webrtc-camerastreamer with a snapshot',
      { service: 'webrtc-camerastreamer', snapshotUrl: '/webcam/snapshot', streamUrl: '/webcam/webrtc' },
      ['/webcam/snapshot', '/webcam/?action=snapshot'],
    ],
    [
      'webrtc-go2rtc',
      { service: 'webrtc-go2rtc', streamUrl: '/go2rtc/stream.html?src=my cam&mode=webrtc' },
      ['/go2rtc/api/frame.jpeg?src=my%20cam'],
    ],
    [
      'webrtc-mediamtx with a snapshot',
      { service: 'webrtc-mediamtx', snapshotUrl: '/s.jpg', streamUrl: '/live' },
      ['/s.jpg'],
    ],
    [
      'an unknown service with a snapshot',
      { service: 'new-thing', snapshotUrl: 'still', streamUrl: '/live' },
      ['/still'],
    ],
  ];
  for (const [name, fields, expected] of table) {
    it(`knows ${name}`, () =>
      assert.deepEqual(
        urls([entry(fields)]),
        expected.map((path) => host + path),
      ));
  }

  it('uses absolute addresses as they are and others below the base', () => {
    assert.deepEqual(urls([entry({ snapshotUrl: 'http://cam.local:8080/?action=snapshot' })]), [
      'http://cam.local:8080/?action=snapshot',
    ]);
    assert.deepEqual(urls([entry({ snapshotUrl: '/a' })], { baseUrl: 'https://mainsail.local:8443/x/' }), [
      'https://mainsail.local:8443/a',
    ]);
  });

  it('takes rotation and flips from the webcam', () => {
    const [source] = findSources(options, [entry({ snapshotUrl: '/a', rotation: 90, flipVertical: true })]);
    assert.deepEqual(source?.view, { rotation: 90, flipHorizontal: false, flipVertical: true });
    assert.equal(source?.name, 'bed');
  });

  it('takes the enabled ones in the order of the list, or the named one even if it is off', () => {
    const list = [
      entry({ name: 'off', isEnabled: false, snapshotUrl: '/off' }),
      entry({ name: 'page', service: 'iframe', snapshotUrl: '/page' }),
      entry({ name: 'b', snapshotUrl: '/b' }),
      entry({ name: 'c', snapshotUrl: '/c' }),
    ];
    assert.deepEqual(urls(list), [`${host}/b`, `${host}/c`]);
    assert.deepEqual(urls(list, { webcam: 'c' }), [`${host}/c`]);
    assert.deepEqual(urls(list, { webcam: 'off' }), [`${host}/off`]);
  });

  it('prefers the addresses of the configuration', () => {
    const configured = {
      snapshotUrl: '/mine',
      streamUrl: 'http://cam/live',
      rotation: 180 as const,
      flipHorizontal: true,
    };
    assert.deepEqual(urls(null, configured), [`${host}/mine`, 'http://cam/live']);
    const [source] = findSources({ ...options, ...configured }, null);
    assert.deepEqual(source?.view, { rotation: 180, flipHorizontal: true, flipVertical: false });
  });

  it('says why there is none', () => {
    fails(null, {}, /have not been read/);
    fails([], {}, /no webcam \| Add or switch on/);
    fails([entry({ isEnabled: false })], {}, /switched off: "bed"/);
    fails([entry({})], { webcam: 'nozzle' }, /no webcam named "nozzle" .*one of "bed"/);
    fails([], { webcam: 'nozzle' }, /no webcam named "nozzle"/);
    fails([entry({ service: 'iframe', snapshotUrl: '/x' })], {}, /service iframe, which gives no pictures/);
    fails(
      [entry({ service: 'hlsstream', streamUrl: '/live.m3u8' })],
      {},
      /hlsstream has no snapshot address/,
    );
    fails([entry({ snapshotUrl: 'rtsp://user:secret@cam/live' })], {}, /kind rtsp:\/\/, but only http/);
    fails([entry({ snapshotUrl: 'http://' })], {}, /no URL/);
    fails(null, { snapshotUrl: 'file:///etc/passwd' }, /kind file:/);
    fails(
      [entry({ name: 'a', service: 'iframe' }), entry({ name: 'b', service: 'device' })],
      {},
      /"a".*; .*"b"/,
    );
  });

  it('never prints the secrets of an address', () => {
    const [source] = findSources(options, [
      entry({ snapshotUrl: 'http://me:secret@cam:81/x/snap.cgi?user=me&pwd=secret' }),
    ]);
    assert.ok(source);
    assert.equal(showUrl(source.url), 'http://cam:81/x/snap.cgi?…');
    try {
      urls([entry({ snapshotUrl: 'rtsp://me:secret@cam/live' })]);
    } catch (error) {
      assert.doesNotMatch(String(error), /secret/);
    }
  });
});

describe('createSourcePicker', () => {
  const list = findSources(options, [entry({ snapshotUrl: '/a' }), entry({ name: 'b', snapshotUrl: '/b' })]);
  const [a, b] = list;
  assert.ok(a && b);

  it('tries all until one worked, then only that one', () => {
    const picker = createSourcePicker();
    assert.deepEqual(picker.plan(list), list);
    picker.failed(a);
    assert.equal(picker.worked(b), true);
    assert.deepEqual(picker.plan(list), [b]);
    assert.equal(picker.worked(b), false);
  });

  it('tries all again after three failures in a row, not after fewer', () => {
    const picker = createSourcePicker();
    picker.plan(list);
    picker.worked(b);
    for (const expected of [[b], [b], [b], list]) {
      assert.deepEqual(picker.plan(list), expected);
      picker.failed(b);
    }
    const other = createSourcePicker();
    other.plan(list);
    other.worked(b);
    for (let i = 0; i < 9; i += 1) {
      if (i % 3 === 2) other.worked(b);
      else other.failed(b);
      assert.deepEqual(other.plan(list), [b]);
    }
  });

  it('starts over when the list or the rotation changes', () => {
    const picker = createSourcePicker();
    picker.plan(list);
    picker.worked(b);
    const turned = findSources(options, [
      entry({ snapshotUrl: '/a' }),
      entry({ name: 'b', snapshotUrl: '/b', rotation: 90 }),
    ]);
    assert.deepEqual(picker.plan(turned), turned);
  });
});
