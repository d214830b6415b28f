import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createQuote } from '../../src/backends/quote.ts';

test('secrets are masked in every form in which they come back', () => {
  const secret = 'k3y/with+odd=signs';
  const quote = createQuote([secret, '']);
  const base64 = Buffer.from(secret).toString('base64');
  assert.equal(quote(`a ${secret} b ${encodeURIComponent(secret)} c ${base64}`), 'a *** b *** c ***');
});

test('a quotation is one short line without control characters', () => {
  const quote = createQuote([]);
  assert.equal(quote('  a\r\n\tb\u0000\u001b[31m\u2028c '), 'a b [31m c');
  assert.equal(quote('x'.repeat(1_000)).length, 161);
  for (const value of [undefined, null, 7, {}, ['a']]) assert.equal(quote(value), '');
});

test('no secret survives, wherever it stands', () => {
  const text = fc.string({ maxLength: 300 });
  fc.assert(
    fc.property(fc.string({ minLength: 6, maxLength: 40 }), text, text, (secret, before, after) => {
      fc.pre(!'***'.includes(secret) && secret.trim() === secret && !/\s/.test(secret));
      return !createQuote([secret])(`${before}${secret}${after}`).includes(secret);
    }),
  );
});
