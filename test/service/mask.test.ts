import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMask } from '../../src/service/mask.ts';

function masked(secret: string, text: string): string {
  const mask = createMask();
  mask.add([secret]);
  return mask.hide(text);
}

const secret = 'p "w\\/ö+1&';
const spellings: [string, string][] = [
  ['as it is', secret],
  ['in JSON', JSON.stringify(secret).slice(1, -1)],
  ['in JSON in JSON', JSON.stringify(JSON.stringify(secret)).slice(3, -3)],
  [
    'in JSON with everything escaped',
    [...secret]
      .map((c) => (/\w/.test(c) ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}`))
      .join(''),
  ],
  ['in a URL', encodeURIComponent(secret)],
  ['in a URL in lower case', encodeURIComponent(secret).replace(/%../g, (x) => x.toLowerCase())],
  ['in a form', new URLSearchParams({ x: secret }).toString().slice(2)],
  ['in a URL in a URL', encodeURIComponent(encodeURIComponent(secret))],
  ['half encoded', secret.replaceAll('ö', '%C3%B6').replaceAll(' ', '%20')],
];
for (const [name, text] of spellings) {
  test(`hides a secret ${name}`, () => assert.equal(masked(secret, `x=${text};`), 'x=****;'));
}

for (const before of ['', 'a', 'ab', 'abc', 'user:']) {
  for (const encoding of ['base64', 'base64url'] as const) {
    test(`hides a secret in ${encoding} of ${JSON.stringify(before)} and itself`, () => {
      const encoded = Buffer.from(`${before}${secret}:after`).toString(encoding);
      const hidden = masked(secret, `Basic ${encoded}`);
      assert.match(hidden, /\*\*\*\*/);
      assert.ok(
        !Buffer.from(hidden.slice(6).replaceAll('*', ''), 'base64').toString().includes('w\\/'),
        hidden,
      );
    });
  }
}

test('hides latin1 in base64, as browsers write basic authentication', () => {
  const encoded = Buffer.from(`me:${secret}`, 'latin1').toString('base64');
  assert.match(masked(secret, encoded), /\*\*\*\*/);
});

test('hides every occurrence of every secret, the outer blanks of which do not count', () => {
  const mask = createMask();
  mask.add(['alpha', ' bravo\n', '']);
  assert.equal(mask.hide('alpha bravo alphabravo ALPHA'), '**** **** ******** ALPHA');
});

test('what is left after one secret may be another', () => {
  const mask = createMask();
  mask.add(['ab****ef', 'cdcd']);
  assert.equal(mask.hide('x abcdcdef y'), 'x **** y');
});

test('a very short secret is hidden where it stands alone, so that words stay readable', () => {
  assert.equal(masked('a1', 'a1 pa1n user:a1@host'), '**** pa1n user:****@host');
});

test('a secret of asterisks does not go on for ever', () => {
  assert.equal(masked('***', 'a *** b **** c'), 'a *** b **** c');
});

test('first secrets stay for good, of later ones the newest', () => {
  const mask = createMask();
  const secrets = Array.from({ length: 500 }, (_, index) => `secret-number-${index}-`);
  for (const each of secrets) mask.add([each]);
  const shown = secrets.filter((each) => mask.hide(each) === each);
  assert.equal(shown.length, 500 - 48);
  assert.ok(!shown.includes('secret-number-31-'));
  assert.ok(!shown.includes('secret-number-499-'));
});

test('without secrets text is left alone', () => {
  assert.equal(createMask().hide('a ** b'), 'a ** b');
});

test('property: no secret is left in any text, raw or base64', () => {
  const word = fc
    .string({ unit: 'grapheme', minLength: 4, maxLength: 20 })
    .filter((text) => /[^*\s]/.test(text.trim()) && text.trim().length >= 4);
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 1, maxLength: 3 }),
      fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 4 }),
      (secrets, words) => {
        const mask = createMask();
        mask.add(secrets);
        const base64 = Buffer.from(`${words[0] ?? ''}${secrets[0]}`).toString('base64');
        const text = [...words, base64].join(secrets.join(words[1] ?? ''));
        const hidden = mask.hide(text);
        for (const each of secrets) assert.ok(!hidden.includes(each.trim()), hidden);
        assert.ok(!hidden.includes(base64));
      },
    ),
    { numRuns: 500 },
  );
});
