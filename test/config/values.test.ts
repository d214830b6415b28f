import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { test } from 'node:test';
import * as v from 'valibot';
import { octoeverywhereKeys } from '../../src/backends/octoeverywhere-keys.ts';
import { sectionKeys } from '../../src/config/schema.ts';
import { allowedText, fallbackText, rangeText, valueSchema } from '../../src/config/values.ts';
import { type Key, key } from '../../src/core/keys.ts';
import { rectangle } from '../../src/core/regions.ts';

const folders = { config: '/data/config', printerData: '/data' };

/** The value, or the issues' messages joined. */
function read(of: Key, text: string): unknown {
  const result = v.safeParse(valueSchema(of, folders), text);
  return result.success ? result.output : { refused: result.issues.map((issue) => issue.message).join('') };
}
const isRefused = (of: Key, text: string) => {
  const value = read(of, text);
  return typeof value === 'object' && value !== null && 'refused' in value;
};

const duration = key.duration('5m', { min: '30s', max: '1h' }, '');
const flag = key.flag(true, '');
const int = key.int(3, { min: 1, max: 5 }, '');
const float = key.float(0.5, { min: 0, max: 1 }, '');
const choice = key.choice('pause', ['pause', 'alert'], '');
const list = key.list(['obico'], ['obico', 'printwatch'], '');
const degrees = key.choice(0, [0, 90], '');
const text = key.text('');
const secret = key.secret('');
const gcode = key.gcode('');
const areas = key.areas('');
const web = key.url('http://127.0.0.1', 'web', '');
const secure = key.url('https://h', 'secure', '');
const webOrPath = key.url(null, 'web-or-path', '');
const endpoint = key.endpoint('ws://h/websocket', '');
const file = key.path(null, { mayBeNone: false }, '');
const fileOrNone = key.path('<printer_data>/logs/x.log', { mayBeNone: true }, '');

const triangle = [
  { x: 0, y: 0 },
  { x: 1, y: 0 },
  { x: 0, y: 1 },
];
const small = rectangle({ x: 0, y: 0 }, { x: 0.1, y: 0.1 });

const accepted: [Key, string, unknown][] = [
  [duration, '30s', 30_000],
  [duration, '1h', 3_600_000],
  [duration, '1m30s', 90_000],
  [duration, '1M 30S', 90_000],
  ...['True', 'yes', 'ON', '1'].map((word): [Key, string, unknown] => [flag, word, true]),
  ...['False', 'no', 'Off', '0'].map((word): [Key, string, unknown] => [flag, word, false]),
  [int, '1', 1],
  [int, '+5', 5],
  [float, '0.25', 0.25],
  [float, '.5', 0.5],
  [float, '1', 1],
  [choice, 'Alert', 'alert'],
  [list, 'PrintWatch, obico', ['printwatch', 'obico']],
  [list, 'obico', ['obico']],
  [degrees, '90', 90],
  [text, 'Bed cam', 'Bed cam'],
  [text, '', null],
  [secret, '', null],
  [secret, 'a#b;c', 'a#b;c'],
  [gcode, 'M117 a\nPAUSE', 'M117 a\nPAUSE'],
  [gcode, '', null],
  [areas, '', []],
  [areas, '0,0 1,0 0,1\n0,0,0.1,0.1', [triangle, small]],
  [web, 'https://cam.local:8443/x?action=snapshot', 'https://cam.local:8443/x?action=snapshot'],
  [secure, 'https://oe.example', 'https://oe.example'],
  [secure, 'http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
  [secure, 'http://[::1]:8080', 'http://[::1]:8080'],
  [webOrPath, '/webcam/?action=snapshot', '/webcam/?action=snapshot'],
  [webOrPath, '', null],
  [endpoint, 'ws://127.0.0.1:7125/websocket', 'ws://127.0.0.1:7125/websocket'],
  [endpoint, 'http://printer.local', 'ws://printer.local/websocket'],
  [endpoint, 'https://printer.local:7130/one/', 'wss://printer.local:7130/one/websocket'],
  [endpoint, 'wss://h/one/websocket/', 'wss://h/one/websocket'],
  [endpoint, 'unix:/data/comms/moonraker.sock', 'unix:/data/comms/moonraker.sock'],
  [endpoint, '/data/comms/moonraker.sock', 'unix:/data/comms/moonraker.sock'],
  [endpoint, 'unix:~/moonraker.sock', `unix:${homedir()}/moonraker.sock`],
  [file, '', null],
  [file, '/a/b', '/a/b'],
  [file, 'ca.pem', '/data/config/ca.pem'],
  [file, '../ca.pem', '/data/ca.pem'],
  [file, '~/ca.pem', `${homedir()}/ca.pem`],
  [file, '~other/ca.pem', '/data/config/~other/ca.pem'],
  [fileOrNone, 'None', null],
  [fileOrNone, '', null],
  [fileOrNone, '<printer_data>/logs/x.log', '/data/logs/x.log'],
];
for (const [of, written, value] of accepted) {
  test(`${of.kind} reads ${JSON.stringify(written)}`, () => assert.deepEqual(read(of, written), value));
}

const refused: [Key, string][] = [
  [duration, ''],
  [duration, '29s'],
  [duration, '1h1s'],
  [duration, '-5m'],
  [duration, '5 minutes'],
  [duration, '5m\n[action]'],
  [flag, ''],
  [flag, 'maybe'],
  [int, ''],
  [int, '0'],
  [int, '6'],
  [int, '3.0'],
  [int, '0x3'],
  [float, '1e0'],
  [float, 'NaN'],
  [float, '1.1'],
  [choice, ''],
  [choice, 'stop'],
  [list, ''],
  [list, 'obico,'],
  [list, 'obico, obico'],
  [list, 'octopus'],
  [degrees, '45'],
  [text, 'a\nb'],
  [text, 'x'.repeat(1_025)],
  [gcode, 'x'.repeat(4_097)],
  [areas, '0,0 1,1'],
  [areas, '0,0,640,480'],
  [web, ''],
  [web, 'cam.local/x'],
  [web, '/webcam'],
  [web, 'http://h/a b'],
  [web, 'ftp://h/x'],
  [web, 'http://user:pw@h/x'],
  [secure, 'http://oe.example'],
  [secure, 'http://127.0.0.1.example'],
  [webOrPath, '//elsewhere/x'],
  [endpoint, ''],
  [endpoint, '127.0.0.1:7125'],
  [endpoint, 'ws://user:pw@h/websocket'],
  [endpoint, 'ws://h/websocket?token=x'],
  [endpoint, 'unix:moonraker.sock'],
  [key.path('x', { mayBeNone: false }, ''), ''],
  [file, 'a\0b'],
];
for (const [of, written] of refused) {
  test(`${of.kind} refuses ${JSON.stringify(written.slice(0, 30))}`, () => assert.ok(isRefused(of, written)));
}

test('a number without a unit is told to add one', () => {
  assert.deepEqual(read(duration, '5'), { refused: 'add a unit, as in 5s or 5m' });
  assert.equal(allowedText(duration), 'a duration from 30s to 1h, such as 90s or 5m');
  assert.equal(rangeText(duration), '30s to 1h');
});

test('every example of a duration is inside its range', () => {
  const of = key.duration('10s', { min: '1s', max: '60s' }, '');
  assert.equal(allowedText(of), 'a duration from 1s to 60s, such as 10s or 30s');
});

for (const section of sectionKeys({ octoeverywhere: octoeverywhereKeys }, ['phone'])) {
  for (const [name, each] of Object.entries(section.keys)) {
    test(`the default of [${section.name}] ${name} is itself allowed, and the key is described`, () => {
      assert.ok(!isRefused(each, fallbackText(each)), fallbackText(each));
      assert.match(each.about, /^[A-Za-z~<].*\.$/);
      assert.notEqual(rangeText(each), '');
      assert.notEqual(allowedText(each), '');
    });
  }
}
