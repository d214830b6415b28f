import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Incident, type IncidentAction, isOrderOut } from '../../src/core/incident.ts';
import { toScore } from '../../src/core/types.ts';
import { aJob } from '../support/parts.ts';

const at = { atMs: 0, tickMs: 0 };
const incident = (state: IncidentAction['state'] | null): Incident => ({
  ...{
    id: 'a',
    job: aJob(),
    level: 'failing',
    openedAt: at,
    troubleSince: at,
    layer: null,
    backend: 'obico',
  },
  ...{ score: toScore(0.9), quality: null, seen: null, where: null, lastSeenTickMs: 0, answer: null },
  ...{ isAccepted: false },
  action: state === null ? null : { what: 'pause', state, requestedAt: at, message: '' },
});

test('an order is out until it is known what became of it, and never that of a process that has died', () => {
  assert.deepEqual(
    [
      null,
      incident(null),
      ...(['requested', 'delayed', 'done', 'failed', 'orphaned'] as const).map(incident),
    ].map(isOrderOut),
    [false, false, true, true, false, false, false],
  );
});
