import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BadCard, parseModelCard, readModelCard } from '../../src/backends/model-card.ts';
import { never } from './rig.ts';

const least = { format: 1, name: 'm', output: { decoder: 'score' } };

test('what most models share need not be written', () => {
  assert.deepEqual(parseModelCard(least), {
    name: 'm',
    sha256: null,
    input: {
      name: null,
      encoding: 'pixels',
      width: null,
      height: null,
      layout: 'nchw',
      colour: 'rgb',
      mean: [0, 0, 0],
      scale: [1 / 255, 1 / 255, 1 / 255],
      resize: 'letterbox',
      padding: 114,
      multiple: null,
    },
    output: { names: null, class: 0, decoder: 'score', activation: 'none' },
    calibration: null,
    neutral: 0.2,
  });
});

test('the cards in the guide are cards', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../docs/model-card.md'), 'utf8');
  const cards = [...guide.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = '']) => JSON.parse(text));
  assert.ok(cards.length >= 2);
  for (const card of cards) parseModelCard(card);
});

for (const [what, card, why] of [
  ['another format', { ...least, format: 2 }, /format/],
  ['no name', { ...least, name: undefined }, /name/],
  ['no output', { format: 1, name: 'm' }, /output/],
  ['an unknown decoder', { ...least, output: { decoder: 'ssd' } }, /output\.decoder/],
  ['an unknown field', { ...least, colour: 'rgb' }, /colour/],
  ['a field of another decoder', { ...least, output: { decoder: 'score', overlap: 0.5 } }, /overlap/],
  ['softmax for boxes', { ...least, output: { decoder: 'yolo', activation: 'softmax' } }, /activation/],
  ['a width in words', { ...least, input: { width: '320' } }, /input\.width/],
  ['a width that is too large', { ...least, input: { width: 4_000 } }, /input\.width/],
  ['a width with a fraction', { ...least, input: { width: 320.5 } }, /input\.width/],
  ['a multiple of nothing', { ...least, input: { multiple: 0 } }, /input\.multiple/],
  ['two means', { ...least, input: { mean: [0, 0] } }, /input\.mean/],
  ['a mean that is null', { ...least, input: { mean: [0, 0, null] } }, /input\.mean/],
  ['a neutral point of 1', { ...least, neutral: 1 }, /neutral/],
  ['a second look from 2 on', { ...least, output: { decoder: 'grid', recheck: 2 } }, /output\.recheck/],
  ['a second look at boxes', { ...least, output: { decoder: 'yolo', recheck: 0.3 } }, /recheck/],
  [
    'a second look at a JPEG',
    { ...least, input: { encoding: 'jpeg' }, output: { decoder: 'grid', recheck: 0.3 } },
    /output\.recheck.*jpeg/,
  ],
  ['a short sum', { ...least, sha256: 'abc' }, /sha256/],
  ['a slope without offset', { ...least, calibration: { slope: 1 } }, /calibration/],
  ['an array', [], /the whole|format/],
  ['null', null, /the whole/],
] as const) {
  test(`a card with ${what} is refused by the name of the field`, () => {
    assert.throws(
      () => parseModelCard(card),
      (error) => error instanceof BadCard && why.test(error.message),
    );
  });
}

test('a file is read, or refused with its name', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lookout-card-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const at = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  assert.equal((await readModelCard(at('good.json', JSON.stringify(least)), never)).name, 'm');
  for (const [path, why] of [
    [join(folder, 'none.json'), /none\.json cannot be read \(ENOENT\)/],
    [folder, /cannot be read \(EISDIR\)/],
    [at('cut.json', '{"format":1'), /cut\.json is not JSON/],
    [at('wrong.json', '{"format":1,"name":"m"}'), /wrong\.json: output/],
    [at('large.json', ' '.repeat(70_000)), /large\.json is larger than 65536 bytes/],
  ] as const) {
    await assert.rejects(
      readModelCard(path, never),
      (error) => error instanceof BadCard && why.test(error.message),
    );
  }
  const reason = new Error('the print has ended');
  await assert.rejects(
    readModelCard(join(folder, 'good.json'), AbortSignal.abort(reason)),
    (error) => error === reason,
  );
});
