// What a person asks for without an alert, and what it does to a watch that is under way.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gateOf } from '../../src/core/gates.ts';
import {
  type Hold,
  holdAfterBoot,
  holdAfterPrint,
  isHeld,
  mutedBy,
  mutedMs,
  noHold,
} from '../../src/core/hold.ts';
import type { Effect, WatchCommand } from '../../src/core/watch-state.ts';
import { aJob } from '../support/parts.ts';
import { createRig, heating, idle, jobA, jobB, look, miss, printing } from './watch-rig.ts';

const mute = (minutes: number): WatchCommand => ({ kind: 'mute', for: { kind: 'minutes', minutes } });
const off: WatchCommand = { kind: 'switch', isOn: false };
const kinds = (effects: readonly Effect[]) => effects.map(({ kind }) => kind);

describe('a command', () => {
  it('to mute takes back an alert that nothing was ordered for, and nothing counts meanwhile', () => {
    const rig = createRig({ onFailure: 'alert' });
    printing()(rig);
    look('failing')(rig);
    assert.notEqual(rig.state.incident, null);
    assert.deepEqual(kinds(rig.hear({ kind: 'commanded', command: mute(10) })), ['close-alert']);
    assert.deepEqual(look('failing')(rig), []);
    rig.wait(600_000);
    assert.deepEqual(kinds(look('failing')(rig)), ['raise-alert']);
  });

  it('to unmute lets it count again at once', () => {
    const rig = createRig({ onFailure: 'alert' });
    printing()(rig);
    rig.hear({ kind: 'commanded', command: mute(1_440) });
    rig.hear({ kind: 'commanded', command: { kind: 'unmute' } });
    assert.deepEqual(kinds(look('failing')(rig)), ['raise-alert']);
  });

  it('to mute leaves a pause alone that is under way, or done', () => {
    const rig = createRig();
    printing()(rig);
    look('failing')(rig);
    assert.deepEqual(rig.hear({ kind: 'commanded', command: mute(10) }), []);
    assert.notEqual(rig.state.incident, null);
  });

  it('to mute for some minutes leaves the mute of the print and of the file as they are', () => {
    const rig = createRig();
    printing()(rig);
    const muted = (what: WatchCommand) => {
      rig.hear({ kind: 'commanded', command: what });
      return rig.state.hold.mutes.map(({ kind }) => kind);
    };
    assert.deepEqual(muted({ kind: 'mute', for: { kind: 'print' } }), ['print']);
    assert.deepEqual(muted(mute(10)), ['print', 'until']);
    assert.deepEqual(muted({ kind: 'mute', for: { kind: 'file' } }), ['file', 'print', 'until']);
    assert.deepEqual(muted(mute(1)), ['file', 'print', 'until']);
    rig.wait(120_000);
    assert.deepEqual(look('failing')(rig), []);
    assert.equal(mutedBy(rig.state.hold, jobA, rig.now)?.kind, 'file');
    // The next print of the file is muted yet, one of another file is not.
    idle(rig);
    assert.deepEqual(
      rig.state.hold.mutes.map(({ kind }) => kind),
      ['file', 'until'],
    );
    assert.equal(mutedMs(rig.state.hold, jobB, rig.now), null);
    assert.equal(mutedMs(rig.state.hold, { ...jobB, filename: 'b.gcode' }, rig.now), 0);
    assert.deepEqual(muted({ kind: 'unmute' }), []);
  });

  it('to mute makes a look that fails meanwhile no outage', () => {
    const rig = createRig({ blindAfterMs: 0 });
    printing()(rig);
    rig.hear({ kind: 'commanded', command: mute(10) });
    assert.deepEqual(miss()(rig), []);
    assert.equal(rig.state.blind, null);
  });

  it('to mute a print or a file needs one', () => {
    const rig = createRig();
    for (const kind of ['print', 'file'] as const) {
      assert.deepEqual(rig.hear({ kind: 'commanded', command: { kind: 'mute', for: { kind } } }), []);
      assert.deepEqual(rig.state.hold.mutes, []);
    }
    printing()(rig);
    rig.hear({ kind: 'commanded', command: { kind: 'mute', for: { kind: 'print' } } });
    assert.equal(rig.state.hold.mutes[0]?.kind, 'print');
    rig.hear({ kind: 'commanded', command: { kind: 'mute', for: { kind: 'file' } } });
    assert.equal(rig.state.hold.mutes[0]?.kind, 'file');
  });

  it('to switch off holds over prints, which are told of it', () => {
    const rig = createRig();
    assert.deepEqual(rig.hear({ kind: 'commanded', command: off }), []);
    const [told] = printing()(rig);
    assert.ok(told?.kind === 'tell' && /switched off/.test(told.notice.text));
    assert.deepEqual(look('failing')(rig), []);
    rig.hear({ kind: 'commanded', command: { kind: 'switch', isOn: true } });
    assert.deepEqual(kinds(look('failing')(rig)), ['take-action']);
  });

  it('to mute for long is told at the start of each print that it holds for', () => {
    const told = (effects: readonly Effect[]) =>
      effects.flatMap((effect) => (effect.kind === 'tell' ? [effect.notice.text] : []));
    const rig = createRig();
    rig.hear({ kind: 'commanded', command: mute(90) });
    assert.match(told(heating()(rig))[0] ?? '', /muted for 1 h 30 min yet and does not watch this print/);
    assert.deepEqual(told(printing()(rig)), [], 'once a print');
    rig.hear({ kind: 'commanded', command: mute(59) });
    assert.deepEqual(told(printing(jobB)(rig)), [], 'that was only just asked for');
    rig.hear({ kind: 'commanded', command: { kind: 'mute', for: { kind: 'file' } } });
    idle(rig);
    assert.match(told(printing()(rig))[0] ?? '', /muted for this file .* LOOKOUT_UNMUTE/);
    idle(rig);
    assert.deepEqual(told(printing({ ...jobB, filename: 'b.gcode' })(rig)), [], 'of another file');
    // As after a reboot in the middle of it.
    const mutedPrint = { isOff: false, mutes: [{ kind: 'print', job: jobB }] } as const;
    rig.state = { ...rig.state, job: null, hold: mutedPrint };
    assert.match(told(printing(jobB)(rig))[0] ?? '', /muted for this print /);
  });

  it('to pause, resume or cancel is carried out while there is a print, and only then', () => {
    const rig = createRig();
    for (const kind of ['pause', 'resume', 'cancel'] as const) {
      assert.deepEqual(rig.hear({ kind: 'commanded', command: { kind } }), []);
    }
    printing()(rig);
    for (const kind of ['pause', 'resume', 'cancel'] as const) {
      assert.deepEqual(rig.hear({ kind: 'commanded', command: { kind } }), [
        { kind: 'do-answer', incidentId: '', answer: kind },
      ]);
    }
  });
});

describe('a hold', () => {
  const now = { atMs: 0, tickMs: 1_000 };
  const job = aJob();
  const other = aJob({ startTickMs: 900_000 });

  it('lasts for a time, a print or a file', () => {
    const forTime = { isOff: false, mutes: [{ kind: 'until', untilTickMs: 5_000 }] } as const;
    const forPrint = { isOff: false, mutes: [{ kind: 'print', job }] } as const;
    const forFile = { isOff: false, mutes: [{ kind: 'file', filename: job.filename }] } as const;
    assert.deepEqual(
      [forTime, forPrint, forFile, noHold].map((hold) => [
        mutedMs(hold, job, now),
        mutedMs(hold, other, now),
        mutedMs(hold, aJob({ filename: 'b.gcode' }), now),
        mutedMs(hold, null, now),
      ]),
      [
        [4_000, 4_000, 4_000, 0],
        [null, 0, 0, 0],
        [null, null, 0, 0],
        [0, 0, 0, 0],
      ],
    );
    assert.equal(mutedMs(forTime, job, { atMs: 0, tickMs: 6_000 }), 0);
    assert.deepEqual(
      [forTime, forPrint, forFile].map((hold) => holdAfterPrint(hold, other).mutes[0]?.kind),
      [...['until', undefined, 'file']],
    );
    assert.ok(isHeld({ isOff: true, mutes: [] }, null, now));
  });

  it('outlives a reboot, by the wall clock, and never longer than it was', () => {
    // Ten minutes on the wall, and the ticks have begun anew.
    const before = { atMs: 10_000_000, tickMs: 5_000_000 };
    const after = { atMs: 10_600_000, tickMs: 30_000 };
    const forTime: Hold = { isOff: true, mutes: [{ kind: 'until', untilTickMs: 6_800_000 }] };
    const left = (now: typeof after) => mutedMs(holdAfterBoot(forTime, before, now), job, now);
    assert.equal(left(after), 1_200_000);
    assert.ok(holdAfterBoot(forTime, before, after).isOff);
    assert.equal(left({ ...after, atMs: 11_900_000 }), 0, 'it is over');
    assert.equal(left({ ...after, atMs: 0 }), 1_800_000, 'a clock that is behind');
    const over: Hold = { isOff: false, mutes: [{ kind: 'until', untilTickMs: 4_000_000 }] };
    assert.equal(mutedMs(holdAfterBoot(over, before, { ...after, atMs: 0 }), job, after), 0);

    const forPrint: Hold = {
      isOff: false,
      mutes: [{ kind: 'print', job: aJob({ startTickMs: 4_400_000 }) }],
    };
    const known = holdAfterBoot(forPrint, before, after);
    assert.equal(mutedMs(known, aJob({ startTickMs: -1_170_000 }), after), null, 'of a printer elsewhere');
    assert.equal(mutedMs(known, aJob({ startTickMs: 20_000 }), after), 0, 'the same file again');

    const forFile: Hold = { isOff: false, mutes: [{ kind: 'file', filename: 'a.gcode' }] };
    assert.deepEqual(holdAfterBoot(forFile, null, after), forFile);
    assert.deepEqual(holdAfterBoot({ ...noHold, isOff: true }, before, after), { isOff: true, mutes: [] });
    assert.deepEqual(holdAfterBoot(forTime, null, after), { isOff: true, mutes: [] }, 'no moment was kept');
  });

  it('is the last gate, and the switch the first', () => {
    const options = { isEnabled: true, startAfterMs: 0 };
    const printing = { kind: 'printing', job, pauseFlag: 'none' } as const;
    const held = (hold: typeof noHold) => ({ hold, now });
    assert.equal(gateOf(printing, options, held(noHold)), null);
    assert.deepEqual(gateOf({ kind: 'idle' }, options, held({ isOff: true, mutes: [] })), {
      ...{ kind: 'switched-off', isByPerson: true },
    });
    const muted = held({ isOff: false, mutes: [{ kind: 'file', filename: job.filename }] });
    assert.deepEqual(gateOf(printing, options, muted), { kind: 'muted', leftMs: null, isForFile: true });
    assert.deepEqual(gateOf({ ...printing, pauseFlag: 'macro' }, options, muted), { kind: 'macro-pause' });
  });
});
