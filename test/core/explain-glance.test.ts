// The first glance: what a person reads before anything else is true and fits the moment.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evidenceMarks } from '../../src/core/evidence.ts';
import { explainGlance, type Glanced } from '../../src/core/explain-glance.ts';
import type { Incident } from '../../src/core/incident.ts';
import { type Print, toScore } from '../../src/core/types.ts';
import { initialWatchState, type WatchState } from '../../src/core/watch-state.ts';
import { aJob, anAssessment } from '../support/parts.ts';

const now = { atMs: 1_000_000, tickMs: 500_000 };
const printing: Print = { kind: 'printing', job: aJob(), pauseFlag: 'none' };
const paused: Print = { kind: 'paused', job: aJob(), by: 'us' };
const last = { assessment: anAssessment(), counted: toScore(0.05), at: now };
const incident: Incident = {
  id: 'a1',
  job: aJob(),
  level: 'failing',
  openedAt: now,
  troubleSince: now,
  layer: null,
  where: null,
  backend: 'obico',
  score: toScore(0.9),
  quality: null,
  seen: null,
  lastSeenTickMs: now.tickMs,
  action: { what: 'pause', state: 'done', requestedAt: now, message: '' },
  answer: null,
  isAccepted: false,
};
const fault = {
  side: 'camera',
  code: 'CAMERA_TIMEOUT',
  message: 'no picture within 10 s',
  hint: 'Restart the camera.',
  isPermanent: false,
} as const;

function glance(print: Print, state: Partial<WatchState> = {}, gate: Glanced['gate'] = null) {
  return explainGlance({ print, gate, state: { ...initialWatchState, ...state } }, now);
}

describe('the first glance', () => {
  for (const [what, seen, mood, title, text] of [
    ['a clear print', glance(printing, { last }), 'fine', 'Looks fine', /^Nothing suspicious/],
    ['nothing judged yet', glance(printing), 'resting', 'Taking the first look', /watched from now on/],
    [
      'a first doubt',
      glance(printing, { last, verdict: 'watching' }),
      'watch-out',
      'Looking closely',
      /until it is sure/,
    ],
    [
      'a doubt right after a resume',
      glance(printing, { last, verdict: 'watching', quietUntilTickMs: now.tickMs + 60_000 }),
      'fine',
      'Going on, as you said',
      /quiet for another 1 min/,
    ],
    [
      'a doubt after the quiet',
      glance(printing, { last, verdict: 'watching', quietUntilTickMs: now.tickMs - 1 }),
      'watch-out',
      'Looking closely',
      /./,
    ],
    [
      'a failure in shadow mode',
      glance(printing, { incident: { ...incident, action: null, wouldHave: { what: 'pause', at: now } } }),
      'watch-out',
      'Shadow: would have paused',
      /Nothing was done \(mode is shadow\)/,
    ],
    [
      'a failure that was paused',
      glance(paused, { incident }),
      'look-here',
      'Paused: look here',
      /The print is paused/,
    ],
    [
      'a failure that could not be stopped',
      glance(printing, {
        incident: {
          ...incident,
          action: { what: 'pause', state: 'failed', requestedAt: now, message: 'no' },
        },
      }),
      'look-here',
      'Failing and NOT stopped: look here',
      /could not be stopped/,
    ],
    [
      'a failure without an action',
      glance(printing, { incident: { ...incident, action: null } }),
      'look-here',
      'Failing: look here',
      /./,
    ],
    [
      'a warning',
      glance(printing, { incident: { ...incident, level: 'warning', action: null } }),
      'watch-out',
      'Watch out',
      /have a look/,
    ],
    [
      'a warning of a paused print',
      glance(paused, { incident: { ...incident, level: 'warning', action: null } }),
      'look-here',
      'Paused: look here',
      /./,
    ],
    [
      'no picture',
      glance(printing, { blind: { since: { atMs: 0, tickMs: now.tickMs - 90_000 }, fault, isTold: true } }),
      'cannot-see',
      'Cannot see',
      /^Because no picture within 10 s \(for 1 min 30 s\)\. Restart the camera\.$/,
    ],
    [
      'no picture and no advice',
      glance(printing, { blind: { since: now, fault: { ...fault, hint: '' }, isTold: true } }),
      'cannot-see',
      'Cannot see',
      /\(for 0 s\)\.$/,
    ],
    [
      'a printer that is away',
      glance(
        { kind: 'not-ready', why: 'error', message: 'MCU shut down\nmore' },
        {},
        { kind: 'not-ready', message: '' },
      ),
      'cannot-see',
      'Cannot see the printer',
      /^MCU shut down\.$/,
    ],
    [
      'a printer that does not say why',
      glance({ kind: 'not-ready', why: 'error', message: '' }),
      'cannot-see',
      'Cannot see the printer',
      /^$/,
    ],
    [
      'an idle printer',
      glance({ kind: 'idle' }, {}, { kind: 'not-printing' }),
      'resting',
      'Nothing to watch',
      /^Nothing is printing\.$/,
    ],
    [
      'a paused print',
      glance(paused, {}, { kind: 'paused' }),
      'resting',
      'Paused',
      /^The print is paused\.$/,
    ],
    [
      'heating',
      glance({ kind: 'heating', job: aJob(), pauseFlag: 'none' }, {}, { kind: 'heating' }),
      'resting',
      'Not judging yet',
      /^Heating/,
    ],
    [
      'a finished print',
      glance({ kind: 'ended', job: aJob(), how: 'complete', message: '' }, {}, { kind: 'not-printing' }),
      'resting',
      'Print finished',
      /^Nothing is printing\.$/,
    ],
    [
      'a print that ended with an error',
      glance(
        { kind: 'ended', job: aJob(), how: 'error', message: 'Move out of range!' },
        {},
        { kind: 'not-printing' },
      ),
      'resting',
      'Print ended with an error',
      /^Move out of range!$/,
    ],
  ] as const) {
    it(`of ${what}: ${title}`, () => {
      assert.equal(seen.mood, mood);
      assert.equal(seen.title, title);
      assert.match(seen.text, text);
    });
  }
});

describe('the marks of the evidence', () => {
  it('go with the sensitivity', () => {
    const options = {
      warnAfterMs: 30_000,
      failAfterMs: 90_000,
      sensitivity: 'low',
      intervalMs: 10_000,
    } as const;
    assert.deepEqual(evidenceMarks(options), { warnMs: 45_000, failMs: 135_000 });
  });
});
