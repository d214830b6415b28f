import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { liveLine } from '../../src/app/live-line.ts';
import { decide } from '../../src/core/decide.ts';
import { BackendError, CameraError } from '../../src/core/errors.ts';
import { rectangle } from '../../src/core/regions.ts';
import type { Assessment } from '../../src/core/types.ts';
import { aJob, anAssessment, aStore, failing } from '../support/parts.ts';
import { watchOptions as options, printing, startWatch as setUp } from './watch-rig.ts';

describe('the watch loop', () => {
  it('fetches no frame while nothing prints', async () => {
    const { clock, camera, end } = setUp({ kind: 'idle' });
    await clock.advance(3_600_000);
    assert.equal(camera.grabs, 0);
    await end();
  });

  it('carries out what is asked without an alert, and gives the idle timeout back afterwards', async () => {
    const { clock, printer, watch, end } = setUp();
    await clock.advance(1_000);
    watch.command({ kind: 'pause' }, 'printwatch');
    await clock.advance(1_000);
    assert.equal(printer.print.kind, 'paused');
    watch.command({ kind: 'resume' }, 'printwatch');
    await clock.advance(1_000);
    assert.deepEqual(
      printer.calls.filter((call) => call !== 'sample'),
      ['pause', 'resume', 'SET_IDLE_TIMEOUT TIMEOUT=600'],
    );
    await end();
  });

  it('hears of the objects of the print when it fails, also that none could be read', async () => {
    const corners = [0, 1, 1, 0].map((x, at) => ({ x, y: at < 2 ? 1 : 0 }));
    const [a, b, c, d] = corners;
    assert.ok(a && b && c && d);
    const { clock, printer, backend, recorder, watch, end } = setUp(printing, aStore(), {
      bedCorners: [a, b, c, d],
    });
    const square = (x: number) => [
      { x, y: 40 },
      { x: x + 20, y: 40 },
      { x: x + 20, y: 60 },
      { x, y: 60 },
    ];
    const [left, right] = [square(10), square(70)].map((polygon, at) => ({ name: `PART_${at}`, polygon }));
    assert.ok(left && right);
    const bed = { minX: 0, minY: 0, maxX: 100, maxY: 100 };
    printer.objects = { bed, objects: [left, right], excluded: [] };
    backend.answer = { ...failing, regions: [{ x1: 0.1, y1: 0.4, x2: 0.3, y2: 0.6, score: failing.score }] };
    await clock.advance(1_000);
    const { incident } = watch.status().state;
    assert.equal(incident?.object, 'PART_0');
    watch.answer({ answer: 'skip-object', incidentId: incident.id, through: 'prompt' });
    await clock.advance(1_000);
    assert.deepEqual(
      printer.calls.filter((call) => call !== 'sample'),
      ['pause', 'skip PART_0', 'resume', 'SET_IDLE_TIMEOUT TIMEOUT=600'],
    );
    await end();
    assert.ok(recorder.steps.some(({ input }) => input.kind === 'objects-read'));
    const blind = setUp(printing, aStore(), { bedCorners: [a, b, c, d] });
    blind.backend.answer = backend.answer;
    blind.printer.bedObjects = async () => {
      throw new BackendError('gone', { code: 'BACKEND_TIMEOUT', retry: 'soon' });
    };
    await blind.clock.advance(1_000);
    assert.equal(blind.printer.print.kind, 'paused');
    assert.equal(blind.watch.status().state.incident?.object, undefined);
    await blind.end();
  });

  it('looks less often while the host is busy, says so, and goes on', async () => {
    const { clock, printer, backend, channel, log, own, watch, end } = setUp();
    backend.answer = anAssessment({ nextInMs: 10_000 });
    await clock.advance(60_000);
    const usual = backend.assessed;
    assert.equal(usual, 7);
    own.load = 3;
    await clock.advance(420_000);
    assert.ok(backend.assessed - usual <= 12, `${backend.assessed - usual} in 420 s`);
    assert.ok(backend.assessed - usual >= 10, `${backend.assessed - usual} in 420 s`);
    assert.match(liveLine(watch.status(), clock.now().tickMs), /host busy \(load 3\.0 for each core\)/);
    assert.deepEqual(
      channel.said.map((text) => text.slice(0, 40)),
      ['tell Lookout: the host has been busy for'],
    );
    own.load = 0.1;
    // Klipper's own host counts as much as this one.
    printer.hostLoad = async () => 2;
    await clock.advance(60_000);
    assert.equal(watch.status().state.busy?.load, 2);
    printer.hostLoad = async () => null;
    await clock.advance(60_000);
    assert.equal(watch.status().state.busy, null);
    const told = log.lines
      .filter(({ message }) => message.startsWith('the host is'))
      .map(({ level }) => level);
    assert.deepEqual(told, ['warn', 'info']);
    await end();
  });

  it('looks at once when a print goes on, then never sooner than the backend allows', async () => {
    const { clock, printer, camera, backend, end } = setUp({
      kind: 'heating',
      job: aJob(),
      pauseFlag: 'none',
    });
    await clock.advance(60_000);
    assert.equal(camera.grabs, 0);
    printer.set(printing);
    await clock.advance(0);
    assert.equal(camera.grabs, 1);
    await clock.advance(19_900);
    assert.equal(camera.grabs, 1);
    await clock.advance(200);
    assert.equal(camera.grabs, 2);
    backend.answer = anAssessment({ nextInMs: 40_000 });
    await clock.advance(20_000);
    assert.equal(camera.grabs, 3);
    await clock.advance(39_000);
    assert.equal(camera.grabs, 3);
    await end();
  });

  it('waits as long as the backend says that it is not ready, without taking a frame', async () => {
    const { clock, printer, camera, backend, end } = setUp({ kind: 'idle' });
    backend.readyMs = 15_000;
    printer.set(printing);
    await clock.advance(14_900);
    assert.equal(camera.grabs, 0);
    backend.readyMs = 0;
    await clock.advance(200);
    assert.equal(camera.grabs, 1);
    await end();
  });

  it('pauses a failing print once and raises one alert', async () => {
    const { clock, printer, backend, channel, end } = setUp();
    backend.answer = failing;
    await clock.advance(300_000);
    assert.equal(printer.calls.filter((call) => call === 'pause').length, 1);
    assert.deepEqual(channel.said, ['raise Lookout: print failing, paused']);
    await end();
  });

  it('calls off a judgement when the print is paused meanwhile, and does not count it as blind', async () => {
    const { clock, printer, backend, watch, end } = setUp();
    backend.answer = new Promise<Assessment>(() => {});
    await clock.advance(1_000);
    printer.set({ kind: 'paused', job: aJob(), by: 'somebody' });
    await clock.advance(1_000);
    assert.equal(watch.status().state.blind, null);
    await end();
  });

  it('goes on through a dead camera, tells once, and says when it sees again', async () => {
    const { clock, camera, channel, watch, end } = setUp();
    camera.error = new CameraError('the camera answers nothing', {
      code: 'CAMERA_UNREACHABLE',
      retry: 'soon',
      hint: 'Is it plugged in?',
    });
    await clock.advance(900_000);
    assert.equal(channel.said.length, 1);
    assert.match(channel.said[0] ?? '', /blind.*CAMERA_UNREACHABLE.*plugged in/);
    assert.equal(watch.status().state.blind?.fault.code, 'CAMERA_UNREACHABLE');
    camera.error = null;
    await clock.advance(60_000);
    assert.equal(watch.status().state.blind, null);
    assert.match(channel.said[1] ?? '', /sees again/);
    await end();
  });

  it('keeps to the time that a refused call asks for', async () => {
    const { clock, backend, end } = setUp();
    backend.answer = new BackendError('too soon', {
      code: 'BACKEND_RATE_LIMITED',
      retry: 'soon',
      retryAfterMs: 120_000,
    });
    await clock.advance(119_000);
    assert.equal(backend.assessed, 1);
    await clock.advance(2_000);
    assert.equal(backend.assessed, 2);
    await end();
  });

  it('tells the backend once that the print has ended', async () => {
    const { clock, printer, backend, end } = setUp();
    await clock.advance(30_000);
    printer.set({ kind: 'ended', job: aJob(), how: 'complete', message: '' });
    printer.set({ kind: 'idle' });
    await clock.advance(0);
    assert.deepEqual(backend.ended, ['benchy.gcode']);
    await end();
  });

  it('resumes for the button and stays quiet for resume_mute', async () => {
    const { clock, printer, backend, watch, channel, end } = setUp();
    backend.answer = failing;
    await clock.advance(1_000);
    const incidentId = watch.status().state.incident?.id ?? '';
    watch.answer({ answer: 'resume', incidentId, through: 'prompt' });
    await clock.advance(299_000);
    assert.equal(printer.print.kind, 'printing');
    assert.equal(printer.calls.filter((call) => call === 'pause').length, 1);
    assert.ok(printer.calls.includes('SET_IDLE_TIMEOUT TIMEOUT=600'));
    assert.ok(channel.said.includes(`close ${incidentId}`));
    await end();
  });

  it('closes its alert when stopped, and after a restart shows it again without a second pause', async () => {
    const first = setUp();
    first.backend.answer = failing;
    await first.clock.advance(1_000);
    const incidentId = first.watch.status().state.incident?.id ?? '';
    await first.end();
    assert.equal(first.channel.said.at(-1), `close ${incidentId}`);

    const second = setUp({ kind: 'paused', job: aJob(), by: 'somebody' }, first.store);
    await second.clock.advance(600_000);
    assert.deepEqual(second.channel.said, ['raise Lookout: print failing, paused']);
    assert.ok(!second.printer.calls.includes('pause'));
    // The process before us had looked after it.
    assert.ok(!second.printer.calls.includes('lengthenIdleTimeout'));
    await second.end();
  });

  it('never asks twice for a pause that was asked for before it was killed', async () => {
    const first = setUp();
    first.backend.answer = failing;
    // Hangs as behind an M109; the process "dies" without a chance to tidy up.
    first.printer.pause = () => new Promise(() => {});
    await first.clock.advance(1_000);
    const left = aStore();
    for (const [name, text] of first.store.documents) left.documents.set(name, text);
    await first.end();

    const second = setUp(printing, left);
    second.backend.answer = failing;
    await second.clock.advance(600_000);
    assert.ok(!second.printer.calls.includes('pause'));
    assert.match(second.channel.said[0] ?? '', /NOT stopped/);
    await second.end();
  });

  it('keeps the bed warm, and gives the idle timeout back, when the pause took effect while it was away', async () => {
    const first = setUp();
    first.backend.answer = failing;
    first.printer.pause = () => new Promise(() => {});
    await first.clock.advance(1_000);
    await first.end();

    const second = setUp({ kind: 'paused', job: aJob(), by: 'somebody' }, first.store);
    await second.clock.advance(1_000);
    assert.deepEqual(second.printer.calls, ['lengthenIdleTimeout']);
    second.printer.set(printing);
    await second.clock.advance(0);
    assert.ok(second.printer.calls.includes('SET_IDLE_TIMEOUT TIMEOUT=600'));
    await second.end();
  });

  it('hands every frame and every step to the recorder, and the steps give the same decisions again', async () => {
    const { clock, backend, recorder, watch, end } = setUp();
    await clock.advance(30_000);
    watch.ignore([rectangle({ x: 0, y: 0 }, { x: 0.5, y: 0.5 })]);
    backend.answer = new BackendError('no answer', { code: 'BACKEND_TIMEOUT', retry: 'soon' });
    await clock.advance(60_000);
    backend.answer = failing;
    await clock.advance(60_000);
    await end();
    const kinds = new Set(recorder.steps.map(({ input }) => input.kind));
    assert.ok(kinds.has('frame-assessed') && kinds.has('frame-missed') && kinds.has('action-finished'));
    assert.ok(kinds.has('areas-changed'));
    for (const { before, input, at, after, effects } of recorder.steps) {
      assert.deepEqual(decide(before, input, at, options), { state: after, effects });
    }
    for (const [index, step] of recorder.steps.entries()) {
      if (index > 0) assert.equal(step.before, recorder.steps[index - 1]?.after);
    }
    assert.ok(recorder.frames.some(({ assessment }) => assessment === null));
    assert.deepEqual(recorder.frames.at(-1)?.assessment, failing);
  });
});
