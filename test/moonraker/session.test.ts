import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { JSONRPCServer } from 'json-rpc-2.0';
import { MoonrakerError } from '../../src/core/errors.ts';
import type { Clock } from '../../src/core/ports.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { toEndpoint } from '../../src/moonraker/endpoint.ts';
import type { InboundFrame } from '../../src/moonraker/frames.ts';
import { maxFrameBytes, openSession } from '../../src/moonraker/session.ts';
import { openTransport } from '../../src/moonraker/transport.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { until } from '../support/until.ts';
import { startHalfOpenServer, startScriptedServer } from './scripted-server.ts';

const { signal } = new AbortController();

const open = async (url: string, clock: Clock = systemClock) => {
  const notifications: string[] = [];
  const frames: InboundFrame[] = [];
  const server = new JSONRPCServer({ errorListener: () => undefined });
  const session = await openSession(
    toEndpoint(url),
    {
      onNotification: (method) => notifications.push(method),
      onFrame: (frame) => frames.push(frame),
      onRequest: () => undefined,
      onEnd: () => undefined,
    },
    { clock, server },
    signal,
  );
  return { session, notifications, frames, server };
};

const hasCode = (code: string) => (error: unknown) => error instanceof MoonrakerError && error.code === code;

describe('call', () => {
  it('gives the result, and each its own when answers come out of order', async (t) => {
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    peer.script('slow', 'silent');
    peer.script('quick', { result: { a: 1 } });
    const { session } = await open(peer.url);
    const slow = session.call('slow', {});
    assert.deepEqual(await session.call('quick', {}), { a: 1 });
    peer.raw(JSON.stringify({ jsonrpc: '2.0', id: peer.heard[0]?.['id'], result: 'late' }));
    assert.equal(await slow, 'late');
    session.close();
  });

  it('sends parameters as an object with the version', async (t) => {
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    peer.script('x', { result: 'ok' });
    const { session } = await open(peer.url);
    await session.call('x', { a: 1 });
    assert.deepEqual(peer.heard, [{ jsonrpc: '2.0', id: 1, method: 'x', params: { a: 1 } }]);
    session.close();
  });

  it('takes null for an answer', async (t) => {
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    peer.script('x', { result: null });
    const { session } = await open(peer.url);
    assert.equal(await session.call('x', {}), null);
    session.close();
  });

  it('gives up after 10 s, and waits without end when told to', async (t) => {
    const clock = createFakeClock();
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    peer.script('x', 'silent');
    const { session } = await open(peer.url, clock);
    let isPatientSettled = false;
    const patient = session.call('x', {}, { timeoutMs: null }).finally(() => {
      isPatientSettled = true;
    });
    const hasty = assert.rejects(session.call('x', {}), hasCode('MOONRAKER_TIMEOUT'));
    await until('both requests', () => peer.heard.length === 2);
    await clock.advance(9_999);
    await clock.advance(1);
    await hasty;
    assert.equal(isPatientSettled, false);
    session.close();
    await assert.rejects(patient, hasCode('MOONRAKER_CLOSED'));
  });

  it('ignores an answer that comes after the time limit', async (t) => {
    const clock = createFakeClock();
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    peer.script('x', 'silent');
    peer.script('y', { result: 'y' });
    const { session } = await open(peer.url, clock);
    const late = assert.rejects(session.call('x', {}, { timeoutMs: 100 }), hasCode('MOONRAKER_TIMEOUT'));
    await clock.advance(100);
    await late;
    await until('the request', () => peer.heard.length === 1);
    peer.raw(JSON.stringify({ jsonrpc: '2.0', id: 1, result: 'x' }));
    assert.equal(await session.call('y', {}), 'y');
    session.close();
  });

  it('rejects with the reason of its signal and forgets the request', async (t) => {
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    peer.script('x', 'silent');
    const { session } = await open(peer.url);
    const abort = new AbortController();
    const call = session.call('x', {}, { signal: abort.signal });
    abort.abort(new Error('enough'));
    await assert.rejects(call, /enough/);
    await assert.rejects(session.call('x', {}, { signal: abort.signal }), /enough/);
    session.close();
  });

  it('rejects what is pending when the connection ends, and everything after', async (t) => {
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    peer.script('x', 'silent');
    const { session } = await open(peer.url);
    const call = assert.rejects(session.call('x', {}, { timeoutMs: null }), hasCode('MOONRAKER_CLOSED'));
    await until('the request', () => peer.heard.length === 1);
    peer.sockets[0]?.close(1001, 'Server Shutdown');
    await call;
    assert.deepEqual(await session.ended, { code: 1001, reason: 'Server Shutdown', isOversized: false });
    await assert.rejects(session.call('x', {}), hasCode('MOONRAKER_CLOSED'));
  });
});

describe('inbound', () => {
  it('survives noise and goes on', async (t) => {
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    peer.script('x', { result: 'ok' });
    const { session, notifications, frames } = await open(peer.url);
    for (const noise of ['{oops', '', '[]', '42', '{"jsonrpc":"2.0","id":99,"result":1}']) peer.raw(noise);
    peer.raw('{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}');
    peer.raw('{"jsonrpc":"2.0","method":"notify_klippy_ready"}');
    assert.equal(await session.call('x', {}), 'ok');
    assert.deepEqual(notifications, ['notify_klippy_ready']);
    assert.equal(frames.filter((frame) => frame.kind === 'malformed').length, 4);
    session.close();
  });

  it('answers every request: known, unknown, failing', async (t) => {
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    const { session, server } = await open(peer.url);
    server.addMethod('lookout.echo', (params: unknown) => params);
    server.addMethod('lookout.fail', () => {
      throw new Error('inside');
    });
    const ask = async (method: string, params?: unknown) => {
      const id = 139785973890016 + peer.heard.length;
      peer.raw(JSON.stringify({ jsonrpc: '2.0', method, id, ...(params === undefined ? {} : { params }) }));
      return until(`an answer to ${method}`, () => peer.heard.find((message) => message['id'] === id));
    };
    assert.deepEqual((await ask('lookout.echo', [1]))['result'], [1]);
    assert.deepEqual((await ask('lookout.nothing'))['error'], { code: -32601, message: 'Method not found' });
    assert.ok('error' in (await ask('lookout.fail')));
    session.close();
  });

  it('ends with "oversized" for a frame above the limit', async (t) => {
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    const { session } = await open(peer.url);
    peer.raw('x'.repeat(maxFrameBytes + 1));
    assert.equal((await session.ended).isOversized, true);
  });

  it('reports a peer that dies without a word as 1006', async (t) => {
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    const { session } = await open(peer.url);
    peer.sockets[0]?.terminate();
    assert.equal((await session.ended).code, 1006);
  });
});

describe('keep-alive', () => {
  it('drops a half-open connection 10 s after an unanswered ping', async (t) => {
    const clock = createFakeClock();
    const peer = await startHalfOpenServer();
    t.after(() => peer.close());
    const { session } = await open(peer.url, clock);
    await clock.advance(10_000);
    assert.equal((await session.ended).code, 1006);
  });

  it('keeps a peer that speaks', async (t) => {
    const clock = createFakeClock();
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    peer.script('x', { result: 'ok' });
    const { session } = await open(peer.url, clock);
    for (let round = 1; round <= 5; round += 1) {
      assert.equal(await session.call('x', {}), 'ok');
      await clock.advance(10_000);
    }
    assert.equal(await session.call('x', {}), 'ok');
    session.close();
  });

  it('hears pongs and pings', async (t) => {
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    let alive = 0;
    const events = {
      onFrame: () => undefined,
      onAlive: () => {
        alive += 1;
      },
      onEnd: () => undefined,
    };
    const limits = { maxFrameBytes, connectTimeoutMs: 1000 };
    const transport = await openTransport(
      toEndpoint(peer.url),
      events,
      limits,
      { clock: systemClock },
      signal,
    );
    transport.ping();
    await until('the pong', () => alive === 1);
    peer.sockets[0]?.ping();
    await until('the ping', () => alive === 2);
    transport.close();
  });
});

describe('openSession', () => {
  it('says what to do when nobody listens', async () => {
    const peer = await startScriptedServer();
    await peer.close();
    await assert.rejects(open(peer.url), (error) => {
      assert.ok(error instanceof MoonrakerError);
      assert.deepEqual([error.code, error.retry], ['MOONRAKER_UNREACHABLE', 'soon']);
      assert.match(error.message, /ECONNREFUSED/);
      assert.match(error.hint, /is Moonraker running/);
      return true;
    });
  });

  it('says what to do when something else answers', async (t) => {
    const server = createServer((_request, response) => response.end('hello'));
    server.on('upgrade', (_request, socket) =>
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await assert.rejects(open(`ws://127.0.0.1:${port}`), (error) => {
      assert.ok(error instanceof MoonrakerError);
      assert.match(error.message, /HTTP 404/);
      assert.match(error.hint, /route prefix/);
      return true;
    });
  });

  it('gives up on a host that accepts and says nothing', async (t) => {
    const clock = createFakeClock();
    const server = createServer().on('connection', () => undefined);
    server.on('upgrade', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const opening = assert.rejects(open(`ws://127.0.0.1:${port}`, clock), /no answer within 5000 ms/);
    await clock.advance(5_000);
    await opening;
  });
});
