import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as v from 'valibot';
import { MoonrakerError } from '../../src/core/errors.ts';
import { readAnswer, refused } from '../../src/moonraker/rpc-errors.ts';

describe('refused', () => {
  const cases: readonly [string, number, string, string][] = [
    ['server.info', -32602, 'Unauthorized', 'MOONRAKER_UNAUTHORIZED'],
    ['server.connection.identify', -32602, 'Invalid API Key', 'MOONRAKER_UNAUTHORIZED'],
    ['server.connection.identify', -32602, 'API Key authentication is disabled', 'MOONRAKER_UNAUTHORIZED'],
    ['server.connection.identify', -32602, 'JWT Expired', 'MOONRAKER_UNAUTHORIZED'],
    [
      'server.connection.identify',
      400,
      "Agent 'lookout' already registered and connected'",
      'MOONRAKER_NAME_TAKEN',
    ],
    ['server.connection.identify', 400, "Connection already identified: {'name': 'x'}", 'MOONRAKER_REFUSED'],
    ['access.login', 400, 'Invalid Password', 'MOONRAKER_UNAUTHORIZED'],
    ['access.login', 400, 'Unregistered User: pi', 'MOONRAKER_UNAUTHORIZED'],
    ['access.refresh_jwt', -32602, 'Invalid Refresh Token', 'MOONRAKER_UNAUTHORIZED'],
    ['printer.print.pause', 503, 'Klippy Disconnected', 'KLIPPY_NOT_READY'],
    ['printer.gcode.script', 400, 'Move out of range: 9999.000', 'MOONRAKER_REFUSED'],
    ['printer.gcode.script', 400, 'Unauthorized', 'MOONRAKER_REFUSED'],
    ['server.nothing', -32601, 'Method not found', 'MOONRAKER_REFUSED'],
    ['printer.objects.query', -32602, 'Invalid params:', 'MOONRAKER_REFUSED'],
  ];
  for (const [method, code, message, expected] of cases) {
    it(`${method} ${code} ${message} is ${expected}`, () => {
      const error = refused(method, code, message);
      assert.ok(error instanceof MoonrakerError);
      assert.equal(error.code, expected);
    });
  }

  it('gives each refusal at the door its own next step', () => {
    const hint = (text: string) => refused('server.connection.identify', -32602, text).hint;
    assert.match(hint('Invalid API Key'), /API key is wrong/);
    assert.match(hint('Unauthorized'), /trusted_clients/);
    assert.match(refused('access.login', 400, 'Invalid Password').hint, /user and password/);
    assert.match(
      refused('access.login', -32602, 'Unauthorized, Maximum Login Attempts Reached').hint,
      /restarted/,
    );
  });

  it("cuts Klipper's long texts", () => {
    assert.ok(refused('printer.gcode.script', 400, 'x'.repeat(100_000)).message.length < 500);
  });
});

describe('readAnswer', () => {
  it('names the place but never the value', () => {
    const schema = v.object({ token: v.number() });
    assert.throws(
      () => readAnswer('access.login', schema, { token: 'geheim' }),
      (error) => {
        assert.ok(error instanceof MoonrakerError);
        assert.equal(error.code, 'MOONRAKER_BAD_ANSWER');
        assert.deepEqual(error.cause, { at: 'token', expected: 'number' });
        assert.ok(!JSON.stringify([error, error.message, error.cause]).includes('geheim'));
        return true;
      },
    );
  });
});
