// Reading one line of G-code as Klipper does.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { numberParam, parseGcodeLine, textParam, VirtualGcodeError } from '../../src/virtual/gcode-line.ts';

describe('parseGcodeLine', () => {
  const cases: readonly (readonly [string, string, Record<string, string>])[] = [
    ['G1 X10.5 Y-3 E2 F600', 'G1', { G: '1', X: '10.5', Y: '-3', E: '2', F: '600' }],
    ['g28', 'G28', { G: '28' }],
    ['N12 G1 X1*33', 'G1', { N: '12', G: '1', X: '1', '*': '33' }],
    ['M109 S200 ; wait', 'M109', { M: '109', S: '200' }],
    ['pause', 'PAUSE', {}],
    ['PAUSE REASON=lookout', 'PAUSE', { REASON: 'lookout' }],
    ['NOSUCH A=1', 'NOSUCH', { A: '1' }],
    ['SET_IDLE_TIMEOUT timeout=60', 'SET_IDLE_TIMEOUT', { TIMEOUT: '60' }],
    [
      'RESPOND TYPE=command MSG="action:prompt_text a # b"',
      'RESPOND',
      { TYPE: 'command', MSG: 'action:prompt_text a # b' },
    ],
    [String.raw`RESPOND MSG="say \"hi\" \n"`, 'RESPOND', { MSG: String.raw`say "hi" \n` }],
    [`RESPOND MSG='it "is"'`, 'RESPOND', { MSG: 'it "is"' }],
    ['RESPOND MSG=a=b', 'RESPOND', { MSG: 'a=b' }],
    ['RESPOND MSG=a # comment', 'RESPOND', { MSG: 'a' }],
    ['; only a comment', '', {}],
    ['   ', '', {}],
  ];
  for (const [line, name, params] of cases) {
    it(`reads ${JSON.stringify(line)}`, () => {
      const command = parseGcodeLine(line);
      assert.equal(command.name, name);
      assert.deepEqual(command.params, params);
    });
  }

  for (const line of [
    'RESPOND MSG="a;b"',
    'RESPOND MSG="open',
    "RESPOND MSG='open",
    'RESPOND hello',
    'RESPOND MSG=a\\',
  ]) {
    it(`refuses ${JSON.stringify(line)}`, () => {
      assert.throws(() => parseGcodeLine(line), new VirtualGcodeError(`Malformed command '${line}'`));
    });
  }

  it('keeps the text of M117 and M118 as it is', () => {
    for (const [line, raw] of [
      ['M117 Hello; "world"', 'Hello; "world"'],
      ['M117 5 apples', '5 apples'],
      ['m118 x = 1', 'x = 1'],
      ['M117', ''],
    ] as const) {
      assert.equal(parseGcodeLine(line).raw, raw);
    }
    assert.equal(parseGcodeLine('M117 5 apples').name, 'M117');
  });
});

describe('parameters', () => {
  const command = parseGcodeLine('SET_IDLE_TIMEOUT TIMEOUT=5 NAME=x BAD=abc');

  it('are read as text and number', () => {
    assert.equal(textParam(command, 'NAME'), 'x');
    assert.equal(numberParam(command, 'TIMEOUT'), 5);
    assert.equal(numberParam(command, 'OTHER', 7), 7);
  });
  it('are refused with the words of Klipper', () => {
    const said = (work: () => unknown) => {
      let message = '';
      assert.throws(work, (error) => {
        message = error instanceof VirtualGcodeError ? error.message : '';
        return true;
      });
      return message.replace(command.line, 'LINE');
    };
    assert.equal(
      said(() => textParam(command, 'NONE')),
      "Error on 'LINE': missing NONE",
    );
    assert.equal(
      said(() => numberParam(command, 'BAD')),
      "Error on 'LINE': unable to parse abc",
    );
    assert.equal(
      said(() => numberParam(command, 'TIMEOUT', 1, { above: 5 })),
      "Error on 'LINE': TIMEOUT must be above 5.0",
    );
    assert.equal(
      said(() => numberParam(command, 'TIMEOUT', 1, { min: 6 })),
      "Error on 'LINE': TIMEOUT must have minimum of 6.0",
    );
  });
});
