import assert from 'node:assert/strict';
import { get, request } from 'node:http';
import { BlockList, connect } from 'node:net';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { offerPicture, type PictureOffer } from '../../src/backends/one-time-pictures.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { until } from '../support/until.ts';
import type { TestContext } from './rig.ts';

const jpeg = Buffer.from(Array.from({ length: 60_000 }, (_, at) => (at * 89) & 255));

function guestsFrom(...addresses: string[]): BlockList {
  const guests = new BlockList();
  for (const address of addresses) guests.addAddress(address);
  return guests;
}

async function start(t: TestContext, change: Partial<PictureOffer> = {}) {
  const clock = createFakeClock();
  const guests = guestsFrom('127.0.0.1');
  const picture = await offerPicture({ jpeg, listenOn: '127.0.0.1', port: 0, guests, ...change }, clock);
  t.after(picture.close);
  return { clock, picture, ask: (options: Asking = {}) => ask(picture.port, picture.path, options) };
}

interface Asking {
  readonly method?: string;
  readonly path?: string;
  readonly from?: string;
}

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** Rejects when the connection is refused or closed without an answer. */
function ask(port: number, path: string, options: Asking): Promise<Reply> {
  const { method = 'GET', from: localAddress = '127.0.0.1' } = options;
  return new Promise((resolve, reject) => {
    const target = {
      port,
      host: '127.0.0.1',
      localAddress,
      method,
      path: options.path ?? path,
      agent: false,
    };
    const outgoing = request(target, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, body: Buffer.concat(chunks) });
      });
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

test('the first GET gets the picture, the second nothing', async (t) => {
  const { picture, ask } = await start(t);
  assert.equal(picture.hasLeft(), false);
  const first = await ask();
  assert.equal(first.status, 200);
  assert.equal(first.headers['content-type'], 'image/jpeg');
  assert.equal(first.headers['content-length'], String(jpeg.length));
  assert.deepEqual(first.body, jpeg);
  assert.equal(picture.hasLeft(), true);
  const second = await ask();
  assert.deepEqual([second.status, second.body.length], [404, 0]);
  assert.equal(second.headers['server'], undefined);
});

for (const [name, options] of [
  ['HEAD', { method: 'HEAD' }],
  ['POST', { method: 'POST' }],
  ['OPTIONS', { method: 'OPTIONS' }],
  ['the root', { path: '/' }],
  ['a path that is longer', { path: '/x' }],
  ['another host’s URL', { path: 'http://other.invalid/' }],
] as const) {
  test(`${name} gets 404 without a word, and the picture stays`, async (t) => {
    const { picture, ask } = await start(t);
    const path = 'path' in options && options.path === '/x' ? `${picture.path}x` : undefined;
    const { status, body } = await ask({ ...options, ...(path === undefined ? {} : { path }) });
    assert.deepEqual([status, body.length], [404, 0]);
    assert.equal(picture.hasLeft(), false);
    assert.equal((await ask()).status, 200);
  });
}

test('the path is another one each time, and long enough', async (t) => {
  const paths = new Set<string>();
  for (let turn = 0; turn < 5; turn += 1) paths.add((await start(t)).picture.path);
  assert.equal(paths.size, 5);
  // 6 bits a character.
  for (const path of paths) assert.match(path, /^\/[\w-]{32}$/);
});

test('a stranger is hung up on and has learnt nothing', async (t) => {
  const { picture, ask } = await start(t);
  await assert.rejects(ask({ from: '127.0.0.2' }), { code: 'ECONNRESET' });
  const heard = await new Promise<string>((resolve) => {
    let text = '';
    const socket = connect({ port: picture.port, host: '127.0.0.1', localAddress: '127.0.0.3' });
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
  assert.equal(heard, '');
  assert.equal(picture.stranger(), '127.0.0.3');
  assert.equal(picture.hasLeft(), false);
  assert.equal((await ask()).status, 200);
});

test('on all addresses a guest by IPv4 is known as well, in either spelling', async (t) => {
  const { picture, ask } = await start(t, { listenOn: null });
  await assert.rejects(ask({ from: '127.0.0.2' }));
  assert.equal(picture.stranger(), '127.0.0.2');
  assert.equal((await ask()).status, 200);
});

test('after 30 s nothing listens any more', async (t) => {
  const { clock, picture, ask } = await start(t);
  await clock.advance(29_999);
  assert.equal((await ask({ path: '/' })).status, 404);
  await clock.advance(1);
  await assert.rejects(ask(), { code: 'ECONNREFUSED' });
  assert.equal(picture.hasLeft(), false);
  assert.equal(clock.sleepers(), 0);
});

test('closing ends whatever is under way, and the timer', async (t) => {
  const { clock, picture, ask } = await start(t);
  let isClosed = false;
  const half = connect({ port: picture.port, host: '127.0.0.1' }, () => half.write('GET '));
  half.on('error', () => {});
  half.on('close', () => {
    isClosed = true;
  });
  await ask({ path: '/' });
  await picture.close();
  await until('the hang-up', () => isClosed);
  await assert.rejects(ask(), { code: 'ECONNREFUSED' });
  assert.equal(clock.sleepers(), 0);
  await picture.close();
});

test('a GET that breaks off half-way has used the picture up', async (t) => {
  const { picture, ask } = await start(t, { jpeg: Buffer.alloc(48_000_000) });
  await new Promise<void>((resolve) => {
    const outgoing = get(
      { port: picture.port, host: '127.0.0.1', path: picture.path, agent: false },
      (response) => {
        response.once('data', () => {
          response.destroy();
          resolve();
        });
      },
    );
    outgoing.on('error', () => {});
  });
  assert.equal((await ask()).status, 404);
  assert.equal(picture.hasLeft(), false);
});

for (const [name, bytes] of [
  ['garbage', '\x00\x01SSH-2.0-OpenSSH_9.2\r\n'],
  ['headers without end', `GET / HTTP/1.1\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`],
] as const) {
  test(`${name}: hung up on`, async (t) => {
    const { picture, ask } = await start(t);
    const heard = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect({ port: picture.port, host: '127.0.0.1' }, () => socket.write(bytes));
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(text));
    });
    assert.equal(heard, '');
    assert.equal((await ask()).status, 200);
  });
}

test('a port that is taken is said', async (t) => {
  const { picture } = await start(t);
  await assert.rejects(start(t, { port: picture.port }), { code: 'EADDRINUSE' });
});

/** Collects garbage, as `node --expose-gc` would allow. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  assert.ok(typeof gc === 'function');
  gc();
}

/** Nobody but the offer knows the picture. */
async function offerForgotten(t: TestContext) {
  const bytes = Buffer.from(jpeg);
  return { ...(await start(t, { jpeg: bytes })), memory: new WeakRef(bytes) };
}

for (const [name, use] of [
  ['fetched', async ({ ask }: Awaited<ReturnType<typeof start>>) => void (await ask())],
  ['closed', async ({ picture }: Awaited<ReturnType<typeof start>>) => picture.close()],
  ['too old', async ({ clock }: Awaited<ReturnType<typeof start>>) => clock.advance(30_000)],
] as const) {
  test(`a picture that is ${name} takes no memory`, async (t) => {
    const { memory, ...offered } = await offerForgotten(t);
    await use(offered);
    await until('the memory', () => {
      collect();
      return memory.deref() === undefined;
    });
  });
}

test('a picture that is still offered does', async (t) => {
  const { memory, ask } = await offerForgotten(t);
  await ask({ path: '/' });
  collect();
  assert.ok(memory.deref() !== undefined);
});
