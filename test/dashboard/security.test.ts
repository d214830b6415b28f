// What must be refused, told once, and cost the watching nothing.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Credential } from '../../src/dashboard/sessions.ts';
import { startRig } from './rig.ts';

const isGoodKey = async (credential: Credential) =>
  credential.kind === 'api-key'
    ? credential.apiKey === 'right'
    : credential.kind === 'user' && credential.password === 'right';

describe('an action', () => {
  it('is taken from a page of ours', async (t) => {
    const { act, view } = await startRig(t);
    const answer = await act('/api/v1/actions/mute', { minutes: 10 });
    assert.equal(answer.status, 200, answer.body.toString());
    assert.deepEqual(view.calls, [{ method: 'mute', params: { minutes: 10 } }]);
  });

  it('is refused from everything else, and told once', async (t) => {
    const { act, ask, view, log, host } = await startRig(t);
    const refused = async (headers: Record<string, string>, code: string) =>
      assert.equal((await act('/api/v1/actions/pause', {}, headers)).code(), code, JSON.stringify(headers));
    for (let time = 0; time < 3; time += 1) await refused({ Origin: 'http://evil.example' }, 'FOREIGN_PAGE');
    await refused({ Origin: 'null' }, 'FOREIGN_PAGE');
    await refused({ 'Sec-Fetch-Site': 'cross-site' }, 'FOREIGN_PAGE');
    await refused({ Host: 'evil.example', Origin: 'http://evil.example' }, 'UNKNOWN_HOST');
    await refused({ 'X-Lookout-Token': '' }, 'BAD_TOKEN');
    await refused({ 'X-Lookout-Token': `zzz.${'a'.repeat(43)}` }, 'BAD_TOKEN');
    await refused({ 'Content-Type': 'text/plain' }, 'NOT_JSON');
    await refused({ 'Content-Type': 'application/x-www-form-urlencoded' }, 'NOT_JSON');
    await refused({ 'X-Api-Key': 'wrong' }, 'NOT_LET_IN');
    const form = await ask('/api/v1/actions/pause', { method: 'POST', headers: { Host: host }, body: 'a=b' });
    assert.equal(form.code(), 'NOT_JSON');
    assert.deepEqual(view.calls, []);
    const said = log.lines.filter(({ fields }) => fields['code'] === 'FOREIGN_PAGE');
    assert.equal(said.length, 1);
  });

  it('is taken from a program with the key of Moonraker, which no page has to speak for', async (t) => {
    const { ask, view } = await startRig(t, {}, { checkCredential: isGoodKey });
    const answer = await ask('/api/v1/actions/resume', {
      method: 'POST',
      headers: { 'X-Api-Key': 'right', 'Content-Type': 'application/json' },
    });
    assert.equal(answer.status, 200, answer.body.toString());
    assert.deepEqual(view.calls, [{ method: 'resume', params: {} }]);
  });

  it('that fails says why, with a status of its own', async (t) => {
    const { act, view } = await startRig(t);
    view.answer = () => {
      throw Object.assign(new Error('no alert is open'), { code: 'CONTROL_NOT_FOUND', hint: 'Look first.' });
    };
    const missing = await act('/api/v1/actions/answer', { answer: 'seen' });
    assert.equal(missing.status, 404);
    assert.deepEqual(missing.json(), {
      error: { code: 'CONTROL_NOT_FOUND', message: 'no alert is open', hint: 'Look first.' },
    });
    view.answer = () => {
      throw new TypeError('secret inner text');
    };
    const bug = await act('/api/v1/actions/answer', { answer: 'seen' });
    assert.equal(bug.status, 500);
    assert.doesNotMatch(bug.body.toString(), /secret/);
  });
});

describe('a body', () => {
  for (const [what, body, code] of [
    ['over 64 KiB', `{"a":"${'x'.repeat(70_000)}"}`, 'TOO_LARGE'],
    ['that is no JSON', '{"a":', 'NOT_JSON'],
    ['that is a list', '[1]', 'NOT_JSON'],
  ] as const) {
    it(`${what} is refused`, async (t) => {
      const { ask, act, view, host } = await startRig(t);
      const { token } = (await ask('/api/v1/session')).json();
      const headers = {
        'Content-Type': 'application/json',
        Origin: `http://${host}`,
        'X-Lookout-Token': String(token),
        // Its length is not said beforehand.
        'Transfer-Encoding': 'chunked',
      };
      const answer = await ask('/api/v1/actions/mute', { method: 'POST', headers, body });
      assert.equal(answer.code(), code);
      assert.deepEqual(view.calls, []);
      assert.equal((await act('/api/v1/actions/unmute')).status, 200);
    });
  }
});

describe('looking', () => {
  it('is for trusted clients', async (t) => {
    const { ask } = await startRig(t, { trustedClients: ['10.0.0.0/8'] });
    for (const path of [
      '/api/v1/state',
      '/api/v1/settings',
      '/snapshot.jpg',
      '/stream',
      '/metrics',
      '/api/v1/events',
    ])
      assert.equal((await ask(path)).code(), 'NOT_LET_IN', path);
    assert.equal((await ask('/')).status, 200);
    const session = (await ask('/api/v1/session')).json();
    assert.equal(session['token'], null);
    assert.deepEqual(session['printers'], []);
  });

  it('is not for whoever a proxy on this host has let through', async (t) => {
    const { ask } = await startRig(t);
    const headers = { 'X-Forwarded-For': '203.0.113.9' };
    assert.equal((await ask('/api/v1/state', { headers })).code(), 'NOT_LET_IN');
  });

  it('needs a login with force_login, but for what programs on this host fetch', async (t) => {
    const { ask, act, view } = await startRig(t, { forceLogin: true }, { checkCredential: isGoodKey });
    assert.equal((await ask('/api/v1/state')).code(), 'NOT_LET_IN');
    assert.equal((await ask('/snapshot.jpg')).status, 200);
    assert.equal((await ask('/metrics')).status, 200);
    const wrong = await act('/api/v1/login', { username: 'me', password: 'wrong' });
    assert.equal(wrong.code(), 'NOT_LET_IN');
    const foreign = await act(
      '/api/v1/login',
      { username: 'me', password: 'right' },
      { Origin: 'http://evil.example' },
    );
    assert.equal(foreign.code(), 'FOREIGN_PAGE');
    const right = await act('/api/v1/login', { username: 'me', password: 'right' });
    const [cookie = ''] = right.headers['set-cookie'] ?? [];
    assert.match(cookie, /^lookout_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    const headers = { Cookie: cookie.split(';')[0] ?? '' };
    assert.equal((await ask('/api/v1/state', { headers })).status, 200);
    const { token } = (await ask('/api/v1/session', { headers })).json();
    const out = await act('/api/v1/logout', {}, { ...headers, 'X-Lookout-Token': String(token) });
    assert.equal(out.status, 200);
    assert.equal((await ask('/api/v1/state', { headers })).code(), 'NOT_LET_IN');
    assert.deepEqual(view.calls, []);
  });

  it('goes on when Moonraker cannot be asked, and nobody is let in by that', async (t) => {
    const checkCredential = async () => {
      throw new Error('Moonraker is away');
    };
    const { ask } = await startRig(t, {}, { checkCredential });
    assert.equal(
      (await ask('/api/v1/state', { headers: { Authorization: 'Bearer x' } })).code(),
      'CANNOT_CHECK',
    );
    assert.equal((await ask('/api/v1/state')).status, 200);
  });
});

describe('an answer', () => {
  it('lets a page load nothing from elsewhere, and only the panel be framed', async (t) => {
    const { ask } = await startRig(t);
    const page = await ask('/');
    const policy = String(page.headers['content-security-policy']);
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.match(policy, /frame-ancestors 'none'$/);
    assert.equal(page.headers['x-frame-options'], 'DENY');
    assert.equal(page.headers['x-content-type-options'], 'nosniff');
    assert.doesNotMatch(page.body.toString(), /<script(?![^>]*src=)|style=|onload=/);
    const panel = await ask('/panel');
    assert.equal(panel.headers['x-frame-options'], undefined);
    assert.match(
      String(panel.headers['content-security-policy']),
      /frame-ancestors 'self' http:\/\/127\.0\.0\.1:\* https:\/\/127\.0\.0\.1:\* http:\/\/voron\.local:\* https:\/\/voron\.local:\*$/,
    );
  });

  for (const path of [
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e/main.js',
    '/assets/index.html%00.js',
    '/../package.json',
    '/%2e%2e/etc/passwd',
    '/api/v1/nothing',
    '/assets/',
  ]) {
    it(`for ${path} holds nothing`, async (t) => {
      const { ask } = await startRig(t);
      const answer = await ask(path);
      assert.equal(answer.status, 404, answer.body.toString().slice(0, 200));
    });
  }

  it('takes no header from a request', async (t) => {
    const { ask } = await startRig(t);
    const answer = await ask('/api/v1/state?printer=x%0d%0aSet-Cookie:%20a=b', {
      headers: { Origin: 'http://voron.local' },
    });
    assert.equal(answer.status, 404);
    assert.equal(answer.headers['set-cookie'], undefined);
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
  });
});

describe('under attack', () => {
  it('10,000 requests are refused after the first hundreds, and the loop is not held up', async (t) => {
    const { port, log, view } = await startRig(t);
    const loop = watchLoop(t);
    const statuses = await flood('requests', port, 10_000);
    assert.ok((statuses['429'] ?? 0) > 8_000, JSON.stringify(statuses));
    assert.ok((statuses['200'] ?? 0) >= 300);
    assert.ok(loop.usualMs() < 100, `our own work took ${loop.usualMs()} ms in one go`);
    assert.equal(log.lines.filter(({ fields }) => fields['code'] === 'TOO_MANY_REQUESTS').length, 1);
    assert.equal(view.grabs, 0);
  });

  it('1,000 half-open connections do not all get in, and cost nothing', async (t) => {
    const { port } = await startRig(t);
    const loop = watchLoop(t);
    const { open = 0 } = await flood('half-open', port, 1_000);
    assert.ok(open <= 256, `${open} are open`);
    assert.ok(loop.usualMs() < 100, `${loop.usualMs()} ms`);
  });
});

/** Troubles the server from a process of its own. */
async function flood(kind: string, port: number, count: number): Promise<Record<string, number>> {
  const program = fileURLToPath(new URL('./flood.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [
    program,
    kind,
    String(port),
    String(count),
  ]);
  return JSON.parse(stdout) as Record<string, number>;
}

/**
 * The processor time that this process took between two turns of its loop, 99 times of 100: unlike the time of the clock it
 * does not grow when the machine is busy with something else. The first turns compile what they run.
 */
function watchLoop(t: TestContext): { usualMs: () => number } {
  const turns: number[] = [];
  let before = process.cpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    turns.push((user + system) / 1_000);
  }, 5);
  t.after(() => clearInterval(timer));
  return { usualMs: () => turns.toSorted((a, b) => a - b)[Math.floor(turns.length * 0.99)] ?? 0 };
}
