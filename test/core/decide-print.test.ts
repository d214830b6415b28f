// Resumes by anybody, accepted scenes, parking for a picture, ends, Moonraker's absence.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  acted,
  assessment,
  away,
  createRig,
  done,
  ended,
  failed,
  heating,
  idle,
  jobA,
  jobB,
  look,
  paused,
  play,
  printing,
  type Step,
  says,
  wait,
} from './watch-rig.ts';

const warned = 'raise this print may be failing';
const told = 'raise print failing, paused';
const notStopped = 'raise print failing and NOT stopped';
const mute = 600_000;

type Row = readonly [Step, ...string[]];
type Stories = Readonly<Record<string, readonly Row[]>>;

function tellAll(name: string, before: readonly Row[], stories: Stories): void {
  describe(name, () => {
    for (const [story, rows] of Object.entries(stories)) {
      it(story, () => void play(createRig(), [...before, ...rows]));
    }
  });
}

const warning: readonly Row[] = [[printing()], [look('warning', 0.6), warned]];
const ordered: readonly Row[] = [[printing()], [look('failing', 0.6), 'take pause']];
const pausedByUs: readonly Row[] = [...ordered, [paused()], [acted(done()), told]];
const resumed: readonly Row[] = [...pausedByUs, [wait(60_000)], [printing(), 'close']];

tellAll('after a resume, from Mainsail or the screen or a macro', resumed, {
  'quiet for resume_mute, to the millisecond': [
    [look('failing', 0.7)],
    [wait(mute - 1)],
    [look('failing', 0.7)],
    [wait(1)],
    [look('failing', 0.7), warned],
  ],
  'the same scene: told once, never paused': [
    [wait(mute)],
    [look('failing', 0.74), warned],
    [wait(60_000)],
    [look('failing', 0.74)],
    [look('watching')],
    [wait(400_000)],
    [look('watching'), 'close'],
    [look('failing', 0.74)],
  ],
  'cleared once, during the mute': [
    [look('clear')],
    [look('failing')],
    [wait(mute)],
    [look('failing'), 'take pause'],
  ],
  'cleared once, after the mute': [
    [wait(mute)],
    [look('failing'), warned],
    [look('clear')],
    [look('failing'), 'take pause'],
  ],
  'being watched is not clear': [[wait(mute)], [look('watching')], [look('failing'), warned]],
  'grown by 0.15': [[wait(mute)], [look('failing', 0.75), 'take pause']],
  'grown by less': [[wait(mute)], [look('failing', 0.7499), warned]],
  'grown once, and then a little less': [
    [wait(mute)],
    [look('warning', 0.8), warned],
    [look('failing', 0.7), 'take pause'],
  ],
  'grown during the mute': [[look('failing', 0.9)], [wait(mute)], [look('failing', 0.7), 'take pause']],
  'told as accepted, then it grows as a warning: told again': [
    [wait(mute)],
    [look('warning'), warned],
    [look('warning', 0.8), warned],
    [look('warning', 0.8)],
    [look('failing', 0.8), 'take pause'],
  ],
  'told as accepted, answered, then it grows': [
    [wait(mute)],
    [look('warning'), warned],
    [says('seen'), 'close'],
    [look('warning', 0.8), warned],
    [says('seen'), 'close'],
  ],
  'a second pause, a second resume: the newer scene counts': [
    [wait(mute)],
    [look('failing', 0.8), 'take pause'],
    [paused()],
    [acted(done()), told],
    [printing(), 'close'],
    [wait(mute)],
    [look('failing', 0.9), warned],
    [look('failing', 0.95), 'take pause'],
  ],
  'a second resume of a scene that looks less bad: the worse one stays accepted': [
    [wait(mute)],
    [look('failing', 0.4), warned],
    [paused('somebody')],
    [printing(), 'close'],
    [wait(mute)],
    [look('failing', 0.7), warned],
    [look('failing', 0.75), 'take pause'],
  ],
  'paused and resumed for something else, while clear: later trouble is new': [
    [wait(mute)],
    [look('clear')],
    [paused('somebody')],
    [printing()],
    [wait(mute)],
    [look('failing'), 'take pause'],
  ],
  'resumed again before any look': [
    [paused('somebody')],
    [printing()],
    [wait(mute)],
    [look('failing'), warned],
  ],
  'resumed while it heats up again': [
    [paused('somebody')],
    [heating()],
    [printing()],
    [wait(mute)],
    [look('failing'), warned],
  ],
  'another print of the same file knows nothing of it': [
    [printing(jobB), 'end'],
    [look('failing', 0.6, jobB), 'take pause'],
  ],
});

tellAll('after a resume with no alert open', [[printing()]], {
  'of a print that looked well: quiet, then as ever': [
    [look('clear')],
    [paused('sensor')],
    [printing()],
    [look('failing')],
    [wait(mute)],
    [look('failing'), 'take pause'],
  ],
  'of a print that was being watched: that much is accepted': [
    [look('watching', 0.5)],
    [paused('somebody')],
    [printing()],
    [wait(mute)],
    [look('failing', 0.6), warned],
    [look('failing', 0.65), 'take pause'],
  ],
  'of a print that was warned of': [
    [look('warning', 0.5), warned],
    [paused('somebody')],
    [printing(), 'close'],
    [wait(mute)],
    [look('failing', 0.6), warned],
  ],
});

it('0.55 and 0.70 are 0.15 apart, whatever binary says', () => {
  const rows: Row[] = [
    [printing()],
    [look('failing', 0.55), 'take pause'],
    [paused()],
    [acted(done()), told],
  ];
  play(createRig(), [...rows, [printing(), 'close'], [wait(mute)], [look('failing', 0.7), 'take pause']]);
});

it('says in the alert that the scene is accepted, and no longer when it has grown', () => {
  const rig = play(createRig(), [...resumed, [wait(mute)], [look('warning'), warned]]);
  assert.match(rig.alert?.lines[1] ?? '', /^You let it go on/);
  play(rig, [[look('warning', 0.9), warned]]);
  assert.match(rig.alert?.lines[1] ?? '', /^Nothing has been done/);
});

tellAll('parking for a picture at each layer (PAUSE and RESUME of a macro in the file)', [[printing()]], {
  'is no resume by anybody': [[paused('file')], [wait(3_000)], [printing()], [look('failing'), 'take pause']],
  'leaves a warning open': [
    [look('warning'), warned],
    [paused('file')],
    [paused('file')],
    [wait(19_999)],
    [printing()],
    [look('warning')],
    [look('failing'), 'take pause'],
  ],
  'a colour change takes longer: that is one': [
    [paused('file')],
    [wait(20_000)],
    [printing()],
    [look('failing')],
  ],
  'a pause by somebody, however short, is one': [
    [paused('somebody')],
    [wait(1_000)],
    [printing()],
    [look('failing')],
  ],
  'an answer in the middle of it counts': [
    [look('warning'), warned],
    [paused('file')],
    [says('resume'), 'close', 'do resume'],
    [printing(), 'close'],
    [look('failing')],
  ],
  'our pause fell into it, and the macro has undone it: said at once': [
    [look('failing'), 'take pause'],
    [paused('file')],
    [acted(done(600)), told],
    [wait(2_000)],
    [printing(), 'idle 600', notStopped],
    [look('failing')],
  ],
  'our pause fell into it, and Moonraker was away when the macro undid it: said once': [
    [look('failing'), 'take pause'],
    [paused('file')],
    [acted(done()), told],
    [away],
    [printing(), notStopped],
    [printing()],
  ],
  'our pause fell into it and was heard of later': [
    [look('failing'), 'take pause'],
    [paused('file')],
    [printing()],
    [acted(done()), told],
    [look('failing'), notStopped],
  ],
  'Moonraker was away in the middle of it': [
    [look('warning'), warned],
    [paused('file')],
    [away],
    [printing(), warned],
    [look('failing'), 'take pause'],
  ],
});

tellAll('the end of a print', warning, {
  complete: [[ended(), 'close', 'end'], [ended()], [idle]],
  error: [[ended('error'), 'close', 'end']],
  'reset before the end was seen': [[idle, 'close', 'end'], [look('failing')]],
  'never seen: the next has begun': [
    [heating(jobB), 'close', 'end'],
    [printing(jobB)],
    [look('warning', 0.6, jobB), warned],
  ],
  'never seen: the next is paused': [[paused('somebody', jobB), 'close', 'end']],
  'the pause comes too late': [[look('failing'), 'take pause'], [ended(), 'close', 'end'], [acted(failed)]],
});

tellAll('while Moonraker is away', ordered, {
  'the pause was done: told when it is back': [
    [away],
    [acted(failed), notStopped],
    [paused(), told, 'warm'],
    [printing(), 'close'],
    [look('failing')],
  ],
  'the pause was not done: told again when it is back, for the first time reached nobody': [
    [away],
    [acted(failed), notStopped],
    [away],
    [printing(), notStopped],
    [printing()],
    [look('failing')],
  ],
  'the action is still out when it is back': [[away], [printing()], [acted(done()), told], [paused()]],
  'an alert is shown again: Moonraker forgets its prompts': [
    [paused()],
    [acted(done()), told],
    [away],
    [away],
    [paused(), told],
    [paused()],
  ],
  'an answered one is not': [
    [paused()],
    [acted(done()), told],
    [says('resume'), 'close', 'do resume'],
    [away],
    [paused()],
  ],
  'resumed from the screen meanwhile': [
    [paused()],
    [acted(done()), told],
    [away],
    [printing(), 'close'],
    [look('failing')],
  ],
  'it has ended meanwhile': [[away], [ended(), 'close', 'end']],
});

it('the same inputs give the same states and effects, and no input changes the state that it was given', () => {
  const play1 = createRig();
  const play2 = createRig();
  const rows: readonly Step[] = [
    printing(),
    look('failing'),
    paused(),
    acted(done(600)),
    printing(),
    wait(mute),
    look('failing'),
  ];
  for (const step of rows) {
    const before = JSON.stringify(play1.state);
    const frozen = Object.freeze(play1.state);
    const effects = step(play1);
    assert.equal(JSON.stringify(frozen), before);
    assert.deepEqual(step(play2), effects);
    assert.deepEqual(play2.state, play1.state);
  }
});

it('remembers the last assessment and its moment', () => {
  const rig = play(createRig(), [[printing()], [look('watching', 0.3)]]);
  assert.deepEqual(rig.state.last, {
    assessment: assessment('watching', 0.3),
    counted: 0.3,
    at: rig.now,
  });
  assert.deepEqual(rig.state.job, { filename: jobA.filename, startTickMs: jobA.startTickMs });
});
