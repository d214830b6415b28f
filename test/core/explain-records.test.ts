import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  explainLateAnswer,
  explainRecordsBack,
  explainRecordsLost,
  sayIncident,
  sayIncidents,
} from '../../src/core/explain-records.ts';
import type { IncidentRecord } from '../../src/core/records.ts';
import { createRig, failed, jobA, look, printing } from './watch-rig.ts';

test('a full disk is told with what goes on, what not, and what to do', () => {
  assert.deepEqual(explainRecordsLost('the disk is full', 'RECORD_NOT_WRITTEN', 'Make room.'), {
    level: 'warning',
    text: 'Lookout watches on, but keeps no pictures or records now: the disk is full [RECORD_NOT_WRITTEN]. Make room.',
  });
  assert.equal(explainRecordsBack().level, 'info');
});

test('an incident is a line with what was done and said', () => {
  const rig = createRig();
  printing()(rig);
  look('warning')(rig);
  const warned = rig.state.incident;
  look('failing')(rig);
  rig.hear({ kind: 'action-finished', incidentId: rig.id, outcome: failed });
  const failing = rig.state.incident;
  assert.ok(warned !== null && failing !== null);
  const record: IncidentRecord = {
    ...{ incident: warned, isOpen: true, closed: null, hasPicture: false, program: '1' },
    ...{ lostFrames: 0, lostSteps: 0, labels: [] },
  };
  const name = JSON.stringify(jobA.filename);
  assert.equal(sayIncident(record, 'NOW'), `${rig.id}  NOW  warning, open  ${name}`);
  assert.match(sayIncident({ ...record, isOpen: false }, 'NOW'), /warning, end not seen/);
  const labels = [{ answer: 'cancel', atMs: 1, through: null }] as const;
  const ended = {
    ...record,
    incident: failing,
    isOpen: false,
    labels,
    closed: { atMs: 1, how: 'print-ended' },
  } as const;
  const shadow = { ...warned, wouldHave: null };
  assert.match(sayIncident({ ...record, incident: shadow }, 'NOW'), /warning, would have warned, open/);
  assert.match(sayIncident(ended, 'NOW'), /failing, pause failed, print ended, said: cancel/);
});

test('how many incidents there are, and what a late answer is good for', () => {
  assert.equal(sayIncidents(1), 'Lookout: 1 incident.');
  assert.equal(sayIncidents(0), 'Lookout: 0 incidents.');
  assert.match(explainLateAnswer('false-alarm'), /^Lookout: your answer \(false-alarm\) was kept/);
});
