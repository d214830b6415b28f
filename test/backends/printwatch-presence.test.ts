import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import type { Print } from '../../src/core/types.ts';
import type { PrintWatchFault } from '../../src/virtual/printwatch.ts';
import { aPrinter } from '../support/parts.ts';
import { until } from '../support/until.ts';
import { oldJob, startRig } from './printwatch-rig.ts';
import { badPicture, goodPicture, never, type TestContext } from './rig.ts';

const job = oldJob();
const idle: Print = { kind: 'idle' };
const heating: Print = { kind: 'heating', job, pauseFlag: 'none' };
const printing: Print = { kind: 'printing', job, pauseFlag: 'none' };
const paused: Print = { kind: 'paused', job, by: 'somebody' };
const notReady: Print = { kind: 'not-ready', why: 'shutdown', message: 'M112' };
const ended = (how: 'complete' | 'cancelled' | 'error'): Print => ({ kind: 'ended', job, how, message: '' });

/** The backend with its `run` under way. */
async function startRunning(
  t: TestContext,
  print: Print,
  change: Parameters<typeof startRig>[1] = {},
  prepare?: (rig: Awaited<ReturnType<typeof startRig>>) => Promise<unknown>,
) {
  const rig = await startRig(t, change);
  await prepare?.(rig);
  const printer = aPrinter(print);
  const stop = new AbortController();
  const running = rig.backend.run?.(printer, stop.signal);
  const end = async () => {
    stop.abort(new Error('the service stops'));
    await running;
  };
  t.after(end);
  /** Waits until so many requests of a kind have been answered. */
  const seen = (kind: 'heartbeat' | 'print/event' | 'infer', count: number) =>
    until(`${count} × ${kind}`, () => rig.callsOf(kind).length >= count && rig.callsOf(kind));
  /** Time passes, and whatever it sets off is done. */
  const pass = async (ms: number) => {
    await rig.clock.advance(ms);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await rig.clock.advance(0);
  };
  const states = () => rig.callsOf('heartbeat').map(({ request }) => request?.['state']);
  return { ...rig, rig, printer, end, seen, pass, states };
}

test('a heartbeat every 30 s while nothing prints, the first repeated for a printer that is new, and a last one at the end', async (t) => {
  const { seen, pass, states, end, rig } = await startRunning(t, idle);
  await seen('heartbeat', 2);
  await pass(29_000);
  assert.deepEqual(states(), [2, 2]);
  await pass(1_000);
  await seen('heartbeat', 3);
  await pass(300_000);
  const { length } = states();
  assert.ok(length >= 4);
  await end();
  assert.equal(states().at(-1), 500);
  assert.deepEqual(
    rig.callsOf('heartbeat').map(({ code }) => code),
    [
      214,
      ...states()
        .slice(1)
        .map(() => 200),
    ],
  );
});

test('none while it heats or prints; at once when it is paused; the goodbye comes in any case', async (t) => {
  const { seen, pass, states, end, printer } = await startRunning(t, heating);
  await pass(120_000);
  printer.set(printing);
  await pass(120_000);
  assert.deepEqual(states(), []);
  printer.set(paused);
  await seen('heartbeat', 2);
  assert.deepEqual(states(), [1, 1]);
  printer.set(printing);
  await pass(120_000);
  await end();
  assert.deepEqual(states(), [1, 1, 500]);
});

test('a printer that was never there is not spoken of; one that goes away is off, and that is said once', async (t) => {
  const { seen, pass, states, end, printer } = await startRunning(t, notReady);
  await pass(120_000);
  assert.deepEqual(states(), []);
  printer.set(idle);
  await seen('heartbeat', 2);
  await pass(30_000);
  await seen('heartbeat', 3);
  printer.set(notReady);
  await pass(30_000);
  await seen('heartbeat', 4);
  await pass(120_000);
  assert.deepEqual(states(), [2, 2, 2, 500]);
  await end();
  assert.deepEqual(states(), [2, 2, 2, 500], 'nobody says goodbye twice');
});

test('heartbeats that fail come less often, and one line in the log says so', async (t) => {
  const { pass, rig } = await startRunning(t, idle, {}, async ({ service }) =>
    service.setFault('bad-gateway'),
  );
  await until('the first', () => rig.callsOf('heartbeat').length === 1);
  for (let passed = 0; passed < 40; passed += 1) await pass(30_000);
  const made = rig.callsOf('heartbeat').length;
  assert.ok(made >= 12 && made <= 32, `${made} in 20 min`);
  assert.equal(rig.log.lines.filter(({ level }) => level !== 'debug').length, 1);
  assert.deepEqual(rig.notices, []);
});

test('a key that is refused ends heartbeats and goodbye, and the next print hears it without a call', async (t) => {
  const { pass, rig, end } = await startRunning(t, idle, {}, async ({ service }) => service.setFault(217));
  await until('the first', () => rig.callsOf('heartbeat').length === 1);
  await pass(600_000);
  assert.equal((await rig.fails(oldJob())).code, 'BACKEND_BAD_KEY');
  await end();
  assert.equal(rig.service.calls.length, 1);
});

test('the goodbye takes 3 s at most', async (t) => {
  const { seen, rig, end } = await startRunning(t, idle);
  await seen('heartbeat', 2);
  rig.service.setFault('hang');
  const startedMs = performance.now();
  await end();
  assert.ok(performance.now() - startedMs < 4_000);
});

const eventSchema = v.object({
  event: v.object({
    type: v.string(),
    time_elapsed: v.number(),
    time_left: v.number(),
    level: v.number(),
    timestamp: v.number(),
  }),
});

const lives: readonly (readonly [string, readonly Print[], readonly string[]])[] = [
  ['paused, resumed, done', [paused, printing, ended('complete'), idle], ['paused', 'resumed', 'done']],
  ['cancelled while paused', [paused, ended('cancelled'), ended('cancelled')], ['paused', 'cancelled']],
  ['failed', [ended('error')], ['failed']],
  ['a moment without Klipper changes nothing', [paused, notReady, paused, printing], ['paused', 'resumed']],
  ['another print is another matter', [{ kind: 'paused', job: oldJob({ startTickMs: 9e6 }), by: 'us' }], []],
];
for (const [name, life, expected] of lives) {
  test(`events: ${name}`, async (t) => {
    const { seen, pass, printer, rig } = await startRunning(t, printing, {}, (each) =>
      each.judge(badPicture, badPicture),
    );
    for (const print of life) printer.set(print);
    await seen('print/event', expected.length);
    await pass(0);
    const events = rig.callsOf('print/event');
    const told = events.map(({ request }) => v.parse(eventSchema, request).event);
    assert.deepEqual(
      told.map(({ type }) => type),
      expected,
    );
    const { request } = rig.callsOf('infer').at(-1) ?? {};
    for (const { code, request: sent } of events)
      assert.deepEqual([code, sent?.['ticket_id']], [200, request?.['ticket_id']]);
    for (const event of told) {
      assert.deepEqual([event.time_elapsed, event.time_left, event.level], [400, 3_600, 1]);
      assert.equal(event.timestamp, Math.round(rig.clock.now().atMs / 1_000));
    }
  });
}

test('events: a print that the service has not judged is none of its business', async (t) => {
  const { pass, printer, rig } = await startRunning(t, printing);
  printer.set(paused);
  printer.set(ended('complete'));
  await pass(0);
  assert.equal(rig.callsOf('print/event').length, 0);
});

test('events: one that cannot be told is dropped with a line in the log, and heartbeats go on', async (t) => {
  const { pass, printer, rig, seen } = await startRunning(t, printing, {}, (each) => each.judge(goodPicture));
  rig.service.setFault('reset');
  printer.set(ended('complete'));
  await seen('heartbeat', 1);
  rig.service.setFault('none');
  await pass(30_000);
  await seen('heartbeat', 2);
  assert.equal(rig.callsOf('print/event').length, 1);
  assert.ok(rig.log.lines.some(({ message }) => message.includes('not told of an event')));
});

const switches = { allowRemotePause: true, allowRemoteResume: true, allowRemoteCancel: true };

test('remote commands come with heartbeats and answers, each behind its own switch', async (t) => {
  for (const [command, print] of [
    ['resume', paused],
    ['cancel', paused],
    ['pause', printing],
    ['cancel', printing],
  ] as const) {
    for (const isAllowed of [true, false]) {
      const name = `allowRemote${command[0]?.toUpperCase()}${command.slice(1)}`;
      const change = { ...switches, [name]: isAllowed };
      const { rig, seen, end } = await startRunning(t, print, change, async ({ service }) =>
        service.queueCommand(command),
      );
      if (print === paused) await seen('heartbeat', 2);
      else await rig.assess(oldJob());
      await rig.clock.advance(0);
      await until('the answer to be read', () => rig.log.lines.length > 0);
      assert.deepEqual(rig.commands, isAllowed ? [command] : [], `${command} ${isAllowed}`);
      const line = rig.log.lines.find(({ fields }) => fields['command'] === command);
      assert.equal(line?.level, isAllowed ? 'warn' : 'info');
      await end();
    }
  }
});

test('a command that does not fit the print is ignored: it came too late', async (t) => {
  for (const [command, print] of [
    ['pause', idle],
    ['cancel', ended('complete')],
    ['resume', idle],
    ['pause', paused],
  ] as const) {
    const { rig, seen, end } = await startRunning(t, print, switches, async ({ service }) =>
      service.queueCommand(command),
    );
    await seen('heartbeat', 2);
    await until('the answer to be read', () => rig.log.lines.length > 0);
    assert.deepEqual(rig.commands, []);
    await end();
  }
});

const alert = { title: 'x', lines: [], answers: [] };
const channelOf = ({ backend }: Awaited<ReturnType<typeof startRig>>) => {
  const { channel } = backend;
  assert.ok(channel);
  return channel;
};

test('no address, no e-mails', async (t) => {
  const rig = await startRig(t);
  assert.equal(rig.backend.channel, null);
});

test('e-mail: one for each incident and level, also over a restart', async (t) => {
  const rig = await startRig(t, { emailAddr: 'me@home.example', sendJobName: true });
  const raise = (incidentId: string, level: 'warning' | 'failing') =>
    channelOf(rig).raise({ ...alert, incidentId, level }, null, never);
  await raise('early', 'warning');
  assert.equal(rig.service.calls.length, 0, 'there is no print to speak of');
  await rig.judge(goodPicture);
  await raise('a1', 'warning');
  await raise('a1', 'warning');
  await raise('a1', 'failing');
  await raise('a1', 'warning');
  rig.restart();
  await rig.clock.advance(15_000);
  await rig.assess(oldJob());
  await raise('a1', 'failing');
  await raise('a2', 'failing');
  await channelOf(rig).tell({ level: 'error', text: 'nothing that PrintWatch could send' }, never);
  await channelOf(rig).close('a2', never);
  const mails = rig.callsOf('notify');
  assert.deepEqual(
    mails.map(({ code, request }) => [code, request?.['notification']]),
    [
      [200, 'warning'],
      [200, 'action'],
      [200, 'action'],
    ],
  );
  const { request } = mails[0] ?? {};
  assert.equal(request?.['email_addr'], 'me@home.example');
  assert.equal(request?.['job_name'], 'benchy.gcode');
  assert.deepEqual(
    [request?.['printTime'], request?.['printTimeLeft'], request?.['progress']],
    [400, 3_600, 10],
  );
});

test('e-mail: the time is written as PrintWatch wants it, in the zone of this host', async (t) => {
  const rig = await startRig(t, { emailAddr: 'me@home.example' });
  await rig.judge(goodPicture);
  await channelOf(rig).raise({ ...alert, incidentId: 'a1', level: 'failing' }, null, never);
  const time = String(rig.callsOf('notify')[0]?.request?.['time']);
  const [, month, day, year, hours, minutes, seconds] =
    /^(\d\d)\/(\d\d)\/(\d{4}) (\d\d):(\d\d):(\d\d)$/.exec(time)?.map(Number) ?? [];
  assert.ok(month && day && year && hours !== undefined && minutes !== undefined && seconds !== undefined);
  const atMs = new Date(year, month - 1, day, hours, minutes, seconds).getTime();
  assert.equal(atMs, Math.floor(rig.clock.now().atMs / 1_000) * 1_000);
});

test('e-mail: one that was not taken is an error, and is asked for again with the next alert', async (t) => {
  const rig = await startRig(t, { emailAddr: 'me@home.example' });
  await rig.judge(goodPicture);
  const raise = () => channelOf(rig).raise({ ...alert, incidentId: 'a1', level: 'failing' }, null, never);
  for (const fault of ['reset', 215, 'html', 217] satisfies PrintWatchFault[]) {
    rig.service.setFault(fault);
    await assert.rejects(raise(), { code: 'ALERT_NOT_SENT' });
  }
  rig.service.setFault('none');
  await raise();
  await raise();
  assert.equal(rig.callsOf('notify').length, 5);
  rig.service.setFault(217);
  await rig.fails(oldJob());
  await assert.rejects(
    channelOf(rig).raise({ ...alert, incidentId: 'a2', level: 'failing' }, null, never),
    (error: Error) => error.cause instanceof Error && error.cause.message.includes('217'),
  );
  assert.equal(rig.callsOf('notify').length, 5, 'no call with a key that is known to be bad');
});
