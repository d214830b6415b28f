// The virtual Moonraker: rights, agents, calls in both directions, its restarts, and the faults that a client must survive.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import {
  startVirtualMoonraker,
  type VirtualMoonraker,
  type VirtualMoonrakerOptions,
} from '../../src/virtual/moonraker.ts';
import { createVirtualPrinter, type VirtualPrinterOptions } from '../../src/virtual/printer.ts';
import { connectRpc, type RpcClient } from '../support/rpc-client.ts';
import { until } from '../support/until.ts';

const closers: (() => unknown)[] = [];

async function make(
  options: Partial<VirtualMoonrakerOptions> = {},
  printerOptions: VirtualPrinterOptions = {},
) {
  const printer = createVirtualPrinter({ speed: 20, sampleMs: 20, restartMs: 50, ...printerOptions });
  printer.addFile({ filename: 'a.gcode', layers: 30, layerMs: 8_000, heatMs: 0, failsFromLayer: null });
  const moonraker = await startVirtualMoonraker({ printer, initMs: 10, procStatsMs: 0, ...options });
  closers.push(
    () => moonraker.close(),
    () => printer.close(),
  );
  await until('a settled Moonraker', () => moonraker.isSettled);
  return { printer, moonraker };
}

async function connect(moonraker: VirtualMoonraker, headers: Record<string, string> = {}, query = '') {
  const client = await connectRpc(`${moonraker.url}${query}`, headers);
  closers.unshift(() => client.close());
  return client;
}

function identity(name: string, type = 'agent') {
  return { client_name: name, version: '1', type, url: 'http://127.0.0.1' };
}

async function agent(moonraker: VirtualMoonraker, name: string): Promise<RpcClient> {
  const client = await connect(moonraker);
  assert.equal((await client.call('server.connection.identify', identity(name))).error, undefined);
  return client;
}

const unauthorized = { code: -32602, message: 'Unauthorized' };

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

describe('rights', () => {
  it('lets a socket in without rights, tells it nothing, and opens it with the key', async () => {
    const { printer, moonraker } = await make({ apiKey: 'secret' });
    const client = await connect(moonraker);
    assert.deepEqual((await client.call('server.info')).error, unauthorized);
    await printer.gcode('M118 not for you');
    assert.deepEqual(client.console(), []);
    const { result } = await client.call('access.info');
    assert.deepEqual(result, {
      default_source: 'moonraker',
      available_sources: ['moonraker'],
      login_required: false,
      trusted: false,
    });
    const identify = (key: string) =>
      client.call('server.connection.identify', { ...identity('x', 'bot'), api_key: key });
    assert.deepEqual((await identify('wrong')).error, { code: -32602, message: 'Invalid API Key' });
    // A failed authentication has not used up the one identification.
    assert.equal((await identify('secret')).error, undefined);
    assert.equal((await client.call('server.info')).error, undefined);
    await printer.gcode('M118 for you');
    await until('the line', () => client.console().includes('echo: for you'));
  });

  it('takes the key from a header, a token from login, and a one-shot token once', async () => {
    const { moonraker } = await make({ apiKey: 'secret', users: [{ username: 'ada', password: 'pw' }] });
    const byKey = await connect(moonraker, { 'X-Api-Key': 'secret' });
    assert.equal((await byKey.call('server.info')).error, undefined);
    const oneshot = (await byKey.call('access.oneshot_token')).result;
    const byOneshot = await connect(moonraker, {}, `?token=${oneshot}`);
    assert.equal((await byOneshot.call('server.info')).error, undefined);
    const again = await connect(moonraker, {}, `?token=${oneshot}`);
    assert.deepEqual((await again.call('server.info')).error, unauthorized);

    const wrong = await again.call('access.login', { username: 'ada', password: 'no' });
    assert.deepEqual(wrong.error, { code: 400, message: 'Invalid Password' });
    const login = await again.call('access.login', { username: 'ada', password: 'pw' });
    const { token, refresh_token: refresh } = login.result as Record<string, string>;
    assert.equal((await again.call('server.info')).error, undefined);
    const byToken = await connect(moonraker, { Authorization: `Bearer ${token}` });
    assert.equal((await byToken.call('server.info')).error, undefined);
    const renewed = await byToken.call('access.refresh_jwt', { refresh_token: refresh });
    assert.equal((renewed.result as Record<string, string>)['action'], 'user_jwt_refresh');
    const bad = await byToken.call('access.refresh_jwt', { refresh_token: 'nonsense' });
    assert.deepEqual(bad.error, { code: -32602, message: 'Invalid Refresh Token' });
    await again.call('access.logout');
    await until('the loss of rights', () => again.methods().includes('notify_user_logged_out'));
    assert.deepEqual((await again.call('server.info')).error, unauthorized);
  });

  it('refuses HTTP with 401 and answers it with the key', async () => {
    const { moonraker } = await make({ apiKey: 'secret' });
    const url = `${moonraker.httpUrl}/server/info`;
    assert.equal((await fetch(url)).status, 401);
    const response = await fetch(url, { headers: { 'x-api-key': 'secret' } });
    assert.equal(response.status, 200);
    const body = (await response.json()) as { result: Record<string, unknown> };
    assert.equal(body.result['klippy_state'], 'ready');
    const unknown = await fetch(`${moonraker.httpUrl}/no/such`, { headers: { 'x-api-key': 'secret' } });
    assert.equal(unknown.status, 404);
  });
});

describe('requests', () => {
  it('refuses what is not JSON-RPC, with the codes of Moonraker', async () => {
    const { moonraker } = await make();
    const client = await connect(moonraker);
    const answer = async (text: string) => {
      client.received.length = 0;
      client.sendText(text);
      await until('an answer', () => client.received.length > 0);
      return client.received[0];
    };
    assert.deepEqual(await answer('{oops'), {
      jsonrpc: '2.0',
      error: { code: -32700, message: 'Parse error' },
      id: null,
    });
    const error = (reply: unknown) => (reply as { error: unknown }).error;
    assert.deepEqual(error(await answer('{"method":"server.info","id":1}')), {
      code: -32600,
      message: 'Invalid Request',
    });
    assert.deepEqual(error(await answer('{"jsonrpc":"2.0","method":"server.info","params":[],"id":1}')), {
      code: -32602,
      message: 'Invalid params:',
    });
    assert.deepEqual(error(await answer('{"jsonrpc":"2.0","method":"no.such","id":"a"}')), {
      code: -32601,
      message: 'Method not found',
    });
    const batch = await answer(
      '[{"jsonrpc":"2.0","method":"server.websocket.id","id":1},{"jsonrpc":"2.0","method":"no.such","id":2}]',
    );
    assert.deepEqual(
      (batch as unknown as { id: number }[]).map(({ id }) => id),
      [1, 2],
    );
    // Without an id there is no answer to what works.
    client.received.length = 0;
    client.sendText('{"jsonrpc":"2.0","method":"server.info"}');
    await client.call('server.info');
    assert.equal(client.received.length, 1);
  });

  it('keeps one subscription for a connection and tells named fields only', async () => {
    const { printer, moonraker } = await make();
    const client = await connect(moonraker);
    const subscribe = (objects: unknown) => client.call('printer.objects.subscribe', { objects });
    const first = await subscribe({ print_stats: null, idle_timeout: ['state'], nothing: null });
    const { status } = first.result as { status: Record<string, unknown> };
    assert.deepEqual(status['idle_timeout'], { state: 'Idle' });
    assert.deepEqual(status['nothing'], {});
    await subscribe({ display_status: ['message'] });
    client.received.length = 0;
    await printer.gcode('M117 hello\nG28');
    await until('the message', () => client.received.length > 0);
    const updates = client.received.map((frame) => (frame['params'] as unknown[])[0]);
    assert.deepEqual(updates, [{ display_status: { message: 'hello' } }]);
    await subscribe({});
    client.received.length = 0;
    await printer.gcode('M117 nobody');
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual(client.received, []);
  });

  it('answers pause only when the lock is free, and other questions meanwhile', async () => {
    const { printer, moonraker } = await make();
    const client = await connect(moonraker);
    await client.call('printer.print.start', { filename: 'a.gcode' });
    await until('printing', () => printer.scene().isPrinting);
    const release = printer.holdLock();
    let isAnswered = false;
    const pause = client.call('printer.print.pause').then((reply) => {
      isAnswered = true;
      return reply;
    });
    const { result } = await client.call('printer.objects.query', { objects: { print_stats: ['state'] } });
    assert.deepEqual((result as { status: unknown }).status, { print_stats: { state: 'printing' } });
    assert.equal(isAnswered, false);
    release();
    assert.equal((await pause).result, 'ok');
    assert.equal(printer.log.count('PAUSE'), 1);
  });

  it('answers what waits for a Klippy that goes with 503, and knows its methods from then on', async () => {
    const { printer, moonraker } = await make();
    const client = await connect(moonraker);
    printer.holdLock();
    const pause = client.call('printer.print.pause');
    await until('the call', () => (moonraker.requests['printer.print.pause'] ?? 0) === 1);
    printer.kill();
    assert.deepEqual((await pause).error, { code: 503, message: 'Klippy Disconnected' });
    assert.deepEqual((await client.call('printer.info')).error, {
      code: 503,
      message: 'Klippy Host not connected',
    });
    await until('the news', () => client.methods().includes('notify_klippy_disconnected'));
    client.received.length = 0;
    await printer.restart();
    await until('ready', () => client.methods().includes('notify_klippy_ready'));
    assert.equal((await client.call('printer.info')).error, undefined);
  });

  it('does not know the methods of a Klippy that it has never seen', async () => {
    const printer = createVirtualPrinter();
    printer.kill();
    const moonraker = await startVirtualMoonraker({ printer, initMs: 5, procStatsMs: 0 });
    closers.push(
      () => moonraker.close(),
      () => printer.close(),
    );
    const client = await connect(moonraker);
    assert.equal((await client.call('printer.info')).error?.code, -32601);
    assert.equal((await client.call('printer.print.pause')).error?.code, 503);
  });

  it('keeps the console and counts what it was asked', async () => {
    const { moonraker } = await make();
    const client = await connect(moonraker);
    await client.call('printer.gcode.script', { script: 'M118 hello' });
    const { result } = await client.call('server.gcode_store', { count: 2 });
    const store = (result as { gcode_store: { message: string; type: string }[] }).gcode_store;
    assert.deepEqual(
      store.map(({ message, type }) => [type, message]),
      [
        ['command', 'M118 hello'],
        ['response', 'echo: hello'],
      ],
    );
    assert.equal(moonraker.requests['printer.gcode.script'], 1);
    assert.equal(moonraker.requests['notify_gcode_response'], 1);
    assert.deepEqual((await client.call('printer.gcode.script', {})).error, {
      code: 400,
      message: 'Missing Argument [script]',
    });
  });

  it('stores values, except null, and forgets empty namespaces', async () => {
    const { moonraker } = await make();
    const client = await connect(moonraker);
    const at = (key: unknown) => ({ namespace: 'lookout', key });
    await client.call('server.database.post_item', { ...at('state.mute'), value: { until: null } });
    await client.call('server.database.post_item', { ...at('gone'), value: null });
    assert.deepEqual((await client.call('server.database.get_item', at('state'))).result, {
      ...at('state'),
      value: { mute: { until: null } },
    });
    assert.equal((await client.call('server.database.get_item', at('gone'))).error?.code, -32601);
    assert.equal(
      (await client.call('server.database.post_item', { namespace: 'moonraker', key: 'a', value: 1 })).error
        ?.code,
      403,
    );
    await client.call('server.database.delete_item', at(['state']));
    const { result } = await client.call('server.database.list');
    assert.deepEqual((result as { namespaces: string[] }).namespaces, []);
  });
});

describe('agents', () => {
  it('have names that are taken until their connection ends', async () => {
    const { moonraker } = await make();
    const first = await agent(moonraker, 'lookout');
    const second = await connect(moonraker);
    const taken = { code: 400, message: "Agent 'lookout' already registered and connected'" };
    const identify = (client: RpcClient, name: string) =>
      client.call('server.connection.identify', identity(name));
    assert.deepEqual((await identify(second, 'lookout')).error, taken);
    // The one chance is spent.
    assert.match((await identify(second, 'other')).error?.message ?? '', /^Connection already identified: /);
    first.close();
    await until('the end', () => moonraker.clients() === 1);
    await agent(moonraker, 'lookout');
  });

  it('tell events to all others', async () => {
    const { moonraker } = await make();
    const other = await connect(moonraker);
    const lookout = await agent(moonraker, 'lookout');
    await lookout.call('connection.send_event', { event: 'watching', data: { verdict: 'clear' } });
    await lookout.call('connection.send_event', { event: 'bare' });
    const reserved = await lookout.call('connection.send_event', { event: 'connected' });
    assert.deepEqual(reserved.error, { code: 400, message: "Event 'connected' is reserved" });
    lookout.close();
    const heard = () =>
      other.received
        .filter((frame) => frame['method'] === 'notify_agent_event')
        .map((frame) => (frame['params'] as Record<string, unknown>[])[0]);
    await until('four events', () => heard().length === 4);
    assert.deepEqual(
      heard().map((event) => event?.['event']),
      ['connected', 'watching', 'bare', 'disconnected'],
    );
    assert.deepEqual(heard()[1], { agent: 'lookout', event: 'watching', data: { verdict: 'clear' } });
    assert.deepEqual(heard()[2], { agent: 'lookout', event: 'bare' });
    assert.deepEqual(lookout.methods(), []);
    assert.equal(moonraker.agentEvents.length, 2);
  });

  it('are called by others, whose calls wait for an answer that is not null', async () => {
    const { moonraker } = await make();
    const lookout = await agent(moonraker, 'lookout');
    const other = await connect(moonraker);
    const asked = other.call('server.extensions.request', {
      agent: 'lookout',
      method: 'lookout.status',
      arguments: { a: 1 },
    });
    const incoming = await until('the call', () =>
      lookout.received.find((frame) => frame['method'] === 'lookout.status'),
    );
    assert.deepEqual(incoming['params'], { a: 1 });
    lookout.sendText(JSON.stringify({ jsonrpc: '2.0', id: incoming['id'], result: { ok: true } }));
    assert.deepEqual((await asked).result, { ok: true });

    const refused = other.call('server.extensions.request', { agent: 'lookout', method: 'x' });
    const second = await until('the call', () => lookout.received.find((frame) => frame['method'] === 'x'));
    assert.equal(Object.hasOwn(second, 'params'), false);
    lookout.sendText(JSON.stringify({ jsonrpc: '2.0', id: second['id'], result: null }));
    assert.deepEqual((await refused).error, {
      code: 424,
      message: 'Agent lookout RPC error',
      data: null,
    });

    const lost = other.call('server.extensions.request', { agent: 'lookout', method: 'y' });
    await until('the call', () => lookout.received.some((frame) => frame['method'] === 'y'));
    lookout.close();
    assert.deepEqual((await lost).error, { code: 500, message: 'Client Socket Disconnected' });
  });

  it('own remote methods, one owner each, over a restart of Klippy', async () => {
    const { printer, moonraker } = await make(
      {},
      {
        ownMacros: {
          CALL: (_, actions) => {
            actions.callRemoteMethod('lookout_ping');
            return '';
          },
        },
      },
    );
    const lookout = await agent(moonraker, 'lookout');
    const register = (client: RpcClient) =>
      client.call('connection.register_remote_method', { method_name: 'lookout_ping' });
    assert.equal((await register(lookout)).result, 'ok');
    assert.match((await register(lookout)).error?.message ?? '', /already registered$/);
    const plain = await connect(moonraker);
    assert.equal((await register(plain)).error?.code, 400);
    lookout.received.length = 0;
    await printer.restart();
    await until('ready', () => lookout.methods().includes('notify_klippy_ready'));
    await printer.gcode('CALL');
    const call = await until('the call', () =>
      lookout.received.find((frame) => frame['method'] === 'lookout_ping'),
    );
    assert.equal(Object.hasOwn(call, 'params'), false);
  });
});

describe('going and coming', () => {
  it('closes with 1001 at a restart, comes back on its port, and forgets agents', async () => {
    const { moonraker } = await make();
    const lookout = await agent(moonraker, 'lookout');
    const url = moonraker.url;
    const back = moonraker.restart(30);
    await until('the close', () => lookout.closed() !== null);
    assert.deepEqual(lookout.closed(), { code: 1001, reason: 'Server Shutdown' });
    await assert.rejects(connectRpc(url));
    await back;
    assert.equal(moonraker.url, url);
    await agent(moonraker, 'lookout');
  });

  it('dies without a word, and calls the running job interrupted', async () => {
    const { moonraker } = await make();
    const client = await connect(moonraker);
    await client.call('printer.print.start', { filename: 'a.gcode' });
    await until('the job', () => client.methods().includes('notify_history_changed'));
    await moonraker.kill();
    await until('the close', () => client.closed() !== null);
    assert.equal(client.closed()?.code, 1006);
    await moonraker.restart(0);
    const again = await connect(moonraker);
    const { result } = await again.call('server.history.list');
    const [job] = (result as { jobs: Record<string, unknown>[] }).jobs;
    assert.equal(job?.['status'], 'interrupted');
    const { result: got } = await again.call('server.history.get_job', { uid: job?.['job_id'] });
    assert.deepEqual((got as { job: unknown }).job, job);
    assert.equal((await again.call('server.history.get_job', { uid: 'FFFF' })).error?.code, -32601);
  });

  it('drops its clients on command', async () => {
    const { moonraker } = await make();
    const [first, second] = [await connect(moonraker), await connect(moonraker)];
    moonraker.dropAll();
    await until('the cut', () => first.closed() !== null && second.closed() !== null);
    assert.equal(first.closed()?.code, 1006);
    const third = await connect(moonraker);
    moonraker.dropAll(1011);
    await until('the close', () => third.closed() !== null);
    assert.equal(third.closed()?.code, 1011);
  });

  it('can fall silent, and send nonsense', async () => {
    const { moonraker } = await make();
    const client = await connect(moonraker);
    moonraker.setSilent(true);
    await assert.rejects(client.call('server.info', {}, 50), /was not answered/);
    moonraker.setSilent(false);
    assert.equal((await client.call('server.info')).error, undefined);
    client.received.length = 0;
    moonraker.sendRaw('{"jsonrpc":"2.0","method":"notify_nonsense"}');
    await until('the frame', () => client.methods().includes('notify_nonsense'));
  });

  it('tells of new webcams', async () => {
    const { moonraker } = await make({ webcams: [{ name: 'bed', rotation: 180 }] });
    const client = await connect(moonraker);
    const { result } = await client.call('server.webcams.list');
    const [webcam] = (result as { webcams: Record<string, unknown>[] }).webcams;
    assert.equal(webcam?.['rotation'], 180);
    assert.equal(webcam?.['service'], 'mjpegstreamer');
    moonraker.setWebcams([]);
    await until('the news', () => client.methods().includes('notify_webcams_changed'));
    assert.deepEqual((await client.call('server.webcams.list')).result, { webcams: [] });
  });

  it('serves a prefix and a Unix socket without rights', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lookout-vm-'));
    closers.push(() => rmSync(folder, { recursive: true }));
    const unixSocket = join(folder, 'moonraker.sock');
    const { moonraker } = await make({ routePrefix: '/printer1', unixSocket, apiKey: 'secret' });
    assert.match(moonraker.url, /\/printer1\/websocket$/);
    await connect(moonraker);
    await assert.rejects(connectRpc(`ws://127.0.0.1:${moonraker.port}/websocket`));
    const socket = createConnection(unixSocket);
    closers.unshift(() => socket.destroy());
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    // Two messages in three pieces.
    socket.write('{"jsonrpc":"2.0","method":"access.get_api_key","id":1}\u0003{"jsonrpc":"2.0",');
    socket.write('"method":"server.info","id":2}');
    socket.write('\u0003');
    await until('two answers', () => text.split('\u0003').length === 3);
    assert.deepEqual(JSON.parse(text.split('\u0003')[0] ?? ''), {
      jsonrpc: '2.0',
      result: 'secret',
      id: 1,
    });
  });

  it('tells its own statistics once in a while', async () => {
    const { moonraker } = await make({ procStatsMs: 10 });
    const client = await connect(moonraker);
    await until('statistics', () =>
      client.received.some((frame) => frame['method'] === 'notify_proc_stat_update'),
    );
  });
});
