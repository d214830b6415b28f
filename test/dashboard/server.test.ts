// The rest of the server: states, news, figures, the description of it all, and a port that is taken.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { RecordError } from '../../src/core/errors.ts';
import { noSummary } from '../../src/core/print-summary.ts';
import type { PrintStory } from '../../src/core/records.ts';
import type { PrintRecord } from '../../src/core/track.ts';
import { toScore } from '../../src/core/types.ts';
import { createAccess } from '../../src/dashboard/access.ts';
import { createApp } from '../../src/dashboard/app.ts';
import { createOpenStreams, maxStreams } from '../../src/dashboard/event-streams.ts';
import { openApi } from '../../src/dashboard/openapi.ts';
import { sayBudget } from '../../src/dashboard/page/words.ts';
import { createRefuse } from '../../src/dashboard/refusal.ts';
import { createDashboard } from '../../src/dashboard/server.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createRig, ended, look, printing } from '../core/watch-rig.ts';
import { aJob, anAssessment } from '../support/parts.ts';
import { createQuietLog } from '../support/quiet-log.ts';
import { until } from '../support/until.ts';
import { aView, noRecords, type Rig, startRig } from './rig.ts';

const aPrint: PrintRecord = {
  ...{ id: 'p1', filename: 'benchy.gcode', startedAtMs: 0, endedAtMs: null, how: null, summary: noSummary },
};
const lines: PrintStory['lines'] = [
  { kind: 'gate', atMs: 1_000, gate: 'heating' },
  { kind: 'gate', atMs: 1_500, gate: null },
  {
    ...{ kind: 'look', atMs: 2_000, printMs: 1, layer: 1, score: 0.4, quality: null, evidenceMs: 3_000 },
    verdict: 'watching',
  },
  { kind: 'incident', atMs: 2_500, id: 'a1', what: 'warning' },
  { kind: 'blind', atMs: 3_000, code: 'CAMERA_TIMEOUT' },
];

async function openEvents(
  t: TestContext,
  { port, host }: Rig,
): Promise<{ socket: Socket; text: () => string }> {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await until('an answer', () => text.includes('\r\n\r\n'));
  return { socket, text: () => text };
}

describe('a state', () => {
  it('says what a person should know first, and what it rests on', async (t) => {
    const { ask, view } = await startRig(t);
    view.look(anAssessment({ score: toScore(0.4), quality: 6 }));
    const state = (await ask('/api/v1/state')).json();
    assert.deepEqual(state['glance'], {
      mood: 'fine',
      title: 'Looks fine',
      text: 'Nothing suspicious in the last picture.',
    });
    const facts = state as {
      look: { score: number };
      print: { filename: string };
      camera: { health: string };
    };
    assert.equal(facts.look.score, 0.4);
    assert.equal(facts.print.filename, 'benchy.gcode');
    assert.equal(facts.camera.health, 'good');
  });

  it('asks what shadow mode wants to know, once the print is over', async (t) => {
    const { ask, view } = await startRig(t);
    const shadow = createRig({ mode: 'shadow' });
    for (const step of [printing(), look('failing'), ended()]) step(shadow);
    view.set({ mode: 'shadow', state: { ...shadow.state, job: aJob() } });
    const during = (await ask('/api/v1/state')).json();
    assert.deepEqual([during['mode'], during['question']], ['shadow', null]);
    view.set({ state: { job: null } });
    const { question } = (await ask('/api/v1/state')).json() as { question: Record<string, unknown> };
    assert.equal(question['title'], 'was this a failure?');
    assert.deepEqual(question['answers'], ['right', 'wrong']);
  });

  it('has what the service has been asked in this month', async (t) => {
    const { ask, view } = await startRig(t);
    const budget = { month: '2026-07', used: 6_000, limit: 8_000, costUsd: 0.4 };
    view.backend = () => ({ name: 'octoeverywhere', budget });
    const { backend } = (await ask('/api/v1/state')).json() as { backend: { budget: unknown } };
    assert.deepEqual(backend.budget, budget);
    assert.equal(sayBudget(budget), '6000 of 8000, about $0.40');
    assert.equal(sayBudget({ ...budget, used: 9, limit: null, costUsd: 0 }), '9, no limit, free so far');
    assert.equal(sayBudget({ ...budget, costUsd: null }), '6000 of 8000');
  });

  it('is told of each printer by its name', async (t) => {
    const printers = [aView('left'), aView('right')];
    const { ask } = await startRig(t, {}, { printers });
    assert.equal((await ask('/api/v1/state')).json()['printer'], 'left');
    assert.equal((await ask('/api/v1/state?printer=right')).json()['printer'], 'right');
    assert.equal((await ask('/api/v1/state?printer=none')).status, 404);
    assert.equal(((await ask('/api/v1/printers')).json()['printers'] as unknown[]).length, 2);
  });

  it('has the course of the print, read once for all who ask', async (t) => {
    const { ask, view } = await startRig(t);
    let reads = 0;
    view.kept = {
      ...noRecords,
      prints: async () => [aPrint],
      print: async () => {
        reads += 1;
        return { ...aPrint, lines };
      },
    };
    const track = (await ask('/api/v1/track')).json();
    assert.deepEqual(track, {
      filename: 'benchy.gcode',
      points: [{ atMs: 2_000, score: 0.4, quality: null, verdict: 'watching', evidenceMs: 3_000 }],
      bands: [
        { fromMs: 1_000, toMs: 1_500, kind: 'heating' },
        { fromMs: 3_000, toMs: null, kind: 'blind' },
      ],
      marks: [{ atMs: 2_500, kind: 'warning', incidentId: 'a1' }],
    });
    await ask('/api/v1/track');
    assert.equal(reads, 1);
    view.look();
    await ask('/api/v1/track');
    assert.equal(reads, 2);
  });

  it('says so when the records cannot be read', async (t) => {
    const { ask, view } = await startRig(t);
    const error = new RecordError('the list of prints cannot be read', {
      code: 'RECORD_UNREADABLE',
      retry: 'later',
    });
    view.kept = { ...noRecords, prints: () => Promise.reject(error) };
    for (const path of ['/api/v1/track', '/api/v1/prints']) {
      const answer = await ask(path);
      assert.equal(answer.status, 503);
      assert.equal(answer.code(), 'RECORD_UNREADABLE');
    }
    assert.equal((await ask('/api/v1/state')).status, 200);
  });
});

describe('news', () => {
  it('begin with the state, and follow within a moment', async (t) => {
    const rig = await startRig(t);
    const { text } = await openEvents(t, rig);
    await until('the first state', () => text().includes('event: state\ndata: {"printer":"printer"'));
    assert.match(text(), /content-type: text\/event-stream/i);
    const saidMs = performance.now();
    rig.view.set({ gate: { kind: 'paused' } });
    await until('the second state', () => text().includes('"kind":"paused"'));
    assert.ok(performance.now() - saidMs < 1_000);
  });

  it('go to twenty at once and no more, and make room when one leaves', async (t) => {
    const rig = await startRig(t);
    const open = await Promise.all(Array.from({ length: maxStreams }, () => openEvents(t, rig)));
    assert.equal((await rig.ask('/api/v1/events')).code(), 'TOO_MANY_STREAMS');
    open[0]?.socket.destroy();
    await delay(50);
    assert.match((await openEvents(t, rig)).text(), /200 OK/);
  });

  it('are not put together while nobody listens', async (t) => {
    const { view } = await startRig(t);
    let asked = 0;
    view.cameraName = () => {
      asked += 1;
      return 'bed';
    };
    for (let time = 0; time < 50; time += 1) view.look();
    await delay(200);
    assert.equal(asked, 0);
  });
});

describe('figures', () => {
  it('add up the time of an outage', async (t) => {
    const { ask, view } = await startRig(t);
    const fault = {
      side: 'camera',
      code: 'CAMERA_TIMEOUT',
      message: 'no picture',
      hint: '',
      isPermanent: false,
    } as const;
    view.set({ state: { blind: { since: systemClock.now(), fault, isTold: false } } });
    await delay(60);
    view.set({ state: { blind: null } });
    const seconds = /lookout_blind_seconds_total\{[^}]*\} ([\d.]+)/.exec(
      (await ask('/metrics')).body.toString(),
    )?.[1];
    assert.ok(Number(seconds) >= 0.05 && Number(seconds) < 2, seconds);
  });
});

describe('the server', () => {
  it('describes every route that it has, and no other', () => {
    const view = aView();
    const app = createApp(
      {
        ...{ forceLogin: false, frameHosts: () => [], version: '1', pageFolder: '' },
      },
      {
        printers: [
          {
            view,
            track: { read: () => Promise.reject(new Error()), expire: () => {} },
            feed: { open: () => {}, send: () => {}, close: () => {} },
            tell: () => {},
            live: { latest: () => Promise.reject(new Error()) },
          },
        ],
        settings: () => [],
        checkCredential: async () => false,
        metrics: { text: () => '' },
        streams: createOpenStreams(),
        access: createAccess({ trustedClients: [], hosts: [], hostName: 'x' }),
        refuse: createRefuse(createQuietLog(), systemClock).refuse,
        clock: systemClock,
        log: createQuietLog(),
      },
    );
    const pages = new Set(['/', '/panel', '/favicon.ico', '/assets/:name', '/*']);
    const real = app.routes
      .filter(({ path }) => !pages.has(path))
      .map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}')}`);
    const { paths } = openApi('1') as { paths: Record<string, object> };
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    assert.deepEqual([...new Set(real)].sort(), described.sort());
  });

  it('rejects with the reason when its port is taken, and leaves nothing behind', async (t) => {
    const { port } = await startRig(t);
    const view = aView();
    const second = createDashboard(
      {
        ...{ listen: '127.0.0.1', port, trustedClients: [], hosts: [], forceLogin: false, hostName: 'x' },
        ...{ frameHosts: () => [], version: '1', pageFolder: '' },
      },
      {
        ...{ printers: [view], settings: () => [], checkCredential: async () => false },
        ...{ clock: systemClock, log: createQuietLog() },
      },
    );
    await assert.rejects(second.start(), /EADDRINUSE/);
    await second.close();
    assert.equal(view.listeners(), 0);
  });

  it('answers that it is there', async (t) => {
    const { ask } = await startRig(t);
    assert.equal((await ask('/healthz')).body.toString(), 'ok\n');
    assert.equal((await ask('/api/v1/openapi.json')).json()['openapi'], '3.1.0');
  });
});
