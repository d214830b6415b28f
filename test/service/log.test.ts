import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { CameraError } from '../../src/core/errors.ts';
import { createLogService, type LogLevel } from '../../src/service/log.ts';
import { createFakeClock } from '../support/fake-clock.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lookout-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The local noon at which every test begins. */
const noon = new Date(2026, 10, 21, 12, 0, 0).getTime();

function start(level: LogLevel = 'debug', file: string | null = null) {
  const written: string[] = [];
  const clock = createFakeClock(noon);
  const service = createLogService(
    { level, file },
    { clock, stdout: { write: (text) => written.push(text) } },
  );
  return {
    ...service,
    clock,
    written,
    /** The lines so far without their time. */
    lines: () => written.map((line) => line.slice('2026-11-21 12:00:00 '.length, -1)),
  };
}

test('a line has local time, level, component, message and fields', () => {
  const { log, written } = start();
  log
    .child('camera/mjpeg')
    .info('connected', { width: 1280, name: 'Bed cam', ok: true, none: null, left: undefined });
  assert.deepEqual(written, [
    '2026-11-21 12:00:00 INFO  camera/mjpeg: connected width=1280 name="Bed cam" ok=true none=null\n',
  ]);
});

test('without a component and fields only the message is left', () => {
  const { log, lines } = start();
  log.error('hello');
  assert.deepEqual(lines(), ['ERROR hello']);
});

test('a child of a child names only itself', () => {
  const { log, lines } = start();
  log.child('app/watch').child('core/gates').debug('x');
  assert.deepEqual(lines(), ['DEBUG core/gates: x']);
});

test('less important lines than the level are left out, of children too', () => {
  const { log, lines } = start('warn');
  for (const each of [log, log.child('a')]) {
    each.debug('no');
    each.info('no');
    each.warn('yes');
  }
  assert.deepEqual(lines(), ['WARN  yes', 'WARN  a: yes']);
});

test('fields cannot pretend to be level, time, message or component', () => {
  const { log, lines } = start();
  log.child('a').warn('real', { level: 'info', msg: 'no', time: 0, component: 'b', fields: 1 });
  assert.deepEqual(lines(), ['WARN  a: real level=info msg=no time=0 component=b fields=1']);
});

test('nothing from outside forges a line or steers a terminal', () => {
  const { log, written } = start();
  log.info('a\nb\u001b[31m', { 'k\nk': 'c\r\nd\u2028\u009b', path: 'C:\\x' });
  assert.equal(written.length, 1);
  assert.doesNotMatch(written[0]?.slice(0, -1) ?? '', /[\p{Cc}\u2028]/u);
  assert.match(written[0] ?? '', /a\\nb\\x1b\[31m k\\nk="c\\r\\nd/);
});

test('an error of ours is flat: message, code, hint, causes nearest first', () => {
  const { log, lines } = start();
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:80'), { code: 'ECONNREFUSED' });
  const error = new CameraError('the camera does not answer', {
    code: 'CAMERA_UNREACHABLE',
    retry: 'soon',
    hint: 'Is it on?',
    cause: new Error('request failed', { cause: new AggregateError([refused]) }),
  });
  log.warn('no frame', { error });
  assert.deepEqual(lines(), [
    'WARN  no frame error="the camera does not answer" code=CAMERA_UNREACHABLE hint="Is it on?" ' +
      'cause="Error: request failed ← AggregateError: connect ECONNREFUSED 127.0.0.1:80"',
  ]);
});

test('a cause that is not an error is shown as data', () => {
  const { log, lines } = start();
  log.warn('x', {
    error: new CameraError('y', { code: 'CAMERA_STALE', retry: 'soon', cause: { at: 'a.b', n: 1 } }),
  });
  assert.deepEqual(lines(), [String.raw`WARN  x error=y code=CAMERA_STALE cause="{\"at\":\"a.b\",\"n\":1}"`]);
});

test('an error without a code says where it was thrown; fields of the caller go first', () => {
  const { log, lines } = start();
  log.error('stopped', {
    error: new TypeError('x is not a function'),
    code: 'MINE',
    other: new Error('second'),
  });
  assert.match(
    lines()[0] ?? '',
    /error="TypeError: x is not a function" at=".*log\.test\.ts:\d+:\d+\)?" code=MINE other="Error: second" other\.at=/,
  );
});

test('an abort is named, not numbered', () => {
  const { log, lines } = start();
  log.info('ended', { error: new DOMException('no answer', 'TimeoutError') });
  assert.match(lines()[0] ?? '', /error="TimeoutError: no answer"/);
  assert.doesNotMatch(lines()[0] ?? '', /code=/);
});

test('whatever the fields are, a short line comes out', () => {
  const { log, written } = start();
  const loop: Record<string, unknown> = { deep: { deeper: { deepest: { more: 1 } } } };
  loop['self'] = loop;
  const bad = Object.defineProperty({}, 'x', { enumerable: true, get: () => assert.fail('read') });
  log.warn('odd', {
    loop,
    bad,
    big: 10n,
    nan: Number.NaN,
    jpeg: new Uint8Array(1_000_000),
    f: () => 1,
    s: Symbol('s'),
    list: Array.from({ length: 1_000 }, (_, index) => index),
    date: new Date(Number.NaN),
    url: new URL('http://h/x'),
    set: new Set([1]),
    long: 'x'.repeat(100_000),
  });
  log.warn('y'.repeat(100_000));
  assert.equal(written.length, 2);
  for (const line of written) assert.ok(line.length < 4_200);
  assert.match(written[0] ?? '', /jpeg="\(1000000 bytes\)"/);
  assert.match(written[0] ?? '', /bad="?\{.*unreadable/);
});

test('trouble that repeats within ten minutes is counted, and the count is told with the next', async () => {
  const { log, lines, clock } = start();
  const camera = log.child('camera/snapshot');
  const error = new CameraError('no answer', { code: 'CAMERA_TIMEOUT', retry: 'soon' });
  for (let second = 0; second < 42; second += 1) camera.warn('no frame', { error, try: second });
  await clock.advance(599_999);
  camera.warn('no frame', { error });
  assert.equal(lines().length, 1);
  await clock.advance(1);
  camera.warn('no frame', { error });
  assert.equal(lines().length, 2);
  assert.match(lines()[1] ?? '', /^WARN {2}camera\/snapshot: no frame \(repeated 42 times\) error=/);
});

test('the count is also told when something else is logged after the ten minutes, or at the end', async () => {
  const { log, lines, clock, flush } = start();
  log.warn('no frame', { code: 'CAMERA_TIMEOUT' });
  log.warn('no frame', { code: 'CAMERA_TIMEOUT' });
  await clock.advance(600_000);
  log.info('print ended');
  log.error('odd', { code: 'BACKEND_BUSY' });
  log.error('odd', { code: 'BACKEND_BUSY' });
  flush();
  flush();
  assert.deepEqual(lines(), [
    'WARN  no frame code=CAMERA_TIMEOUT',
    'WARN  no frame (repeated 1 time) code=CAMERA_TIMEOUT',
    'INFO  print ended',
    'ERROR odd code=BACKEND_BUSY',
    'ERROR odd (repeated 1 time) code=BACKEND_BUSY',
  ]);
});

test('another component, message, code or incident is not a repeat, and events without a code are never held back', () => {
  const { log, lines } = start();
  log.warn('x', { code: 'A' });
  log.child('c').warn('x', { code: 'A' });
  log.warn('y', { code: 'A' });
  log.warn('x', { code: 'B' });
  log.warn('x', { code: 'A', incidentId: '1' });
  log.warn('x', { error: new Error('no code') });
  for (let time = 0; time < 2; time += 1) {
    log.warn('pausing');
    log.info('x', { code: 'A' });
  }
  assert.equal(lines().length, 10);
});

test('the file gets the same lines; its folder is made, and it may be moved away', () => {
  const file = join(folder, 'logs', 'lookout.log');
  const { log, written } = start('debug', file);
  log.info('one');
  assert.equal(readFileSync(file, 'utf8'), written.join(''));
  assert.equal(statSync(file).mode & 0o007, 0);
  rmSync(file);
  log.info('two');
  assert.equal(readFileSync(file, 'utf8'), written[1]);
});

test('a file that cannot be written costs no line on standard output and is told once', () => {
  const file = join(folder, 'lookout.log');
  mkdirSync(file);
  const { log, lines } = start('debug', file);
  log.info('one');
  log.info('two');
  rmSync(file, { recursive: true });
  log.info('three');
  assert.equal(lines().length, 5);
  assert.match(lines()[1] ?? '', /^WARN {2}service\/log: log file: EISDIR/);
  assert.equal(lines()[2], 'INFO  two');
  assert.match(lines()[4] ?? '', /works again, lines missing in it: 2/);
  assert.match(readFileSync(file, 'utf8'), /three\n$/);
});

test('property: no registered secret reaches a line, wherever it was put', () => {
  const secret = fc
    .string({ unit: 'grapheme', minLength: 4, maxLength: 24 })
    .filter((text) => text.trim().length >= 4 && /[^*]/.test(text.trim()));
  const word = fc.string({ unit: 'grapheme', maxLength: 1_200 });
  fc.assert(
    fc.property(secret, word, word, (value, before, after) => {
      const { log, registerSecrets, written, flush } = start();
      registerSecrets([value]);
      const text = `${before}${value}${after}`;
      const encoded = Buffer.from(text).toString('base64');
      const inUrl = new URLSearchParams({ q: text }).toString();
      const error = new CameraError(text, {
        code: 'CAMERA_TIMEOUT',
        retry: 'soon',
        hint: text,
        cause: new Error(text),
      });
      log
        .child(text)
        .warn(text, { [value]: text, deep: { list: [text, { [text]: encoded }] }, error, inUrl });
      log.warn('x', { error });
      log.warn('x', { error });
      log.info(`http://h/?${inUrl} Basic ${encoded}`, {
        url: new URL(`http://h/?${inUrl}`),
        json: JSON.stringify({ text }),
      });
      flush();
      const all = written.join('');
      // The time and the level are ours: a secret like "2026" may stand there only.
      const body = written.map((line) => line.slice(26)).join('');
      for (const form of [
        value.trim(),
        JSON.stringify(value.trim()).slice(1, -1),
        new URLSearchParams({ q: value.trim() }).toString().slice(2),
      ]) {
        assert.ok(!body.includes(form), `${JSON.stringify(form)} in ${all}`);
      }
      assert.ok(!/^\*+$/.test(value) && all.includes('****'));
    }),
    { numRuns: 300 },
  );
});
