// An incident from the disk to a zip and back to the same decisions; and what others may put into such a zip.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Sensitivity } from '../../src/core/evidence.ts';
import { explainReplay, explainReplayResult } from '../../src/core/explain-replay.ts';
import { rectangle } from '../../src/core/regions.ts';
import { type ReplayRow, replay } from '../../src/core/replay.ts';
import type { DecideOptions } from '../../src/core/watch-state.ts';
import { type ZipEntry, zip } from '../../src/lib/zip.ts';
import { readIncidentFile } from '../../src/records/incident-file.ts';
import { aFolder, aHouse, type House, job, printing } from './house.ts';

/** A print that fails slowly, is paused by us, and is said to be a false alarm. */
async function failed(house: House): Promise<string> {
  house.hear({ kind: 'print-changed', print: printing });
  await house.looks(8, 0.2);
  await house.looks(20, 0.72);
  const id = house.state.incident?.id ?? '';
  house.hear({ kind: 'print-changed', print: { kind: 'paused', job, by: 'us' } });
  const outcome = { kind: 'done', tookMs: 700, idleTimeoutBeforeS: 600 } as const;
  house.hear({ kind: 'action-finished', incidentId: id, outcome });
  house.hear({ kind: 'answered', answer: 'false-alarm', incidentId: id });
  house.hear({ kind: 'print-changed', print: printing });
  await house.written();
  return id;
}

async function exported(house: House, id: string): Promise<string> {
  const pieces = await house.records.export(id);
  assert.ok(pieces !== null);
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  const file = join(house.folder, 'incident.zip');
  writeFileSync(file, Buffer.concat(parts));
  return file;
}

const asRecorded = (recorded: Partial<DecideOptions>) => recorded as DecideOptions;
const withSensitivity = (sensitivity: Sensitivity) => (recorded: Partial<DecideOptions>) => {
  const options = asRecorded(recorded);
  return { ...options, evidence: { ...options.evidence, sensitivity } };
};

describe('a replay', () => {
  it('of a shadow print is exact, and shows what acting would have done beside it', async (t) => {
    const house = aHouse(aFolder(t), {}, { mode: 'shadow' });
    house.hear({ kind: 'print-changed', print: printing });
    await house.looks(30, 0.9);
    const id = house.state.incident?.id ?? '';
    house.hear({ kind: 'answered', answer: 'right', incidentId: id });
    await house.looks(3, 0.9);
    house.hear({ kind: 'print-changed', print: { kind: 'ended', job, how: 'complete', message: '' } });
    await house.written();
    const { header, trace } = await readIncidentFile(join(house.folder, 'lookout', 'incidents', id));
    assert.equal(header.incident.wouldHave?.what, 'pause');
    assert.deepEqual(
      header.labels.map(({ answer }) => answer),
      ['right'],
    );
    const rows = replay(trace, asRecorded);
    assert.ok(rows.length > 30 && rows.every(({ isSame }) => isSame));
    const acting = replay(trace, (recorded) => ({ ...asRecorded(recorded), mode: 'act' }));
    const text = explainReplay(acting, header.incident.openedAt.atMs).join('\n');
    assert.match(text, /≠ .*→ in shadow mode: pause +→ pause$/m);
  });

  it('takes the same decisions, from the zip and from the folder, also over a restart', async (t) => {
    const house = aHouse(aFolder(t));
    const id = await failed(house);
    const file = await exported(house, id);
    for (const path of [file, join(house.folder, 'lookout', 'incidents', id)]) {
      const { header, trace } = await readIncidentFile(path);
      assert.equal(header.incident.id, id);
      assert.deepEqual(
        header.labels.map(({ answer }) => answer),
        ['false-alarm'],
      );
      const rows = replay(trace, asRecorded);
      assert.ok(rows.length > 30);
      assert.ok(rows.every(({ isSame }) => isSame));
      assert.match(
        explainReplayResult(rows, header.incident.openedAt.atMs),
        /^All \d+ decisions are the same\.$/,
      );
    }
  });

  it('takes the same decisions about an object that was skipped, and says so', async (t) => {
    const at = (x: number, y: number) => ({ x, y });
    const house = aHouse(aFolder(t), {}, { bedCorners: [at(0, 1), at(1, 1), at(1, 0), at(0, 0)] });
    house.hear({ kind: 'print-changed', print: printing });
    await house.looks(8, 0.2);
    await house.looks(20, 0.72);
    const incidentId = house.state.incident?.id ?? '';
    const bed = { minX: 0, minY: 0, maxX: 100, maxY: 100 };
    const [left, right] = [rectangle(at(10, 60), at(30, 80)), rectangle(at(70, 60), at(90, 80))];
    const named = [
      { name: 'LEFT', polygon: left },
      { name: 'RIGHT', polygon: right },
    ];
    house.hear({ kind: 'objects-read', incidentId, objects: null });
    house.hear({ kind: 'objects-read', incidentId, objects: { bed, objects: named, excluded: [] } });
    house.hear({ kind: 'print-changed', print: { kind: 'paused', job, by: 'us' } });
    const outcome = { kind: 'done', tookMs: 700, idleTimeoutBeforeS: null } as const;
    house.hear({ kind: 'action-finished', incidentId, outcome });
    house.hear({ kind: 'answered', answer: 'skip-object', incidentId });
    house.hear({ kind: 'answer-finished', incidentId, answer: 'skip-object', outcome });
    house.hear({ kind: 'print-changed', print: printing });
    await house.written();
    const { header, trace } = await readIncidentFile(await exported(house, incidentId));
    const rows = replay(trace, asRecorded);
    assert.ok(rows.every(({ isSame }) => isSame));
    const text = explainReplay(rows, header.incident.openedAt.atMs).join('\n');
    for (const said of [
      ...['ask for the objects of the print', 'no objects are known', 'objects: 2', 'skip the object LEFT'],
      ...['answered: skip-object', 'skip-object: done', 'carry out resume'],
    ]) {
      assert.ok(text.includes(said), `${said} in\n${text}`);
    }
  });

  it('shows what another sensitivity would have done: 0.6 and 1.5 of the time, as documented', async (t) => {
    const house = aHouse(aFolder(t));
    const id = await failed(house);
    const { header, trace } = await readIncidentFile(await exported(house, id));
    const firstLookMs = trace.parts[0]?.steps.find(
      ({ input }) => input.kind === 'frame-assessed' && input.assessment.score > 0.4,
    )?.at.tickMs;
    const secondsTo = (sensitivity: Sensitivity, level: 'warning' | 'failing') => {
      const row = replay(trace, withSensitivity(sensitivity)).find(({ now }) => now.level === level);
      return row === undefined ? null : Math.round((row.step.at.tickMs - (firstLookMs ?? 0)) / 1000);
    };
    // Each look of 0.72 over a neutral 0.4 weighs 0.53, so 30 s of evidence are there with the sixth look, every 10 s.
    assert.deepEqual(
      (['high', 'medium', 'low'] as const).map((each) => [
        secondsTo(each, 'warning'),
        secondsTo(each, 'failing'),
      ]),
      [
        [30, 100],
        [50, 160],
        [80, null],
      ],
    );
    const rows = replay(trace, withSensitivity('high'));
    const lines = explainReplay(rows, header.incident.openedAt.atMs);
    assert.ok(
      lines.some((line) => line.startsWith('≠') && line.includes('[incident: warning]')),
      lines.join('\n'),
    );
    assert.match(
      explainReplayResult(rows, header.incident.openedAt.atMs),
      /^\d+ of \d+ decisions differ, the first at -0:20\.$/,
    );
  });

  it('is exact where areas were drawn meanwhile, and takes those of other settings instead', async (t) => {
    const house = aHouse(aFolder(t));
    house.hear({ kind: 'print-changed', print: printing });
    await house.looks(10, 0.72);
    const id = house.state.incident?.id ?? '';
    const areas = [rectangle({ x: 0, y: 0 }, { x: 0.5, y: 0.5 })];
    house.hear({ kind: 'areas-changed', areas });
    await house.looks(4, 0.72);
    house.hear({ kind: 'areas-changed', areas: [] });
    await house.looks(12, 0.72);
    const { trace } = await readIncidentFile(await exported(house, id));
    const counts = (rows: readonly ReplayRow[]) => rows.filter(({ isSame }) => !isSame).length;
    assert.equal(counts(replay(trace, asRecorded)), 0);
    assert.ok(counts(replay(trace, asRecorded, false)) > 0);
    const always = replay(trace, (recorded) => ({ ...asRecorded(recorded), ignore: areas }), false);
    assert.ok(always.every(({ now }) => now.level === null));
  });

  it('reads a record to the last whole line', async (t) => {
    const house = aHouse(aFolder(t));
    const id = await failed(house);
    const from = join(house.folder, 'lookout', 'incidents', id);
    const text = readFileSync(join(from, 'trace.ndjson'), 'utf8');
    const copy = join(house.folder, 'copy');
    cpSync(from, copy, { recursive: true });
    const whole = replay((await readIncidentFile(copy)).trace, asRecorded).length;
    for (const cut of [1, 20, 500]) {
      writeFileSync(join(copy, 'trace.ndjson'), `${text.slice(0, -cut)}\0\0\0`);
      const rows = replay((await readIncidentFile(copy)).trace, asRecorded);
      assert.ok(rows.length < whole && rows.length > whole - 5, `${rows.length} of ${whole}`);
      assert.ok(rows.every(({ isSame }) => isSame));
    }
  });
});

describe('a zip from anybody', () => {
  async function parts(t: TestContext) {
    const house = aHouse(aFolder(t));
    const id = await failed(house);
    const folder = join(house.folder, 'lookout', 'incidents', id);
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    return { folder: house.folder, header: read('incident.json'), trace: read('trace.ndjson') };
  }

  it('is refused with what is wrong with it', async (t) => {
    const { folder, header, trace } = await parts(t);
    const file = join(folder, 'bad.zip');
    const good: ZipEntry[] = [
      { name: 'a/incident.json', content: header },
      { name: 'a/trace.ndjson', content: trace },
    ];
    const bytes = (entries: readonly ZipEntry[]) => zip(entries, new Date());
    const damaged = bytes(good);
    damaged[80] = (damaged[80] ?? 0) ^ 0xff;
    const encrypted = bytes(good);
    encrypted.writeUInt16LE(1, encrypted.indexOf('PK\x01\x02') + 8);
    const lying = bytes(good);
    lying.writeUInt32LE(10, lying.indexOf('PK\x01\x02') + 24);
    const bomb = bytes([{ name: 'incident.json', content: Buffer.alloc(1024 * 1024) }]);
    const lines = trace.split('\n');
    const broken = (line: string) =>
      bytes([good[0] as ZipEntry, { name: 'a/trace.ndjson', content: `${lines[0]}\n${line}\n` }]);
    const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
      ['nothing', Buffer.alloc(0), /no zip archive/],
      ['text', Buffer.from('hello '.repeat(100)), /no zip archive/],
      ['the front of one', bytes(good).subarray(0, 900), /no zip archive, or it was cut off/],
      ['the back of one', bytes(good).subarray(900), /cut off|broken|not where/],
      ['a damaged one', damaged, /damaged|cannot be unpacked/],
      ['an encrypted one', encrypted, /is encrypted/],
      ['one that lies about its size', lying, /damaged/],
      ['one that grows', bomb, /has 1048576 bytes of at most 262144/],
      ['one without a trace', bytes(good.slice(0, 1)), /no trace\.ndjson/],
      [
        'two incidents',
        bytes([...good, { name: 'b/trace.ndjson', content: trace }]),
        /more than one trace\.ndjson/,
      ],
      ['names that lead out', bytes([{ name: 'a/b/incident.json', content: header }]), /no incident\.json/],
      [
        'another header',
        bytes([{ name: 'incident.json', content: '{"format":9}' }, good[1] as ZipEntry]),
        /Invalid/,
      ],
      ['no JSON', bytes([{ name: 'incident.json', content: 'x' }, good[1] as ZipEntry]), /JSON/],
      ['another kind of line', broken('{"kind":"x"}'), /line 2/],
      [
        'a score of 7',
        broken(
          lines.find((line) => line.includes('frame-assessed'))?.replace(/"score":0\.2/, '"score":7') ?? '',
        ),
        /line 2/,
      ],
      [
        'no step',
        bytes([good[0] as ZipEntry, { name: 'trace.ndjson', content: `${lines[0]}\n` }]),
        /no step/,
      ],
    ];
    for (const [what, content, message] of cases) {
      writeFileSync(file, content);
      await assert.rejects(
        readIncidentFile(file),
        { name: 'RecordError', code: 'RECORD_UNREADABLE', message },
        what,
      );
    }
    await assert.rejects(readIncidentFile(join(folder, 'none.zip')), {
      code: 'RECORD_UNREADABLE',
      message: /ENOENT/,
    });
  });

  it('with a later format of more fields is still replayed', async (t) => {
    const { folder, header, trace } = await parts(t);
    const file = join(folder, 'later.zip');
    const later = trace.replaceAll('"kind":"frame-assessed"', '"kind":"frame-assessed","more":1');
    writeFileSync(
      file,
      zip(
        [
          { name: 'incident.json', content: header },
          { name: 'trace.ndjson', content: later },
        ],
        new Date(),
      ),
    );
    const rows = replay((await readIncidentFile(file)).trace, asRecorded);
    assert.ok(rows.every(({ isSame }) => isSame));
  });
});
