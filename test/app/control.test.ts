import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Control, createControl } from '../../src/app/control.ts';
import { openDoors, remoteMethodNames } from '../../src/app/control-doors.ts';
import { BackendError, CameraError, ControlError } from '../../src/core/errors.ts';
import type { Incident } from '../../src/core/incident.ts';
import type { IncidentRecord } from '../../src/core/records.ts';
import { toScore } from '../../src/core/types.ts';
import { createOfferedMethods, type MethodHandler } from '../../src/moonraker/requests-to-us.ts';
import { root } from '../architecture/source-files.ts';
import { aJob, anAssessment, failing } from '../support/parts.ts';
import { createQuietLog } from '../support/quiet-log.ts';
import { printing, startWatch } from './watch-rig.ts';

const { signal } = new AbortController();

function setUp(...args: Parameters<typeof startWatch>) {
  const rig = startWatch(...args);
  const records = someRecords();
  const control = createControl({
    ...rig,
    records,
    version: '9.9.9',
    pictureUrl: 'http://host:7136/snapshot.jpg',
  });
  const call = (method: string, params: unknown = {}) => control.call(method, params, 'agent', signal);
  return { ...rig, records, control, call };
}

/** Records that hold one incident, which is over. */
function someRecords() {
  const at = (atMs: number) => ({ atMs, tickMs: atMs });
  const incident: Incident = {
    ...{
      id: 'old1',
      job: aJob(),
      level: 'warning',
      openedAt: at(40_000),
      troubleSince: at(30_000),
      layer: 3,
    },
    ...{ backend: 'obico', score: toScore(0.7), quality: null, seen: null, where: null, lastSeenTickMs: 1 },
    ...{ action: null, answer: null, isAccepted: false },
  };
  const record: IncidentRecord = {
    ...{ incident, isOpen: false, closed: { atMs: 50_000, how: 'resumed' }, hasPicture: false, program: '1' },
    ...{ lostFrames: 0, lostSteps: 0, labels: [{ answer: 'seen', atMs: 60_000, through: 'prompt' }] },
  };
  const result = {
    effects: [],
    verdict: 'clear',
    evidenceMs: 0,
    incident: null,
    level: null,
    gate: null,
  } as const;
  const assessed = {
    kind: 'frame-assessed',
    assessment: anAssessment(),
    job: aJob(),
    camera: 'bed',
    layer: 1,
  } as const;
  const steps = [
    { ...result, at: at(6_000), input: { kind: 'time-passed' }, frame: null },
    { ...result, at: at(7_000), input: assessed, frame: 'f1.jpg' },
  ] as const;
  const labelled: string[] = [];
  const trouble = { code: 'RECORD_NOT_WRITTEN', message: 'full', hint: 'Make room.', sinceMs: 3_000 };
  return {
    labelled,
    health: { isGood: false, trouble, lostFrames: 0, lostSteps: 0 },
    list: async () => [record],
    read: async (id: string) => (id === 'old1' ? { ...record, steps, frames: [] } : null),
    label: async (id: string, answer: string, through: string) => {
      if (id === 'old1') labelled.push(`${id} ${answer} ${through}`);
      return id === 'old1';
    },
  };
}

const idle = { kind: 'idle' } as const;

describe('control', () => {
  it('tells the state of a print, and of its incident', async () => {
    const { call, clock, backend, end } = setUp();
    backend.answer = failing;
    await clock.advance(1_000);
    const status = JSON.parse(JSON.stringify(await call('status')));
    assert.match(status.text, /^Lookout: paused \(us\) layer 12\/200 · failing/);
    const { version, printer, is_watching: isWatching, gate, verdict, quiet_for: quietFor } = status;
    assert.deepEqual(
      { version, printer, isWatching, gate, verdict, quietFor },
      {
        ...{ version: '9.9.9', printer: 'paused', isWatching: false, verdict: 'failing', quietFor: 0 },
        gate: { kind: 'paused', text: 'the print is paused' },
      },
    );
    assert.deepEqual(status.records, {
      code: 'RECORD_NOT_WRITTEN',
      message: 'full',
      hint: 'Make room.',
      since: 3,
    });
    assert.equal(status.print.filename, 'benchy.gcode');
    assert.equal(status.print.print_duration, 60);
    assert.equal(status.last.score, 0.9);
    assert.deepEqual(status.incident.answers, ['resume', 'cancel', 'false-alarm']);
    assert.deepEqual(status.incident.action, { what: 'pause', state: 'done', message: '' });
    assert.equal(status.incident.object, null);
    await assert.rejects(call('answer', { answer: 'skip-object' }), { code: 'CONTROL_NOT_NOW' });
    await end();
  });

  it('tells that it is blind, and why', async () => {
    const { call, clock, camera, end } = setUp();
    camera.error = new CameraError('no answer', {
      code: 'CAMERA_TIMEOUT',
      retry: 'soon',
      hint: 'Look at it.',
    });
    await clock.advance(1_000);
    const status = JSON.parse(JSON.stringify(await call('status')));
    assert.deepEqual(status.blind, {
      ...{ code: 'CAMERA_TIMEOUT', message: 'no answer', hint: 'Look at it.' },
      since: status.blind.since,
    });
    await end();
  });

  it('takes an answer once, to the alert that is open and to no other', async () => {
    const { call, clock, backend, printer, end } = setUp();
    await assert.rejects(call('answer', { answer: 'resume' }), { code: 'CONTROL_NOT_FOUND' });
    backend.answer = failing;
    await clock.advance(20_000);
    await assert.rejects(call('answer', { answer: 'resume', incident_id: 'other' }), {
      code: 'CONTROL_NOT_FOUND',
    });
    const taken = await call('answer', { answer: 'resume' });
    assert.match(taken.text, /your answer \(resume\) was taken/);
    await clock.advance(1_000);
    assert.ok(printer.calls.includes('resume'));
    await end();
  });

  it('keeps an answer to an incident that is over', async () => {
    const { call, records, printer, end } = setUp();
    const taken = await call('answer', { answer: 'false-alarm', incident_id: 'old1' });
    assert.match(taken.text, /was kept with the record/);
    assert.deepEqual(records.labelled, ['old1 false-alarm agent']);
    assert.ok(!printer.calls.includes('resume'));
    await end();
  });

  it('lists what was recorded, and shows one of it', async () => {
    const { call, end } = setUp();
    const { text, incidents } = JSON.parse(JSON.stringify(await call('incidents')));
    assert.equal(text, 'Lookout: 1 incident.');
    assert.deepEqual(incidents[0].closed, { at: 50, how: 'resumed' });
    assert.deepEqual(incidents[0].answers, [{ answer: 'seen', at: 60, through: 'prompt' }]);
    const { incident, looks } = JSON.parse(JSON.stringify(await call('incident', { incident_id: 'old1' })));
    assert.deepEqual(incident, incidents[0]);
    assert.deepEqual(looks, [
      { at: 7, score: 0.05, quality: 9, verdict: 'clear', evidence: 0, frame: 'f1.jpg' },
    ]);
    await assert.rejects(call('incident', { incident_id: 'none' }), { code: 'CONTROL_NOT_FOUND' });
    await end();
  });

  for (const [method, params, message] of [
    ['incidents', { limit: 1e9 }, /limit: found 1000000000, allowed: 1 to 200/],
    ['incident', { incident_id: '../x' }, /incident_id: found "..\/x"/],
    ['answer', {}, /^answer: answer is missing$/],
    ['answer', { answer: 'maybe' }, /answer: found "maybe", allowed: pause, resume, cancel/],
    ['answer', { answer: 7 }, /found 7, allowed/],
    [
      'answer',
      { answer: 'resume', incident_id: { $ne: '' } },
      /incident_id: found an object, allowed: an id/,
    ],
    ['answer', { answer: 'resume', incident_id: '../../etc' }, /incident_id: found "..\/..\/etc"/],
    ['answer', { answer: 'resume', force: true }, /there is no argument force/],
    ['status', ['a'], /must be an object/],
    ['status', 'x', /must be an object/],
    ['mute', { minutes: 0 }, /minutes: found 0, allowed: a number from 1 to 1440/],
    ['mute', { minutes: 1e9 }, /minutes: found 1000000000, allowed/],
    ['mute', { minutes: 'NaN' }, /minutes: found "NaN", allowed/],
    ['mute', { minutes: 5, scope: 'print' }, /either minutes or scope/],
    ['mute', { scope: 'ever' }, /scope: found "ever", allowed: print, file/],
    ['watch', {}, /enable is missing/],
    ['snapshot', { image: 'please' }, /image: found "please", allowed: 1 or 0/],
    ['snapshot', { image: 'x'.repeat(100_000) }, /^.{0,200}$/],
  ] as const) {
    it(`refuses ${method} ${JSON.stringify(params).slice(0, 50)}`, async () => {
      const { call, end, printer } = setUp();
      await assert.rejects(call(method, params), (error) => {
        assert.ok(error instanceof ControlError);
        assert.equal(error.code, 'CONTROL_BAD_ARGUMENT');
        assert.match(error.message, message);
        assert.match(error.hint, /docs\/api\.md/);
        return true;
      });
      assert.deepEqual(
        printer.calls.filter((name) => name !== 'sample'),
        [],
      );
      await end();
    });
  }

  it('refuses a method that there is not, and names those that there are', async () => {
    const { call, end } = setUp();
    for (const name of ['reboot', 'constructor', '__proto__', '']) {
      await assert.rejects(call(name), {
        code: 'CONTROL_UNKNOWN_METHOD',
        message: /there are: status, snapshot/,
      });
    }
    await end();
  });

  it('shows the last picture, or a fresh one, but sends none that is too large', async () => {
    const { call, camera, clock, end } = setUp(idle);
    await assert.rejects(call('snapshot'), { code: 'CONTROL_NOT_FOUND', hint: /fresh/ });
    const fresh = JSON.parse(JSON.stringify(await call('snapshot', { fresh: 'yes', image: 1 })));
    assert.deepEqual(
      { ...fresh, text: '' },
      {
        ...{ text: '', camera: 'test', width: 640, height: 480, bytes: 4, at: 0, jpeg_base64: 'AAAAAA==' },
        url: 'http://host:7136/snapshot.jpg',
      },
    );
    camera.grab = async () => ({ ...printingFrame, jpeg: new Uint8Array(2 * 1024 * 1024) });
    await assert.rejects(call('snapshot', { fresh: 1, image: true }), {
      code: 'CONTROL_NOT_NOW',
      hint: /7136/,
    });
    await clock.advance(0);
    await end();
  });
});

const printingFrame = { width: 640, height: 480, atMs: 0, tickMs: 0, camera: 'test' };

describe('orders without an alert', () => {
  it('mute, for a time or a print, and say so in the state', async () => {
    const { call, clock, backend, camera, end } = setUp();
    await clock.advance(1_000);
    const mute = async (params: object) => {
      const { text } = await call('mute', params);
      return [text, JSON.parse(JSON.stringify(await call('status'))).mute?.kind];
    };
    assert.deepEqual(await mute({}), ['Lookout: muted for 10 min.', 'until']);
    assert.deepEqual(await mute({ minutes: '5' }), ['Lookout: muted for 5 min.', 'until']);
    const { grabs } = camera;
    backend.answer = failing;
    await clock.advance(290_000);
    assert.equal(camera.grabs, grabs);
    await clock.advance(11_000);
    assert.equal(camera.grabs, grabs + 1);
    await end();
    const second = setUp();
    await second.clock.advance(1_000);
    await second.call('mute', { scope: 'print' });
    await second.clock.advance(3_600_000);
    assert.equal(second.camera.grabs, 1);
    assert.match((await second.call('unmute')).text, /not muted/);
    await second.clock.advance(1_000);
    assert.equal(second.camera.grabs, 2);
    await second.end();
  });

  it('switch off and on, over a restart too', async () => {
    const { call, clock, camera, store, end } = setUp();
    await clock.advance(1_000);
    await call('watch', { enable: '0' });
    await end();
    const second = setUp(printing, store);
    await second.clock.advance(60_000);
    assert.equal(camera.grabs + second.camera.grabs, 1);
    const status = JSON.parse(JSON.stringify(await second.call('status')));
    assert.deepEqual([status.is_switched_on, status.gate.kind], [false, 'switched-off']);
    await second.call('watch', { enable: true });
    await second.clock.advance(1_000);
    assert.equal(second.camera.grabs, 1);
    await second.end();
  });

  it('pause, resume and cancel, each only where it makes sense', async () => {
    const { call, clock, printer, end } = setUp();
    await clock.advance(1_000);
    await assert.rejects(call('resume'), { code: 'CONTROL_NOT_NOW', message: /not paused/ });
    await call('pause');
    await clock.advance(0);
    await assert.rejects(call('pause'), { code: 'CONTROL_NOT_NOW', message: /paused already/ });
    await call('resume');
    await clock.advance(0);
    // Klipper's own idle timeout is given back.
    assert.ok(printer.calls.includes('SET_IDLE_TIMEOUT TIMEOUT=600'));
    await call('cancel');
    await clock.advance(0);
    await assert.rejects(call('cancel'), { code: 'CONTROL_NOT_NOW', message: /nothing is printing/ });
    assert.deepEqual(
      printer.calls.filter((name) => /pause|resume|cancel/.test(name)),
      [...['pause', 'resume', 'cancel']],
    );
    await assert.rejects(call('mute', { scope: 'file' }), { code: 'CONTROL_NOT_NOW' });
    await end();
  });

  it('answer the alert where one is open', async () => {
    const { call, clock, backend, watch, end } = setUp();
    backend.answer = failing;
    await clock.advance(1_000);
    await call('resume');
    assert.equal(watch.status().state.incident?.answer ?? 'over', 'over');
    await end();
  });
});

describe('a check', () => {
  it('judges one picture while nothing prints, and nothing follows from it', async () => {
    const { call, backend, channel, watch, end } = setUp(idle);
    backend.answer = failing;
    const answer = JSON.parse(JSON.stringify(await call('check')));
    assert.equal(answer.says, 'failing');
    assert.equal(answer.is_counted, false);
    assert.match(
      answer.text,
      /octoeverywhere says that the print is failing \(quality 1 of 10\).*nothing follows/,
    );
    assert.deepEqual(channel.said, []);
    assert.equal(watch.status().state.incident, null);
    // What the service keeps for a print is dropped again.
    assert.deepEqual(backend.ended, ['check']);
    await end();
  });

  it('of a paused print asks about that print', async () => {
    const { call, backend, end } = setUp({ kind: 'paused', job: aJob(), by: 'somebody' });
    backend.answer = anAssessment({ suggests: null, neutral: 0.3, quality: null });
    const answer = JSON.parse(JSON.stringify(await call('check')));
    assert.deepEqual([answer.says, answer.is_counted, backend.ended], ['clear', false, []]);
    await end();
  });

  it('of a watched print is one of its own looks, only sooner', async () => {
    const { call, clock, camera, backend, end } = setUp();
    await clock.advance(5_000);
    assert.equal(camera.grabs, 1);
    backend.answer = anAssessment({ suggests: { isWarning: true, isFailing: false } });
    const asked = call('check');
    await clock.advance(0);
    const answer = JSON.parse(JSON.stringify(await asked));
    assert.deepEqual([answer.says, answer.is_counted, camera.grabs], ['warning', true, 2]);
    await end();
  });

  it('tells what stands in its way', async () => {
    const { call, clock, camera, backend, printer, end } = setUp(idle);
    backend.readyMs = 25_000;
    await assert.rejects(call('check'), { code: 'CONTROL_NOT_NOW', message: /in 25 s/ });
    backend.readyMs = 0;
    backend.answer = new BackendError('the key is wrong', { code: 'BACKEND_BAD_KEY', retry: 'never' });
    await assert.rejects(call('check'), { code: 'BACKEND_BAD_KEY' });
    backend.answer = new Promise(() => {});
    const first = call('check');
    await assert.rejects(call('check'), { code: 'CONTROL_NOT_NOW', message: /another check/ });
    // A print that begins goes first.
    const overtaken = assert.rejects(first, { code: 'CONTROL_NOT_NOW', message: /the print goes first/ });
    printer.set(printing);
    await overtaken;
    camera.error = new CameraError('no answer', { code: 'CAMERA_TIMEOUT', retry: 'soon', hint: 'Look.' });
    printer.set({ kind: 'paused', job: aJob(), by: 'somebody' });
    printer.set(printing);
    const seen = assert.rejects(call('check'), { code: 'CONTROL_NOT_NOW', message: /CAMERA_TIMEOUT/ });
    await clock.advance(60_000);
    await seen;
    await end();
  });
});

describe('the doors to control', () => {
  function open(control: Control) {
    const methods = new Map<string, MethodHandler>();
    const lines: string[] = [];
    const blocked: (() => void)[] = [];
    const write = (kind: string) => async (text: string) => {
      lines.push(`${kind} ${text}`);
      if (text.includes('busy')) await new Promise<void>((resolve) => blocked.push(resolve));
    };
    openDoors({
      control,
      addMethod: (name, handler) => {
        methods.set(name, handler);
        return () => methods.delete(name);
      },
      say: write('echo'),
      complain: write('red'),
      log: createQuietLog(),
      signal,
    });
    const macro = async (name: string, params?: unknown) => {
      methods.get(name)?.(params);
      for (let turn = 0; turn < 20; turn += 1) await null;
    };
    return { methods, lines, macro, blocked };
  }

  it('answer a macro in the console, plainly or in red', async () => {
    const { control, backend, end } = setUp(idle);
    const { methods, lines, macro } = open(control);
    assert.deepEqual(
      remoteMethodNames.filter((name) => !methods.has(name)),
      [],
    );
    await macro('lookout_status');
    await macro('lookout_status', { times: 3 });
    backend.answer = new Error('secret inner text');
    await macro('lookout_check', {});
    assert.match(lines[0] ?? '', /^echo Lookout: idle/);
    assert.match(lines[1] ?? '', /^red Lookout: status: there is no argument times \[CONTROL_BAD_ARGUMENT\]/);
    assert.match(lines[2] ?? '', /^red Lookout: that has failed; the log tells why/);
    await end();
  });

  it('do not pile up lines behind a busy Klipper', async () => {
    const { end } = setUp(idle);
    const control: Control = { methods: ['status'], call: async () => ({ text: 'busy' }) };
    const { lines, macro, blocked } = open(control);
    for (let count = 0; count < 50; count += 1) await macro('lookout_status');
    assert.equal(lines.length, 5);
    for (const free of blocked) free();
    await end();
  });

  it('give a program the code and the next step, and no inner text', async () => {
    const { control, backend, end } = setUp(idle);
    const offered = createOfferedMethods(createQuietLog());
    openDoors({
      ...{ control, addMethod: offered.add, log: createQuietLog(), signal },
      say: async () => {},
      complain: async () => {},
    });
    const ask = async (method: string, params?: object) =>
      await offered.server.receive({ jsonrpc: '2.0', id: 1, method, ...(params && { params }) });
    assert.match(JSON.stringify(await ask('lookout.status')), /"result":\{"text":"Lookout: idle/);
    assert.deepEqual(await ask('lookout.answer', { answer: 'no' }), {
      ...{ jsonrpc: '2.0', id: 1 },
      error: {
        code: -32602,
        message:
          'answer: answer: found "no", allowed: pause, resume, cancel, false-alarm, seen, ignore, skip-object, right, wrong',
        data: { code: 'CONTROL_BAD_ARGUMENT', hint: 'docs/api.md lists every method with its arguments.' },
      },
    });
    const unknown = await ask('lookout.reboot');
    assert.equal(unknown?.error?.code, -32601);
    assert.match(unknown?.error?.message ?? '', /no method "lookout\.reboot"; there are: lookout\.status/);
    backend.answer = new Error('secret inner text');
    assert.deepEqual((await ask('lookout.check'))?.error?.message, 'internal error');
    await end();
  });
});

describe('docs/api.md', () => {
  const text = readFileSync(join(root, 'docs/api.md'), 'utf8');

  it('has every method, with all that it takes and answers, and no other', async () => {
    const { control, call, clock, backend, end } = setUp();
    const documented = [...text.matchAll(/^### `lookout\.(\w+)`$/gm)].map(([, name]) => name);
    assert.deepEqual([...documented].sort(), [...control.methods].sort());
    backend.answer = failing;
    await clock.advance(1_000);
    const samples: readonly [string, object][] = [
      ['status', {}],
      ['snapshot', {}],
      ['answer', { answer: 'seen' }],
      ['incidents', { limit: 5 }],
      ['incident', { incident_id: 'old1' }],
    ];
    for (const [name, params] of samples) {
      const section = text.split(`### \`lookout.${name}\``)[1]?.split(/^##/m)[0] ?? '';
      const fields = [...Object.keys(params), ...Object.keys(await call(name, params))];
      const missing = fields.filter((field) => !section.includes(`\`${field}\``));
      assert.deepEqual(missing, [], name);
    }
    await end();
  });

  it('has every name that macros can call', () => {
    for (const name of remoteMethodNames) assert.ok(text.includes(`\`${name}\``), name);
  });
});
