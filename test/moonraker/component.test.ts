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
  let tellState: (state: ConnectionState) => void = () => undefined;
  let enter: (call: never) => Promise<void> = async () => undefined;
  let reply: (method: string) => unknown = () => answer;
  const connection = {
    onState: (listener: (state: ConnectionState) => void) => {
      tellState = (next) => listener(next);
      return () => undefined;
    },
    onEntry: (listener: (call: never) => Promise<void>) => {
      enter = listener;
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
      options?: { timeoutMs?: number },
    ) => {
      if (method === 'server.files.roots') return [{ name: 'config', path: join(data, 'config') }];
      calls.push({ method, params, timeoutMs: options?.timeoutMs });
      return reply(method);
    }) as never,
  };
  const component = createMoonrakerComponent({ connection, log });
  const stop = new AbortController();
  const running = component.run(stop.signal);
  t.after(() => stop.abort());
  return {
    end: async () => {
      stop.abort();
      await running;
    },
    component,
    calls,
    log,
    methods,
    replyWith: (next: (method: string) => unknown) => {
      reply = next;
    },
    /** What the connection does: lets in, asks, is up. */
    connect: async () => {
      await enter(connection.call).catch(() => undefined);
      tellState(up);
      return component.state;
    },
    connectAs: async (state: ConnectionState) => {
      await enter(connection.call);
      tellState(state);
      return component.state;
    },
    disconnect: () => tellState({ kind: 'down', error: closed }),
  };
}

const closed = new MoonrakerError('gone', { code: 'MOONRAKER_CLOSED', retry: 'soon' });
const throwing = (error: unknown) => () => {
  throw error;
};

describe("Moonraker's component", () => {
  it('is shown the token and hands over the settings before the connection counts as up', async (t) => {
    const { component, calls, connect } = setUp(t);
    const told: unknown[] = [];
    component.onSettings((given) => told.push(given, component.state.kind));
    assert.deepEqual(await connect(), { kind: 'present', settings });
    assert.deepEqual(told, [settings, 'unknown']);
    assert.deepEqual(calls, [
      {
        method: 'access.lookout.register',
        params: { token: 'a'.repeat(64), protocol: 1 },
        timeoutMs: undefined,
      },
    ]);
  });

  it('is absent where Moonraker does not know the method, which is no trouble', async (t) => {
    const { component, log, replyWith, connect } = setUp(t, { token: null });
    replyWith(throwing(refused('access.lookout.register', -32601, 'Method not found')));
    assert.deepEqual(await connect(), { kind: 'absent' });
    assert.deepEqual(log.lines, []);
    await assert.rejects(component.retract('a1', signal), MoonrakerError);
  });

  it('is missed where Moonraker has [lookout] and could not load it, as after a hard recovery', async (t) => {
    const { replyWith, connectAs } = setUp(t);
    replyWith(throwing(refused('access.lookout.register', -32601, 'Method not found')));
    const info = { failed_components: ['lookout'] } as never;
    const state = await connectAs({ kind: 'up', info });
    assert.match(state.kind === 'refused' ? state.why : '', /Run \.\/install\.sh once more/);
  });

  it('is refused with its reason: no token, a wrong one, another version, an answer of another shape', async (t) => {
    const why = async (reply: () => unknown, token: string | null = 'a'.repeat(64)) => {
      const { connect, replyWith, log } = setUp(t, { token });
      replyWith(reply);
      const state = await connect();
      assert.equal(log.lines.length, 1);
      return state.kind === 'refused' ? state.why : '';
    };
    const forbidden = refused('access.lookout.register', 403, 'This is for moonraker-lookout on this host');
    assert.match(await why(throwing(forbidden), null), /component\.token cannot be read/);
    assert.match(await why(throwing(forbidden), 'x'.repeat(2_000)), /cannot be read/);
    assert.match(await why(throwing(forbidden)), /on this host/);
    assert.match(await why(() => ({ ...answer, protocol: 2 })), /speaks version 2, and this program 1/);
    const odd = new MoonrakerError('another shape', { code: 'MOONRAKER_BAD_ANSWER', retry: 'later' });
    assert.match(await why(throwing(odd)), /another shape/);
  });

  it('is asked anew with each connect, and said once', async (t) => {
    const { component, connect, disconnect, replyWith, methods, log, end } = setUp(t);
    const states: string[] = [];
    component.onState((state) => states.push(state.kind));
    await connect();
    disconnect();
    await connect();
    disconnect();
    replyWith(throwing(closed));
    await connect();
    assert.deepEqual(states, ['present', 'unknown', 'present', 'unknown', 'unknown']);
    assert.deepEqual(
      log.lines.map(({ message }) => message),
      ["Moonraker's component is there"],
    );
    await end();
    assert.equal(methods.size, 0);
    // A run that is over before it begins.
    await component.run(AbortSignal.abort());
  });

  it('passes on what it is asked, and whose announcement was dismissed', async (t) => {
    const { component, calls, methods, connect } = setUp(t);
    await connect();
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
    for (const params of [{ incident_id: 'a1' }, { incident_id: 7 }, null, { incident_id: 'x'.repeat(65) }]) {
      methods.get('lookout_seen')?.(params);
    }
    assert.deepEqual(seen, ['a1']);
  });
});
