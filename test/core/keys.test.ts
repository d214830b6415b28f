import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldName, type KeyValues, key } from '../../src/core/keys.ts';

const table = {
  on_failure: key.choice('pause', ['pause', 'alert'], 'What to do.'),
  blind_after_all: key.duration('5m', { min: '30s', max: '1h' }, 'When to tell.'),
  api_key: key.secret('The key.'),
  ca_file: key.path(null, { mayBeNone: false }, 'The authority.'),
  path: key.path('x', { mayBeNone: false }, 'The folder.'),
  url: key.url('http://h', 'web', 'The URL.'),
};

test('a field has the key in camelCase, with the unit of a duration', () => {
  assert.deepEqual(
    Object.entries(table).map(([name, each]) => fieldName(name, each)),
    ['onFailure', 'blindAfterAllMs', 'apiKey', 'caFile', 'path', 'url'],
  );
});

test('the type of the values follows the table', () => {
  // Fails to compile when a name or a type is off.
  const values: KeyValues<typeof table> = {
    onFailure: 'alert',
    blindAfterAllMs: 1,
    apiKey: null,
    caFile: null,
    path: 'y',
    url: 'http://h',
  };
  // @ts-expect-error a path with a default is never null
  const path: null = values.path;
  // @ts-expect-error a choice is one of its options
  const choice: 'cancel' = values.onFailure;
  assert.deepEqual([path, choice], ['y', 'alert']);
});
