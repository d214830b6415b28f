import assert from 'node:assert/strict';
import { createServer as createHttpServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import * as v from 'valibot';
import {
  type BackendHttpOptions,
  type BackendRequest,
  createBackendHttp,
  jsonBody,
} from '../../src/backends/http.ts';
import { makeCertificate } from '../contract/certificate.ts';
import { answerWell, type Fault, startService } from '../contract/service.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const never = new AbortController().signal;
const good = { status: 200, json: { ok: true } };
const answer = v.object({ ok: v.boolean() });

function makeHttp(options: Partial<BackendHttpOptions> = {}) {
  return createBackendHttp({ name: 'tester', secrets: ['s3cret'], ...options }, { clock: createFakeClock() });
}

function question(
  url: string,
  change: Partial<BackendRequest<{ ok: boolean }>> = {},
): BackendRequest<{ ok: boolean }> {
  return {
    what: 'question',
    method: 'POST',
    url,
    headers: { 'X-API-Key': 's3cret' },
    body: jsonBody({ q: 1 }),
    timeoutMs: 5_000,
    answer,
    ...change,
  };
}

test('quick questions share one connection, and bodies are counted', async (t) => {
  const service = await startService(() => good);
  t.after(service.close);
  const http = makeHttp();
  for (let turn = 0; turn < 3; turn += 1) await http.ask(question(`${service.origin}/a`), never);
  assert.equal(service.connections(), 1);
  const bodyBytes = '{"q":1}'.length;
  const answerBytes = '{"ok":true}'.length;
  assert.deepEqual(http.traffic, { requests: 3, sentBytes: 3 * bodyBytes, receivedBytes: 3 * answerBytes });
});

test('requests go one after the other, and one that is called off while it waits is never sent', async (t) => {
  let inFlight = 0;
  let most = 0;
  const service = await startService(() => good);
  t.after(service.close);
  service.spoil({
    matches: () => true,
    fault: ({ response }) => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      setTimeout(() => {
        inFlight -= 1;
        answerWell(response, good);
      }, 20);
    },
    elsewhere: '',
  });
  const http = makeHttp();
  const abort = new AbortController();
  const asked = [never, never, abort.signal, never].map((signal, at) =>
    http.ask(question(`${service.origin}/${at}`), signal),
  );
  const reason = new Error('not needed any more');
  abort.abort(reason);
  const results = await Promise.allSettled(asked);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
  assert.equal(results[2]?.status === 'rejected' && results[2].reason, reason);
  assert.equal(most, 1);
  assert.deepEqual(
    service.requests.map(({ path }) => path),
    ['/0', '/1', '/3'],
  );
});

for (const code of [301, 302, 307, 308]) {
  test(`a ${code} at the same place is followed with the same request`, async (t) => {
    const service = await startService(() => good);
    t.after(service.close);
    const fault: Fault = ({ response }) => {
      response.writeHead(code, { Location: '/moved?x=1' });
      response.end();
    };
    service.spoil({ matches: ({ path }) => path === '/old', fault, elsewhere: '' });
    assert.deepEqual(await makeHttp().ask(question(`${service.origin}/old`), never), { ok: true });
    const [first, second] = service.requests;
    assert.equal(second?.path, '/moved?x=1');
    assert.deepEqual(second?.body, first?.body);
    assert.equal(second?.headers['x-api-key'], 's3cret');
  });
}

test('a redirect from HTTPS to HTTP on the same host is another place', async (t) => {
  const certificate = makeCertificate(['IP:127.0.0.1']);
  const plain = await startService(() => good);
  const secure = await startService(() => good, certificate);
  t.after(plain.close);
  t.after(secure.close);
  secure.spoil({
    matches: () => true,
    fault: ({ response, elsewhere }) => {
      response.writeHead(307, { Location: `${elsewhere}/a` });
      response.end();
    },
    elsewhere: plain.origin,
  });
  const http = makeHttp({ ca: [certificate.cert] });
  await assert.rejects(http.ask(question(`${secure.origin}/a`), never), { code: 'BACKEND_REDIRECT' });
  assert.equal(plain.connections(), 0);
});

test('a certificate is verified even where the environment says that it need not be', async (t) => {
  const service = await startService(() => good, makeCertificate(['IP:127.0.0.1']));
  t.after(service.close);
  await withEnvironment({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, () =>
    assert.rejects(makeHttp().ask(question(`${service.origin}/a`), never), { code: 'BACKEND_UNREACHABLE' }),
  );
  assert.deepEqual(service.requests, []);
});

test('a connection that does not come to stand is given up', async (t) => {
  // It takes the connection and never says a word of TLS.
  const server = createServer((socket) => socket.resume().on('error', () => {}));
  const port = await listen(server);
  t.after(() => new Promise((resolve) => server.close(resolve)));
  let isConnected = false;
  const onConnect = () => {
    isConnected = true;
  };
  const http = makeHttp({ connectTimeoutMs: 150 });
  await assert.rejects(http.ask(question(`https://127.0.0.1:${port}/a`, { onConnect }), never), {
    code: 'BACKEND_UNREACHABLE',
    message: /no connection in time/,
  });
  assert.equal(isConnected, false, 'nothing was sent');
});

test('the service’s own words for no reach the backend, its secrets masked', async (t) => {
  const service = await startService(() => ({
    status: 418,
    json: { why: 'key s3cret\n\u001b[31m is wrong' },
  }));
  t.after(service.close);
  const seen: unknown[] = [];
  const asked = makeHttp().ask(
    question(`${service.origin}/a`, {
      refused: ({ status, body, quote, usual, retryAfterMs }) => {
        const why = v.parse(v.object({ why: v.string() }), body).why;
        seen.push(status, quote(why), usual.code, retryAfterMs);
        return usual;
      },
    }),
    never,
  );
  await assert.rejects(asked, { code: 'BACKEND_BAD_REQUEST' });
  assert.deepEqual(seen, [418, 'key *** [31m is wrong', 'BACKEND_BAD_REQUEST', null]);
});

test('through a proxy: plain HTTP is forwarded, HTTPS is tunnelled, exceptions and this host go straight', async (t) => {
  const certificate = makeCertificate(['DNS:service.example']);
  const secure = await startService(() => good, certificate);
  const plain = await startService(() => good);
  t.after(secure.close);
  t.after(plain.close);
  const proxy = await startProxy(Number(new URL(secure.origin).port));
  t.after(proxy.close);
  const environment = {
    HTTP_PROXY: proxy.origin,
    HTTPS_PROXY: proxy.origin,
    NO_PROXY: '0.0.0.0',
  };
  await withEnvironment(environment, async () => {
    const http = makeHttp({ ca: [certificate.cert] });
    assert.deepEqual(await http.ask(question('http://service.example/plain'), never), { ok: true });
    assert.deepEqual(await http.ask(question('https://service.example/secure'), never), { ok: true });
    assert.deepEqual(proxy.seen, ['POST http://service.example/plain', 'CONNECT service.example:443']);
    assert.equal(secure.requests[0]?.headers['x-api-key'], 's3cret');
    assert.doesNotMatch(proxy.tunnelled(), /s3cret/, 'the proxy cannot read the key');

    // On Linux this address leads to this host as well, without being one that always goes straight.
    await http.ask(question(`${plain.origin.replace('127.0.0.1', '0.0.0.0')}/excepted`), never);
    await http.ask(question(`${plain.origin}/local`), never);
    assert.equal(proxy.seen.length, 2);
    assert.equal(plain.requests.length, 2);

    await assert.rejects(makeHttp().ask(question('https://service.example/secure'), never), {
      code: 'BACKEND_UNREACHABLE',
      message: /certificate/,
    });
    proxy.refuse();
    await assert.rejects(http.ask(question('https://service.example/secure'), never), {
      code: 'BACKEND_HTTP_STATUS',
      message: /proxy wants a password/,
    });
  });
});

/** A proxy that answers plain requests itself and leads tunnels to `port`. */
async function startProxy(port: number) {
  const seen: string[] = [];
  const chunks: Buffer[] = [];
  let refuses = false;
  const server: Server = createHttpServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    request.resume();
    request.on('end', () => answerWell(response, good));
  });
  server.on('connect', (request, socket) => {
    seen.push(`${request.method} ${request.url}`);
    if (refuses) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.pipe(upstream).pipe(socket);
    });
    for (const end of [socket, upstream]) end.on('error', () => {});
    upstream.on('close', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
  });
  const proxyPort = await listen(server);
  return {
    origin: `http://127.0.0.1:${proxyPort}`,
    seen,
    tunnelled: () => Buffer.concat(chunks).toString('latin1'),
    refuse: () => {
      refuses = true;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listen(server: {
  listen(port: number, host: string, done: () => void): unknown;
  address(): unknown;
}) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Runs `work` with just these proxy and TLS variables set. */
async function withEnvironment(
  variables: Record<string, string>,
  work: () => Promise<unknown>,
): Promise<void> {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'NODE_TLS_REJECT_UNAUTHORIZED'];
  const all = [...names, ...names.map((name) => name.toLowerCase())];
  const before = all.map((name) => [name, process.env[name]] as const);
  for (const name of all) delete process.env[name];
  Object.assign(process.env, variables);
  try {
    await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
