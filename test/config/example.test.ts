import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exampleFile, renewTable, sections, settingsTable } from '../../scripts/settings-table.ts';
import { parseConf } from '../../src/config/conf-file.ts';
import { fallbackText } from '../../src/config/values.ts';

const root = join(import.meta.dirname, '../..');
const example = readFileSync(join(root, 'moonraker-lookout.conf.example'), 'utf8');
const howToRenew = 'run: npx tsx scripts/settings-table.ts';

test('the example file is up to date with the key tables', () => {
  assert.equal(example, exampleFile(), howToRenew);
});

test('the example file changes nothing as it stands', () => {
  const { sections: found, problems } = parseConf(example);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    found.map((section) => section.name),
    sections.map((section) => section.name),
  );
  assert.deepEqual(
    found.flatMap((section) => section.entries),
    [],
  );
});

test('with every # taken away it holds every key with its default', () => {
  const { sections: found, problems } = parseConf(example.replace(/^#(?=[a-z0-9_]+:)/gm, ''));
  assert.deepEqual(problems, []);
  const written = found.map(({ name, entries }) => [name, entries.map(({ key, value }) => [key, value])]);
  const expected = sections.map(({ name, keys }) => [
    name,
    Object.entries(keys).map(([key, each]) => [key, fallbackText(each)]),
  ]);
  assert.deepEqual(written, expected);
});

test('the table has a row for every key', () => {
  const rows = settingsTable().match(/^\| `/gm)?.length ?? 0;
  assert.equal(rows, sections.flatMap(({ keys }) => Object.keys(keys)).length);
});

test('renewing replaces what stands between the markers and nothing else', () => {
  const renewed = renewTable('a\n<!-- settings -->\nold\n<!-- /settings -->\nb');
  assert.equal(renewed, `a\n<!-- settings -->\n${settingsTable()}\n<!-- /settings -->\nb`);
  assert.equal(renewTable('no markers'), 'no markers');
});

test('the README holds the table as it is now', { skip: !existsSync(join(root, 'README.md')) }, () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  assert.ok(readme === renewTable(readme), howToRenew);
});
