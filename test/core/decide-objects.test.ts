import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BedCorners } from '../../src/core/bed.ts';
import type { BedObjects } from '../../src/core/objects.ts';
import { type Answer, toScore } from '../../src/core/types.ts';
import {
  acted,
  answerCame,
  assessment,
  createRig,
  delayed,
  done,
  ended,
  failed,
  jobA,
  options,
  paused,
  play,
  printing,
  restart,
  type Step,
  says,
  wait,
} from './watch-rig.ts';

const bedCorners: BedCorners = [
  { x: 0, y: 1 },
  { x: 1, y: 1 },
  { x: 1, y: 0 },
  { x: 0, y: 0 },
];
const square = (x: number) => [
  { x, y: 40 },
  { x: x + 20, y: 40 },
  { x: x + 20, y: 60 },
  { x, y: 60 },
];
const plate: BedObjects = {
  bed: { minX: 0, minY: 0, maxX: 100, maxY: 100 },
  objects: [
    { name: 'LEFT', polygon: square(10) },
    { name: 'RIGHT', polygon: square(70) },
  ],
  excluded: [],
};
const box = { x1: 0.1, y1: 0.4, x2: 0.3, y2: 0.6, score: toScore(0.8) };

const look =
  (level: 'clear' | 'warning' | 'failing', over: object = { regions: [box] }): Step =>
  (rig) =>
    rig.hear({
      kind: 'frame-assessed',
      assessment: { ...assessment(level, 0.6), ...over },
      camera: 'bed',
      job: jobA,
      layer: 12,
    });
const objects =
  (found: BedObjects | null = plate, id?: string): Step =>
  (rig) =>
    rig.hear({ kind: 'objects-read', incidentId: id ?? rig.id, objects: found });
const warning = 'raise this print may be failing';
const failure = 'raise print failing, paused';

const watching = (over = {}) => play(createRig({ bedCorners, ...over }), [[printing()]]);
/** Paused by us, with the button on the alert. */
const offered = () =>
  play(watching(), [
    [look('failing'), 'take pause', 'read objects'],
    [objects()],
    [paused()],
    [acted(done()), failure],
  ]);
const answers = (rig: ReturnType<typeof watching>): readonly Answer[] => rig.alert?.answers ?? [];

describe('the offer to skip an object', () => {
  it('is made with the alert of a pause, and names the object', () => {
    const rig = offered();
    assert.deepEqual(answers(rig), ['resume', 'skip-object', 'cancel', 'false-alarm']);
    assert.equal(rig.alert?.object, 'LEFT');
  });

  it('is added to a warning that is shown already, and asked for again when that fails', () => {
    const rig = play(watching(), [
      [look('warning'), warning, 'read objects'],
      [objects(), warning],
      [objects()],
    ]);
    assert.deepEqual(answers(rig), ['pause', 'skip-object', 'cancel', 'false-alarm']);
    play(rig, [
      [look('failing'), 'take pause', 'read objects'],
      [objects({ ...plate, excluded: ['RIGHT'] })],
      [paused()],
      [acted(done()), failure],
    ]);
    assert.deepEqual(answers(rig), ['resume', 'cancel', 'false-alarm']);
    assert.equal(rig.alert?.object, undefined);
  });

  it('is part of the question before a pause, and answers it', () => {
    const rig = play(watching({ onFailure: 'confirm', confirmMs: 60_000 }), [
      [look('failing'), 'raise print failing', 'read objects'],
      [objects(), 'raise print failing'],
    ]);
    assert.deepEqual(answers(rig), ['pause', 'skip-object', 'ignore', 'cancel']);
    play(rig, [
      [says('skip-object'), 'close', 'skip LEFT'],
      [wait(70_000)],
      [answerCame('skip-object', done()), 'close'],
    ]);
    assert.equal(rig.state.incident, null);
  });

  it('is not asked for without corners, or without regions', () => {
    play(play(createRig(), [[printing()]]), [[look('warning'), warning]]);
    const rig = play(watching(), [[look('warning', {}), warning], [objects()]]);
    assert.equal(rig.state.incident?.object, undefined);
    assert.deepEqual(options.bedCorners, undefined);
  });

  it('is not made by what comes late, of another incident, or of nothing', () => {
    play(watching(), [
      [objects(plate, 'none')],
      [look('warning'), warning, 'read objects'],
      [objects(plate, 'other')],
      [objects(null)],
    ]);
    play(watching(), [[look('warning'), warning, 'read objects'], [restart], [objects()]]);
    const rig = play(watching(), [
      [look('warning'), warning, 'read objects'],
      [says('seen'), 'close'],
      [objects()],
    ]);
    assert.equal(rig.state.incident?.object, 'LEFT');
    play(watching({ onFailure: 'cancel' }), [
      [look('failing'), 'take cancel', 'read objects'],
      [acted(done()), 'raise print failed, cancelled'],
      [ended('cancelled'), 'end'],
      [objects()],
    ]);
  });

  it('leaves out what the camera always shows', () => {
    const scores = { suggests: null, quality: null, backend: 'obico', nextInMs: 10_000, regions: [box] };
    const rig = watching({ evidence: { ...options.evidence, warnAfterMs: 10_000, failAfterMs: 1_000_000 } });
    const [glance] = [look('warning', { ...scores, score: toScore(0.9) })];
    let effects: readonly { kind: string }[] = [];
    for (let count = 0; count < 60 && !effects.some(({ kind }) => kind === 'read-objects'); count += 1) {
      effects = glance(rig);
      rig.wait(10_000);
    }
    play(rig, [[objects(), warning]]);
    assert.equal(rig.state.incident?.object, 'LEFT');
    const known = { ...rig.state, backgrounds: [] };
    rig.state = { ...known, incident: { ...rig.state.incident, object: 'RIGHT' } as typeof known.incident };
    play(rig, [[objects(), warning]]);
    assert.equal(rig.state.incident?.object, 'LEFT');
  });
});

describe('the answer to skip the object', () => {
  it('leaves it out, and resumes our own pause only then; what is left of it is accepted', () => {
    const rig = play(offered(), [
      [says('skip-object'), 'close', 'skip LEFT'],
      [says('skip-object'), 'close'],
      [objects()],
      [answerCame('skip-object', delayed), 'tell has waited'],
      [answerCame('skip-object', done()), 'close', 'do resume'],
      [answerCame('resume', done())],
      [printing(), 'close'],
      [look('failing')],
    ]);
    assert.equal(rig.state.incident, null);
    assert.notEqual(rig.state.accepted, null);
  });

  it('holds although the dialog is closed on another screen meanwhile', () => {
    play(offered(), [
      [says('skip-object'), 'close', 'skip LEFT'],
      [says('seen'), 'close'],
      [answerCame('skip-object', done()), 'close', 'do resume'],
    ]);
  });

  it('is told when it fails, and can be given again', () => {
    const rig = play(offered(), [
      [says('skip-object'), 'close', 'skip LEFT'],
      [answerCame('skip-object', failed), 'tell not taken effect', failure],
    ]);
    assert.ok(answers(rig).includes('skip-object'));
  });

  it('is not offered again when only the resume fails', () => {
    const rig = play(offered(), [
      [says('skip-object'), 'close', 'skip LEFT'],
      [answerCame('skip-object', done()), 'close', 'do resume'],
      [answerCame('resume', failed), 'tell not taken effect', failure],
    ]);
    assert.deepEqual(answers(rig), ['resume', 'cancel', 'false-alarm']);
  });

  it('does nothing that was not offered, or is over', () => {
    play(watching(), [
      [look('warning'), warning, 'read objects'],
      [says('skip-object')],
      [answerCame('skip-object', done(), 'old')],
    ]);
    play(offered(), [
      [says('skip-object'), 'close', 'skip LEFT'],
      [ended('cancelled'), 'close', 'end'],
      [answerCame('skip-object', done())],
    ]);
  });

  it('leaves a pause of somebody else alone', () => {
    const rig = play(watching(), [
      [look('warning'), warning, 'read objects'],
      [objects(), warning],
      [paused('somebody')],
      [says('skip-object'), 'close', 'skip LEFT'],
      [answerCame('skip-object', done()), 'close'],
    ]);
    assert.equal(rig.state.incident, null);
  });

  it('does not hold back a pause that comes meanwhile, which then is the user’s to end', () => {
    const rig = play(watching(), [
      [look('warning'), warning, 'read objects'],
      [objects(), warning],
      [says('skip-object'), 'close', 'skip LEFT'],
      [look('failing'), 'take pause', 'read objects'],
      [paused()],
      [acted(done()), failure],
      [answerCame('skip-object', done()), failure],
    ]);
    assert.deepEqual(answers(rig), ['resume', 'cancel', 'false-alarm']);
    play(rig, [[says('seen'), 'close']]);
    const other = play(watching(), [
      [look('warning'), warning, 'read objects'],
      [objects(), warning],
      [says('skip-object'), 'close', 'skip LEFT'],
      [look('failing'), 'take pause', 'read objects'],
      [says('cancel'), 'close', 'do cancel'],
      [answerCame('skip-object', done())],
    ]);
    assert.equal(other.state.incident?.answer, 'cancel');
  });
});
