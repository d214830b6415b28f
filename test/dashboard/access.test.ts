// Who is who: addresses behind and before a proxy, and names that somebody else could own.
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { createAccess } from '../../src/dashboard/access.ts';

const access = createAccess({
  trustedClients: ['127.0.0.0/8', '192.168.0.0/16', '::1', 'fe80::/10'],
  hosts: ['printer.example'],
  hostName: 'Voron',
});
const from = (remoteAddress: string, headers: Record<string, string> = {}) =>
  access.clientOf({ socket: { remoteAddress } as Socket, headers });

describe('the address of a client', () => {
  it('is that of the peer, in its plain form', () => {
    assert.equal(from('192.168.1.7'), '192.168.1.7');
    assert.equal(from('::ffff:192.168.1.7'), '192.168.1.7');
    assert.equal(from('fe80::1%eth0'), 'fe80::1');
  });

  it('is what a proxy on this host saw itself, not what its client claims', () => {
    assert.equal(from('127.0.0.1', { 'x-forwarded-for': '127.0.0.1, 203.0.113.9' }), '203.0.113.9');
    assert.equal(from('::1', { 'x-real-ip': '203.0.113.9' }), '203.0.113.9');
    assert.equal(from('127.0.0.1'), '127.0.0.1');
  });

  it('is not changed by what a peer elsewhere writes', () => {
    assert.equal(from('203.0.113.9', { 'x-forwarded-for': '192.168.1.7' }), '203.0.113.9');
  });

  for (const [address, isTrusted] of [
    ['192.168.3.4', true],
    ['127.0.0.9', true],
    ['::1', true],
    ['fe80::abcd', true],
    ['203.0.113.9', false],
    ['2001:db8::1', false],
    ['no address', false],
    ['', false],
  ] as const) {
    it(`${address} is ${isTrusted ? '' : 'not '}trusted`, () =>
      assert.equal(access.isTrusted(address), isTrusted));
  }
});

describe('a name of this host', () => {
  for (const [host, isKnown] of [
    ['voron', true],
    ['VORON.local:7136', true],
    ['voron.local.', true],
    ['localhost:7136', true],
    ['192.168.1.5:7136', true],
    ['[fe80::1]:7136', true],
    ['printer.example', true],
    ['anything-without-a-dot:80', true],
    ['voron.evil.example', false],
    ['evil.example:7136', false],
    ['local', true],
    ['evil.local', false],
    ['', false],
    ['a b', false],
    ['evil.example/?voron', false],
  ] as const) {
    it(`${host} is ${isKnown ? '' : 'not '}one`, () => assert.equal(access.isKnownHost(host), isKnown));
  }

  for (const [origin, isKnown] of [
    ['http://voron.local', true],
    ['http://192.168.1.5', true],
    ['https://printer.example:8443', true],
    ['http://203.0.113.9', false],
    ['http://evil.example', false],
    ['null', false],
  ] as const) {
    it(`a page of ${origin} may ${isKnown ? '' : 'not '}read pictures`, () =>
      assert.equal(access.isKnownOrigin(origin), isKnown));
  }
});
