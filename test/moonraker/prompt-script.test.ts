import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Alert, type Answer, allAnswers } from '../../src/core/types.ts';
import { echoLine, redLine, toGcodeText } from '../../src/moonraker/console-lines.ts';
import { nextOpenPrompt, type OpenPrompt, readPromptHistory } from '../../src/moonraker/open-prompt.ts';
import { promptScript, readPromptLine } from '../../src/moonraker/prompt-script.ts';

const alert: Alert = {
  incidentId: '7f3a',
  level: 'failing',
  title: 'Possible print failure',
  lines: ['Failure seen for 64 of the last 90 s.', 'The print is paused.'],
  answers: ['resume', 'cancel', 'false-alarm'],
};

/** What Klipper makes of one line: the message of a RESPOND, or null when it would not understand it. */
function respond(line: string): string | null {
  if (/[;\n\r]/.test(line)) return null;
  return /^RESPOND TYPE=(?:command|error|echo) MSG="([^"\\]*)"$/.exec(line)?.[1] ?? null;
}

describe('toGcodeText', () => {
  const cases: readonly [string, string][] = [
    ['plain text 87 %', 'plain text 87 %'],
    ['a;b|c"d\\e', "a,b/c'd/e"],
    ['two\r\nlines\tand\u0000more', 'two lines and more'],
    ['half \ud83d a pair', 'half a pair'],
    ['turned \u202e round', 'turned round'],
    ['Grüße 🧵 ok', 'Grüße 🧵 ok'],
    ['   ', ''],
    ['12345678901', '123456789…'],
    ['🧵🧵🧵🧵🧵🧵🧵🧵🧵🧵🧵', '🧵🧵🧵🧵🧵🧵🧵🧵🧵…'],
  ];
  for (const [text, safe] of cases) {
    it(`makes ${JSON.stringify(text)} safe`, () =>
      assert.equal(toGcodeText(text, safe.endsWith('…') ? 10 : 50), safe));
  }

  it('makes any text one command that Klipper can read', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        for (const line of [redLine(text), echoLine(text)]) {
          assert.notEqual(respond(line), null);
          assert.ok(line.length <= 400 * 2);
          assert.equal(Buffer.from(line, 'utf8').toString('utf8'), line);
        }
      }),
    );
  });

  it('says red and plain lines', () => {
    assert.equal(redLine('Print "paused"'), `RESPOND TYPE=error MSG="Print 'paused'"`);
    assert.equal(echoLine('hello'), 'RESPOND TYPE=echo MSG="hello"');
  });
});

describe('promptScript', () => {
  it('is the recommended script', () => {
    assert.deepEqual(promptScript(alert).split('\n'), [
      'RESPOND TYPE=command MSG="action:prompt_begin Possible print failure"',
      'RESPOND TYPE=command MSG="action:prompt_text Failure seen for 64 of the last 90 s."',
      'RESPOND TYPE=command MSG="action:prompt_text The print is paused."',
      'RESPOND TYPE=command MSG="action:prompt_button_group_start"',
      'RESPOND TYPE=command MSG="action:prompt_button Resume|RESPOND TYPE=command MSG=action:lookout_resume_7f3a|primary"',
      'RESPOND TYPE=command MSG="action:prompt_button Cancel print|RESPOND TYPE=command MSG=action:lookout_cancel_7f3a|error"',
      'RESPOND TYPE=command MSG="action:prompt_button_group_end"',
      'RESPOND TYPE=command MSG="action:prompt_footer_button False alarm, go on|RESPOND TYPE=command MSG=action:lookout_false-alarm_7f3a|secondary"',
      'RESPOND TYPE=command MSG="action:prompt_show"',
    ]);
  });

  it('names the object that a button would skip, before the last text: KlipperScreen shows that alone', () => {
    const lines = promptScript({ ...alert, answers: ['resume', 'skip-object'], object: 'PART_1' }).split(
      '\n',
    );
    const texts = lines.filter((line) => line.includes('prompt_text'));
    assert.match(texts[1] ?? '', /Skip this object leaves out PART_1 and prints the others\."$/);
    assert.match(texts[2] ?? '', /The print is paused\."$/);
    assert.ok(
      lines.includes(
        'RESPOND TYPE=command MSG="action:prompt_button Skip this object|RESPOND TYPE=command MSG=action:lookout_skip-object_7f3a|warning"',
      ),
    );
  });

  it('asks "Pause now" only where it would pause later anyway', () => {
    const labelOf = (answers: readonly Answer[]) =>
      /prompt_button (Pause[^|]*)/.exec(promptScript({ ...alert, answers }))?.[1];
    assert.equal(labelOf(['pause', 'ignore', 'cancel']), 'Pause now');
    assert.equal(labelOf(['pause', 'cancel', 'false-alarm']), 'Pause');
  });

  it('holds what both user interfaces need, whatever the alert says', () => {
    const anyAlert = fc.record<Alert>({
      incidentId: fc.string({ minLength: 1, maxLength: 80 }),
      level: fc.constantFrom('warning', 'failing'),
      title: fc.string({ unit: 'binary', maxLength: 200 }),
      lines: fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { maxLength: 20 }),
      answers: fc.array(fc.constantFrom(...allAnswers), { maxLength: 6 }),
    });
    fc.assert(
      fc.property(anyAlert, (any) => {
        const actions = promptScript(any)
          .split('\n')
          .map((line) => respond(line) ?? assert.fail(`Klipper cannot read ${line}`))
          .map((message) => message.replace(/^action:prompt_/, ''));
        const names = actions.map((action) => action.split(' ')[0]);
        assert.equal(names[0], 'begin');
        assert.equal(names.at(-1), 'show');
        assert.ok(actions.includes(actions.find((action) => /^text ./.test(action)) ?? ''), 'a text');
        assert.ok(!/button_group_start\nbutton_group_end/.test(names.join('\n')), 'no empty group');
        for (const action of actions.filter((text) => /^(footer_)?button /.test(text))) {
          assert.equal(action.split('|').length, 3);
          assert.match(action, /\|RESPOND TYPE=command MSG=action:lookout_[a-z-]+_[A-Za-z0-9-]+\|/);
        }
        assert.ok(promptScript(any).length < 6_000);
      }),
    );
  });

  it('comes back as ours when its lines are read', () => {
    let open: OpenPrompt | null = null;
    for (const line of promptScript(alert).split('\n')) {
      const read = readPromptLine(`// ${respond(line)}`);
      if (read !== null) open = nextOpenPrompt(open, read);
    }
    assert.deepEqual(open, { title: 'Possible print failure', promptId: '7f3a', isShown: true });
  });
});

describe('readPromptLine', () => {
  const cases: readonly [string, ReturnType<typeof readPromptLine>][] = [
    ['// action:prompt_begin RESUME aborted !!!', { kind: 'begin', title: 'RESUME aborted !!!' }],
    ['// action:prompt_begin', { kind: 'begin', title: '' }],
    ['// action:prompt_show', { kind: 'show' }],
    ['// action:prompt_end', { kind: 'end' }],
    [
      '// action:prompt_footer_button Ok|RESPOND TYPE=command MSG=action:prompt_end|info',
      { kind: 'button', promptId: null },
    ],
    ['// action:prompt_button Resume', { kind: 'button', promptId: null }],
    [
      '// action:prompt_button Go|RESPOND TYPE=command MSG=action:lookout_seen_a-1',
      { kind: 'button', promptId: 'a-1' },
    ],
    [
      '// action:lookout_false-alarm_2026-08-01',
      { kind: 'answer', answer: 'false-alarm', promptId: '2026-08-01' },
    ],
    ['// action:lookout_pause_x', { kind: 'answer', answer: 'pause', promptId: 'x' }],
    ['// action:lookout_explode_x', null],
    ['// action:lookout_toString_x', null],
    ['// action:lookout_resume_', null],
    ['// action:lookout_resume', null],
    ['// action:lookout_resume_a b', null],
    ['// action:paused', null],
    ['// action:prompt_text words', null],
    [' // action:prompt_end', null],
    ['action:prompt_end', null],
    ['echo: // action:prompt_end', null],
    ['!! error', null],
    ['', null],
  ];
  for (const [text, read] of cases) {
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(readPromptLine(text), read));
  }
});

describe('readPromptHistory', () => {
  const history = (...texts: string[]) =>
    readPromptHistory(texts.flatMap((text) => readPromptLine(`// action:${text}`) ?? []));
  const ours = [
    'prompt_begin A',
    'prompt_button R|RESPOND TYPE=command MSG=action:lookout_resume_1|primary',
    'prompt_show',
  ];

  it('finds ours open', () => assert.equal(history(...ours).open?.promptId, '1'));
  it('finds that ours was ended', () => {
    const past = history(...ours, 'prompt_end');
    assert.deepEqual([past.open, [...past.endedIds]], [null, ['1']]);
  });
  it('finds another program after ours, which ended nothing', () => {
    const past = history(...ours, 'prompt_begin B', 'prompt_show');
    assert.deepEqual(past, { open: { title: 'B', promptId: null, isShown: true }, endedIds: new Set() });
  });
  it('finds ours shown again after an end', () => {
    const past = history(...ours, 'prompt_end', ...ours);
    assert.deepEqual([past.open?.promptId, past.endedIds.size], ['1', 0]);
  });
  it('finds a prompt whose lines are still coming', () =>
    assert.equal(history('prompt_begin B').open?.isShown, false));
  it('starts in the middle', () => assert.equal(history('prompt_show', 'prompt_end').open, null));
});
