// Drawn prints of ten minutes through the model that comes with the program and the whole decision core, at the default settings.
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { createBuiltin } from '../../src/backends/builtin.ts';
import { createRig, startClock } from '../backends/rig.ts';
import { aJob } from '../support/parts.ts';
import { createSequencePlayer, drawLook, sequences } from '../support/picture-sequences.ts';

const { backend } = createRig(createBuiltin, { model: null, runtime: 'auto' }, startClock());
const play = createSequencePlayer(drawLook, backend);
after(() => backend.printEnded?.(aJob()));

describe('ten minutes of a print, seen by the built-in detector', () => {
  for (const sequence of sequences) {
    const { name, failsAt } = sequence;
    it(failsAt === null ? `${name}: nobody is bothered` : `${name}: warned, then paused`, async () => {
      const { warnedAt, pausedAt, highest, unseen } = await play(sequence);
      assert.equal(unseen, name.includes('lamp') ? 18 : 0);
      if (failsAt === null) {
        assert.deepEqual([warnedAt, pausedAt], [null, null], `highest score ${highest}`);
        return;
      }
      assert.ok(warnedAt !== null && warnedAt > 0 && warnedAt <= 120, `warned after ${warnedAt} s`);
      assert.ok(pausedAt !== null && pausedAt <= 200, `paused after ${pausedAt} s`);
    });
  }
});
