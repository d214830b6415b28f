import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainRecordsBack, explainRecordsLost } from '../../src/core/explain-records.ts';

test('a full disk is told with what goes on, what not, and what to do', () => {
  assert.deepEqual(explainRecordsLost('the disk is full', 'RECORD_NOT_WRITTEN', 'Make room.'), {
    level: 'warning',
    text: 'Lookout watches on, but keeps no pictures or records now: the disk is full [RECORD_NOT_WRITTEN]. Make room.',
  });
  assert.equal(explainRecordsBack().level, 'info');
});
