import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import * as v from 'valibot';
import { readFrame } from '../../src/moonraker/frames.ts';
import {
  gcodeResponseSchema,
  objectListSchema,
  printerInfoSchema,
  serverInfoSchema,
  statusAnswerSchema,
  statusUpdateSchema,
  webcamListSchema,
  webcamSchema,
} from '../../src/moonraker/messages.ts';
import { toSnapshot } from '../../src/moonraker/snapshot.ts';
import { createStatusStore } from '../../src/moonraker/status-store.ts';

// Recordings of a real Moonraker. They are not part of the repository.
const folder =
  process.env['LOOKOUT_CAPTURES'] ?? resolve(import.meta.dirname, '../../../shared/data/captures');
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jsonl')) : [];
const skip = files.length === 0 ? `no recordings in ${folder} (set LOOKOUT_CAPTURES)` : false;

interface Line {
  readonly dir: string;
  readonly raw: string;
}

const readLines = (name: string): Line[] =>
  readFileSync(join(folder, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

const answerSchemas = new Map<string, v.GenericSchema>([
  ['server.info', serverInfoSchema],
  ['printer.info', printerInfoSchema],
  ['printer.objects.list', objectListSchema],
  ['printer.objects.query', statusAnswerSchema],
  ['printer.objects.subscribe', statusAnswerSchema],
  ['server.webcams.list', v.object({ webcams: v.array(webcamSchema) })],
  ['printer.print.pause', v.literal('ok')],
  ['printer.print.resume', v.literal('ok')],
  ['printer.print.cancel', v.literal('ok')],
  ['printer.gcode.script', v.literal('ok')],
  ['server.connection.identify', v.object({ connection_id: v.number() })],
]);
const notificationSchemas = new Map<string, v.GenericSchema>([
  ['notify_status_update', statusUpdateSchema],
  ['notify_gcode_response', gcodeResponseSchema],
  ['notify_webcams_changed', v.tuple([webcamListSchema])],
]);

describe('recorded sessions', { skip }, () => {
  for (const name of files) {
    it(`${name}: every frame is read, and every message that we use has our shape`, () => {
      const methods = new Map<unknown, string>();
      let frames = 0;
      for (const { dir, raw } of readLines(name)) {
        if (dir === 'out' && raw.startsWith('{"jsonrpc"')) {
          const { id, method } = JSON.parse(raw) as { id: unknown; method: string };
          methods.set(id, method);
        }
        if (dir !== 'in') continue;
        frames += 1;
        const frame = readFrame(Buffer.from(raw));
        assert.notEqual(frame.kind, 'malformed', raw.slice(0, 200));
        assert.equal(frame.kind === 'skipped', raw.includes('"method":"notify_proc_stat_update"'));
        if (frame.kind === 'notification') {
          const schema = notificationSchemas.get(frame.method);
          if (schema !== undefined) v.parse(schema, frame.params);
        }
        if (frame.kind === 'answer' && frame.outcome.kind === 'result') {
          const schema = answerSchemas.get(methods.get(frame.id) ?? '');
          if (schema !== undefined) v.parse(schema, frame.outcome.result);
        }
      }
      assert.ok(frames > 0);
    });

    it(`${name}: the status comes to the same as Klipper's own last word`, () => {
      const store = createStatusStore();
      const merged: Record<string, Record<string, unknown>> = {};
      for (const { dir, raw } of readLines(name)) {
        if (dir !== 'in') continue;
        const frame = readFrame(Buffer.from(raw));
        const read =
          frame.kind === 'notification' && frame.method === 'notify_status_update'
            ? v.safeParse(statusUpdateSchema, frame.params)
            : null;
        const answer =
          frame.kind === 'answer' && frame.outcome.kind === 'result'
            ? v.safeParse(statusAnswerSchema, frame.outcome.result)
            : null;
        const [status, atS] = read?.success
          ? read.output
          : answer?.success
            ? [answer.output.status, answer.output.eventtime]
            : [{}, 0];
        store.merge(status, atS);
        for (const [object, fields] of Object.entries(status))
          merged[object] = { ...merged[object], ...fields };
      }
      const snapshot = toSnapshot(store, [], { klippy: 'ready', message: '' }, 0);
      const stats = merged['print_stats'] ?? {};
      if (merged['webhooks'] === undefined) return;
      assert.equal(snapshot.klippy, merged['webhooks']['state']);
      assert.deepEqual(
        [snapshot.state, snapshot.filename, snapshot.isPaused],
        [stats['state'], stats['filename'], merged['pause_resume']?.['is_paused']],
      );
      assert.equal(snapshot.totalDurationMs, Number(stats['total_duration']) * 1000);
    });
  }
});
