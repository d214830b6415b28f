import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SourceFile, sourceFiles } from './source-files.ts';

const scripts = sourceFiles('scripts', ['.ts', '.mjs']);
const lineCount = ({ text }: SourceFile) => text.trimEnd().split('\n').length;

for (const [name, files, ceiling] of [
  ['src', sourceFiles('src'), 300],
  ['scripts', scripts, 300],
  ['test', sourceFiles('test'), 500],
] as const) {
  test(`no file of ${name}/ has more than ${ceiling} lines: past that it is two ideas`, () => {
    const large = files.filter((file) => lineCount(file) > ceiling);
    assert.deepEqual(
      large.map((file) => `${file.path}: ${lineCount(file)}`),
      [],
    );
  });
}

test('every module says in its first line what it is for', () => {
  const mute = [...sourceFiles('src'), ...scripts].filter(
    ({ text }) => !/^(?:#!.*\n)?\/\/ \S.*[.:]$/m.test(text.split('\n', 2).join('\n')),
  );
  assert.deepEqual(
    mute.map(({ path }) => path),
    [],
  );
});

test('files are named in kebab-case', () => {
  const odd = [...sourceFiles('src'), ...sourceFiles('test'), ...scripts].filter(
    ({ path }) => !/^[a-z0-9./-]+$/.test(path),
  );
  assert.deepEqual(
    odd.map(({ path }) => path),
    [],
  );
});
