// Networks and host names as people write them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as v from 'valibot';
import { wordsSchema } from '../../src/config/words.ts';
import { key } from '../../src/core/keys.ts';

const networks = wordsSchema(key.words('networks', [], ''));
const hosts = wordsSchema(key.words('host-names', [], ''));

describe('words of a key', () => {
  it('are separated by commas, spaces and line breaks', () => {
    assert.deepEqual(v.parse(networks, ''), []);
    assert.deepEqual(v.parse(networks, '192.168.0.0/16, ::1\nFE80::/10 10.0.0.1'), [
      '192.168.0.0/16',
      '::1',
      'fe80::/10',
      '10.0.0.1',
    ]);
    assert.deepEqual(v.parse(hosts, 'Voron.Example, my_pi'), ['voron.example', 'my_pi']);
  });

  for (const text of ['192.168.0.0/33', '::1/129', 'voron.local', '10.0.0', '10.0.0.0/8/8', '10.0.0.0/']) {
    it(`${text} is no network`, () => {
      const read = v.safeParse(networks, `127.0.0.1, ${text}`);
      assert.equal(read.issues?.[0].message, `"${text}" is none`);
    });
  }

  it('http://voron/ is no host name', () => assert.equal(v.safeParse(hosts, 'http://voron/').success, false));

  it('are not too many', () => {
    assert.equal(v.safeParse(hosts, 'a '.repeat(51)).success, false);
  });
});
