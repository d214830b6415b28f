// The light that is switched on for a dark picture: when its macros run, when not, and what is said where they do not work.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createLitCamera } from '../../src/app/lit-camera.ts';
import { CameraError, MoonrakerError } from '../../src/core/errors.ts';
import type { Frame, Job, Print } from '../../src/core/types.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { aJob, aPrinter } from '../support/parts.ts';
import { createQuietLog } from '../support/quiet-log.ts';

const never = new AbortController().signal;
const tooDark = new CameraError('it is too dark to see anything', {
  code: 'CAMERA_TOO_DARK',
  retry: 'soon',
  hint: 'Switch a light on.',
});
const printing = (job: Job = aJob()): Print => ({ kind: 'printing', job, pauseFlag: 'none' });

/** A promise that is resolved from outside. */
function gate() {
  let resolve = () => {};
  const promise = new Promise<void>((open) => {
    resolve = open;
  });
  return { promise, resolve };
}

/** A room with a lamp that the macros switch, and a camera in it. */
function aRoom({ print = printing(), isLampDead = false }: { print?: Print; isLampDead?: boolean } = {}) {
  const printer = aPrinter(print);
  const clock = createFakeClock();
  const notices: string[] = [];
  const room = {
    isDay: false,
    isLit: false,
    grabs: 0,
    error: null as Error | null,
    refuses: '',
    isBusy: false,
    away: null as Error | null,
    isActing: false,
  };
  const lines = new Set<(line: string) => void>();
  printer.onGcodeResponse = (listener) => {
    lines.add(listener);
    return () => lines.delete(listener);
  };
  const busy = gate();
  const run = printer.runGcode;
  printer.runGcode = async (script, signal) => {
    await run(script, signal);
    if (room.away !== null) throw room.away;
    if (room.refuses === script) throw new Error(`Unknown command:"${script}"`);
    if (room.refuses === `${script} is unknown`) {
      for (const tell of lines) tell(`// Unknown command:"${script}"`);
      return;
    }
    if (room.isBusy) await busy.promise;
    room.isLit = script === 'LAMP_ON' && !isLampDead;
  };
  const camera = {
    name: 'bed',
    grab: async (): Promise<Frame> => {
      room.grabs += 1;
      if (room.error !== null) throw room.error;
      if (!room.isDay && !room.isLit) throw tooDark;
      return { jpeg: new Uint8Array(4), width: 640, height: 480, ...clock.now(), camera: 'bed' };
    },
  };
  const lit = createLitCamera(
    { on: 'LAMP_ON', off: 'LAMP_OFF', waitMs: 1_000, limitMs: 50 },
    {
      camera,
      printer,
      clock,
      log: createQuietLog(),
      onNotice: ({ text }) => notices.push(text),
      isActing: () => room.isActing,
    },
  );
  /** One look, with the wait for the camera over. */
  const look = async (signal = never): Promise<Frame | unknown> => {
    const looking = lit.grab(signal).catch((error: unknown) => error);
    await clock.advance(0);
    await clock.advance(1_000);
    return looking;
  };
  return { room, printer, clock, notices, lit, look, busy, lines };
}

const isFrame = (seen: unknown) => seen instanceof Object && 'jpeg' in seen;

describe('the light', () => {
  it('is on for the picture and off again after it, once a look', async () => {
    const { look, printer, room, notices, lit } = aRoom();
    for (let count = 1; count <= 2; count += 1) {
      assert.ok(isFrame(await look()));
      assert.equal(printer.calls.length, 2 * count);
      assert.equal(room.isLit, false);
    }
    assert.deepEqual(printer.calls, ['LAMP_ON', 'LAMP_OFF', 'LAMP_ON', 'LAMP_OFF']);
    assert.deepEqual(notices, []);
    assert.equal(lit.name, 'bed');
  });

  it('is left alone by day, and where something else is wrong with the picture', async () => {
    const { look, printer, room } = aRoom();
    room.isDay = true;
    assert.ok(isFrame(await look()));
    room.error = new CameraError('blurred', { code: 'CAMERA_BLURRED', retry: 'soon', hint: '' });
    assert.equal(await look(), room.error);
    assert.deepEqual(printer.calls, []);
  });

  it('is left alone while no print runs, Klipper is not ready, or the print is paused', async () => {
    const job = aJob();
    const prints: readonly Print[] = [
      { kind: 'not-ready', why: 'shutdown', message: '' },
      { kind: 'idle' },
      { kind: 'heating', job, pauseFlag: 'none' },
      { kind: 'paused', job, by: 'sensor' },
      { kind: 'printing', job, pauseFlag: 'macro' },
      { kind: 'printing', job, pauseFlag: 'unsettled' },
    ];
    for (const print of prints) {
      const { look, printer } = aRoom({ print });
      assert.equal(await look(), tooDark);
      assert.deepEqual(printer.calls, [], JSON.stringify(print));
    }
  });

  it('goes off also when the look is called off, as at the end of the print and of the program', async () => {
    const { lit, clock, printer, room } = aRoom();
    const abort = new AbortController();
    const looking = lit.grab(abort.signal).catch((error: unknown) => error);
    await clock.advance(0);
    assert.ok(room.isLit);
    const reason = new Error('nobody looks any more');
    abort.abort(reason);
    assert.equal(await looking, reason);
    assert.equal(room.isLit, false);
    assert.deepEqual(printer.calls, ['LAMP_ON', 'LAMP_OFF']);
  });

  for (const [refuses, why] of [
    ['LAMP_ON', /LAMP_ON did not work: Unknown command/],
    ['LAMP_ON is unknown', /LAMP_ON did not work: Klipper does not know it/],
  ] as const) {
    it(`that does not come on is told once a print, and the watch goes on dark: ${refuses}`, async () => {
      const { look, printer, room, notices } = aRoom();
      room.refuses = refuses;
      for (let count = 0; count < 3; count += 1) assert.equal(await look(), tooDark);
      assert.deepEqual(printer.calls, ['LAMP_ON', 'LAMP_OFF']);
      assert.equal(notices.length, 1);
      assert.match(notices[0] ?? '', why);
      printer.set(printing(aJob({ filename: 'next.gcode' })));
      room.refuses = '';
      assert.ok(isFrame(await look()), 'the next print is another matter');
    });
  }

  it('waits for an order of ours that is out', async () => {
    const { look, printer, room, lines } = aRoom();
    room.isActing = true;
    assert.equal(await look(), tooDark);
    assert.deepEqual(printer.calls, []);
    room.isActing = false;
    assert.ok(isFrame(await look()));
    assert.equal(lines.size, 0, 'nobody listens any more');
  });

  it('waits for a Klipper that is busy: nothing more is sent, nothing is told, and later it is lit again', async () => {
    const { look, printer, room, notices, busy } = aRoom();
    room.isBusy = true;
    for (let count = 0; count < 3; count += 1) {
      const looking = look();
      await delay(150);
      assert.equal(await looking, tooDark);
    }
    assert.deepEqual(printer.calls, ['LAMP_ON', 'LAMP_OFF'], 'what comes on late goes off right after');
    room.isBusy = false;
    busy.resolve();
    await delay(10);
    assert.equal(room.isLit, false);
    assert.ok(isFrame(await look()));
    assert.deepEqual(notices, []);
  });

  it('is tried again where Moonraker was only away', async () => {
    const { look, printer, room, notices } = aRoom();
    room.away = new MoonrakerError('gone', { code: 'MOONRAKER_CLOSED', retry: 'soon', hint: '' });
    assert.equal(await look(), tooDark);
    assert.deepEqual(printer.calls, ['LAMP_ON', 'LAMP_OFF']);
    room.away = null;
    printer.set({ kind: 'not-ready', why: 'startup', message: '' });
    assert.equal(printer.calls.length, 2);
    printer.set({ kind: 'idle' });
    assert.deepEqual(printer.calls.slice(2), ['LAMP_OFF'], 'it may have come on');
    printer.set(printing());
    await delay(1);
    assert.ok(isFrame(await look()));
    assert.equal(printer.calls.length, 5, 'once is enough');
    assert.deepEqual(notices, []);
  });

  it('that does not go off is told once, and the picture counts', async () => {
    const { look, printer, room, notices } = aRoom();
    room.refuses = 'LAMP_OFF';
    assert.ok(isFrame(await look()));
    room.isLit = false;
    assert.equal(await look(), tooDark);
    assert.deepEqual(printer.calls, ['LAMP_ON', 'LAMP_OFF']);
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? '', /LAMP_OFF did not work/);
  });

  it('that lights nothing is tried three times', async () => {
    const { look, printer, notices } = aRoom({ isLampDead: true });
    for (let count = 0; count < 5; count += 1) assert.equal(await look(), tooDark);
    assert.equal(printer.calls.length, 6);
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? '', /dark for the camera although LAMP_ON has run/);
  });
});
