import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { MoonrakerError } from '../../src/core/errors.ts';
import { createMoonrakerComponent } from '../../src/moonraker/component.ts';
import type { ConnectionState } from '../../src/moonraker/connection.ts';
import { refused } from '../../src/moonraker/rpc-errors.ts';
import { createQuietLog } from '../support/quiet-log.ts';

const { signal } = new AbortController();
const up: ConnectionState = {
  kind: 'up',
  info: { klippy_state: 'ready', moonraker_version: 'v0.11', failed_components: [] } as never,
};
const settings = { sections: { lookout: {}, 'lookout camera': { webcam: 'bed' } }, problems: [] };
const answer = { protocol: 1, ...settings };

type Call = { method: string; params: Readonly<Record<string, unknown>>; timeoutMs: unknown };

function setUp(t: TestContext, { token = 'a'.repeat(64) as string | null } = {}) {
  const data = mkdtempSync(join(tmpdir(), 'lookout-token-'));
  t.after(() => rmSync(data, { recursive: true }));
  mkdirSync(join(data, 'lookout'));
  if (token !== null) writeFileSync(join(data, 'lookout', 'component.token'), token);
  const log = createQuietLog();
  const calls: Call[] = [];
  const methods = new Map<string, (params: unknown) => unknown>();
  let tellState: () => void = () => undefined;
  let reply: (method: string) => unknown = () => answer;
  const connection = {
    state: up as ConnectionState,
    onState: (listener: (state: ConnectionState) => void) => {
      tellState = () => listener(connection.state);
      return () => undefined;
    },
    addMethod: (name: string, handler: (params: unknown) => unknown) => {
      methods.set(name, handler);
      return () => methods.delete(name);
    },
    call: (async (
      method: string,
      params: Call['params'],
      _schema: unknown,
      options: { timeoutMs?: number },
    ) => {
      if (method === 'server.files.roots') return [{ name: 'config', path: join(data, 'config') }];
      calls.push({ method, params, timeoutMs: options.timeoutMs });
      return reply(method);
    }) as never,
  };
  const component = createMoonrakerComponent({ connection, log });
  return {
    component,
    calls,
    log,
    methods,
    replyWith: (next: (method: string) => unknown) => {
      reply = next;
    },
    connect: (state: ConnectionState) => {
      connection.state = state;
      tellState();
    },
  };
}

const throwing = (error: unknown) => () => {
  throw error;
};
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("Moonraker's component", () => {
  it('is shown the token and hands over the settings', async (t) => {
    const { component, calls } = setUp(t);
    assert.deepEqual(await component.register(signal), settings);
    assert.deepEqual(component.state, { kind: 'present', settings });
    assert.deepEqual(calls, [
      {
        method: 'access.lookout.register',
        params: { token: 'a'.repeat(64), protocol: 1 },
        timeoutMs: undefined,
      },
    ]);
  });

  it('is absent where Moonraker does not know the method, which is no trouble', async (t) => {
    const { component, log, replyWith } = setUp(t, { token: null });
    replyWith(throwing(refused('access.lookout.register', -32601, 'Method not found')));
    assert.equal(await component.register(signal), null);
    assert.equal(component.state.kind, 'absent');
    assert.deepEqual(log.lines, []);
    await assert.rejects(component.retract('a1', signal), MoonrakerError);
  });

  it('is refused with its reason: no token, a wrong one, another version, an answer of another shape', async (t) => {
    const why = async (reply: () => unknown, token?: null) => {
      const { component, replyWith } = setUp(t, token === null ? { token } : {});
      replyWith(reply);
      assert.equal(await component.register(signal), null);
      return component.state.kind === 'refused' ? component.state.why : '';
    };
    const forbidden = refused('access.lookout.register', 403, 'This is for moonraker-lookout on this host');
    assert.match(await why(throwing(forbidden), null), /component\.token cannot be read/);
    assert.match(await why(throwing(forbidden)), /on this host/);
    assert.match(await why(() => ({ ...answer, protocol: 2 })), /speaks version 2, and this program 1/);
    const odd = new MoonrakerError('another shape', { code: 'MOONRAKER_BAD_ANSWER', retry: 'later' });
    assert.match(await why(throwing(odd)), /another shape/);
  });

  it('is said once, however often it is registered', async (t) => {
    const { component, log } = setUp(t);
    await component.register(signal);
    await component.register(signal);
    assert.deepEqual(
      log.lines.map(({ message }) => message),
      ["Moonraker's component is there"],
    );
  });

  it('is registered after each connect, and unknown in between', async (t) => {
    const { component, connect, calls, replyWith, methods } = setUp(t);
    const states: string[] = [];
    component.onState((state) => states.push(state.kind));
    const stop = new AbortController();
    const running = component.run(stop.signal);
    await settled();
    const closed = new MoonrakerError('gone', { code: 'MOONRAKER_CLOSED', retry: 'soon' });
    connect({ kind: 'down', error: closed });
    connect(up);
    await settled();
    replyWith(throwing(closed));
    connect({ kind: 'down', error: closed });
    connect(up);
    await settled();
    assert.deepEqual(states, ['present', 'unknown', 'present', 'unknown']);
    assert.equal(calls.length, 3);
    stop.abort();
    await running;
    assert.equal(methods.size, 0);
    // A run that is over before it begins.
    await component.run(stop.signal);
  });

  it('passes on what it is asked, and whose announcement was dismissed', async (t) => {
    const { component, calls, methods } = setUp(t);
    await component.register(signal);
    calls.length = 0;
    const announcement = {
      incidentId: 'a1',
      title: 't',
      description: 'd',
      url: 'u',
      priority: 'high',
    } as const;
    await component.announce(announcement, signal);
    await component.retract('a1', signal);
    await component.publish({ state: 'watching' }, signal);
    await component.writeHistory({ worstQuality: null, evidenceS: 0, incidents: 0, blindMin: 1 }, signal);
    await component.writeHistory({ worstQuality: 2, evidenceS: 64, incidents: 1, blindMin: 0 }, signal);
    await component.report(['p'], signal);
    await component.notify('phone', 'm', signal);
    const { incidentId, ...rest } = announcement;
    assert.deepEqual(
      calls.map(({ method, params }) => [method.replace('server.lookout.', ''), params]),
      [
        ['announce', { incident_id: incidentId, ...rest }],
        ['retract', { incident_id: 'a1' }],
        ['publish', { state: { state: 'watching' } }],
        ['history', { evidence: 0, incidents: 0, blind: 1 }],
        ['history', { worst_quality: 2, evidence: 64, incidents: 1, blind: 0 }],
        ['report', { problems: ['p'] }],
        ['notify', { name: 'phone', message: 'm' }],
      ],
    );
    assert.equal(calls.at(-1)?.timeoutMs, 70_000);

    const seen: string[] = [];
    component.onSeen((id) => seen.push(id));
    const stop = new AbortController();
    const running = component.run(stop.signal);
    for (const params of [{ incident_id: 'a1' }, { incident_id: 7 }, null, { incident_id: 'x'.repeat(65) }]) {
      methods.get('lookout_seen')?.(params);
    }
    assert.deepEqual(seen, ['a1']);
    stop.abort();
    await running;
  });

  it('takes no endless file for a token', async (t) => {
    const { component, replyWith } = setUp(t, { token: 'x'.repeat(2_000) });
    replyWith(throwing(refused('access.lookout.register', 403, 'no')));
    await component.register(signal);
    assert.match(component.state.kind === 'refused' ? component.state.why : '', /cannot be read/);
  });
});
