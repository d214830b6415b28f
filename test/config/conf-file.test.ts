import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseConf } from '../../src/config/conf-file.ts';

/** The text as `{section: {key: value}}`, where it has no problems. */
function read(text: string): Record<string, Record<string, string>> {
  const { sections, problems } = parseConf(text);
  assert.deepEqual(problems, []);
  return Object.fromEntries(
    sections.map(({ name, entries }) => [name, Object.fromEntries(entries.map((e) => [e.key, e.value]))]),
  );
}

test('reads sections, named sections, both delimiters and line numbers', () => {
  const { sections, problems } = parseConf(
    ['[camera]', 'webcam: Bed', '', '[backend   octoeverywhere]', 'min_interval = 40s'].join('\n'),
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(sections, [
    { name: 'camera', line: 1, entries: [{ key: 'webcam', value: 'Bed', line: 2 }] },
    { name: 'backend octoeverywhere', line: 4, entries: [{ key: 'min_interval', value: '40s', line: 5 }] },
  ]);
});

test('a key ends at the first : or =, so both may stand in a value', () => {
  assert.deepEqual(read('[a]\nurl: ws://h:7125/websocket?x=1\nb = c:d=e\nF: g'), {
    a: { url: 'ws://h:7125/websocket?x=1', b: 'c:d=e', f: 'g' },
  });
});

const comments = [
  ['a whole line', '# x\n; y\n[a]\n  # z\nk: v', 'v'],
  ['after a space', '[a] # x\nk: v # x', 'v'],
  ['after a tab', '[a]\nk: v\t; x', 'v'],
  ['not inside a word', '[a]\nk: http://h/#top;a=1', 'http://h/#top;a=1'],
  ['not inside a password', '[a]\nk: pa#ss;word', 'pa#ss;word'],
  ['escaped', '[a]\nk: one \\# two \\; three', 'one # two ; three'],
  ['alone: the value is empty', '[a]\nk: # x', ''],
] as const;
for (const [name, text, value] of comments) {
  test(`comment: ${name}`, () => assert.deepEqual(read(text), { a: { k: value } }));
}

test('more-indented lines continue the value, over blank lines and comments', () => {
  const text = [
    '[a]',
    'g:',
    '  M117 one ; why',
    '',
    '# left out',
    '\tPAUSE',
    'k: v',
    '[b]',
    '  k: w',
    '    x',
  ].join('\n');
  assert.deepEqual(read(text), { a: { g: 'M117 one\nPAUSE', k: 'v' }, b: { k: 'w\nx' } });
});

test('Windows and old Mac line ends and a byte order mark change nothing', () => {
  const expected = { a: { k: 'v', l: 'w' } };
  assert.deepEqual(read('\uFEFF[a]\r\nk: v\r\nl: w\r\n'), expected);
  assert.deepEqual(read('[a]\rk: v\rl: w'), expected);
});

test('an empty file has no sections', () => {
  assert.deepEqual(parseConf(''), { sections: [], problems: [] });
  assert.deepEqual(parseConf('\n# only this\n'), { sections: [], problems: [] });
});

const mistakes = [
  ['a key before any section', 'k: v\n[a]', 1, /"k" stands before the first \[section\]/],
  ['a line that is nothing', '[a]\nk: v\nnonsense', 3, /neither a \[section\] nor/],
  ['a line without a key', '[a]\n: v', 2, /neither a \[section\] nor/],
  ['a header without end', '[a\nk: v', 1, /not a section header/],
  ['a header with more after it', '[a] b\nk: v', 1, /not a section header/],
  ['an empty header', '[ ]', 1, /not a section header/],
  ['the same section twice', '[a]\nk: v\n[a]\nl: w', 3, /\[a\] is already on line 1/],
  ['the same key twice', '[a]\nk: v\nK = w\n  more', 3, /"k" is already set on line 2/],
  ['an include', '[include other.conf]\nk: v\nk: v', 1, /\[include\] is not supported/],
  ['bytes that are not UTF-8', '[a]\nk: gr\uFFFDn', 2, /not UTF-8/],
] as const;
for (const [name, text, line, message] of mistakes) {
  test(`reports ${name}, once`, () => {
    const { problems } = parseConf(text);
    assert.equal(problems.length, 1, JSON.stringify(problems));
    assert.equal(problems[0]?.line, line);
    assert.match(problems[0]?.message ?? '', message);
  });
}

test('a section written twice keeps the keys of both', () => {
  assert.deepEqual(
    parseConf('[a]\nk: v\n[b]\n[a]\nl: w').sections.map((s) => [s.name, s.entries.map((e) => e.key)]),
    [
      ['a', ['k', 'l']],
      ['b', []],
    ],
  );
});

test('a problem says nothing of a value', () => {
  const text = 'password: hunter2\n[a]\nhunter2\npassword: hunter2\npassword: hunter2\n[hunter2] hunter2';
  assert.doesNotMatch(JSON.stringify(parseConf(text).problems), /hunter2/);
});

test('a long run of spaces is read at once', () => {
  const { problems } = parseConf(`[a]\nk${' '.repeat(200_000)}x`);
  assert.equal(problems.length, 1);
});

/** Text that is likely to hit the grammar's corners. */
const confText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '[a]',
        '[a b]',
        'k: v',
        'k = v',
        '  more',
        '# c',
        ' ; c',
        '[',
        ']',
        '',
        '\t',
        'k:',
        ': v',
        'x',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
    ),
    { maxLength: 30 },
  )
  .chain((lines) => fc.constantFrom('\n', '\r\n', '\r').map((end) => lines.join(end)));

test('property: whatever the text, every reported line exists and holds something', () => {
  fc.assert(
    fc.property(confText, (text) => {
      const lines = text.split(/\r\n|\n|\r/);
      const { sections, problems } = parseConf(text);
      const numbers = [
        ...problems.map((p) => p.line),
        ...sections.flatMap((s) => [s.line, ...s.entries.map((e) => e.line)]),
      ];
      for (const line of numbers) assert.notEqual((lines[line - 1] ?? '').trim(), '', `line ${line}`);
    }),
    { numRuns: 2_000 },
  );
});

const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
const value = fc.stringMatching(/^[A-Za-z0-9#;:=/]([A-Za-z0-9#;:=/ ]{0,12}[A-Za-z0-9:=/])?$/);

test('property: what is written is read back', () => {
  const escaped = (text: string) => ` ${text}`.replace(/ ([#;])/g, ' \\$1').slice(1);
  fc.assert(
    fc.property(
      fc.dictionary(word, fc.dictionary(word, value, { maxKeys: 4, noNullPrototype: true }), {
        maxKeys: 4,
        noNullPrototype: true,
      }),
      (conf) => {
        const text = Object.entries(conf)
          .flatMap(([name, keys]) => [
            `[${name}]`,
            ...Object.entries(keys).map(([k, v]) => `${k}: ${escaped(v)}`),
          ])
          .join('\n');
        assert.deepEqual(read(text), conf);
      },
    ),
  );
});
