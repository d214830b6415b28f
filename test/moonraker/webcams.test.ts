import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WebcamEntry } from '../../src/core/types.ts';
import { createWebcamSource } from '../../src/moonraker/webcams.ts';
import { createQuietLog } from '../support/quiet-log.ts';

const { signal } = new AbortController();

const listed = {
  name: 'bed',
  location: 'printer',
  service: 'mjpegstreamer-adaptive',
  enabled: true,
  icon: 'mdiWebcam',
  target_fps: 15,
  target_fps_idle: 5,
  stream_url: '/webcam/?action=stream',
  snapshot_url: '/webcam/?action=snapshot',
  flip_horizontal: false,
  flip_vertical: true,
  rotation: 90,
  aspect_ratio: '4:3',
  extra_data: {},
  source: 'database',
  uid: '9a2b',
};
const entry: WebcamEntry = {
  name: 'bed',
  service: 'mjpegstreamer-adaptive',
  isEnabled: true,
  snapshotUrl: '/webcam/?action=snapshot',
  streamUrl: '/webcam/?action=stream',
  rotation: 90,
  flipHorizontal: false,
  flipVertical: true,
  targetFps: 15,
};

function setUp(webcams: unknown) {
  const log = createQuietLog();
  let notify: (params: unknown) => void = () => undefined;
  const connection = {
    call: (async () => ({ webcams })) as never,
    onNotification: (_method: string, listener: (params: unknown) => void) => {
      notify = listener;
      return () => undefined;
    },
  };
  const source = createWebcamSource({ connection, log });
  return { source, log, notify: (params: unknown) => notify(params) };
}

describe('webcams', () => {
  it('are read in our spelling', async () => {
    assert.deepEqual(await setUp([listed]).source.list(signal), [entry]);
  });

  it('may lack or misspell anything but the name', async () => {
    const { source } = setUp([
      { name: 'bare' },
      { ...listed, rotation: 45, target_fps: 'many', snapshot_url: null },
    ]);
    const [bare, odd] = await source.list(signal);
    assert.deepEqual([bare?.isEnabled, bare?.snapshotUrl, bare?.rotation], [true, '', 0]);
    assert.deepEqual([odd?.rotation, odd?.targetFps, odd?.snapshotUrl], [0, 15, '']);
  });

  it('hide nothing behind an entry that cannot be read', async () => {
    const { source, log } = setUp([null, { service: 'x' }, listed]);
    assert.deepEqual(await source.list(signal), [entry]);
    assert.equal(log.lines.length, 2);
  });

  it('come anew when somebody changes them', () => {
    const { source, notify } = setUp([]);
    const heard: unknown[] = [];
    const stop = source.onChanged((webcams) => heard.push(webcams));
    notify([{ webcams: [listed] }]);
    notify([{ webcams: 'none' }]);
    notify(undefined);
    notify([{ webcams: [] }]);
    stop();
    notify([{ webcams: [listed] }]);
    assert.deepEqual(heard, [[entry], []]);
  });
});
