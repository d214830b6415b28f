import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as v from 'valibot';
import { MoonrakerError } from '../../src/core/errors.ts';
import type { PrinterSnapshot } from '../../src/core/print.ts';
import type { ActionOutcome } from '../../src/core/types.ts';
import type { MoonrakerConnection } from '../../src/moonraker/connection.ts';
import { readBedObjects, skipObject } from '../../src/moonraker/objects.ts';
import type { RecipeDeps } from '../../src/moonraker/observe.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const signal = new AbortController().signal;
const outline = [
  [0, 0],
  [10, 0],
  [10, 10],
];
const snapshot = { klippy: 'ready', state: 'paused', message: '' } as PrinterSnapshot;
const refused = () => new MoonrakerError('no', { code: 'MOONRAKER_REFUSED', retry: 'later' });

/** Klipper with two objects; `takes` is what it makes of EXCLUDE_OBJECT. */
function aKlipper(
  status: Record<string, unknown> = {},
  takes: 'at once' | 'never' | 'late' | 'error' = 'at once',
) {
  const clock = createFakeClock();
  const excluded: string[] = [];
  const scripts: string[] = [];
  const asked: unknown[] = [];
  const lines = new Set<(line: string) => void>();
  let queries = 0;
  const connection = {
    call: async (method: string, params: unknown, schema: v.GenericSchema) => {
      asked.push([method, params]);
      queries += 1;
      if (takes === 'late' && queries === 2) throw refused();
      if (takes === 'late' && queries === 4) excluded.push('LEFT');
      return v.parse(schema, {
        eventtime: 1,
        status: {
          exclude_object: {
            objects: [
              { name: 'LEFT', center: [5, 5], polygon: outline },
              { name: 'RIGHT', polygon: outline },
            ],
            excluded_objects: [...excluded],
          },
          toolhead: { axis_minimum: [0, -5, 0, 0], axis_maximum: [200, 210, 250, 0] },
          ...status,
        },
      });
    },
  } as Pick<MoonrakerConnection, 'call'>;
  const recipe: RecipeDeps = {
    clock,
    snapshot: () => snapshot,
    onReading: () => () => undefined,
    query: async () => snapshot,
    call: async () => undefined,
    runGcode: async (script) => {
      scripts.push(script);
      if (takes === 'at once') excluded.push(script.split('=')[1] ?? '');
      if (takes !== 'error') return;
      for (const line of lines) line('!! Move out of range');
      throw refused();
    },
    onGcodeResponse: (listener) => {
      lines.add(listener);
      return () => lines.delete(listener);
    },
  };
  const skip = async (name: string): Promise<ActionOutcome | null> => {
    const ended: { outcome: ActionOutcome | null } = { outcome: null };
    const skipping = skipObject(name, { connection, recipe }, signal).then((outcome) => {
      ended.outcome = outcome;
    });
    for (let ms = 0; ms < 10_000 && ended.outcome === null; ms += 250) await clock.advance(250);
    await skipping;
    return ended.outcome;
  };
  return { connection, skip, scripts, excluded, asked };
}

const kind = (outcome: ActionOutcome | null) =>
  outcome?.kind === 'failed' ? `${outcome.code} ${outcome.message}` : outcome?.kind;

describe('the objects of the print', () => {
  it('are asked for by name, and read with the bed', async () => {
    const { connection, asked } = aKlipper();
    const found = await readBedObjects(connection, signal);
    assert.deepEqual(found?.bed, { minX: 0, minY: -5, maxX: 200, maxY: 210 });
    assert.deepEqual(found?.objects[0]?.polygon[1], { x: 10, y: 0 });
    assert.deepEqual(found?.excluded, []);
    assert.deepEqual(asked, [
      [
        'printer.objects.query',
        {
          objects: {
            exclude_object: ['objects', 'excluded_objects'],
            toolhead: ['axis_minimum', 'axis_maximum'],
          },
        },
      ],
    ]);
  });

  it('have no outline where the file gives none, or nonsense', async () => {
    const objects = [{ name: 'A' }, { name: 'B', polygon: 'round' }, { name: 'C', polygon: [[1], [2]] }];
    const { connection } = aKlipper({ exclude_object: { objects, excluded_objects: [] } });
    const found = await readBedObjects(connection, signal);
    assert.deepEqual(
      found?.objects.map(({ polygon }) => polygon.length),
      [0, 0, 0],
    );
  });

  for (const [what, status] of [
    ['there is no [exclude_object]', { exclude_object: {} }],
    ['the file names none', { exclude_object: { objects: [], excluded_objects: [] } }],
    ['the bed has no size', { toolhead: { axis_minimum: [0, 0, 0], axis_maximum: [0, 200, 0] } }],
    ['nothing is known of the bed', { toolhead: {} }],
  ] as const) {
    it(`are not known where ${what}`, async () => {
      assert.equal(await readBedObjects(aKlipper(status).connection, signal), null);
    });
  }
});

describe('skipping an object', () => {
  it('is done when Klipper lists it', async () => {
    const { skip, scripts } = aKlipper();
    assert.equal(kind(await skip('LEFT')), 'done');
    assert.deepEqual(scripts, ['EXCLUDE_OBJECT NAME=LEFT']);
  });

  it('waits for it to be seen, over a reading that fails', async () => {
    assert.equal(kind(await aKlipper({}, 'late').skip('LEFT')), 'done');
  });

  it('is not done because a call was answered', async () => {
    assert.equal(
      kind(await aKlipper({}, 'never').skip('LEFT')),
      'SKIP_NOT_OBSERVED Klipper still prints LEFT',
    );
    assert.equal(
      kind(await aKlipper({}, 'error').skip('LEFT')),
      'SKIP_NOT_OBSERVED Klipper still prints LEFT: Move out of range',
    );
  });

  it('sends nothing for a name that is not in the list, is the last, or could be a command', async () => {
    const klipper = aKlipper();
    assert.match(kind(await klipper.skip('OTHER')) ?? '', /no object OTHER$/);
    assert.match(kind(await klipper.skip('LEFT\nM112')) ?? '', /cannot stand in a line/);
    klipper.excluded.push('RIGHT');
    assert.match(kind(await klipper.skip('LEFT')) ?? '', /the last object/);
    assert.equal(kind(await klipper.skip('RIGHT')), 'done', 'it is left out already');
    const none = aKlipper({ exclude_object: {} });
    assert.match(kind(await none.skip('LEFT')) ?? '', /no object LEFT$/);
    assert.deepEqual([...klipper.scripts, ...none.scripts], []);
  });
});
