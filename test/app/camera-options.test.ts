import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cameraOptionsOf } from '../../src/app/camera-options.ts';
import { loadSettings } from '../../src/app/settings.ts';

test('a path of a webcam belongs to the host of its Moonraker, unless base_url says otherwise', () => {
  const [{ config }] = loadSettings(join(tmpdir(), 'no such folder/config/none.conf'), {}).printers;
  const { camera } = config;
  const baseUrl = (url: string, own: string | null = null) =>
    cameraOptionsOf({ camera: { ...camera, baseUrl: own }, moonraker: { ...config.moonraker, url } }).baseUrl;
  assert.equal(cameraOptionsOf(config).baseUrl, 'http://127.0.0.1');
  assert.equal(baseUrl('ws://192.168.1.20:7125/websocket'), 'http://192.168.1.20');
  assert.equal(baseUrl('wss://voron.local/printer1/websocket'), 'https://voron.local');
  assert.equal(baseUrl('ws://[fd00::1]:7125/websocket'), 'http://[fd00::1]');
  assert.equal(baseUrl('unix:/run/moonraker.sock'), 'http://127.0.0.1');
  assert.equal(baseUrl('ws://192.168.1.20:7125/websocket', 'http://h:81'), 'http://h:81');
});
