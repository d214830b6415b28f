// What the core makes of assessments, faults and outcomes: one incident, one action, one notice.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { verdictOf } from '../../src/core/judge.ts';
import { toScore } from '../../src/core/types.ts';
import {
  acted,
  assessment,
  away,
  badKey,
  createRig,
  delayed,
  done,
  ended,
  failed,
  fault,
  heating,
  idle,
  inMacro,
  jobA,
  jobB,
  klippyGone,
  look,
  miss,
  order,
  paused,
  play,
  printing,
  restart,
  type Step,
  says,
  wait,
} from './watch-rig.ts';

const warned = 'raise this print may be failing';
const told = 'raise print failing, paused';
const notStopped = 'raise print failing and NOT stopped';
const alerted = 'raise print failing';

type Story = readonly (readonly [Step, ...string[]])[];

describe('the verdict of a backend that decides for itself', () => {
  const cases = [
    ['failing', { isWarning: true, isFailing: true }, 9, 0.1],
    ['failing', { isWarning: false, isFailing: true }, 9, 0.1],
    ['warning', { isWarning: true, isFailing: false }, 9, 0.1],
    ['watching', { isWarning: false, isFailing: false }, 5, 0.1],
    ['clear', { isWarning: false, isFailing: false }, 6, 0.9],
    ['watching', null, null, 0.5],
    ['clear', null, null, 0.49],
    // However bad it scores: to act on that is for evidence over time.
    ['watching', null, 1, 1],
  ] as const;
  for (const [verdict, suggests, quality, score] of cases) {
    it(`${verdict}: ${JSON.stringify(suggests)}, quality ${quality}, score ${score}`, () => {
      const answer = { ...assessment('clear', 0), suggests, quality, score: toScore(score) };
      assert.equal(verdictOf(answer), verdict);
    });
  }
});

describe('incidents', () => {
  const stories: Readonly<Record<string, Story>> = {
    'a good print: nothing': [
      [printing()],
      [look('clear')],
      [wait(60_000)],
      [look('watching')],
      [look('clear')],
    ],
    'warned once, paused once': [
      [printing()],
      [look('watching', 0.5)],
      [wait(40_000)],
      [look('warning', 0.6), warned],
      [look('warning', 0.9)],
      [look('failing', 0.7), 'take pause'],
      [look('failing', 0.95)],
      [paused()],
      [acted(done(600)), told],
      [look('failing', 1)],
    ],
    'failing at first sight': [
      [printing()],
      [look('failing'), 'take pause'],
      [acted(done()), told],
      [paused()],
    ],
    'still failing while the pause waits behind a heater': [
      [printing()],
      [look('failing'), 'take pause'],
      [acted(delayed), 'tell asked Klipper'],
      [look('failing')],
      // Long clear meanwhile: the pause will come all the same, and somebody must hear of it.
      [look('clear')],
      [wait(400_000)],
      [look('clear')],
      [paused()],
      [acted(done(600)), told],
    ],
    'a pause that fails is told and not tried again in this incident': [
      [printing()],
      [look('failing'), 'take pause'],
      [acted(failed), notStopped],
      [look('failing', 1)],
      [wait(60_000)],
      [look('failing', 1)],
    ],
    'a pause that fails, and comes late': [
      [printing()],
      [look('failing'), 'take pause'],
      [acted(failed), notStopped],
      [paused('us'), told, 'warm'],
      [paused('us')],
    ],
    'a pause that fails, and the file parks for a picture': [
      [printing()],
      [look('failing'), 'take pause'],
      [acted(failed), notStopped],
      [paused('file')],
      [wait(2_000)],
      [printing()],
    ],
    'a pause that was seen and did not last': [
      [printing()],
      [look('failing'), 'take pause'],
      [acted(done()), told],
      [look('failing'), notStopped],
      [look('failing')],
    ],
    'a warning that goes away is taken back, and what comes later is new': [
      [printing()],
      [look('warning'), warned],
      [look('clear')],
      [wait(179_000)],
      [look('clear')],
      [wait(1_000)],
      [look('watching'), 'close'],
      [look('warning'), warned],
      [look('failing'), 'take pause'],
    ],
    'a warning seen on and off is one incident': [
      [printing()],
      [look('warning'), warned],
      [wait(170_000)],
      [look('clear')],
      [look('warning')],
      [wait(170_000)],
      [look('clear')],
      [look('warning')],
    ],
    'a failure of the past, clear since: the next one is told and acted upon anew': [
      [printing()],
      [look('failing'), 'take pause'],
      [acted(failed), notStopped],
      [look('clear')],
      [wait(180_000)],
      [look('clear'), 'close'],
      [look('failing'), 'take pause'],
    ],
    'the outcome of an action of an incident that is over': [
      [printing()],
      [look('failing'), 'take pause'],
      [acted(failed, 'other')],
      [ended(), 'close', 'end'],
      [acted(failed)],
    ],
  };
  for (const [name, story] of Object.entries(stories)) it(name, () => void play(createRig(), story));

  it('keeps the worst of the incident and the first sight of the trouble', () => {
    const rig = createRig();
    play(rig, [
      [printing()],
      [look('watching', 0.4)],
      [wait(45_000)],
      [look('warning', 0.8), warned],
      [look('warning', 0.7)],
    ]);
    assert.equal(rig.state.incident?.score, 0.8);
    assert.equal(rig.state.incident?.quality, 3);
    assert.equal(rig.state.verdict, 'warning');
    assert.match(rig.alert?.lines[0] ?? '', /trouble seen for 45 s, from layer 12 on/);
    play(rig, [
      [look('failing', 0.9), 'take pause'],
      [acted(done()), told],
    ]);
    assert.equal(rig.state.incident?.score, 0.9);
    assert.deepEqual(rig.alert?.answers, ['resume', 'cancel', 'false-alarm']);
  });

  it('forgets trouble that was only watched', () => {
    const rig = createRig();
    play(rig, [[printing()], [look('watching')], [look('clear')], [wait(60_000)], [look('warning'), warned]]);
    assert.match(rig.alert?.lines[0] ?? '', /trouble seen for 0 s/);
  });

  it('gives every incident of a print its own name', () => {
    const rig = createRig();
    const ids = new Set<string>();
    for (let count = 0; count < 3; count += 1) {
      play(rig, [[printing()], [look('warning'), warned], [wait(1)], [look('clear')], [wait(180_000)]]);
      ids.add(rig.id);
      play(rig, [[look('clear'), 'close']]);
    }
    assert.equal(ids.size, 3);
    for (const id of ids) assert.match(id, /^[a-z0-9]+$/);
  });
});

describe('on_failure', () => {
  const stories = {
    alert: [
      [printing()],
      [look('warning'), warned],
      [look('failing'), alerted],
      [look('failing')],
      [ended(), 'close', 'end'],
    ],
    gcode: [
      [printing()],
      [look('failing'), 'take gcode'],
      [acted(done()), 'raise print failing, your G-code was run'],
      [look('failing')],
    ],
    cancel: [
      [printing()],
      [look('failing'), 'take cancel'],
      [ended('cancelled'), 'end'],
      [acted(done()), 'raise print failed, cancelled'],
      [ended('cancelled')],
      [idle],
      [printing(jobB), 'close'],
    ],
  } as const satisfies Record<string, Story>;
  for (const [onFailure, story] of Object.entries(stories)) {
    it(onFailure, () => void play(createRig({ onFailure: onFailure as keyof typeof stories }), story));
  }

  const cancelStories: Readonly<Record<string, Story>> = {
    'the print ends by itself while it is being cancelled': [
      [ended('complete'), 'end'],
      [acted(failed), 'close'],
      [printing(jobB)],
    ],
    'it could not be cancelled, and a person did': [
      [acted(failed), notStopped],
      [ended('cancelled'), 'close', 'end'],
    ],
    'the cancel waits, and the next print has begun': [
      [acted(delayed), 'tell asked Klipper'],
      [printing(jobB), 'end', 'close'],
    ],
    'told before the end is seen': [
      [acted(done()), 'raise print failed, cancelled'],
      [ended('cancelled'), 'end'],
      [away],
      [ended('cancelled'), 'raise print failed, cancelled'],
      [says('seen'), 'close'],
      [printing(jobB)],
    ],
  };
  for (const [name, story] of Object.entries(cancelStories)) {
    it(`cancel: ${name}`, () => {
      play(createRig({ onFailure: 'cancel' }), [[printing()], [look('failing'), 'take cancel'], ...story]);
    });
  }
});

describe('late assessments', () => {
  const stories: Readonly<Record<string, Story>> = {
    'before any print': [[look('failing')], [idle], [look('failing')]],
    'of a print that has ended': [[printing()], [ended(), 'end'], [look('failing')]],
    'of the print before': [
      [printing()],
      [printing(jobB), 'end'],
      [look('failing', 1, jobA)],
      [look('failing', 1, jobB), 'take pause'],
    ],
    'while somebody has it paused': [[printing()], [paused('somebody')], [look('failing')]],
    'while it heats': [[heating()], [look('failing')]],
    'while Moonraker is away': [
      [printing()],
      [away],
      [look('failing')],
      [printing()],
      [look('failing'), 'take pause'],
    ],
    'in the middle of a macro': [
      [printing()],
      [inMacro],
      [look('failing')],
      [printing()],
      [look('failing'), 'take pause'],
    ],
  };
  for (const [name, story] of Object.entries(stories)) it(name, () => void play(createRig(), story));
});

describe('blindness', () => {
  const stories: Readonly<Record<string, Story>> = {
    'told once after blind_after, sighted once': [
      [printing()],
      [miss()],
      [wait(299_000)],
      [miss()],
      [wait(1_000), 'tell blind'],
      [miss()],
      [wait(900_000)],
      [look('clear'), 'tell sees again'],
      [look('clear')],
      [miss()],
      [wait(300_000), 'tell blind'],
    ],
    'a hiccup is not told': [
      [printing()],
      [miss()],
      [wait(200_000)],
      [look('clear')],
      [miss()],
      [wait(200_000)],
      [miss()],
    ],
    'told at once when only a person can mend it': [
      [printing()],
      [miss(badKey), 'tell blind'],
      [miss(badKey)],
      [wait(900_000)],
    ],
    'a passing fault that becomes permanent is told again, once': [
      [printing()],
      [miss()],
      [wait(300_000), 'tell blind'],
      [miss(badKey), 'tell blind'],
      [miss(fault)],
      [miss(badKey)],
      [look('clear'), 'tell sees again'],
    ],
    'not told while nothing prints': [
      [printing()],
      [miss()],
      [ended(), 'end'],
      [wait(900_000)],
      [miss(badKey)],
    ],
    'a pause starts the time anew': [
      [printing()],
      [miss()],
      [wait(299_000)],
      [paused('somebody')],
      [wait(900_000)],
      [printing()],
      [miss()],
      [wait(299_000)],
      [wait(1_000), 'tell blind'],
    ],
    'Moonraker going away starts the time anew': [
      [printing()],
      [miss()],
      [wait(299_000)],
      [away],
      [printing()],
      [wait(1_000)],
    ],
    'Moonraker away for long is told once, and again when the print is seen': [
      [printing()],
      [look('clear')],
      [away],
      [wait(299_000)],
      [wait(1_000), 'tell blind'],
      [away],
      [wait(900_000)],
      [printing()],
      [look('clear'), 'tell sees again'],
    ],
    'a restart of Moonraker is not told, nor does it count for what comes after': [
      [printing()],
      [look('clear')],
      [away],
      [wait(200_000)],
      [printing()],
      [wait(200_000)],
      [miss()],
      [wait(200_000)],
      [look('clear')],
    ],
    'the camera gone and then Moonraker is one outage': [
      [printing()],
      [look('clear')],
      [miss()],
      [wait(200_000)],
      [away],
      [wait(100_000), 'tell blind'],
    ],
    'Moonraker away while nobody is to look, or while it stands still, is not told': [
      [printing()],
      [look('clear')],
      [order({ kind: 'mute', for: { kind: 'print' } })],
      [away],
      [wait(900_000)],
      [printing()],
      [order({ kind: 'unmute' })],
      [paused('somebody')],
      [away],
      [wait(900_000)],
    ],
    'Klipper gone is not blind: it does not print on': [
      [printing()],
      [look('clear')],
      [away],
      [klippyGone],
      [wait(900_000)],
    ],
    'once told it is remembered over a pause': [
      [printing()],
      [miss(badKey), 'tell blind'],
      [paused('somebody')],
      [printing()],
      [miss(badKey)],
      [away],
      [printing()],
      [miss(badKey)],
      [look('clear'), 'tell sees again'],
    ],
    'parking for a picture at each layer does not start it anew': [
      [printing()],
      [miss()],
      [wait(150_000)],
      [paused('file')],
      [wait(2_000)],
      [printing()],
      [miss()],
      [wait(148_000), 'tell blind'],
    ],
    'another print is another outage': [
      [printing()],
      [miss(badKey), 'tell blind'],
      [printing(jobB), 'end'],
      [miss(badKey), 'tell blind'],
    ],
    'a restart is another outage': [
      [printing()],
      [miss(badKey), 'tell blind'],
      [restart],
      [printing()],
      [miss(badKey), 'tell blind'],
    ],
  };
  for (const [name, story] of Object.entries(stories)) it(name, () => void play(createRig(), story));

  it('leaves verdict, trouble and incident as they are', () => {
    const rig = createRig();
    play(rig, [[printing()], [look('warning'), warned]]);
    const { verdict, trouble, incident } = rig.state;
    play(rig, [[miss()], [wait(300_000), 'tell blind'], [miss(badKey), 'tell blind']]);
    assert.deepEqual({ ...rig.state }, { ...rig.state, verdict, trouble, incident });
  });

  it('names the fault that waits for a person until there is an assessment', () => {
    const rig = createRig();
    play(rig, [[printing()], [miss(badKey), 'tell blind'], [miss(fault)]]);
    assert.equal(rig.state.blind?.fault.code, 'BACKEND_BAD_KEY');
  });

  it('otherwise names the latest', () => {
    const rig = createRig();
    play(rig, [[printing()], [miss(fault)], [miss({ ...fault, code: 'CAMERA_NOT_JPEG' })]]);
    assert.equal(rig.state.blind?.fault.code, 'CAMERA_NOT_JPEG');
  });
});
