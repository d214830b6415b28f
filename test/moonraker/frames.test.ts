import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readFrame } from '../../src/moonraker/frames.ts';

const read = (text: string) => readFrame(Buffer.from(text));

describe('readFrame', () => {
  it('leaves the statistics of every second unread, even when they are broken', () => {
    assert.deepEqual(read('{"jsonrpc":"2.0","method":"notify_proc_stat_update","params":[{"x'), {
      kind: 'skipped',
    });
    assert.deepEqual(read('{"jsonrpc": "2.0", "method": "notify_proc_stat_update", "params": []}'), {
      kind: 'skipped',
    });
  });

  it('reads a text that only mentions the statistics', () => {
    const frame = read(
      '{"jsonrpc":"2.0","method":"notify_gcode_response","params":["notify_proc_stat_update"]}',
    );
    assert.deepEqual(frame, {
      kind: 'notification',
      method: 'notify_gcode_response',
      params: ['notify_proc_stat_update'],
    });
  });

  it('reads notifications with and without parameters', () => {
    assert.deepEqual(read('{"jsonrpc":"2.0","method":"notify_klippy_ready"}'), {
      kind: 'notification',
      method: 'notify_klippy_ready',
      params: undefined,
    });
  });

  it('reads a request to us with a large id', () => {
    assert.deepEqual(read('{"jsonrpc":"2.0","method":"lookout.status","id":139785973890016}'), {
      kind: 'request',
      id: 139785973890016,
      method: 'lookout.status',
      params: undefined,
    });
  });

  it('reads answers, null results too', () => {
    assert.deepEqual(read('{"jsonrpc":"2.0","result":null,"id":3}'), {
      kind: 'answer',
      id: 3,
      outcome: { kind: 'result', result: null },
    });
    assert.deepEqual(read('{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null}'), {
      kind: 'answer',
      id: null,
      outcome: { kind: 'error', code: -32700, message: 'Parse error' },
    });
  });

  const malformed: readonly [string, string][] = [
    ['nothing', ''],
    ['cut JSON', '{"jsonrpc":"2.0","method":"notify_st'],
    ['a number', '7'],
    ['null', 'null'],
    ['an array', '[{"jsonrpc":"2.0","method":"x"}]'],
    ['another version', '{"jsonrpc":"1.0","method":"x"}'],
    ['neither method nor answer', '{"jsonrpc":"2.0","id":1}'],
    ['a method that is no text', '{"jsonrpc":"2.0","method":7}'],
    ['an error without code', '{"jsonrpc":"2.0","id":1,"error":{"message":"x"}}'],
    ['an answer without id', '{"jsonrpc":"2.0","result":1}'],
  ];
  for (const [what, text] of malformed) {
    it(`calls ${what} malformed`, () => assert.equal(read(text).kind, 'malformed'));
  }

  it('survives bytes that are no UTF-8', () => {
    assert.equal(readFrame(Buffer.from([0xff, 0xfe, 0x00, 0x7b])).kind, 'malformed');
  });
});
