import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { bundleEntries } from '../../../src/app/doctor/bundle.ts';
import { clockOutcome, lookAtClock } from '../../../src/app/doctor/clock.ts';
import { diskOutcome, folderOutcome, memoryOutcome, nodeOutcome } from '../../../src/app/doctor/host.ts';
import { macroOutcome } from '../../../src/app/doctor/klipper.ts';
import { secretsOf } from '../../../src/app/doctor/webcams.ts';
import { fail } from '../../../src/app/finding.ts';
import { createMask } from '../../../src/service/mask.ts';

test('Node must be as new as package.json says, on an architecture we know', () => {
  const { engines } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8'));
  assert.equal(engines.node, '>=20.19');
  const levels = (...versions: string[]) => versions.map((version) => nodeOutcome(version, 'arm64').level);
  assert.deepEqual(levels('18.20.4', '20.18.9', '20.19.0', '22.1.0', '24.0.0'), [
    'FAIL',
    'FAIL',
    'OK',
    'OK',
    'OK',
  ]);
  assert.equal(nodeOutcome('22.1.0', 'riscv64').level, 'WARN');
});

test('little memory and disk warn; only a disk without room for a record fails', () => {
  const mb = 1_000_000;
  assert.deepEqual(
    [40, 100, 500].map((free) => memoryOutcome(free * mb, 1_000 * mb).level),
    ['WARN', 'WARN', 'OK'],
  );
  assert.deepEqual(
    [5, 100, 500].map((free) => diskOutcome(free * mb, '/x').level),
    ['FAIL', 'WARN', 'OK'],
  );
});

test('a folder that is not there yet is judged by the one it would be made in', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-points-'));
  try {
    assert.notEqual(folderOutcome(join(folder, 'a/b')).text.includes('cannot'), true);
    writeFileSync(join(folder, 'file'), '');
    assert.equal(folderOutcome(join(folder, 'file/b')).level, 'FAIL');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a macro that never calls what it renamed is told', () => {
  const klipper = (gcode: string) => ({
    commands: new Set(['PAUSE']),
    objects: new Set(['pause_resume']),
    sections: { 'gcode_macro pause': { gcode, rename_existing: 'PAUSE_BASE' } },
  });
  assert.equal(
    macroOutcome('PAUSE', klipper('SAVE_STATE\n{% if x %}pause_base{% endif %}'), fail).level,
    'OK',
  );
  assert.equal(macroOutcome('PAUSE', klipper('M117 PAUSE_BASED'), fail).level, 'FAIL');
  assert.equal(macroOutcome('RESUME', klipper(''), fail).level, 'FAIL', 'is missing');
  const silent = { ...klipper(''), commands: null, sections: {} };
  assert.equal(macroOutcome('RESUME', silent, fail).level, 'OK', 'an old Klipper lists no commands');
});

test('a clock that differs from others is told, with the way it differs', () => {
  const outcome = clockOutcome(
    [
      { name: 'Moonraker', byMs: 90_000 },
      { name: 'x', byMs: -3_600_000 },
    ],
    false,
  );
  assert.equal(outcome.level, 'WARN');
  assert.match(outcome.text, /90 s ahead of Moonraker, 3600 s behind x/);
  assert.equal(clockOutcome([{ name: 'x', byMs: 2_000 }], true).level, 'WARN');
  assert.equal(clockOutcome([], false).level, 'OK');
});

test('the time is read from any answer, and who does not answer is left out', async () => {
  const server = createServer((_, response) => {
    response.writeHead(401, { date: new Date(Date.now() - 600_000).toUTCString() }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const source = (name: string, url: string) => ({ name, url, ca: null });
  try {
    const sources = [source('late', `http://127.0.0.1:${port}/`), source('gone', 'http://127.0.0.1:9/')];
    const outcome = await lookAtClock(sources, { PATH: '' }, new AbortController().signal);
    assert.match(outcome.text, /^this host is 60\d s ahead of late$/);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test('passwords and keys in the addresses of webcams are known as secrets', () => {
  const entry = {
    ...{ name: 'a', service: '', isEnabled: true, rotation: 0 as const, targetFps: 15 },
    ...{ flipHorizontal: false, flipVertical: false },
    snapshotUrl: 'http://me:pa%2Bss%zz@cam/?token=abcdef123',
    streamUrl: '/webcam/?apikey=relative-key',
  };
  const secrets = secretsOf([entry]);
  for (const secret of ['pa%2Bss%zz', 'pa+ss%zz', 'abcdef123', 'relative-key']) {
    assert.ok(secrets.includes(secret), `${secret} in ${secrets}`);
  }
});

test('property: no secret is in the bundle, wherever it was', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-bundle-'));
  const recordsFolder = join(folder, 'records');
  mkdirSync(recordsFolder);
  const logFile = join(folder, 'lookout.log');
  const secret = fc
    .string({ unit: 'grapheme', minLength: 8, maxLength: 24 })
    .filter((text) => text.trim().length >= 8 && /[^*]/.test(text.trim()) && !text.includes('\n'));
  try {
    fc.assert(
      fc.property(
        secret,
        fc.string({ maxLength: 40 }),
        fc.constantFrom('token', 'x', 'printerId'),
        (value, around, name) => {
          const text = `${around}${value}${around}`;
          const inUrl = new URLSearchParams({ q: text }).toString();
          writeFileSync(logFile, `${'filler '.repeat(150_000)}\n${text} ${inUrl} ${JSON.stringify(text)}\n`);
          const document = {
            [name]: text,
            [value]: 1,
            list: [{ deep: inUrl }],
            basic: Buffer.from(text).toString('base64'),
          };
          writeFileSync(join(recordsFolder, 'state.json'), JSON.stringify(document));
          writeFileSync(join(recordsFolder, 'broken.json'), `{"a": "${text}`);
          const mask = createMask();
          mask.add([value]);
          const settings = [
            { section: 'moonraker', key: 'api_key', kind: 'secret', value, origin: { kind: 'default' } },
            {
              section: 'action',
              key: 'failure_gcode',
              kind: 'gcode',
              value: text,
              origin: { kind: 'default' },
            },
          ] as const;
          const entries = bundleEntries(
            {
              said: [mask.hide(text)],
              settings,
              logFile,
              records: [{ printer: 'left', folder: recordsFolder }],
            },
            mask,
          );
          assert.deepEqual(
            entries.map((entry) => entry.name),
            ['doctor.txt', 'settings.txt', 'moonraker-lookout.log', 'records/left/state.json', 'README.txt'],
          );
          const all = entries.map(({ content }) => String(content)).join('\n');
          for (const form of [value, value.trim(), JSON.stringify(value.trim()).slice(1, -1)]) {
            assert.ok(!all.includes(form), JSON.stringify(form));
          }
          assert.ok(!all.includes(new URLSearchParams({ q: value }).toString().slice(2)));
        },
      ),
      { numRuns: 40 },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
