// The Klippy socket of the virtual printer, asked as Moonraker asks it.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { createEtxReader, etxFrame } from '../../src/virtual/etx-frames.ts';
import { startVirtualKlippy } from '../../src/virtual/klippy.ts';
import { createVirtualPrinter } from '../../src/virtual/printer.ts';
import { until } from '../support/until.ts';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function make() {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-vk-'));
  const socketPath = join(folder, 'klippy.sock');
  const printer = createVirtualPrinter({
    speed: 20,
    sampleMs: 20,
    restartMs: 50,
    ownMacros: {
      CALL: (params, actions) => {
        actions.callRemoteMethod('notify', { ...params });
        return '';
      },
    },
  });
  printer.addFile({ filename: 'a.gcode', layers: 30, layerMs: 8_000, heatMs: 0, failsFromLayer: null });
  const klippy = await startVirtualKlippy({ printer, socketPath });
  closers.push(
    () => klippy.close(),
    () => printer.close(),
    () => rmSync(folder, { recursive: true }),
  );
  return { printer, klippy, socketPath };
}

async function connect(socketPath: string) {
  const socket: Socket = createConnection(socketPath);
  closers.unshift(() => socket.destroy());
  const received: Record<string, unknown>[] = [];
  let isClosed = false;
  socket.on(
    'data',
    createEtxReader(
      (text) => received.push(JSON.parse(text)),
      1e6,
      () => undefined,
    ),
  );
  socket.on('close', () => {
    isClosed = true;
  });
  let lastId = 0;
  const send = (method: string, params: object = {}) => {
    lastId += 1;
    socket.write(etxFrame(JSON.stringify({ id: lastId, method, params })));
    return lastId;
  };
  const call = async (method: string, params: object = {}) => {
    const id = send(method, params);
    return await until(method, () => received.find((message) => message['id'] === id));
  };
  return { socket, received, send, call, isClosed: () => isClosed };
}

describe('virtual Klippy', () => {
  it('says who it is and what it can', async () => {
    const { socketPath } = await make();
    const client = await connect(socketPath);
    const { result: info } = await client.call('info', { client_info: { program: 'test' } });
    assert.equal((info as Record<string, unknown>)['state'], 'ready');
    const { result } = await client.call('list_endpoints');
    const { endpoints } = result as { endpoints: string[] };
    for (const endpoint of ['info', 'objects/subscribe', 'gcode/script', 'pause_resume/pause']) {
      assert.ok(endpoints.includes(endpoint), endpoint);
    }
    const { result: objects } = await client.call('objects/list');
    assert.ok((objects as { objects: string[] }).objects.includes('print_stats'));
  });

  it('answers refusals with the text, unknown paths, and wrong arguments', async () => {
    const { socketPath } = await make();
    const client = await connect(socketPath);
    const said = async (method: string, params: object) =>
      (await client.call(method, params))['error'] as { error: string; message: string };
    assert.deepEqual(await said('no/such', {}), {
      error: 'WebRequestError',
      message: "webhooks: No registered callback for path 'no/such'",
    });
    assert.equal((await said('gcode/script', {})).message, 'Missing Argument [script]');
    assert.equal((await said('gcode/script', { script: 5 })).message, 'Invalid Argument Type [script]');
    assert.equal(
      (await said('gcode/script', { script: 'RESPOND x' })).message,
      "Malformed command 'RESPOND x'",
    );
    assert.equal(
      (await said('objects/query', { objects: { print_stats: 'state' } })).message,
      'Invalid argument',
    );
    assert.deepEqual((await client.call('gcode/script', { script: 'M118 x' }))['result'], {});
  });

  it('sends changes in the frame that the subscriber asked for', async () => {
    const { printer, socketPath } = await make();
    const client = await connect(socketPath);
    const { result } = await client.call('objects/subscribe', {
      objects: { display_status: ['message'], print_stats: ['state'] },
      response_template: { method: 'process_status_update' },
    });
    assert.deepEqual((result as { status: unknown }).status, {
      display_status: { message: null },
      print_stats: { state: 'standby' },
    });
    await printer.gcode('M117 hello');
    const change = await until('the change', () =>
      client.received.find((message) => message['method'] === 'process_status_update'),
    );
    const { eventtime, status } = change['params'] as { eventtime: number; status: unknown };
    assert.deepEqual(status, { display_status: { message: 'hello' } });
    assert.ok(Math.abs(eventtime - printer.eventtime()) < 5);
  });

  it('passes the console and calls of macros on', async () => {
    const { printer, socketPath } = await make();
    const client = await connect(socketPath);
    await client.call('gcode/subscribe_output', { response_template: { method: 'output' } });
    await client.call('register_remote_method', {
      remote_method: 'notify',
      response_template: { method: 'notify' },
    });
    await printer.gcode('M118 hello\nCALL NAME=phone');
    await until('both', () => client.received.some((message) => message['method'] === 'notify'));
    assert.deepEqual(client.received.slice(-2), [
      { params: { response: 'echo: hello' }, method: 'output' },
      { params: { NAME: 'phone' }, method: 'notify' },
    ]);
  });

  it('answers a pause only after its macro, and survives nonsense', async () => {
    const { printer, socketPath } = await make();
    const client = await connect(socketPath);
    client.socket.write('not json\u0003{"id":99}\u0003');
    await client.call('gcode/script', { script: 'SDCARD_PRINT_FILE FILENAME="a.gcode"' });
    await until('printing', () => printer.scene().isPrinting);
    const release = printer.holdLock();
    const id = client.send('pause_resume/pause');
    await client.call('info');
    assert.ok(!client.received.some((message) => message['id'] === id));
    release();
    await until('the answer', () => client.received.some((message) => message['id'] === id));
    assert.equal(printer.status()['print_stats']?.['state'], 'paused');
  });

  it('drops its socket at a restart and opens it again', async () => {
    const { printer, socketPath } = await make();
    const client = await connect(socketPath);
    await client.call('info');
    client.send('gcode/restart');
    await until('the end', client.isClosed);
    await until('the file to go', () => !existsSync(socketPath));
    await until('ready', () => printer.state === 'ready' && existsSync(socketPath));
    const again = await connect(socketPath);
    assert.equal(((await again.call('info'))['result'] as Record<string, unknown>)['state'], 'ready');
  });

  it('says shutdown after an emergency stop', async () => {
    const { socketPath } = await make();
    const client = await connect(socketPath);
    await client.call('emergency_stop');
    const { result } = await client.call('info');
    assert.equal((result as Record<string, unknown>)['state'], 'shutdown');
    const { error } = await client.call('pause_resume/resume');
    assert.match((error as { message: string }).message, /^Shutdown due to webhooks request\n/);
  });
});

describe('etx frames', () => {
  const text = ['{"a":1}', '', 'é'.repeat(10), '{"b":"x"}'];
  const bytes = Buffer.concat(text.map(etxFrame));
  for (const size of [1, 2, 3, 7, bytes.length]) {
    it(`come whole out of pieces of ${size}`, () => {
      const got: string[] = [];
      const read = createEtxReader((message) => got.push(message), 100, assert.fail);
      for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size));
      assert.deepEqual(got, text);
    });
  }
  it('end at the limit', () => {
    let ends = 0;
    const read = createEtxReader(assert.fail, 10, () => {
      ends += 1;
    });
    read(Buffer.from('1234567890'));
    assert.equal(ends, 0);
    read(Buffer.from('1'));
    read(Buffer.from('2\u0003'));
    assert.equal(ends, 1);
  });
});
