// The sentences that answer a request, and those about a channel that reaches nobody.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainChannelDown } from '../../src/core/explain-channel.ts';
import { explainAnswerTaken, explainCheck, explainTooSoon } from '../../src/core/explain-control.ts';
import type { Verdict } from '../../src/core/types.ts';
import { anAssessment } from '../support/parts.ts';

test('a check names who judged, what was seen, and whether it counts', () => {
  const words: Record<Verdict, RegExp> = {
    clear: /sees no failure/,
    watching: /may be a failure/,
    warning: /warns/,
    failing: /is failing/,
  };
  for (const [says, pattern] of Object.entries(words)) {
    assert.match(explainCheck(anAssessment(), says as Verdict, true), pattern);
  }
  assert.equal(
    explainCheck(anAssessment({ quality: null }), 'clear', false),
    'Lookout: octoeverywhere sees no failure in this picture (failure score 5 of 100). It was looked at once, and nothing follows from it.',
  );
});

test('short sentences', () => {
  assert.equal(explainTooSoon(61_000), 'the next picture can be judged in 1 min 1 s');
  assert.equal(explainAnswerTaken('seen'), 'Lookout: your answer (seen) was taken.');
  assert.equal(
    explainChannelDown('mqtt', 'no broker', '').text,
    'Lookout could not reach you through "mqtt": no broker.',
  );
  assert.match(explainChannelDown('mqtt', 'no broker', 'Start it.').text, /no broker\. Start it\.$/);
});
