import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { type TestContext, test } from 'node:test';
import { createWebhookChannel, type WebhookOptions } from '../../src/alerts/webhook.ts';
import { AlertError } from '../../src/core/errors.ts';
import type { Alert, Frame } from '../../src/core/types.ts';
import { parseForm } from '../../src/virtual/multipart.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { until } from '../support/until.ts';

const { signal } = new AbortController();
const alert: Alert = {
  incidentId: 'a1',
  level: 'failing',
  title: 'Lookout: print failing, paused',
  lines: ['Seen for 60 s.'],
  answers: ['resume'],
};
const picture: Frame = {
  ...{ jpeg: new Uint8Array([0xff, 0xd8, 1, 2]), width: 4, height: 3, camera: 'bed', atMs: 0, tickMs: 0 },
};

interface Asked {
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** A server on loopback that answers with these statuses in turn, the last for ever. */
async function aServer(t: TestContext, statuses: readonly number[], headers: Record<string, string> = {}) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    asked.push({ headers: request.headers, body: Buffer.concat(chunks) });
    const status = statuses[Math.min(asked.length, statuses.length) - 1] ?? 200;
    // 0 leaves the caller waiting.
    if (status > 0) response.writeHead(status, headers).end('x');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { asked, url: `http://127.0.0.1:${port}/hook/abcdefghijklmnop?k=1`, port };
}

function aHook(url: string, change: Partial<WebhookOptions> = {}) {
  const clock = createFakeClock();
  const usual = { name: 'phone', format: 'json', header: null, secret: null, hasNotices: true } as const;
  const channel = createWebhookChannel(
    { ...usual, url, timeoutMs: 2_000, printer: null, ...change },
    { clock, random: () => 1 },
  );
  return { clock, channel };
}

test('sends JSON that says everything, and that Slack and Discord show', async (t) => {
  const { asked, url } = await aServer(t, [204]);
  const { channel } = aHook(url, { secret: 'hush', printer: 'left' });
  await channel.raise(alert, picture, signal);
  await channel.close('a1', signal);
  await channel.tell({ level: 'warning', text: 'blind' }, signal);
  const bodies = asked.map(({ body }) => JSON.parse(String(body)));
  const text = 'Lookout: print failing, paused. Seen for 60 s.';
  assert.deepEqual(
    { ...bodies[0], at: 0 },
    {
      ...{ printer: 'left', at: 0, event: 'alert', incident_id: 'a1', level: 'failing', answers: ['resume'] },
      ...{ title: alert.title, lines: alert.lines, text, content: text },
    },
  );
  assert.deepEqual(
    bodies.map(({ event }) => event),
    ['alert', 'alert_closed', 'notice'],
  );
  assert.equal(asked[0]?.headers.authorization, 'Bearer hush');
  assert.equal(asked[0]?.headers['content-type'], 'application/json');
});

test('sends a form with the picture, and the secret in a header of choice', async (t) => {
  const { asked, url } = await aServer(t, [200]);
  const { channel } = aHook(url, { format: 'multipart', secret: 'hush', header: 'X-Hook-Key' });
  await channel.raise(alert, picture, signal);
  const [first] = asked;
  assert.equal(first?.headers['x-hook-key'], 'hush');
  const parts = parseForm(first?.headers['content-type'] ?? '', first?.body ?? Buffer.alloc(0));
  const byName = new Map(parts?.map((part) => [part.name, part]));
  assert.deepEqual(byName.get('file')?.bytes, Buffer.from(picture.jpeg));
  assert.equal(String(byName.get('event')?.bytes), 'alert');
  assert.equal(JSON.parse(String(byName.get('payload')?.bytes)).title, alert.title);
  await channel.raise(alert, null, signal);
  assert.equal(asked.length, 2);
});

test('keeps notices back where they are not wanted', async (t) => {
  const { asked, url } = await aServer(t, [200]);
  await aHook(url, { hasNotices: false }).channel.tell({ level: 'error', text: 'no' }, signal);
  assert.equal(asked.length, 0);
});

test('tries again what may pass, at most four times, as late as the server asks', async (t) => {
  const { asked, url } = await aServer(t, [503, 429, 200], { 'Retry-After': '20' });
  const { channel, clock } = aHook(url);
  const sent = channel.raise(alert, null, signal);
  await until('the first try', () => asked.length === 1, 5_000);
  for (let step = 0; step < 200 && asked.length < 3; step += 1) {
    await clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await sent;
  assert.equal(asked.length, 3);
  assert.ok(clock.now().tickMs >= 40_000);

  const dead = await aServer(t, [500]);
  const hook = aHook(dead.url);
  const failed = assert.rejects(hook.channel.raise(alert, null, signal), { message: 'HTTP 500' });
  for (let step = 0; step < 200 && dead.asked.length < 4; step += 1) {
    await hook.clock.advance(10_000);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await failed;
  assert.equal(dead.asked.length, 4);
});

for (const [status, message] of [
  [401, /^HTTP 401$/],
  [302, /^it redirects \(HTTP 302\)$/],
] as const) {
  test(`gives up at once at ${status}, and tells of the address only its host`, async (t) => {
    const { asked, url, port } = await aServer(t, [status], { Location: 'http://127.0.0.1:1/stolen' });
    const { channel } = aHook(url, { secret: 'hush' });
    await assert.rejects(channel.raise(alert, null, signal), (error) => {
      assert.ok(error instanceof AlertError);
      assert.equal(error.code, 'ALERT_NOT_SENT');
      assert.match(error.message, message);
      assert.match(error.hint, new RegExp(`http://127\\.0\\.0\\.1:${port}/…$`));
      assert.doesNotMatch(`${error.message} ${error.hint} ${String(error.cause)}`, /abcdefgh|hush/);
      return true;
    });
    assert.equal(asked.length, 1);
  });
}

test('waits for an answer no longer than it is told to, and ends at once when it is stopped', async (t) => {
  const { url, asked } = await aServer(t, [0]);
  const { channel, clock } = aHook(url, { timeoutMs: 50 });
  const failed = assert.rejects(channel.raise(alert, null, signal), { message: 'no answer within 50 ms' });
  for (let step = 0; step < 400 && asked.length < 4; step += 1) {
    await clock.advance(60_000);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await failed;
  const stop = new AbortController();
  const stopped = assert.rejects(aHook(url).channel.raise(alert, null, stop.signal), /enough/);
  stop.abort(new Error('enough'));
  await stopped;
});

test('sends no secret over plain http out of the local network', async () => {
  for (const url of ['http://192.0.2.1/hook', 'http://[2001:db8::1]/hook']) {
    const { channel } = aHook(url, { secret: 'hush' });
    await assert.rejects(channel.raise(alert, null, signal), { message: /plain http would show the secret/ });
  }
});
