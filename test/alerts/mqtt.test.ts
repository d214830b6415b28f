import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMqtt, type MqttDeps } from '../../src/alerts/mqtt.ts';
import { discoveryMessages } from '../../src/alerts/mqtt-discovery.ts';
import type { Alert, Frame } from '../../src/core/types.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createQuietLog } from '../support/quiet-log.ts';

const { signal } = new AbortController();
const alert: Alert = { incidentId: 'a1', level: 'failing', title: 'T', lines: ['L.'], answers: ['resume'] };
const aFrame = (bytes = 4): Frame => ({
  ...{ jpeg: new Uint8Array(bytes), width: 4, height: 3, camera: 'bed', atMs: 0, tickMs: 0 },
});

function setUp(change: Partial<MqttDeps> = {}) {
  const clock = createFakeClock();
  const log = createQuietLog();
  const published: { topic: string; payload: string; isRetained: boolean }[] = [];
  const lab = { state: { quality: 90 }, frame: aFrame() as Frame | null, isDead: false };
  const mqtt = createMqtt({
    publish: async (topic, payload, isRetained) => {
      if (lab.isDead) throw new Error('no broker');
      published.push({ topic, payload, isRetained });
    },
    isUp: () => true,
    readBroker: async () => ({ instance: 'lab', hasApi: true }),
    state: () => lab.state,
    lastFrame: () => lab.frame,
    methods: () => ['check'],
    ...{ version: '1.0.0', prefix: 'homeassistant', clock, log },
    ...change,
  });
  const stop = new AbortController();
  const running = mqtt.run(stop.signal);
  const end = async () => {
    stop.abort();
    await running;
  };
  const of = (name: string) => published.filter(({ topic }) => topic === `lab/lookout/${name}`);
  return { clock, log, lab, mqtt, published, of, end };
}

describe('MQTT', () => {
  it('tells what there is, then the state when it changes, and a picture once a minute', async () => {
    const { clock, lab, mqtt, of, published, end } = setUp();
    await clock.advance(0);
    assert.ok(published.some(({ topic }) => topic === 'homeassistant/sensor/lookout_lab/state/config'));
    assert.deepEqual(
      of('state').map(({ payload }) => payload),
      ['{"quality":90}'],
    );
    assert.equal(of('picture').length, 1);
    for (let second = 0; second < 30; second += 1) {
      lab.frame = aFrame();
      mqtt.changed();
      await clock.advance(1_000);
    }
    assert.equal(of('state').length, 1);
    assert.equal(of('picture').length, 1);
    lab.state = { quality: 40 };
    mqtt.changed();
    await clock.advance(2_000);
    assert.equal(of('state').length, 2);
    // A sign of life, or what was told is taken for unknown.
    await clock.advance(180_000);
    assert.ok(of('state').length >= 4);
    assert.ok(of('picture').length <= 5);
    assert.ok(published.every(({ topic, isRetained }) => isRetained || topic.endsWith('/alert')));
    await end();
  });

  it('tells alerts at once, with their picture, unless that is too large', async () => {
    const { clock, mqtt, of, end } = setUp({ lastFrame: () => null });
    await clock.advance(0);
    await mqtt.channel.raise(alert, aFrame(), signal);
    await mqtt.channel.raise(alert, aFrame(600 * 1024), signal);
    await mqtt.channel.close('a1', signal);
    await mqtt.channel.tell({ level: 'info', text: 'sees again' }, signal);
    assert.equal(of('picture').length, 1);
    assert.deepEqual(
      of('alert').map(({ payload }) => JSON.parse(payload).event),
      [...['alert', 'alert', 'alert_closed', 'notice']],
    );
    await mqtt.channel.leave?.(signal);
    assert.equal(of('availability').at(-1)?.payload, 'offline');
    await end();
  });

  it('says once that it does not work, goes on trying, and tells everything anew', async () => {
    const { clock, lab, log, mqtt, of, end } = setUp();
    lab.isDead = true;
    await clock.advance(300_000);
    assert.equal(log.lines.filter(({ level }) => level === 'warn').length, 1);
    await assert.rejects(mqtt.channel.raise(alert, null, signal), { code: 'ALERT_NOT_SENT', hint: /broker/ });
    lab.isDead = false;
    await clock.advance(120_000);
    assert.ok(of('state').length > 0);
    mqtt.reset();
    await clock.advance(5_000);
    assert.equal(of('availability').length, 2);
    await end();
  });

  it('keeps still while Moonraker is away, and says what is missing where there is no [mqtt]', async () => {
    const away = { isUp: () => false, readBroker: async () => null };
    const { clock, log, mqtt, published, end } = setUp(away);
    await clock.advance(300_000);
    assert.deepEqual([published.length, log.lines.length], [0, 0]);
    await assert.rejects(mqtt.channel.raise(alert, null, signal), { hint: /Add \[mqtt\]/ });
    await end();
  });
});

describe('the discovery for Home Assistant', () => {
  const who = { instance: 'my printer/1', prefix: 'ha', version: '1.0.0', hasApi: true };
  const all = ['status', 'watch', 'pause', 'mute', 'check'];
  const read = (messages: ReturnType<typeof discoveryMessages>) =>
    new Map(
      messages.map(({ topic, payload }) => [topic.split('/').slice(1, -1).join('/'), JSON.parse(payload)]),
    );

  it("sends commands to Moonraker's own topic, as requests to the agent", () => {
    const entities = read(discoveryMessages({ ...who, methods: all }));
    assert.deepEqual(
      [...entities.keys()],
      [
        ...['sensor/lookout_my_printer_1/state', 'sensor/lookout_my_printer_1/quality'],
        ...['binary_sensor/lookout_my_printer_1/problem', 'image/lookout_my_printer_1/picture'],
        ...['switch/lookout_my_printer_1/watch', 'button/lookout_my_printer_1/pause'],
        ...['button/lookout_my_printer_1/mute', 'button/lookout_my_printer_1/check'],
      ],
    );
    const watch = entities.get('switch/lookout_my_printer_1/watch');
    assert.equal(watch.command_topic, 'my printer/1/moonraker/api/request');
    const { method, params } = JSON.parse(watch.payload_off);
    assert.equal(method, 'server.extensions.request');
    assert.deepEqual(params, { agent: 'lookout', method: 'lookout.watch', arguments: { enable: false } });
    const ids = [...entities.values()].map(({ unique_id: id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const { availability } of entities.values()) assert.equal(availability.length, 2);
  });

  it('offers nothing that could not be asked for', () => {
    const count = (change: object) => discoveryMessages({ ...who, methods: all, ...change }).length;
    assert.deepEqual([count({}), count({ hasApi: false }), count({ methods: ['status'] })], [8, 4, 4]);
  });
});
