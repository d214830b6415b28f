import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MoonrakerError } from '../../src/core/errors.ts';
import { describeEndpoint, toEndpoint } from '../../src/moonraker/endpoint.ts';

describe('toEndpoint', () => {
  const cases: readonly [string, string][] = [
    ['ws://127.0.0.1:7125/websocket', 'ws://127.0.0.1:7125/websocket'],
    ['ws://printer.local:7125', 'ws://printer.local:7125/websocket'],
    ['http://printer.local:7125/', 'ws://printer.local:7125/websocket'],
    ['https://printer.local', 'wss://printer.local/websocket'],
    ['wss://host:7130/printer1', 'wss://host:7130/printer1/websocket'],
    ['ws://host/printer1/websocket/', 'ws://host/printer1/websocket'],
    ['ws://[::1]:7125', 'ws://[::1]:7125/websocket'],
    ['ws://host:7125/websocket?token=geheim', 'ws://host:7125/websocket'],
    [' /home/pi/printer_data/comms/moonraker.sock ', '/home/pi/printer_data/comms/moonraker.sock'],
    ['unix:/run/moonraker.sock', '/run/moonraker.sock'],
    ['unix:///run/moonraker.sock', '/run/moonraker.sock'],
  ];
  for (const [address, shown] of cases) {
    it(`reads ${address}`, () => assert.equal(describeEndpoint(toEndpoint(address)), shown));
  }

  for (const address of [
    '',
    'printer.local',
    'ftp://host',
    'relative/path.sock',
    'ws://',
    'ws://u:p@host',
    'unix:',
  ]) {
    it(`refuses ${JSON.stringify(address)}`, () => {
      assert.throws(
        () => toEndpoint(address),
        (error) =>
          error instanceof MoonrakerError && error.code === 'MOONRAKER_UNREACHABLE' && error.hint !== '',
      );
    });
  }

  it('keeps the private authority for wss', () => {
    assert.deepEqual(toEndpoint('wss://h', 'PEM'), {
      kind: 'websocket',
      url: 'wss://h/websocket',
      ca: 'PEM',
    });
  });
});
