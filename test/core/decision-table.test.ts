// Ours beside Obico's rule on the same scores: the table in the documentation is what the code does, and says what it must.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { renewDecisions } from '../../scripts/decision-table.ts';
import { playObico, playTrack } from '../support/play-track.ts';
import { scoreTracks } from '../support/score-tracks.ts';

it('the table in docs/performance.md is up to date', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/performance.md'), 'utf8');
  assert.equal(page, renewDecisions(page), 'run: npx tsx scripts/decision-table.ts');
});

describe('with the defaults', () => {
  for (const track of scoreTracks) {
    const { failsAt } = track;
    if (failsAt === null) {
      it(`${track.name}: is not paused, at any cadence`, () => {
        for (const every of [2, 10, 40])
          assert.equal(playTrack(track, { every }).pausedAt, null, `every ${every} s`);
      });
    } else {
      it(`${track.name}: is paused`, () => assert.ok((playTrack(track).pausedAt ?? 0) > failsAt));
    }
  }

  it('what fails early is paused, which the oracle never does', () => {
    for (const track of scoreTracks) {
      if (track.failsAt === null || track.failsAt > 300) continue;
      assert.ok((playTrack(track).pausedAt ?? Number.POSITIVE_INFINITY) - track.failsAt <= 240, track.name);
      assert.equal(playObico(track).pausedAt, null, track.name);
    }
  });
});
