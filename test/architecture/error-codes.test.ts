import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, sourceFiles } from './source-files.ts';

const errors = readFileSync(join(root, 'src/core/errors.ts'), 'utf8');
const codes = [...errors.matchAll(/'([A-Z]+(?:_[A-Z]+)+)'/g)].map(([, code = '']) => code);
const guide = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8');
const entries = [...guide.matchAll(/^### `([A-Z_]+)`\n\n([\s\S]*?)(?=\n#|$(?![\s\S]))/gm)].map(
  ([, code = '', text = '']) => ({ code, text }),
);

test('there are codes to check', () => assert.ok(codes.length > 30));

test('docs/troubleshooting.md has one entry for every error code and for no other', () => {
  assert.deepEqual(entries.map(({ code }) => code).sort(), [...codes].sort());
});

test('every entry says something and what to do', () => {
  for (const { code, text } of entries) {
    assert.ok(text.length > 80, `${code}: ${text}`);
    assert.match(text, /\*\*What to do\*\*/, code);
  }
});

test('every error code is used somewhere', () => {
  const rest = sourceFiles('src').filter(({ path }) => path !== 'src/core/errors.ts');
  const idle = codes.filter((code) => !rest.some(({ text }) => text.includes(`'${code}'`)));
  assert.deepEqual(idle, []);
});
