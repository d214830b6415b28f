import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import * as v from 'valibot';
import { MoonrakerError } from '../../src/core/errors.ts';
import type { Clock } from '../../src/core/ports.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Credentials, Identity } from '../../src/moonraker/auth.ts';
import { type ConnectionState, createMoonrakerConnection } from '../../src/moonraker/connection.ts';
import { toEndpoint } from '../../src/moonraker/endpoint.ts';
import { startVirtualMoonraker, type VirtualMoonrakerOptions } from '../../src/virtual/moonraker.ts';
import { createVirtualPrinter } from '../../src/virtual/printer.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createQuietLog } from '../support/quiet-log.ts';
import { until } from '../support/until.ts';
import { goodIdentify, startScriptedServer } from './scripted-server.ts';

const identity: Identity = { name: 'lookout', version: '0.1.0', type: 'agent', url: 'https://example.org' };
const trusted: Credentials = { kind: 'trusted' };

interface Setup {
  readonly url: string;
  readonly credentials?: Credentials;
  readonly clock?: Clock;
  readonly type?: Identity['type'];
}

/** A running connection that ends with the test. */
function connect(t: TestContext, { url, credentials = trusted, clock = systemClock, type = 'agent' }: Setup) {
  const log = createQuietLog();
  const connection = createMoonrakerConnection(
    { endpoint: toEndpoint(url), identity: { ...identity, type }, credentials },
    { clock, log, random: () => 1 },
  );
  const states: string[] = [];
  connection.onState((state) => states.push(state.kind === 'down' ? state.error.code : state.kind));
  const abort = new AbortController();
  const running = connection.run(abort.signal);
  const stop = async () => {
    abort.abort();
    await running;
  };
  t.after(stop);
  const isUp = () => connection.state.kind === 'up';
  return { connection, log, states, stop, isUp };
}

async function startVirtual(t: TestContext, options: Omit<VirtualMoonrakerOptions, 'printer'> = {}) {
  const printer = createVirtualPrinter({ restartMs: 20 });
  const moonraker = await startVirtualMoonraker({ printer, initMs: 5, ...options });
  t.after(async () => {
    await moonraker.close();
    printer.close();
  });
  return { printer, moonraker };
}

const downError = (state: ConnectionState) => (state.kind === 'down' ? state.error : assert.fail(state.kind));

describe('getting in', () => {
  it('is trusted without credentials, as agent lookout', async (t) => {
    const { moonraker } = await startVirtual(t, { routePrefix: '/printer1' });
    const { connection, isUp, stop } = connect(t, { url: moonraker.url });
    await until('up', isUp);
    await connection.sendEvent('warning', { score: 0.5 }, new AbortController().signal);
    assert.deepEqual(
      moonraker.agentEvents.map(({ event, data }) => ({ event, data })),
      [{ event: 'warning', data: { score: 0.5 } }],
    );
    await stop();
    await until('gone', () => moonraker.clients() === 0);
  });

  it('gets in with the API key', async (t) => {
    const { moonraker } = await startVirtual(t, { apiKey: 'abc123' });
    const { isUp } = connect(t, { url: moonraker.url, credentials: { kind: 'api-key', apiKey: 'abc123' } });
    await until('up', isUp);
  });

  const refusals: readonly [string, Credentials, RegExp][] = [
    ['a wrong API key', { kind: 'api-key', apiKey: 'geheim-falsch' }, /API key/],
    ['no credentials: it opens but is unauthorized', trusted, /trusted_clients/],
    [
      'a wrong password',
      { kind: 'user', username: 'pi', password: 'geheim-falsch', source: null },
      /user and password/,
    ],
  ];
  for (const [what, credentials, hint] of refusals) {
    it(`says what to do about ${what}, once, and never shows it`, async (t) => {
      const { moonraker } = await startVirtual(t, {
        apiKey: 'abc123',
        users: [{ username: 'pi', password: 'raspberry' }],
      });
      const { connection, states, log } = connect(t, { url: moonraker.url, credentials });
      await until('the refusal', () => states.length > 0);
      const error = downError(connection.state);
      assert.deepEqual([error.code, error.retry], ['MOONRAKER_UNAUTHORIZED', 'never']);
      assert.match(error.hint, hint);
      assert.equal(log.lines.filter((line) => line.level === 'warn').length, 1);
      assert.ok(!JSON.stringify([log.lines, error.message, error.cause]).includes('geheim'));
      await assert.rejects(connection.call('server.info', {}, v.unknown()), (thrown) => thrown === error);
    });
  }

  it('holds the connection that is not let in, and is in at once when Moonraker restarts with our key', async (t) => {
    const first = await startScriptedServer();
    first.script('server.connection.identify', { error: { code: -32602, message: 'Invalid API Key' } });
    const clock = createFakeClock();
    const { states, isUp } = connect(t, {
      url: first.url,
      clock,
      credentials: { kind: 'api-key', apiKey: 'new' },
    });
    await until('the refusal', () => states.length > 0);
    await clock.advance(50_000);
    assert.equal(first.sockets.length, 1);
    const port = Number(new URL(first.url).port);
    await first.close();
    const second = await startScriptedServer(port);
    t.after(() => second.close());
    for (let ms = 0; ms < 5_000 && !isUp(); ms += 50) await clock.advance(50);
    assert.equal(isUp(), true);
  });

  it('logs in with user and password, and refreshes instead of logging in again', async (t) => {
    const { moonraker } = await startVirtual(t, { users: [{ username: 'pi', password: 'raspberry' }] });
    const { isUp, states } = connect(t, {
      url: moonraker.url,
      credentials: { kind: 'user', username: 'pi', password: 'raspberry', source: null },
    });
    await until('up', isUp);
    moonraker.dropAll();
    await until('up again', () => states.length === 3 && isUp());
    assert.deepEqual(states, ['up', 'MOONRAKER_CLOSED', 'up']);
    const { 'access.login': logins, 'access.refresh_jwt': refreshes } = moonraker.requests;
    assert.deepEqual([logins, refreshes], [1, 1]);
  });

  it('logs in again when the refresh token or the token is refused', async (t) => {
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    peer.script('access.login', { result: { token: 't1', refresh_token: 'r1' } });
    const { isUp } = connect(t, {
      url: peer.url,
      credentials: { kind: 'user', username: 'pi', password: 'x', source: 'ldap' },
    });
    await until('up', isUp);
    peer.script('access.refresh_jwt', { error: { code: -32602, message: 'Invalid Refresh Token' } });
    peer.sockets.at(-1)?.terminate();
    await until('the second connection', () => peer.sockets.length === 2 && isUp());
    const methods = peer.heard.map(({ method }) => method);
    assert.deepEqual(methods.slice(3), [
      'access.refresh_jwt',
      'access.login',
      'server.connection.identify',
      'server.info',
    ]);
    const logins = peer.heard.filter(({ method }) => method === 'access.login');
    assert.deepEqual(logins[0]?.['params'], { username: 'pi', password: 'x', source: 'ldap' });
  });

  it('connects anew when its user logs out anywhere', async (t) => {
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    peer.script('access.login', { result: { token: 't1', refresh_token: 'r1' } });
    const credentials: Credentials = { kind: 'user', username: 'pi', password: 'x', source: null };
    const { isUp } = connect(t, { url: peer.url, credentials });
    await until('up', isUp);
    peer.raw('{"jsonrpc":"2.0","method":"notify_user_logged_out","params":[{"username":"somebody"}]}');
    peer.raw('{"jsonrpc":"2.0","method":"notify_user_logged_out","params":[{"username":"pi"}]}');
    await until('a second connection', () => peer.sockets.length === 2 && isUp());
  });

  it('connects anew when its rights are taken away', async (t) => {
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    peer.script('printer.objects.query', { error: { code: -32602, message: 'Unauthorized' } });
    const { connection, isUp } = connect(t, { url: peer.url });
    await until('up', isUp);
    await assert.rejects(connection.call('printer.objects.query', {}, v.unknown()), /not in/);
    await until('a second connection', () => peer.sockets.length === 2);
  });

  it('recognises a server that identifies anybody and lets nobody in', async (t) => {
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    peer.script('server.connection.identify', goodIdentify);
    peer.script('server.info', { error: { code: -32602, message: 'Unauthorized' } });
    const { connection, states } = connect(t, { url: peer.url });
    await until('the refusal', () => states.length > 0);
    assert.equal(downError(connection.state).code, 'MOONRAKER_UNAUTHORIZED');
  });

  it('needs no key on the Unix socket, and sends none', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'lookout-uds-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const unixSocket = join(folder, 'moonraker.sock');
    const { moonraker } = await startVirtual(t, { unixSocket, apiKey: 'abc123' });
    const { connection, isUp } = connect(t, {
      url: unixSocket,
      credentials: { kind: 'api-key', apiKey: 'wrong' },
    });
    await until('up', isUp);
    await connection.sendEvent('hello', null, new AbortController().signal);
    assert.equal(moonraker.agentEvents.length, 1);
  });
});

describe('one name', () => {
  it('waits on a new connection while the name is taken, says so once, and gets it then', async (t) => {
    const { moonraker } = await startVirtual(t);
    const first = connect(t, { url: moonraker.url });
    await until('the first', first.isUp);
    const clock = createFakeClock();
    const second = connect(t, { url: moonraker.url, clock });
    await until('the refusal', () => second.states.includes('MOONRAKER_NAME_TAKEN'));
    await until('its socket to be closed', () => moonraker.clients() === 1);
    for (const wait of [5_000, 5_000]) {
      const before = moonraker.requests['server.connection.identify'] ?? 0;
      await clock.advance(wait - 1);
      assert.equal(moonraker.requests['server.connection.identify'], before);
      await clock.advance(1);
      await until('the next try', () => (moonraker.requests['server.connection.identify'] ?? 0) > before);
      await until('its end', () => moonraker.clients() === 1);
    }
    assert.deepEqual(second.states, ['MOONRAKER_NAME_TAKEN']);
    assert.equal(second.log.lines.filter((line) => line.level === 'warn').length, 1);
    await first.stop();
    await until('the name', () => {
      void clock.advance(500);
      return second.isUp();
    });
  });

  it('leaves the name alone as type other', async (t) => {
    const { moonraker } = await startVirtual(t);
    const service = connect(t, { url: moonraker.url });
    await until('the service', service.isUp);
    const check = connect(t, { url: moonraker.url, type: 'other' });
    await until('the check', check.isUp);
    assert.equal(service.isUp(), true);
  });
});

describe('coming back', () => {
  it("is up again within 5 s of Moonraker's return, after an hour too", async (t) => {
    const clock = createFakeClock();
    const first = await startScriptedServer();
    const port = Number(new URL(first.url).port);
    const { isUp, log, states } = connect(t, { url: first.url, clock });
    await until('up', isUp);
    await first.close();
    await until('down', () => !isUp());
    await clock.advance(60_000);
    // The rest of the hour in one leap each: what counts is the wait that is under way when Moonraker returns.
    for (let minute = 1; minute < 60; minute += 1) await clock.advance(60_000);
    const second = await startScriptedServer(port);
    t.after(() => second.close());
    let tookMs = 0;
    for (; tookMs < 10_000 && !isUp(); tookMs += 100) {
      await clock.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(tookMs <= 5_000, `${tookMs} ms`);
    assert.deepEqual(states, ['up', 'MOONRAKER_CLOSED', 'MOONRAKER_UNREACHABLE', 'up']);
    assert.equal(log.lines.filter((line) => line.level === 'warn').length, 2);
  });

  it('tries soon after a close, and ever more slowly while each connection ends at once', async (t) => {
    const clock = createFakeClock();
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    peer.script('server.info', { error: { code: 500, message: 'not now' } });
    connect(t, { url: peer.url, clock });
    await until('the first', () => peer.sockets.length === 1);
    const waits: number[] = [];
    for (let seen = 1; seen < 7; seen += 1) {
      await until('its end', () => peer.sockets.every((socket) => socket.readyState === socket.CLOSED));
      let ms = 0;
      while (peer.sockets.length === seen) {
        await clock.advance(125);
        await new Promise((resolve) => setTimeout(resolve, 3));
        ms += 125;
      }
      waits.push(ms);
    }
    // The jitter is switched off: 250, 500, … capped at 3,000; a step more where the wire took its time.
    for (const [index, expected] of [250, 500, 1000, 2000, 3000, 3000].entries()) {
      const ms = waits[index] ?? 0;
      assert.ok(ms >= expected && ms <= expected + 500, `${waits}`);
    }
  });

  it('takes 1001 and 1006 in its stride and counts connections', async (t) => {
    const { moonraker } = await startVirtual(t);
    const { connection, isUp, states } = connect(t, { url: moonraker.url });
    await until('up', isUp);
    await moonraker.restart(20);
    await until('up again', () => isUp() && connection.counts.connects === 2);
    moonraker.dropAll();
    await until('up for the third time', () => isUp() && connection.counts.connects === 3);
    assert.equal(states.filter((state) => state === 'up').length, 3);
  });

  it('survives and counts an oversized frame', async (t) => {
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    const { connection, isUp, log } = connect(t, { url: peer.url });
    await until('up', isUp);
    peer.raw('x'.repeat(11 * 1024 * 1024));
    await until('up again', () => connection.counts.connects === 2 && isUp());
    assert.equal(connection.counts.oversized, 1);
    assert.equal(log.lines.filter((line) => /above the limit/.test(line.message)).length, 1);
  });

  it('ends while it waits, connects or is up', async (t) => {
    const { moonraker } = await startVirtual(t);
    const up = connect(t, { url: moonraker.url });
    await until('up', up.isUp);
    await up.stop();
    assert.equal(up.connection.state.kind, 'down');
    assert.equal(up.log.lines.filter((line) => line.level === 'warn').length, 0);
    await connect(t, { url: moonraker.url }).stop();
    const none = connect(t, { url: 'ws://127.0.0.1:9', clock: createFakeClock() });
    await until('down', () => none.states.length > 0);
    await none.stop();
  });
});

describe('what comes in', () => {
  it('counts noise and says it once', async (t) => {
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    const { connection, isUp, log } = connect(t, { url: peer.url });
    await until('up', isUp);
    peer.raw('{"jsonrpc":"2.0","method":"notify_proc_stat_update","params":[{}]}');
    for (let n = 0; n < 3; n += 1) {
      peer.raw('{oops');
      peer.raw('{"jsonrpc":"2.0","method":"notify_sensor_update","params":[{}]}');
      peer.raw('{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request"},"id":null}');
    }
    await connection.call('server.info', {}, v.unknown());
    const { skipped, malformed, unheard, unassigned } = connection.counts;
    assert.deepEqual(
      { skipped, malformed, unheard, unassigned },
      { skipped: 1, malformed: 3, unheard: 3, unassigned: 3 },
    );
    assert.equal(log.lines.filter((line) => line.level === 'warn').length, 2);
    assert.equal(log.lines.filter((line) => line.level === 'debug').length, 1);
  });

  it('tells listeners, and stops telling; one that throws hurts nobody', async (t) => {
    const peer = await startScriptedServer();
    t.after(() => peer.close());
    const { connection, isUp } = connect(t, { url: peer.url });
    await until('up', isUp);
    const heard: unknown[] = [];
    connection.onNotification('notify_x', () => {
      throw new Error('listener');
    });
    const stop = connection.onNotification('notify_x', (params) => heard.push(params));
    peer.raw('{"jsonrpc":"2.0","method":"notify_x","params":[1]}');
    await until('the first', () => heard.length === 1);
    stop();
    peer.raw('{"jsonrpc":"2.0","method":"notify_x","params":[2]}');
    await connection.call('server.info', {}, v.unknown());
    assert.deepEqual(heard, [[1]]);
  });

  it('asks on entry before it is up; what fails there keeps nobody out', async (t) => {
    const server = await startScriptedServer();
    t.after(server.close);
    server.script('first', { result: 7 });
    const { connection, states, isUp, log } = connect(t, { url: server.url });
    const heard: unknown[] = [];
    const off = connection.onEntry(async (call) => {
      heard.push(await call('first', {}, v.number()), connection.state.kind);
    });
    connection.onEntry(async (call) => {
      await call('unknown', {}, v.unknown());
    });
    await until('up', isUp);
    assert.deepEqual(heard, [7, 'starting']);
    assert.equal(log.lines.filter(({ message }) => message === 'a first request came to nothing').length, 1);
    // The connection ends in the middle of it: it was never up.
    off();
    connection.onEntry(async () => {
      server.sockets.at(-1)?.terminate();
      await new Promise((resolve) => setTimeout(resolve, 50));
    });
    server.sockets.at(-1)?.terminate();
    await until('two more connections', () => server.sockets.length >= 3);
    assert.deepEqual(states, ['up', 'MOONRAKER_CLOSED']);
  });

  it('answers requests with something that is not null, and hears macros', async (t) => {
    const { moonraker } = await startVirtual(t);
    const { connection, isUp } = connect(t, { url: moonraker.url });
    const macroCalls: unknown[] = [];
    connection.addMethod('lookout_note', (params) => {
      macroCalls.push(params);
      return null;
    });
    const withdraw = connection.addMethod('lookout.status', async (params) => ({ asked: params ?? null }));
    await until('up', isUp);
    const other = connect(t, { url: moonraker.url, type: 'other' });
    await until('the other', other.isUp);
    const ask = (method: string, args: object = {}) =>
      other.connection.call(
        'server.extensions.request',
        { agent: 'lookout', method, arguments: args },
        v.unknown(),
      );
    assert.deepEqual(await ask('lookout.status', { a: 1 }), { asked: { a: 1 } });
    assert.equal(await ask('lookout_note'), 'ok');
    await assert.rejects(ask('lookout.nothing'), MoonrakerError);
    withdraw();
    await assert.rejects(ask('lookout.status'), MoonrakerError);
    moonraker.sendRaw('{"jsonrpc":"2.0","method":"lookout_note","params":{"layer":3}}');
    await until('the macro call', () => macroCalls.length === 2);
    assert.deepEqual(macroCalls, [undefined, { layer: 3 }]);
  });
});
