import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseConf } from '../../src/config/conf-file.ts';
import { migrateText } from '../../src/config/migrate.ts';
import { applyMoves, type Move, moveVariables, newPlace } from '../../src/config/moves.ts';
import { settingId, variableName } from '../../src/config/sources.ts';

/** Renamings as a later version might have them. */
const table: readonly Move[] = [
  {
    kind: 'key',
    section: 'detection',
    key: 'pace',
    to: { section: 'detection', key: 'speed' },
    since: '0.2.0',
  },
  { kind: 'key', section: 'alerts', key: 'siren', to: { section: 'action', key: 'siren' }, since: '0.2.0' },
  { kind: 'section', section: 'eye', to: 'camera', since: '0.3.0' },
  {
    kind: 'key',
    section: 'detection',
    key: 'speed',
    to: { section: 'detection', key: 'interval' },
    since: '0.4.0',
  },
  { kind: 'key', section: 'camera', key: 'pin', to: { section: 'camera', key: 'password' }, since: '0.4.0' },
];

/** What a file says today, in no order. */
function meaning(text: string, moves: readonly Move[]): string[] {
  return applyMoves(parseConf(text), moves)
    .conf.sections.flatMap(({ name, entries }) =>
      entries.map(({ key, value }) => `${settingId(name, key)}=${value}`),
    )
    .sort();
}

describe('former names', () => {
  it('lead to those of today, over several renamings and for one printer', () => {
    const at = (section: string, key: string) => {
      const found = newPlace({ section, key }, table);
      return found === null ? null : `${settingId(found.place.section, found.place.key)} ${found.since}`;
    };
    assert.equal(at('detection', 'pace'), '[detection] interval 0.4.0');
    assert.equal(at('eye', 'pin'), '[camera] password 0.4.0');
    assert.equal(at('printer left eye', 'url'), '[printer left camera] url 0.3.0');
    assert.equal(at('printer left alerts', 'siren'), '[printer left action] siren 0.2.0');
    assert.equal(at('detection', 'interval'), null);
    assert.equal(at('printer left', 'url'), null);
    const short: Move[] = [
      { kind: 'key', section: 'printer', key: 'host', to: { section: 'printer', key: 'url' }, since: '1' },
    ];
    assert.deepEqual(newPlace({ section: 'printer a', key: 'host' }, short)?.place, {
      section: 'printer a',
      key: 'url',
    });
  });

  it('are a problem beside the name of today', () => {
    const { conf, renamed } = applyMoves(
      parseConf('[detection]\npace: 1s\n\ninterval: 2s\n[eye]\nwebcam: x\n[camera]\nwebcam: y\n'),
      table,
    );
    assert.deepEqual(conf.problems, [
      {
        line: 2,
        message: '[detection] pace: is now [detection] interval, which is set on line 4; keep that one',
      },
      { line: 6, message: '[eye] webcam: is now [camera] webcam, which is set on line 8; keep that one' },
    ]);
    assert.equal(renamed.length, 2);
  });

  it('leave no empty section behind, but a printer stays', () => {
    const { conf } = applyMoves(parseConf('[eye]\npin: 1\n[printer a]\n[detection]\n'), table);
    assert.deepEqual(
      conf.sections.map(({ name }) => name),
      ['printer a', 'detection', 'camera'],
    );
  });

  it('hold for variables too', () => {
    const places = [
      { section: 'camera', key: 'password' },
      { section: 'printer left camera', key: 'password' },
      { section: 'backend x', key: 'api_key' },
    ];
    const { env, warnings } = moveVariables(
      {
        LOOKOUT_EYE_PIN: 'a',
        LOOKOUT_PRINTER_LEFT_CAMERA_PIN: 'b',
        LOOKOUT_PRINTER_LEFT_CAMERA_PASSWORD: 'c',
        LOOKOUT_BACKEND_X_API_KEY: 'd',
      },
      places,
      table,
      variableName,
    );
    assert.deepEqual(env, {
      LOOKOUT_CAMERA_PASSWORD: 'a',
      LOOKOUT_PRINTER_LEFT_CAMERA_PASSWORD: 'c',
      LOOKOUT_BACKEND_X_API_KEY: 'd',
    });
    assert.deepEqual(warnings, [
      '$LOOKOUT_EYE_PIN: is now $LOOKOUT_CAMERA_PASSWORD; the old name is understood.',
      '$LOOKOUT_PRINTER_LEFT_CAMERA_PIN: is now $LOOKOUT_PRINTER_LEFT_CAMERA_PASSWORD; the old name is understood.',
    ]);
  });
});

describe('a migrated file', () => {
  it('keeps comments, order and everything that has its name of today', () => {
    const before = `# mine
[detection]   # all about it
# how fast
  pace = 5s   ; quick
enabled: True

[alerts]
# wakes me up
siren:
  on
  # really
  loud

# dialogs are fine
prompt: True

[action]
on_failure: pause

# the end
[eye] # of the needle
webcam: bed
pin: 1234
`;
    assert.equal(
      migrateText(before, table),
      `# mine
[detection]   # all about it
# how fast
  interval = 5s   ; quick
enabled: True

[alerts]

# dialogs are fine
prompt: True

[action]
on_failure: pause
# wakes me up
siren:
  on
  # really
  loud

# the end
[camera] # of the needle
webcam: bed
password: 1234
`,
    );
  });

  it('joins a renamed section to the one that is there, and makes one that is not', () => {
    assert.equal(
      migrateText('[eye]\r\npin: 1\r\n[camera]\r\nwebcam: y\r\n[log]\r\n', table),
      '[camera]\r\nwebcam: y\r\npassword: 1\r\n[log]\r\n',
    );
    assert.equal(
      migrateText('[alerts]\nprompt: True\nsiren: on\n\n', table),
      '[alerts]\nprompt: True\n\n[action]\nsiren: on\n',
    );
    assert.equal(migrateText('[alerts]\nsiren: on', table), '[action]\nsiren: on');
  });

  it('says the same as before, for any file, and loses no comment', () => {
    const word = fc.constantFrom('pace', 'speed', 'siren', 'pin', 'webcam', 'prompt', 'enabled');
    const section = fc.constantFrom(
      'detection',
      'alerts',
      'eye',
      'camera',
      'action',
      'printer a eye',
      'printer a',
    );
    const filler = fc.constantFrom('', '# note', '   ; remark', '\t', '  # indented');
    const entry = fc.tuple(
      filler,
      word,
      fc.constantFrom(':', ' = ', ': ', '='),
      fc.constantFrom('1', 'a b', 'x\n  y', '\n  one\n\n  # in it\n  two', '1 # why', ''),
      filler,
    );
    const block = fc.tuple(section, fc.array(entry, { maxLength: 5 }), filler);
    const lineEnd = fc.constantFrom('\n', '\r\n');
    let migrated = 0;
    fc.assert(
      fc.property(fc.array(block, { maxLength: 6 }), lineEnd, (blocks, end) => {
        const text = blocks
          .flatMap(([name, entries, rest]) => [
            `[${name}]`,
            ...entries.flatMap(([above, key, sign, value, below]) => [above, `${key}${sign}${value}`, below]),
            rest,
          ])
          .join('\n')
          .replaceAll('\n', end);
        if (applyMoves(parseConf(text), table).conf.problems.length > 0) return;
        const next = migrateText(text, table);
        migrated += next === text ? 0 : 1;
        assert.deepEqual(parseConf(next).problems, []);
        assert.deepEqual(meaning(next, []), meaning(text, table));
        assert.deepEqual(applyMoves(parseConf(next), table).renamed, []);
        assert.equal(migrateText(next, table), next);
        const comments = (all: string) =>
          (all.match(/# note|; remark|# indented|# in it|# why/g) ?? []).length;
        assert.equal(comments(next), comments(text));
      }),
      { numRuns: 500 },
    );
    assert.ok(migrated > 5, `${migrated} of them had something to change`);
  });
});
