// The virtual Moonraker against the real one, side by side in front of the same printer: the same calls, the same answers.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startVirtualMoonraker, type VirtualMoonraker } from '../../src/virtual/moonraker.ts';
import { createVirtualPrinter, type VirtualPrinter } from '../../src/virtual/printer.ts';
import { type RealMoonraker, startRealMoonraker, whyNoMoonraker } from '../support/real-moonraker.ts';
import { connectRpc, type RpcClient } from '../support/rpc-client.ts';
import { until } from '../support/until.ts';

const agent = { client_name: 'twin', version: '1', type: 'agent', url: 'http://127.0.0.1' };
const item = (rest: object) => ({ namespace: 'twin', ...rest });

/** Calls in order; `KEY` stands for the API key of the one that is asked. */
const calls: readonly (readonly [string, unknown?])[] = [
  ['server.connection.identify', { ...agent, type: 'nonsense' }],
  ['server.connection.identify', { client_name: 'twin' }],
  ['server.connection.identify', { ...agent, api_key: 'wrong' }],
  ['server.info'],
  ['access.info'],
  ['server.connection.identify', { ...agent, api_key: 'KEY' }],
  ['server.connection.identify', agent],
  ['server.info'],
  ['access.info'],
  ['access.login', { username: 'nobody', password: 'x' }],
  ['access.login', { username: 'nobody' }],
  ['access.refresh_jwt', { refresh_token: 'x' }],
  ['access.get_user'],
  ['access.get_api_key'],
  ['access.oneshot_token'],
  ['printer.info'],
  ['printer.objects.list'],
  ['printer.objects.query', { objects: { print_stats: null, nothing: null, webhooks: ['state', 'none'] } }],
  ['printer.objects.query', {}],
  ['printer.objects.query', { objects: { print_stats: 'state' } }],
  ['printer.objects.subscribe', {}],
  ['printer.objects.subscribe', { objects: { print_stats: ['state'], pause_resume: null } }],
  ['printer.gcode.script', {}],
  ['printer.gcode.script', { script: 5 }],
  ['printer.gcode.script', { script: '' }],
  ['printer.gcode.script', { script: 'NOSUCH\nM118 hello' }],
  ['printer.gcode.script', { script: 'RESPOND TYPE=wrong MSG=x' }],
  ['printer.gcode.script', { script: 'RESPOND MSG="open' }],
  ['printer.print.start', { filename: 'no"such.gcode' }],
  ['printer.print.start', {}],
  ['printer.print.cancel'],
  ['printer.print.resume'],
  ['printer.query_endstops.status'],
  ['server.webcams.list'],
  ['server.webcams.get_item', { name: 'none' }],
  ['server.webcams.get_item', { uid: 'none' }],
  ['server.files.metadata', { filename: 'none' }],
  ['server.extensions.list'],
  ['server.extensions.request', { agent: 'none', method: 'x' }],
  ['server.extensions.request', { agent: 'twin', method: 'x', arguments: 5 }],
  ['connection.send_event', { event: 'watching', data: { a: 1 } }],
  ['connection.send_event', { event: 'connected' }],
  ['connection.send_event', {}],
  ['connection.register_remote_method', { method_name: 'twin_ping' }],
  ['connection.register_remote_method', { method_name: 'twin_ping' }],
  ['connection.register_remote_method', {}],
  ['server.database.get_item', item({})],
  ['server.database.post_item', item({ key: 'a.b', value: { c: null } })],
  ['server.database.get_item', item({ key: 'a' })],
  ['server.database.get_item', item({ key: 'a.x' })],
  ['server.database.get_item', item({})],
  ['server.database.post_item', item({ key: 5, value: 1 })],
  ['server.database.post_item', item({ key: 'n', value: null })],
  ['server.database.get_item', item({ key: 'n' })],
  ['server.database.delete_item', item({ key: 'a' })],
  ['server.database.delete_item', item({ key: 'a' })],
  ['server.database.post_item', { namespace: 'moonraker', key: 'x', value: 1 }],
  ['server.database.get_item', { namespace: 'database', key: 'x' }],
  ['server.history.list', { limit: 'x' }],
  ['server.history.list', { order: 'x' }],
  ['server.history.list'],
  ['server.history.get_job', { uid: '0000FF' }],
  ['server.history.totals'],
  ['server.gcode_store', { count: 1 }],
  ['no.such.method'],
];

/** Names of fields in their order; values only where they do not depend on the machine. */
function shape(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return 'list';
  if (typeof value !== 'object' || value === null) return value === 'ok' ? 'ok' : '·';
  if (depth === 3) return '…';
  return Object.entries(value).map(([key, inner]) => [key, shape(inner, depth + 1)]);
}

const skip = await whyNoMoonraker();

describe('virtual Moonraker beside a real one', { skip }, () => {
  const gcodesPath = mkdtempSync(join(tmpdir(), 'lookout-gcodes-'));
  let printer: VirtualPrinter;
  let real: RealMoonraker;
  let virtual: VirtualMoonraker;
  let realClient: RpcClient;
  let virtualClient: RpcClient;

  before(async () => {
    printer = createVirtualPrinter({ gcodesPath });
    real = await startRealMoonraker({ printer });
    virtual = await startVirtualMoonraker({ printer, apiKey: 'key', isTrusting: true, procStatsMs: 0 });
    await until('a settled Moonraker', () => virtual.isSettled);
    realClient = await connectRpc(real.url);
    virtualClient = await connectRpc(virtual.url);
  });
  after(async () => {
    realClient?.close();
    virtualClient?.close();
    await real?.close();
    await virtual?.close();
    printer?.close();
    rmSync(gcodesPath, { recursive: true, force: true });
  });

  for (const [at, [method, params]] of calls.entries()) {
    it(`${at}: ${method} ${JSON.stringify(params ?? {})}`, async () => {
      const ask = async (client: RpcClient, key: string) => {
        const given =
          params === undefined ? undefined : JSON.parse(JSON.stringify(params).replace('KEY', key));
        const { error, result } = await client.call(method, given);
        return error === undefined ? shape(result) : error;
      };
      const expected = await ask(realClient, real.apiKeyValue);
      assert.deepEqual(await ask(virtualClient, 'key'), expected);
    });
  }
});
