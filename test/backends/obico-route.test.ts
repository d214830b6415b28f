import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { findRoute, type RouteOptions } from '../../src/backends/obico-route.ts';

const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
const hasIPv6 = own.some(({ address }) => address === '::1');
const route = (url: string, options: Partial<RouteOptions> = {}) =>
  findRoute(new URL(url), { serveAddress: null, serveTo: null, ...options });

test('by default the way back is the way there, and only the service may come', async () => {
  const { guests, host, listenOn, isPrivate } = await route('http://127.0.0.1:3333');
  assert.deepEqual([host, listenOn, isPrivate], ['127.0.0.1', '127.0.0.1', true]);
  assert.ok(guests.check('127.0.0.1'));
  assert.ok(guests.check('::ffff:127.0.0.1', 'ipv6'));
  for (const address of ['127.0.0.2', '192.168.0.1', '0.0.0.0']) assert.ok(!guests.check(address), address);
});

test('a name lets in every address that it stands for, and is reached by IPv4 where it can be', async () => {
  const { guests, host } = await route('http://localhost:3333');
  assert.ok(guests.check('127.0.0.1'));
  assert.equal(host, '127.0.0.1');
});

test('by IPv6', { skip: hasIPv6 ? false : 'this host has no IPv6' }, async () => {
  const { guests, host, listenOn, isPrivate } = await route('http://[::1]:3333');
  assert.deepEqual([host, listenOn, isPrivate], ['[::1]', '::1', true]);
  assert.ok(guests.check('::1', 'ipv6'));
  assert.ok(!guests.check('127.0.0.1'));
});

test('serve_address: ours is listened on, any other means all of them', async () => {
  for (const [serveAddress, host, listenOn] of [
    ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
    ['198.51.100.4', '198.51.100.4', null],
    ['my-printer.local', 'my-printer.local', null],
    [' druckerhöhle ', 'druckerhöhle', null],
    ['[2001:db8::5]', '[2001:db8::5]', null],
    ['2001:db8::5', '[2001:db8::5]', null],
  ] as const) {
    const found = await route('http://127.0.0.1:3333', { serveAddress });
    assert.deepEqual([found.host, found.listenOn], [host, listenOn]);
  }
});

test('serve_to lets in more', async () => {
  const serveTo = '172.16.0.0/12, 10.0.0.5,fd00:1::/32 ,';
  const { guests } = await route('http://127.0.0.1:3333', { serveTo });
  for (const address of ['127.0.0.1', '172.17.0.2', '10.0.0.5', 'fd00:1::9', '::ffff:172.31.255.255'])
    assert.ok(guests.check(address, address.includes(':') ? 'ipv6' : 'ipv4'), address);
  for (const address of ['172.32.0.1', '10.0.0.6', 'fd00:2::1'])
    assert.ok(!guests.check(address, address.includes(':') ? 'ipv6' : 'ipv4'), address);
});

// With a serve_address no route is looked up, so nothing depends on the networks of this host.
for (const [host, isPrivate] of [
  ['10.1.2.3', true],
  ['172.31.0.1', true],
  ['172.32.0.1', false],
  ['192.168.1.9', true],
  ['192.169.1.9', false],
  ['169.254.7.7', true],
  ['100.100.1.1', true],
  ['100.128.1.1', false],
  ['8.8.8.8', false],
  ['[fd12::1]', true],
  ['[fe80::1]', true],
  ['[2001:db8::1]', false],
  ['[::ffff:192.168.1.1]', true],
  ['[::ffff:8.8.8.8]', false],
] as const) {
  test(`${host} is ${isPrivate ? 'private' : 'public'}`, async () => {
    const found = await route(`http://${host}:3333`, { serveAddress: '127.0.0.1' });
    assert.equal(found.isPrivate, isPrivate);
  });
}
