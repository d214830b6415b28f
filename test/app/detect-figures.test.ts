import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { figuresOf, isCalled, type LabelledScore, tellFigures } from '../../src/app/detect-figures.ts';
import { toScore } from '../../src/core/types.ts';

const of = (label: 'good' | 'bad', ...scores: number[]): LabelledScore[] =>
  scores.map((score) => ({ label, score, isCalled: score > 0.5 }));

describe('figures of labelled pictures', () => {
  it('count what is found and what is wrong', () => {
    const figures = figuresOf([...of('good', 0.1, 0.2, 0.6, 0.4), ...of('bad', 0.3, 0.7, 0.9)]);
    assert.deepEqual([figures.good, figures.bad, figures.found, figures.wrong], [4, 3, 2, 1]);
    assert.equal(figures.recall, 2 / 3);
    assert.equal(figures.precision, 2 / 3);
    // Of 12 pairs the picture at 0.3 loses two.
    assert.equal(figures.auroc, 10 / 12);
    assert.equal(figures.recallAtPrecision97, 2 / 3);
  });

  it('let equal scores count half, and part none of them', () => {
    const figures = figuresOf([...of('good', 0.5), ...of('bad', 0.5, 0.5)]);
    assert.equal(figures.auroc, 0.5);
    assert.equal(figures.recallAtPrecision97, 0);
    assert.match(tellFigures(figures).join('\n'), /precision there +- /);
  });

  it('take a service at its word, and a score at its neutral point', () => {
    const assessment = {
      ...{ backend: 'x', score: toScore(0.4), quality: null, regions: [], calls: 0, nextInMs: 0 },
      suggests: null,
    };
    assert.equal(isCalled({ ...assessment, neutral: 0.4 }), false);
    assert.equal(isCalled({ ...assessment, neutral: 0.3 }), true);
    assert.equal(isCalled({ ...assessment, suggests: { isWarning: false, isFailing: false } }), false);
    assert.equal(isCalled({ ...assessment, suggests: { isWarning: true, isFailing: false } }), true);
  });
});
