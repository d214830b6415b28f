// One key is set, and nothing else of the file changes.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseConf } from '../../src/config/conf-file.ts';
import { editConf } from '../../src/config/edit.ts';

const set = (text: string, lines: readonly string[], section = 'camera') =>
  editConf(text, { section, key: 'ignore', lines });

describe('setting a key', () => {
  it('replaces its value and keeps what is around it', () => {
    const text = [
      '# mine',
      '[camera]',
      'webcam: bed # the good one',
      'ignore:',
      '    0,0,0.1,0.1',
      '    # the lamp',
      '    0.5,0.5,0.6,0.6',
      '',
      '# how high',
      'max_height: 720',
      '[detection]',
      'interval: 5s',
      '',
    ].join('\n');
    assert.equal(
      set(text, ['0.1,0.1,0.2,0.2']),
      text.replace(/ {4}0,0[\s\S]*?0\.6,0\.6\n/, '    0.1,0.1,0.2,0.2\n'),
    );
    assert.equal(set(text, []), text.replace(/ignore:[\s\S]*?0\.6,0\.6\n/, ''));
  });

  it('adds it to its section, or a section at the end', () => {
    assert.equal(
      set('[camera]\nwebcam: bed\n\n[log]\nlevel: debug\n', ['0,0,1,0.5']),
      '[camera]\nwebcam: bed\nignore:\n    0,0,1,0.5\n\n[log]\nlevel: debug\n',
    );
    assert.equal(set('[camera]\n#ignore:\n', ['0,0,1,0.5']), '[camera]\nignore:\n    0,0,1,0.5\n#ignore:\n');
    assert.equal(set('', ['0,0,1,0.5']), '[camera]\nignore:\n    0,0,1,0.5\n');
    assert.equal(
      set('[log]\r\nlevel: debug', ['0,0,1,0.5'], 'printer left camera'),
      '[log]\r\nlevel: debug\r\n\r\n[printer left camera]\r\nignore:\r\n    0,0,1,0.5\r\n',
    );
    assert.equal(set('[log]\n', []), '[log]\n');
  });

  it('keeps to a value on the line of its key', () => {
    assert.equal(set('[camera]\nignore: 0,0,1,0.5 # wall\nwebcam: x\n', []), '[camera]\nwebcam: x\n');
  });

  it('refuses where something else would change', () => {
    assert.equal(set('[camera]\nignore: 1\nignore: 2\n', ['0,0,1,0.5']), null);
  });

  it('keeps notes between the lines of a value that are not indented as it is', () => {
    const text = '[camera]\nignore:\n    0,0,1,1\n# the clamp\n  ; and its screw\n    0,0,1,0.2\n[log]\n';
    const notes = '# the clamp\n[log]\n';
    assert.equal(set(text, ['0,0,1,0.5']), `[camera]\nignore:\n    0,0,1,0.5\n${notes}`);
    assert.equal(set(text, []), `[camera]\n${notes}`);
  });
  it('changes nothing else, whatever the file holds', () => {
    const line = fc.constantFrom(
      ...[
        '[camera]',
        '[log]',
        '[printer a camera]',
        'ignore: 1',
        '  ignore = 2',
        '\tx',
        '    0,0,1,1',
        '# note',
        '',
      ],
      ...['webcam: a', 'level: b', ' ; c', '  deeper: d'],
    );
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 20 }),
        fc.array(fc.constant('0,0,1,0.5'), { maxLength: 2 }),
        (all, lines) => {
          const text = all.join('\n');
          const next = set(text, lines);
          if (next === null) return;
          const comments = (of: string) => of.split('\n').filter((each) => /^[#;]/.test(each)).length;
          assert.equal(comments(next), comments(text));
          const value = parseConf(next)
            .sections.find(({ name }) => name === 'camera')
            ?.entries.find(({ key }) => key === 'ignore')?.value;
          assert.equal(value ?? '', lines.join('\n'));
        },
      ),
    );
  });
});
