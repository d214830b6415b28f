// A real Moonraker takes the virtual Klippy for Klipper: no warnings, prints, history, remote methods, restarts.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createVirtualPrinter, type VirtualPrinter } from '../../src/virtual/printer.ts';
import { type RealMoonraker, startRealMoonraker, whyNoMoonraker } from '../support/real-moonraker.ts';
import { connectRpc, type RpcClient } from '../support/rpc-client.ts';
import { until } from '../support/until.ts';

/** The values of one field of print_stats, in the order in which they were told. */
function told(client: RpcClient, object: string, field: string): unknown[] {
  return client.received
    .filter((message) => message['method'] === 'notify_status_update')
    .map((message) => (message['params'] as [Record<string, Record<string, unknown>>])[0][object]?.[field])
    .filter((value) => value !== undefined);
}

const skip = await whyNoMoonraker();

describe('virtual Klippy behind a real Moonraker', { skip }, () => {
  let gcodesPath = '';
  let printer: VirtualPrinter;
  let moonraker: RealMoonraker;
  let client: RpcClient;

  before(async () => {
    gcodesPath = mkdtempSync(join(tmpdir(), 'lookout-gcodes-'));
    printer = createVirtualPrinter({
      gcodesPath,
      speed: 10,
      restartMs: 300,
      ownMacros: {
        CALL_AGENT: (params, actions) => {
          actions.callRemoteMethod('lookout_ping', { text: params['TEXT'] ?? '' });
          return '';
        },
      },
    });
    printer.addFile({
      filename: 'good.gcode',
      layers: 4,
      layerMs: 3_000,
      heatMs: 2_000,
      failsFromLayer: null,
    });
    printer.addFile({ filename: 'long.gcode', layers: 40, layerMs: 10_000, heatMs: 0, failsFromLayer: null });
    moonraker = await startRealMoonraker({
      printer,
      webcams: [{ name: 'bed', snapshot_url: 'http://127.0.0.1:1/snapshot' }],
    });
    client = await connectRpc(moonraker.url);
    await client.call('server.connection.identify', {
      client_name: 'checker',
      version: '1',
      type: 'agent',
      url: 'http://127.0.0.1',
    });
  });
  after(async () => {
    client?.close();
    await moonraker?.close();
    printer?.close();
    rmSync(gcodesPath, { recursive: true, force: true });
  });
  const subscribe = () =>
    client.call('printer.objects.subscribe', {
      objects: { print_stats: ['state', 'filename'], pause_resume: null, webhooks: null },
    });

  it('is ready without a warning or a failed component', async () => {
    const { result } = await client.call('server.info');
    const info = result as Record<string, unknown>;
    assert.equal(info['klippy_state'], 'ready');
    assert.deepEqual(info['warnings'], []);
    assert.deepEqual(info['failed_components'], []);
    assert.deepEqual(info['missing_klippy_requirements'], []);
  });

  it('lists its files through Moonraker', async () => {
    const { result } = await client.call('server.files.list');
    const paths = (result as { path: string }[]).map(({ path }) => path).sort();
    assert.deepEqual(paths, ['good.gcode', 'long.gcode']);
  });

  it('prints to the end and is told and recorded', async () => {
    await subscribe();
    assert.deepEqual((await client.call('printer.print.start', { filename: 'good.gcode' })).result, 'ok');
    await until('complete', () => told(client, 'print_stats', 'state').includes('complete'), 20_000);
    assert.deepEqual(told(client, 'print_stats', 'state'), ['printing', 'complete']);
    await until(
      'two history notifications',
      () => client.methods().filter((name) => name === 'notify_history_changed').length === 2,
    );
    const { result } = await client.call('server.history.list', { limit: 1 });
    const [job] = (result as { jobs: Record<string, unknown>[] }).jobs;
    assert.equal(job?.['status'], 'completed');
    assert.equal(job?.['filename'], 'good.gcode');
  });

  it('pauses, resumes and cancels through the API', async () => {
    client.received.length = 0;
    await client.call('printer.print.start', { filename: 'long.gcode' });
    const last = () => told(client, 'print_stats', 'state').at(-1);
    await until('printing', () => last() === 'printing');
    assert.equal((await client.call('printer.print.pause')).result, 'ok');
    await until('paused', () => last() === 'paused');
    assert.equal((await client.call('printer.print.resume')).result, 'ok');
    await until('printing again', () => last() === 'printing');
    assert.equal((await client.call('printer.print.cancel')).result, 'ok');
    await until('cancelled', () => last() === 'cancelled');
    assert.deepEqual(told(client, 'pause_resume', 'is_paused'), [true, false]);
    assert.equal(printer.log.count('PAUSE'), 1);
  });

  it('hands refusals on with their text', async () => {
    const { error } = await client.call('printer.gcode.script', { script: 'G1 X9999' });
    assert.equal(error?.code, 400);
    assert.match(error?.message ?? '', /^(Move out of range|Must home axis first): 9999\.000/);
    const missing = await client.call('printer.print.start', { filename: 'nothing.gcode' });
    assert.deepEqual(missing.error, { code: 400, message: 'Unable to open file' });
  });

  it('carries calls of macros to an agent, also after a restart of Klippy', async () => {
    assert.equal(
      (await client.call('connection.register_remote_method', { method_name: 'lookout_ping' })).result,
      'ok',
    );
    const calls = () => client.received.filter((message) => message['method'] === 'lookout_ping');
    await client.call('printer.gcode.script', { script: 'CALL_AGENT TEXT=one' });
    await until('the call', () => calls().length === 1);
    assert.deepEqual(calls()[0]?.['params'], { text: 'one' });

    client.received.length = 0;
    assert.equal((await client.call('printer.firmware_restart')).result, 'ok');
    await until('ready again', () => client.methods().includes('notify_klippy_ready'), 10_000);
    assert.ok(client.methods().includes('notify_klippy_disconnected'));
    await client.call('printer.gcode.script', { script: 'CALL_AGENT TEXT=two' });
    await until('the call after the restart', () => calls().length === 1);
  });

  it('tells of an emergency stop as Klipper does', async () => {
    await subscribe();
    await client.call('printer.print.start', { filename: 'long.gcode' });
    const last = () => told(client, 'print_stats', 'state').at(-1);
    await until('printing', () => last() === 'printing');
    client.received.length = 0;
    assert.equal((await client.call('printer.emergency_stop')).result, 'ok');
    await until('the shutdown', () => client.methods().includes('notify_klippy_shutdown'));
    assert.deepEqual(told(client, 'webhooks', 'state'), ['shutdown']);
    assert.deepEqual(told(client, 'print_stats', 'state'), ['paused']);
    assert.deepEqual(told(client, 'pause_resume', 'is_paused'), []);
    const { error } = await client.call('printer.print.resume');
    assert.match(error?.message ?? '', /^Shutdown due to webhooks request\n/);
    await client.call('printer.firmware_restart');
    await until('ready again', () => client.methods().includes('notify_klippy_ready'), 10_000);
  });

  it('goes on printing while Moonraker is killed and comes back', async () => {
    // Before that a start can miss in Moonraker's history.
    await until('Moonraker to settle', () => moonraker.settled() === 3);
    client.received.length = 0;
    await client.call('printer.print.start', { filename: 'long.gcode' });
    await until('the job in the history', () => client.methods().includes('notify_history_changed'));
    await moonraker.stop('SIGKILL');
    await until('the socket to close', () => client.closed() !== null);
    assert.equal(client.closed()?.code, 1006);
    await moonraker.start();
    const again = await connectRpc(moonraker.url);
    try {
      const { result } = await again.call('printer.objects.query', { objects: { print_stats: ['state'] } });
      assert.deepEqual((result as { status: unknown }).status, { print_stats: { state: 'printing' } });
      const { result: history } = await again.call('server.history.list', { limit: 1 });
      const [job] = (history as { jobs: Record<string, unknown>[] }).jobs;
      assert.equal(job?.['filename'], 'long.gcode');
      assert.equal(job?.['status'], 'interrupted');
    } finally {
      again.close();
    }
  });
});

describe('real Moonraker with a key', { skip }, () => {
  it('lets a socket in without rights, and a key opens it', async () => {
    const gcodesPath = mkdtempSync(join(tmpdir(), 'lookout-gcodes-'));
    const printer = createVirtualPrinter({ gcodesPath });
    const moonraker = await startRealMoonraker({ printer, apiKey: true });
    const client = await connectRpc(moonraker.url);
    const identity = { client_name: 'checker', version: '1', type: 'agent', url: 'http://127.0.0.1' };
    try {
      assert.deepEqual((await client.call('server.info')).error, { code: -32602, message: 'Unauthorized' });
      const wrong = await client.call('server.connection.identify', { ...identity, api_key: 'wrong' });
      assert.deepEqual(wrong.error, { code: -32602, message: 'Invalid API Key' });
      const right = await client.call('server.connection.identify', {
        ...identity,
        api_key: moonraker.apiKeyValue,
      });
      assert.equal(right.error, undefined);
      assert.equal((await client.call('server.info')).error, undefined);
    } finally {
      client.close();
      await moonraker.close();
      printer.close();
      rmSync(gcodesPath, { recursive: true, force: true });
    }
  });
});
