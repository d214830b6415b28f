// What a person's answer does, given at any moment, to any alert, once or twice.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  acted,
  answerCame,
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
  type Step,
  says,
  wait,
} from './watch-rig.ts';

const warned = 'raise this print may be failing';
const told = 'raise print failing, paused';
const notStopped = 'raise print failing and NOT stopped';

type Row = readonly [Step, ...string[]];
type Stories = Readonly<Record<string, readonly Row[]>>;

const warning: readonly Row[] = [[printing()], [look('warning'), warned]];
const ordered: readonly Row[] = [[printing()], [look('failing'), 'take pause']];
const pausedByUs: readonly Row[] = [...ordered, [paused()], [acted(done(600)), told]];

function tellAll(name: string, before: readonly Row[], stories: Stories): void {
  describe(name, () => {
    for (const [story, rows] of Object.entries(stories)) {
      it(story, () => void play(createRig(), [...before, ...rows]));
    }
  });
}

tellAll('an alert while we hold the print paused', pausedByUs, {
  resume: [
    [says('resume'), 'close', 'do resume'],
    [printing(), 'close', 'idle 600'],
    [answerCame('resume', done())],
    [look('failing')],
  ],
  'resume, pressed twice': [
    [says('resume'), 'close', 'do resume'],
    [says('resume'), 'close'],
  ],
  'resume, then false alarm on another screen': [
    [says('resume'), 'close', 'do resume'],
    [says('false-alarm'), 'close'],
    [answerCame('resume', failed), 'tell not taken effect', told],
    [says('false-alarm'), 'close', 'do resume'],
  ],
  'resume, refused by a cold nozzle': [
    [says('resume'), 'close', 'do resume'],
    [answerCame('resume', failed), 'tell not taken effect', told],
    [says('resume'), 'close', 'do resume'],
    [printing(), 'close', 'idle 600'],
  ],
  'resume, waiting for a macro': [
    [says('resume'), 'close', 'do resume'],
    [answerCame('resume', delayed), 'tell has waited'],
    [printing(), 'close', 'idle 600'],
    [answerCame('resume', done())],
  ],
  'false alarm': [
    [says('false-alarm'), 'close', 'do resume'],
    [printing(), 'close', 'idle 600'],
    [wait(600_000)],
    [look('failing'), warned],
  ],
  'false alarm, and the resume fails': [
    [says('false-alarm'), 'close', 'do resume'],
    [answerCame('resume', failed), 'tell not taken effect', told],
  ],
  'false alarm, then cancel all the same': [
    [says('false-alarm'), 'close', 'do resume'],
    [says('cancel'), 'close', 'do cancel'],
    // The buttons stay away: the cancel is still being carried out.
    [answerCame('resume', failed), 'tell not taken effect'],
    [ended('cancelled'), 'close', 'idle 600', 'end'],
  ],
  cancel: [
    [says('cancel'), 'close', 'do cancel'],
    [ended('cancelled'), 'close', 'idle 600', 'end'],
    [answerCame('cancel', done())],
    [idle],
  ],
  'cancel, and it fails': [
    [says('cancel'), 'close', 'do cancel'],
    [answerCame('cancel', failed), 'tell not taken effect', told],
  ],
  'by a way that cannot tell which alert': [
    [says('resume', null), 'close', 'do resume'],
    [printing(), 'close', 'idle 600'],
  ],
  'to what cannot be an alert': [[says('resume', 'x"; M112')], [says('cancel', '')]],
  'to an alert of the past': [
    [says('resume', 'old0n1'), 'close'],
    [says('cancel', 'old0n1'), 'close'],
  ],
  seen: [
    [says('seen'), 'close'],
    [printing(), 'close', 'idle 600'],
  ],
});

tellAll('an alert while it prints', warning, {
  'false alarm: told no more, but for what is new': [
    [says('false-alarm'), 'close'],
    [look('failing')],
    [wait(600_000)],
    [look('failing'), warned],
    [look('failing')],
    [look('clear')],
    [look('failing'), 'take pause'],
  ],
  'false alarm twice: the second is of the past': [
    [says('false-alarm'), 'close'],
    [says('false-alarm'), 'close'],
    [says('false-alarm', null)],
  ],
  'resume: let it go on, and order nothing of a printer that prints': [
    [says('resume'), 'close'],
    [look('failing')],
  ],
  'pause, then resumed by hand': [
    [says('pause'), 'close', 'do pause'],
    [paused()],
    [answerCame('pause', done(600))],
    [printing(), 'close', 'idle 600'],
    [look('failing')],
  ],
  'pause: nothing is ordered on top, whatever is seen meanwhile': [
    [says('pause'), 'close', 'do pause'],
    [look('failing')],
    [answerCame('pause', delayed), 'tell has waited'],
    [look('failing')],
    [wait(400_000)],
    [look('clear')],
    [paused()],
    [answerCame('pause', done())],
  ],
  'pause, and it fails: the failure is acted upon': [
    [says('pause'), 'close', 'do pause'],
    [answerCame('pause', failed), 'tell not taken effect', warned],
    [look('failing'), 'take pause'],
  ],
  'pause, then false alarm: our pause is ended': [
    [says('pause'), 'close', 'do pause'],
    [paused()],
    [answerCame('pause', done())],
    [says('false-alarm'), 'close', 'do resume'],
    [printing(), 'close'],
  ],
  'somebody pauses; false alarm does not move a printer with hands in it': [
    [paused('somebody')],
    [says('false-alarm'), 'close'],
    [printing()],
    [wait(600_000)],
    [look('failing'), warned],
  ],
  'somebody pauses; resume does': [
    [paused('somebody')],
    [says('resume'), 'close', 'do resume'],
    [printing(), 'close'],
  ],
  'somebody pauses, and the resume fails: resuming is offered again': [
    [paused('somebody')],
    [says('resume'), 'close', 'do resume'],
    [answerCame('resume', failed), 'tell not taken effect', warned],
    [says('resume'), 'close', 'do resume'],
  ],
  'seen, then it fails: what was seen was the warning': [
    [says('seen'), 'close'],
    [look('failing'), 'take pause'],
    [paused()],
    [acted(done()), told],
    [says('seen'), 'close'],
  ],
  'what came of an answer to an alert of the past': [
    [answerCame('pause', failed, 'old0n1'), 'tell not taken effect'],
  ],
});

tellAll('a pause of ours that was too short to be seen', [...ordered, [acted(done()), told]], {
  'false alarm: quiet, then told as accepted': [
    [says('false-alarm'), 'close', 'do resume'],
    [look('failing')],
    [answerCame('resume', done())],
    [wait(600_000)],
    [look('failing'), warned],
  ],
  'false alarm, and it fails on: that alert can be answered too': [
    [says('false-alarm'), 'close', 'do resume'],
    [wait(600_000)],
    [look('failing', 0.9), notStopped],
    [says('false-alarm'), 'close'],
    [look('failing', 0.9)],
  ],
  'what a pause of before came to changes nothing': [
    [says('false-alarm'), 'close', 'do resume'],
    [answerCame('pause', done())],
    [answerCame('pause', failed, 'old0n1'), 'tell not taken effect'],
  ],
});

tellAll('an answer while our pause is on its way', ordered, {
  'false alarm: undone as soon as it is done': [
    [acted(delayed), 'tell asked Klipper'],
    [says('false-alarm'), 'close'],
    [look('failing')],
    [paused()],
    [acted(done(600)), 'do resume'],
    [answerCame('resume', done())],
    [printing(), 'close', 'idle 600'],
    [wait(600_000)],
    [look('failing'), warned],
  ],
  'false alarm, and the pause fails: it just goes on': [
    [says('false-alarm'), 'close'],
    [acted(failed)],
    [look('failing')],
    [wait(600_000)],
    [look('failing'), warned],
  ],
  'false alarm, and the undoing fails: a person must': [
    [says('false-alarm'), 'close'],
    [paused()],
    [acted(done(600)), 'do resume'],
    [answerCame('resume', failed), 'tell not taken effect', told],
  ],
  'false alarm, and its dialog closed on another screen: undone all the same': [
    [says('false-alarm'), 'close'],
    [says('seen'), 'close'],
    [paused()],
    [acted(done(600)), 'do resume'],
  ],
  'pause: one is enough, and its end is told': [
    [says('pause'), 'close'],
    [acted(delayed), 'tell asked Klipper'],
    [says('pause'), 'close'],
    [paused()],
    [acted(done(600)), told],
  ],
  'false alarm, then pause after all: it stays paused': [
    [says('false-alarm'), 'close'],
    [says('pause'), 'close'],
    [paused()],
    [acted(done(600)), told],
  ],
  'cancel: no alert comes after it': [
    [says('cancel'), 'close', 'do cancel'],
    [paused()],
    [acted(done(600))],
    [ended('cancelled'), 'close', 'idle 600', 'end'],
  ],
  'cancel, and both fail': [
    [says('cancel'), 'close', 'do cancel'],
    [acted(failed), notStopped],
    [answerCame('cancel', failed), 'tell not taken effect'],
    [says('cancel'), 'close', 'do cancel'],
  ],
  'what a person paused is said when our pause was given up': [
    [acted(failed), notStopped],
    [says('pause'), 'close', 'do pause'],
    [paused(), told, 'warm'],
    [answerCame('pause', done())],
    [says('resume'), 'close', 'do resume'],
  ],
});

describe('an answer after the end', () => {
  const rows: readonly Row[] = [
    [printing()],
    [look('failing'), 'take cancel'],
    [ended('cancelled'), 'end'],
    [acted(done()), 'raise print failed, cancelled'],
  ];
  for (const answer of ['seen', 'pause', 'resume', 'cancel', 'false-alarm'] as const) {
    it(`${answer}: closes the alert and touches nothing`, () => {
      const rig = play(createRig({ onFailure: 'cancel' }), [
        ...rows,
        [says(answer), 'close'],
        [says(answer), 'close'],
      ]);
      assert.equal(rig.state.incident, null);
      assert.equal(rig.state.quietUntilTickMs, null);
    });
  }

  it('to the alert of a print that has ended does nothing to the next', () => {
    play(createRig(), [
      ...warning,
      [ended(), 'close', 'end'],
      [printing(jobB)],
      [says('pause'), 'close'],
      [says('cancel'), 'close'],
    ]);
  });
});

describe('failure_gcode', () => {
  const ran = 'raise print failing, your G-code was run';
  const start: readonly Row[] = [[printing()], [look('failing'), 'take gcode']];
  const stories: Stories = {
    'that pauses: false alarm resumes': [
      [paused('somebody')],
      [acted(done()), ran],
      [says('false-alarm'), 'close', 'do resume'],
    ],
    'that pauses: resuming is offered': [
      [paused('somebody')],
      [acted(done()), ran],
      [says('resume'), 'close', 'do resume'],
    ],
    'that lets it print: false alarm resumes nothing': [
      [acted(done()), ran],
      [says('false-alarm'), 'close'],
      [look('failing')],
    ],
    'false alarm while it runs, and it does not pause': [
      [says('false-alarm'), 'close'],
      [acted(done())],
      [look('failing')],
    ],
    'false alarm while it runs, and it pauses': [
      [says('false-alarm'), 'close'],
      [paused('somebody')],
      [acted(done()), 'do resume'],
    ],
  };
  for (const [name, rows] of Object.entries(stories)) {
    it(name, () => void play(createRig({ onFailure: 'gcode' }), [...start, ...rows]));
  }

  it('offers what makes sense for the print as it stands', () => {
    const rig = play(createRig({ onFailure: 'gcode' }), [
      ...start,
      [paused('somebody')],
      [acted(done()), ran],
    ]);
    assert.deepEqual(rig.alert?.answers, ['resume', 'cancel', 'false-alarm']);
    const other = play(createRig({ onFailure: 'gcode' }), [...start, [acted(done()), ran]]);
    assert.deepEqual(other.alert?.answers, ['pause', 'cancel', 'false-alarm']);
  });
});

describe('the idle timeout that a pause of ours has replaced', () => {
  const stories: Stories = {
    'is given back on resume': [
      ...ordered,
      [paused()],
      [acted(done(600)), told],
      [printing(), 'close', 'idle 600'],
    ],
    'is given back at the end': [
      ...ordered,
      [paused()],
      [acted(done(600)), told],
      [ended('cancelled'), 'close', 'idle 600', 'end'],
    ],
    'is given back when another print is seen': [
      ...ordered,
      [paused()],
      [acted(done(600)), told],
      [printing(jobB), 'close', 'idle 600', 'end'],
    ],
    'is the first one found: the second pause found ours': [
      ...warning,
      [says('pause'), 'close', 'do pause'],
      [answerCame('pause', done(600))],
      [paused()],
      [answerCame('pause', done(86_400))],
      [printing(), 'close', 'idle 600'],
    ],
    'is given back at once when the pause is heard of after the end': [
      ...ordered,
      [ended(), 'close', 'end'],
      [acted(done(600)), 'idle 600'],
      [printing(jobB)],
      [ended('complete', jobB), 'end'],
    ],
    'is given back at once when the pause is heard of after the resume': [
      ...ordered,
      [paused()],
      [printing(), 'close'],
      [acted(done(600)), 'idle 600'],
    ],
    'is kept when the print is paused again meanwhile': [
      ...ordered,
      [paused()],
      [printing(), 'close'],
      [paused('somebody')],
      [acted(done(600))],
      [printing(), 'idle 600'],
    ],
    'is left alone where it was not replaced': [
      ...ordered,
      [paused()],
      [acted(done(null)), told],
      [printing(), 'close'],
    ],
    'is remembered while Moonraker is away': [
      ...ordered,
      [paused()],
      [acted(done(600)), told],
      [away],
      [paused(), told],
      [printing(), 'close', 'idle 600'],
    ],
  };
  for (const [name, rows] of Object.entries(stories)) it(name, () => void play(createRig(), rows));
});
