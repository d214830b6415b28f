// The virtual Moonraker against recordings of a real one: the same events, replies and fields, in the same order.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from '../support/until.ts';
import { eventOf, fieldOrders, misordered, noCaptures, readCapture, replyOf } from './capture.ts';
import { type Played, play, type Replay } from './replay.ts';

/** Fields that the recordings carry over from the print before. */
const carried = ['print_stats.filename', 'display_status.message', 'resets'];

const sessions: Readonly<Record<string, Replay>> = {
  full_session: {},
  self_pause: { speed: 4 },
  estop_rpc: { before: 'cancelled', ignored: carried },
  runout: {
    speed: 4,
    before: 'cancelled',
    ignored: carried,
    onNote: (note, { printer }) => {
      if (note.startsWith('filament runs out')) printer.setFilament(false);
    },
  },
  error_in_file: { ignored: ['display_status.message'] },
  error_in_file_plain: { macros: 'plain' },
  cancel_while_paused: {},
  pause_while_heating: { before: 'cancelled', ignored: carried },
  resume_cold: {
    before: 'cancelled',
    ignored: carried,
    onNote: async (note, { printer }) => {
      if (!note.startsWith('wait for the nozzle to cool')) return;
      await until('a cold nozzle', () => printer.status()['extruder']?.['can_extrude'] === false, 8_000);
    },
  },
  estop_in_file: {},
  agent_features: { before: 'cancelled', ignored: ['resets'] },
  duplicate_agent: { before: 'cancelled' },
  duplicate_agent_second: { otherAgent: 'rig-agent' },
  cancel_while_heating: { before: 'cancelled', ignored: carried },
  bad_move: { before: 'cancelled', ignored: carried },
  bad_move_plain: { macros: 'plain', before: 'cancelled', ignored: carried },
  mcu_killed: {
    before: 'cancelled',
    ignored: carried,
    onNote: (note, { printer }) => {
      if (note.startsWith('SIGKILL mcu')) printer.emergencyStop("Lost communication with MCU 'mcu'");
    },
  },
  klippy_killed: {
    before: 'cancelled',
    ignored: carried,
    onNote: (note, { printer }) => {
      if (note.startsWith('SIGKILL klippy')) printer.kill();
      if (note === 'restart klippy') void printer.restart();
    },
  },
  config_error: {
    before: 'cancelled',
    ignored: carried,
    onNote: (note, { printer }) => {
      if (note.startsWith('break printer.cfg')) {
        printer.setConfigError("Section 'nonsense_section' is not a valid config section\n");
      }
      if (!note.startsWith('repair')) return;
      // The first start after the repair failed as well.
      printer.setConfigError("Failed automated reset of MCU 'mcu'\n");
      let restarts = 0;
      printer.onState((state) => {
        if (state !== 'disconnected') return;
        restarts += 1;
        if (restarts === 2) printer.setConfigError(null);
      });
    },
  },
  moonraker_killed: {
    onNote: async (note, { moonraker }) => {
      if (note.startsWith('SIGKILL moonraker')) await moonraker.kill();
      if (note.startsWith('connect failed')) await moonraker.restart(0);
    },
  },
  bad_requests: { before: 'cancelled', ignored: ['print_stats.info', 'display_status.message'] },
};

const played = new Map<string, Promise<Played>>();

/** Plays each session once, whoever asks. */
function playOnce(name: string): Promise<Played> {
  const running = played.get(name) ?? play(name, sessions[name]);
  played.set(name, running);
  return running;
}

function events(frames: Played['received'], ignored: readonly string[] = []): string[] {
  return frames.map((frame) => eventOf(frame, ignored)).filter((event) => event !== null);
}

function stateIn(frame: Record<string, unknown>): unknown {
  if (frame['method'] !== 'notify_status_update') return undefined;
  const [status] = frame['params'] as [Record<string, Record<string, unknown>>];
  return status['print_stats']?.['state'];
}

describe('virtual Moonraker against recordings', { skip: noCaptures, concurrency: 8 }, () => {
  for (const [name, how] of Object.entries(sessions)) {
    it(`${name}: the same events and replies`, async () => {
      const { recorded, received } = await playOnce(name);
      const had = events(recorded, how.ignored);
      const got = events(received, how.ignored);
      assert.deepEqual(got.slice(0, had.length), had);
      // Some recordings stop a moment before Moonraker tells of the history.
      assert.deepEqual(
        got.slice(had.length).filter((event) => !event.startsWith('history finished')),
        [],
      );
      const replies = (frames: Played['received']) => frames.map(replyOf).filter((reply) => reply !== null);
      assert.deepEqual(replies(received), replies(recorded));
      const orders = fieldOrders(recorded);
      assert.deepEqual(misordered(recorded, orders), []);
      assert.deepEqual(misordered(received, orders), []);
    });
  }

  it('full_session: replies and updates come in the same order', async () => {
    const { recorded, received } = await playOnce('full_session');
    const order = (frames: Played['received']) => {
      const at = (find: (frame: Record<string, unknown>) => boolean) => frames.findIndex(find);
      const update = (state: string, from: number) =>
        frames.findIndex((frame, index) => index > from && stateIn(frame) === state);
      const [start, pause, resume] = [8, 9, 10].map((id) => at((frame) => frame['id'] === id));
      const paused = update('paused', 0);
      return {
        startAnsweredFirst: (start ?? -1) < update('printing', 0),
        pauseSeenFirst: paused < (pause ?? -1),
        resumeAnsweredFirst: (resume ?? -1) < update('printing', paused),
      };
    };
    const expected = { startAnsweredFirst: true, pauseSeenFirst: true, resumeAnsweredFirst: true };
    assert.deepEqual(order(recorded), expected);
    assert.deepEqual(order(received), expected);
  });

  it('reads every capture that it names', () => {
    for (const name of Object.keys(sessions)) assert.ok(readCapture(name).length > 0, name);
  });
});
