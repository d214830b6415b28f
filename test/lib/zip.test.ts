import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { zip } from '../../src/lib/zip.ts';

/** Reads an archive with an implementation that is not ours: names, times, and the contents in base64. */
const reader = `
import base64, json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
print(json.dumps([[i.filename, list(i.date_time), oct(i.external_attr >> 16), base64.b64encode(archive.read(i)).decode()] for i in archive.infolist()]))
`;

function readBack(archive: Buffer): [string, number[], string, Buffer][] {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-zip-'));
  try {
    const file = join(folder, 'a.zip');
    writeFileSync(file, archive);
    execFileSync('python3', ['-m', 'zipfile', '-t', file], { stdio: 'pipe' });
    const list: [string, number[], string, string][] = JSON.parse(
      execFileSync('python3', ['-c', reader, file], { encoding: 'utf8', maxBuffer: 2 ** 26 }),
    );
    return list.map(([name, at, mode, text]) => [name, at, mode, Buffer.from(text, 'base64')]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const at = new Date(2026, 10, 21, 12, 34, 57);

test('others read what was written: texts, bytes, empty files, folders, names in any language', () => {
  const contents: [string, Buffer][] = [
    ['doctor.txt', Buffer.from('OK   Node: fine\n'.repeat(1_000))],
    ['records/Drücker 打印.json', Buffer.from('{"ü":1}')],
    ['random', randomBytes(100_000)],
    ['empty', Buffer.alloc(0)],
  ];
  const archive = zip(
    contents.map(([name, content]) => ({ name, content })),
    at,
  );
  assert.ok(archive.length < 102_000, 'a text that repeats itself gets smaller');
  assert.deepEqual(
    readBack(archive),
    contents.map(([name, content]) => [name, [2026, 11, 21, 12, 34, 56], '0o100600', content]),
  );
});

test('an archive may be empty, and times before zip become its first', () => {
  assert.deepEqual(readBack(zip([], at)), []);
  assert.deepEqual(
    readBack(zip([{ name: 'a', content: 'b' }], new Date(1970, 0, 1)))[0]?.[1].slice(0, 1),
    [1980],
  );
});

test('no name leads out of the folder it is unpacked in, and none is there twice', () => {
  for (const name of [
    '',
    '/etc/passwd',
    '../x',
    'a/../../x',
    'a//b',
    'a/',
    '..',
    '.',
    'a\\b',
    'a\0',
    'a\nb',
  ]) {
    assert.throws(() => zip([{ name, content: '' }], at), /no name for a file/, JSON.stringify(name));
  }
  const twice = { name: 'a', content: '' };
  assert.throws(() => zip([twice, twice], at), /twice/);
});

test('what could not be held in memory is refused', () => {
  const large = randomBytes(33 * 1024 * 1024);
  const entries = [
    { name: 'a', content: large },
    { name: 'b', content: large },
  ];
  assert.throws(() => zip(entries, at), /larger than/);
});
