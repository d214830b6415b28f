// Our entry in Moonraker's list of webcams: made, kept, taken away, and never mistaken for a camera.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as v from 'valibot';
import type { MoonrakerConnection } from '../../src/moonraker/connection.ts';
import { keepOwnWebcam, type OwnWebcamOptions } from '../../src/moonraker/own-webcam.ts';
import { createWebcamSource } from '../../src/moonraker/webcams.ts';
import { createQuietLog } from '../support/quiet-log.ts';

type Entry = Record<string, unknown>;

/** A Moonraker that keeps a list as the real one does. */
function moonraker(webcams: Entry[]) {
  const calls: string[] = [];
  const call: MoonrakerConnection['call'] = async (method, params, schema) => {
    calls.push(method.replace('server.webcams.', ''));
    const at = webcams.findIndex(({ uid }) => uid === params['uid']);
    if (method.endsWith('delete_item')) webcams.splice(at, 1);
    if (method.endsWith('post_item')) {
      if (at === -1) webcams.push({ uid: 'new', source: 'database', ...params });
      else webcams[at] = { ...webcams[at], ...params };
    }
    return v.parse(schema, { webcams });
  };
  return { call, calls, webcams };
}

const bed = { name: 'bed', uid: 'b', service: 'mjpegstreamer', snapshot_url: '/webcam/', source: 'config' };
const panel: OwnWebcamOptions = { kind: 'panel', url: 'http://voron.local:7136', printer: null };
const never = new AbortController().signal;

async function keep(server: ReturnType<typeof moonraker>, options: OwnWebcamOptions) {
  const log = createQuietLog();
  await keepOwnWebcam(options, { connection: server, log }, never);
  return log.lines;
}

describe('the webcam entry of ours', () => {
  it('is made once, changed when it has to be, and taken away', async () => {
    const server = moonraker([bed]);
    await keep(server, panel);
    await keep(server, panel);
    assert.deepEqual(server.calls, ['list', 'post_item', 'list']);
    assert.equal(server.webcams[1]?.['stream_url'], 'http://voron.local:7136/panel');
    assert.equal(server.webcams[1]?.['service'], 'iframe');
    await keep(server, { ...panel, kind: 'adaptive', printer: 'left one' });
    assert.equal(server.webcams.length, 2);
    assert.equal(
      server.webcams[1]?.['snapshot_url'],
      'http://voron.local:7136/snapshot.jpg?printer=left%20one',
    );
    assert.equal(server.webcams[1]?.['service'], 'mjpegstreamer-adaptive');
    await keep(server, { ...panel, kind: 'off' });
    assert.deepEqual(server.webcams, [bed]);
    await keep(server, { ...panel, kind: 'off' });
    assert.equal(server.calls.at(-1), 'list');
  });

  it('is known again under another name', async () => {
    const server = moonraker([
      { ...bed, name: 'Guard', uid: 'x', source: 'database', extra_data: { lookout: true } },
    ]);
    await keep(server, { ...panel, kind: 'stream' });
    assert.deepEqual(
      server.webcams.map(({ name, service }) => [name, service]),
      [['Guard', 'mjpegstreamer']],
    );
  });

  it('leaves alone what somebody else has named so', async () => {
    const theirs = { ...bed, name: 'Lookout', source: 'database' };
    const server = moonraker([theirs]);
    const lines = await keep(server, panel);
    assert.match(lines[0]?.message ?? '', /left alone/);
    await keep(server, { ...panel, kind: 'off' });
    assert.deepEqual(server.webcams, [theirs]);
  });

  it('is no camera', async () => {
    const server = moonraker([bed]);
    await keep(server, { ...panel, kind: 'stream' });
    const connection = { call: server.call, onNotification: () => () => {} };
    const found = await createWebcamSource({ connection, log: createQuietLog() }).list(never);
    assert.deepEqual(
      found.map(({ name }) => name),
      ['bed'],
    );
  });
});
