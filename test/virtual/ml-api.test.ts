import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startVirtualMlApi, type VirtualMlApiOptions } from '../../src/virtual/ml-api.ts';
import { drawScene } from '../../src/virtual/scene.ts';
import { judgePicture } from '../../src/virtual/strand-judge.ts';
import { until } from '../support/until.ts';

const scene = { isPrinting: true, grown: 0.5, gantry: 0.5, isDark: false };
const size = { width: 640, height: 360 };
const good = await drawScene({ ...scene, spaghetti: 0 }, size);
const bad = await drawScene({ ...scene, spaghetti: 0.5 }, size);

interface TestContext {
  after(end: () => Promise<void>): void;
}

type Serve = (response: ServerResponse, request: IncomingMessage) => void;

/** The service, and a host of pictures for it. */
async function start(t: TestContext, options: VirtualMlApiOptions = {}, serve: Serve = serving(good)) {
  const service = await startVirtualMlApi(options);
  let fetches = 0;
  const host = createServer((request, response) => {
    fetches += 1;
    serve(response, request);
  });
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    host.closeAllConnections();
    host.close();
    await service.close();
  });
  const address = host.address();
  assert.ok(address !== null && typeof address === 'object');
  const img = `http://127.0.0.1:${address.port}/picture`;
  const ask = async (path = `/p/?img=${encodeURIComponent(img)}`, init: RequestInit = {}) => {
    const response = await fetch(service.baseUrl + path, { redirect: 'manual', ...init });
    const text = await response.text();
    return { status: response.status, type: response.headers.get('content-type') ?? '', text };
  };
  return { service, img, ask, fetches: () => fetches };
}

function serving(bytes: Uint8Array): Serve {
  return (response) => {
    response.writeHead(200, { 'Content-Type': 'image/jpeg' });
    response.end(bytes);
  };
}

test('a picture is fetched once and judged by what is in it', async (t) => {
  const { ask, fetches, service } = await start(t);
  assert.deepEqual(JSON.parse((await ask()).text), { detections: [] });
  assert.equal(fetches(), 1);
  assert.deepEqual(service.calls.at(-1)?.picture, { bytes: good.length, ...size });
});

test('heights are scaled by the width, as upstream’s are', async (t) => {
  const { ask } = await start(t, {}, serving(bad));
  const [[label, confidence, [x, y, width, height]]] = JSON.parse((await ask()).text).detections;
  const box = (await judgePicture(bad))?.strandBox;
  assert.ok(box);
  assert.equal(label, 'failure');
  assert.ok(confidence > 0.7 && confidence <= 1);
  assert.ok(Math.abs(x - (640 * (box.x1 + box.x2)) / 2) < 1);
  assert.ok(Math.abs(y - (360 * (box.y1 + box.y2)) / 2) < 1);
  assert.ok(Math.abs(width - 640 * (box.x2 - box.x1)) < 1);
  assert.ok(Math.abs(height - 640 * (box.y2 - box.y1)) < 1, 'not 360 times');
});

test('health is plain text that calls itself a page, and needs no token', async (t) => {
  const { ask, service } = await start(t, { token: 'secret' });
  assert.deepEqual(await ask('/hc/'), { status: 200, type: 'text/html; charset=utf-8', text: 'ok' });
  service.setFault('no-detector');
  assert.equal((await ask('/hc/')).text, 'error');
});

test('the token is wanted to the letter', async (t) => {
  const { ask, fetches } = await start(t, { token: 'secret' });
  for (const authorization of ['', 'secret', 'bearer secret', 'Bearer secret2', 'Bearer  secret']) {
    const { status, type, text } = await ask(undefined, { headers: { authorization } });
    assert.deepEqual([status, type, text], [401, 'text/html; charset=utf-8', ''], authorization);
  }
  assert.equal(fetches(), 0);
  assert.equal((await ask(undefined, { headers: { authorization: 'Bearer secret' } })).status, 200);
});

for (const [name, path, method, status] of [
  ['no img', '/p/', 'GET', 422],
  ['a POST', '/p/?img=x', 'POST', 405],
  ['another path', '/p?img=x', 'GET', 404],
  ['another host', '/p/?img=http%3A%2F%2F192.0.2.1%2Fx', 'GET', 400],
  ['a file', '/p/?img=%2Fetc%2Fpasswd', 'GET', 400],
] as const) {
  test(`${name}: ${status}`, async (t) => {
    const { ask } = await start(t);
    assert.equal((await ask(path, { method })).status, status);
  });
}

const grey = async () => {
  const { default: sharp } = await import('sharp');
  return sharp(good).toColourspace('b-w').jpeg().toBuffer();
};

for (const [name, serve, tries, says] of [
  ['404', status(404), 1, /404 Client Error/],
  ['500', status(500), 3, /500 Server Error/],
  ['a lost connection', (response: ServerResponse) => response.destroy(), 3, /hang up/],
  ['half a picture', serving(good.subarray(0, good.length / 2)), 1, /'shape'/],
  ['no picture', serving(Buffer.from('hello')), 1, /'shape'/],
  ['a grey picture', serving(await grey()), 1, /channels/],
] as const) {
  test(`${name}: 400 after ${tries} tries`, async (t) => {
    const { ask, fetches, img } = await start(t, {}, serve);
    const { status, text } = await ask();
    assert.equal(status, 400);
    const { detections, message } = JSON.parse(text);
    assert.deepEqual(detections, []);
    assert.match(message, /^Failed to get image /);
    assert.ok(message.includes(img));
    assert.match(message, says);
    assert.equal(fetches(), tries);
  });
}

function status(code: number): Serve {
  return (response) => {
    response.writeHead(code);
    response.end();
  };
}

test('nobody listens: 400', async (t) => {
  const { ask, service } = await start(t);
  const { status, text } = await ask('/p/?img=http%3A%2F%2F127.0.0.1%3A1%2Fx');
  assert.equal(status, 400);
  assert.match(text, /ECONNREFUSED/);
  assert.equal(service.calls.at(-1)?.picture, null);
});

/** Listens, then does nothing any more: connections wait in the kernel's queue until that is full. */
const asleep = `
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    require('node:fs').writeSync(1, String(server.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;

test('a connection that takes longer than 0.1 s is given up', async (t) => {
  const child = spawn(process.execPath, ['-e', asleep], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [text] = await once(child.stdout, 'data');
  const waiting = Array.from({ length: 4 }, () => connect(Number(text), '127.0.0.1').on('error', () => {}));
  t.after(async () => {
    for (const socket of waiting) socket.destroy();
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await until('a full queue', () => waiting.filter(({ connecting }) => !connecting).length >= 2);
  const { ask } = await start(t);
  const startedMs = performance.now();
  const { status, text: answer } = await ask(`/p/?img=${encodeURIComponent(`http://127.0.0.1:${text}/x`)}`);
  assert.equal(status, 400);
  assert.match(answer, /connect timeout=0\.1/);
  assert.ok(performance.now() - startedMs < 3_000, 'three short tries');
});
