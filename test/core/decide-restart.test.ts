// Our own restart in every phase of an incident: nothing is done twice, nothing that a person must know is lost.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  acted,
  away,
  createRig,
  delayed,
  done,
  ended,
  failed,
  idle,
  jobB,
  look,
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
const cancelled = 'raise print failed, cancelled';
const mute = 600_000;

type Row = readonly [Step, ...string[]];
type Stories = Readonly<Record<string, readonly Row[]>>;

const warning: readonly Row[] = [[printing()], [look('warning', 0.6), warned]];
const ordered: readonly Row[] = [[printing()], [look('failing', 0.6), 'take pause']];
const pausedByUs: readonly Row[] = [...ordered, [paused()], [acted(done()), told]];
const resumed: readonly Row[] = [...pausedByUs, [wait(60_000)], [printing(), 'close']];

describe('our own restart', () => {
  const stories: Stories = {
    'with nothing open': [
      [printing()],
      [look('clear')],
      [restart],
      [away],
      [printing()],
      [look('warning'), warned],
    ],
    'a warning is shown again': [
      ...warning,
      [restart],
      [away],
      [printing(), warned],
      [printing()],
      [look('failing'), 'take pause'],
    ],
    'a warning that was seen is not': [...warning, [says('seen'), 'close'], [restart], [printing()]],
    'action asked for, and done meanwhile': [
      ...ordered,
      [restart],
      [away],
      [paused(), told, 'warm'],
      [printing(), 'close'],
    ],
    'action asked for, and not done: told, never asked again': [
      ...ordered,
      [restart],
      [printing(), notStopped],
      [look('failing', 1)],
      [wait(60_000)],
      [look('failing', 1)],
    ],
    'action asked for, not done, and done after all': [
      ...ordered,
      [restart],
      [printing(), notStopped],
      [paused('somebody'), told, 'warm'],
    ],
    'action delayed': [
      ...ordered,
      [acted(delayed), 'tell asked Klipper'],
      [restart],
      [paused(), told, 'warm'],
    ],
    'action failed': [
      ...ordered,
      [acted(failed), notStopped],
      [restart],
      [printing(), notStopped],
      [look('failing')],
    ],
    'paused by us': [
      ...pausedByUs,
      [restart],
      [paused('somebody'), told],
      [says('resume'), 'close', 'do resume'],
      [printing(), 'close'],
    ],
    'paused by us, resumed while we were down': [
      ...pausedByUs,
      [restart],
      [printing(), 'close'],
      [look('failing')],
      [wait(mute)],
      [look('failing'), warned],
    ],
    'paused by us, ended while we were down': [
      ...ordered,
      [paused()],
      [acted(done(600)), told],
      [restart],
      [ended('cancelled'), 'close', 'idle 600', 'end'],
    ],
    'another print runs when we are back': [
      ...pausedByUs,
      [restart],
      [printing(jobB), 'close', 'end'],
      [look('failing', 0.6, jobB), 'take pause'],
    ],
    'in the mute': [
      ...resumed,
      [restart],
      [printing()],
      [wait(mute - 1)],
      [look('failing')],
      [wait(1)],
      [look('failing'), warned],
    ],
    'with the resume being carried out: it can be given again': [
      ...pausedByUs,
      [says('resume'), 'close', 'do resume'],
      [restart],
      [paused(), told],
    ],
    'with the resume carried out': [
      ...pausedByUs,
      [says('resume'), 'close', 'do resume'],
      [restart],
      [printing(), 'close'],
      [look('failing')],
    ],
    'with a pause that was answered, carried out': [
      ...warning,
      [says('pause'), 'close', 'do pause'],
      [restart],
      [paused()],
      [printing(), 'close'],
    ],
    'with a pause that was answered, not carried out': [
      ...warning,
      [says('pause'), 'close', 'do pause'],
      [restart],
      [printing(), warned],
    ],
    'with a cancel that was answered, not carried out': [
      ...pausedByUs,
      [says('cancel'), 'close', 'do cancel'],
      [restart],
      [paused(), told],
    ],
    'false alarm while the pause was on its way, and it came': [
      ...ordered,
      [says('false-alarm'), 'close'],
      [restart],
      [paused(), told, 'warm'],
    ],
    'false alarm while the pause was on its way, and it did not': [
      ...ordered,
      [says('false-alarm'), 'close'],
      [restart],
      [printing(), 'close'],
      [look('failing')],
    ],
    'answered before the print was seen again': [
      ...ordered,
      [restart],
      [says('false-alarm'), 'close'],
      [paused(), told, 'warm'],
    ],
    'a print that was being watched, resumed before any look': [
      [printing()],
      [look('watching')],
      [paused('somebody')],
      [restart],
      [printing()],
      [wait(mute)],
      [look('failing'), 'take pause'],
    ],
  };
  for (const [name, rows] of Object.entries(stories)) it(name, () => void play(createRig(), rows));

  const start: readonly Row[] = [[printing()], [look('failing'), 'take cancel']];
  const cancelStories: Stories = {
    'cancelled meanwhile': [[restart], [ended('cancelled'), cancelled, 'end'], [printing(jobB), 'close']],
    'ended by itself meanwhile': [[restart], [ended('complete'), 'close', 'end']],
    'ended, and reset': [[restart], [idle, 'close', 'end']],
    'only paused: not cancelled, and said so': [[restart], [paused('somebody'), notStopped]],
    'still printing': [[restart], [printing(), notStopped], [look('failing')]],
    'after it was told': [
      [ended('cancelled'), 'end'],
      [acted(done()), cancelled],
      [restart],
      [away],
      [ended('cancelled'), cancelled],
      [says('seen'), 'close'],
    ],
  };
  for (const [name, rows] of Object.entries(cancelStories)) {
    it(`cancel: ${name}`, () => void play(createRig({ onFailure: 'cancel' }), [...start, ...rows]));
  }

  it('offers to resume what is only paused', () => {
    const rig = play(createRig({ onFailure: 'cancel' }), [
      ...start,
      [restart],
      [paused('somebody'), notStopped],
    ]);
    assert.deepEqual(rig.alert?.answers, ['resume', 'cancel', 'false-alarm']);
    assert.match(rig.alert?.lines[1] ?? '', /restarted while it waited, and the print is only paused/);
  });

  it('does not take a warning for over because nobody has looked meanwhile', () => {
    const rig = play(createRig(), warning);
    rig.wait(600_000);
    play(rig, [[restart], [printing(), warned], [look('clear')], [wait(180_000)], [look('clear'), 'close']]);
  });
});
