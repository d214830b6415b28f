import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback } from '../../src/lib/loopback.ts';

for (const [url, expected] of [
  ['http://127.0.0.1:80/a', true],
  ['http://127.9.8.7/', true],
  ['https://localhost/', true],
  ['http://[::1]:7125/', true],
  ['http://127.1/', true],
  ['http://0x7f000001/', true],
  ['http://127.0.0.1.evil.example/', false],
  ['http://localhost.evil.example/', false],
  ['http://128.0.0.1/', false],
  ['http://192.168.1.5/', false],
  ['http://127.0.0.1@evil.example/', false],
  ['http://[::2]/', false],
] as const) {
  test(`${url} ${expected ? 'stays on' : 'leaves'} this host`, () => {
    assert.equal(isLoopback(new URL(url)), expected);
  });
}
