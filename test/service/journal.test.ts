import assert from 'node:assert/strict';
import { closeSync, fstatSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isJournal } from '../../src/service/journal.ts';
import { createLogService } from '../../src/service/log.ts';
import { createFakeClock } from '../support/fake-clock.ts';

function inJournal(file: string | null) {
  const written: string[] = [];
  const { log } = createLogService(
    { level: 'debug', file, isJournal: true },
    { clock: createFakeClock(), stdout: { write: (text) => written.push(text) } },
  );
  /** Priority, level and message. */
  const lines = () => written.map((line) => line.replace(/^(<\d>)\S+ \S+ (\S+) +(.*)\n$/, '$1 $2 $3'));
  return { log, lines };
}

const writeAll = ({ log }: ReturnType<typeof inJournal>) => {
  log.debug('a');
  log.info('b');
  log.warn('c');
  log.error('d');
};

test('only what the journal was made for is the journal', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-journal-'));
  const descriptor = openSync(join(folder, 'stream'), 'w');
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    const is = (stream: string | undefined) => isJournal({ JOURNAL_STREAM: stream }, descriptor);
    assert.equal(is(`${dev}:${ino}`), true);
    for (const other of [undefined, '', `${dev}:${ino + 1n}`, `${dev}`, 'x']) assert.equal(is(other), false);
    assert.equal(isJournal({ JOURNAL_STREAM: `${dev}:${ino}` }, 9_999), false, 'no such descriptor');
  } finally {
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  }
});

test('beside a file the journal gets warnings and errors, with its priorities', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-journal-'));
  try {
    const file = join(folder, 'lookout.log');
    const service = inJournal(file);
    writeAll(service);
    assert.deepEqual(service.lines(), ['<4> WARN c', '<3> ERROR d']);
    const text = readFileSync(file, 'utf8');
    assert.equal(text.trimEnd().split('\n').length, 4);
    assert.doesNotMatch(text, /</);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('without a file, or while it cannot be written, the journal gets every line', () => {
  const service = inJournal(null);
  writeAll(service);
  assert.deepEqual(service.lines(), ['<7> DEBUG a', '<6> INFO b', '<4> WARN c', '<3> ERROR d']);

  const folder = mkdtempSync(join(tmpdir(), 'lookout-journal-'));
  try {
    const file = join(folder, 'lookout.log');
    mkdirSync(file);
    const lost = inJournal(file);
    lost.log.info('one');
    rmSync(file, { recursive: true });
    lost.log.info('two');
    lost.log.info('three');
    const [first, trouble, again, ...rest] = lost.lines();
    assert.equal(first, '<6> INFO one');
    assert.match(trouble ?? '', /^<4> WARN service\/log: log file: EISDIR/);
    assert.match(again ?? '', /works again, lines missing in it: 1/);
    assert.deepEqual(rest, []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
