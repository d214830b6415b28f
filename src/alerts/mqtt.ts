// Tells a broker, through Moonraker's own [mqtt], how the print is doing: state, picture, alerts, and Home Assistant's discovery.
import { AlertError } from '../core/errors.ts';
import type { Channel, Clock, Log } from '../core/ports.ts';
import type { Frame } from '../core/types.ts';
import { createBell } from '../lib/bell.ts';
import { alertText } from './alert-text.ts';
import { discoveryMessages, type MqttTopics, mqttBeatS, mqttTopics } from './mqtt-discovery.ts';

/** What MQTT needs. */
export interface MqttDeps {
  /** `server.mqtt.publish`, QoS as set in Moonraker. */
  readonly publish: (
    topic: string,
    payload: string,
    isRetained: boolean,
    signal: AbortSignal,
  ) => Promise<void>;
  /** Whether Moonraker can be asked anything at all: without it there is nothing to complain of here. */
  readonly isUp: () => boolean;
  /** Moonraker's [mqtt]; null where it has none, or is not connected now. */
  readonly readBroker: (signal: AbortSignal) => Promise<{ instance: string; hasApi: boolean } | null>;
  /** The state as it is published: JSON. */
  readonly state: () => Readonly<Record<string, unknown>>;
  /** The last frame; null before the first. */
  readonly lastFrame: () => Frame | null;
  readonly methods: () => readonly string[];
  readonly version: string;
  /** Prefix of Home Assistant's discovery. */
  readonly prefix: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** The way to the broker. */
export interface Mqtt {
  readonly channel: Channel;
  /** The state may have changed. Returns at once. */
  changed(): void;
  /** Moonraker has come or gone: everything is told anew. */
  reset(): void;
  /** Publishes until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Between two states, ms: pictures come every few seconds at the most. */
const gapMs = 2_000;
/** Between two pictures that no alert asks for, ms. */
const pictureEveryMs = 60_000;
/** Larger ones are left out: Moonraker has other things to do than to carry them. */
const maxPictureBytes = 512 * 1024;

/** Makes the way. Nothing is published before `run`. */
export function createMqtt(deps: MqttDeps): Mqtt {
  const { clock, log } = deps;
  const bell = createBell(clock);
  let topics: MqttTopics | null = null;
  let told = '';
  let toldTickMs = Number.NEGATIVE_INFINITY;
  let pictureTickMs = Number.NEGATIVE_INFINITY;
  let shownFrame: Frame | null = null;
  let isFailing = false;

  /** The topics; everything that does not change is published first. */
  const connect = async (signal: AbortSignal): Promise<MqttTopics> => {
    if (topics !== null) return topics;
    const broker = await deps.readBroker(signal);
    if (broker === null) throw notThere();
    const found = mqttTopics(broker.instance);
    const { prefix, version } = deps;
    const who = { ...broker, prefix, version, methods: deps.methods() };
    for (const { topic, payload } of discoveryMessages(who)) await deps.publish(topic, payload, true, signal);
    await deps.publish(found.availability, 'online', true, signal);
    topics = found;
    told = '';
    return found;
  };

  const tellPicture = async (to: MqttTopics, frame: Frame | null, signal: AbortSignal) => {
    if (frame === null || frame === shownFrame || frame.jpeg.length > maxPictureBytes) return;
    await deps.publish(to.picture, Buffer.from(frame.jpeg).toString('base64'), true, signal);
    shownFrame = frame;
    pictureTickMs = clock.now().tickMs;
  };

  const tellState = async (to: MqttTopics, signal: AbortSignal) => {
    const state = JSON.stringify(deps.state());
    const { tickMs } = clock.now();
    if (state === told && tickMs - toldTickMs < mqttBeatS * 1_000) return;
    await deps.publish(to.state, state, true, signal);
    told = state;
    toldTickMs = tickMs;
  };

  const round = async (signal: AbortSignal) => {
    if (!deps.isUp()) return;
    const to = await connect(signal);
    await tellState(to, signal);
    if (clock.now().tickMs - pictureTickMs >= pictureEveryMs) await tellPicture(to, deps.lastFrame(), signal);
    if (isFailing) log.info('MQTT works again');
    isFailing = false;
  };

  const send = async (
    event: Readonly<Record<string, unknown>>,
    picture: Frame | null,
    signal: AbortSignal,
  ) => {
    try {
      const to = await connect(signal);
      await tellPicture(to, picture, signal);
      await deps.publish(to.alert, JSON.stringify(event), false, signal);
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof AlertError) throw cause;
      const hint = "Look at Moonraker's [mqtt] and at the broker.";
      throw new AlertError('nothing was published', { code: 'ALERT_NOT_SENT', retry: 'soon', hint, cause });
    }
  };

  return {
    channel: {
      name: 'mqtt',
      takesQuestions: true,
      raise: (alert, picture, signal) => {
        const { incidentId, level, title, lines } = alert;
        const event = {
          event: 'alert',
          incident_id: incidentId,
          level,
          title,
          lines,
          text: alertText(alert),
        };
        return send(event, picture, signal);
      },
      close: (incidentId, signal) => send({ event: 'alert_closed', incident_id: incidentId }, null, signal),
      tell: ({ level, text }, signal) => send({ event: 'notice', level, text }, null, signal),
      leave: async (signal) => {
        if (topics !== null) await deps.publish(topics.availability, 'offline', true, signal);
      },
    },
    changed: bell.ring,
    reset: () => {
      topics = null;
      bell.ring();
    },
    run: async (signal) => {
      try {
        for (;;) {
          await round(signal).catch((error: unknown) => {
            signal.throwIfAborted();
            // Alerts that do not go out are told on the other channels; that the state does not is for the log, once.
            if (!isFailing) log.warn('MQTT does not work', { error });
            isFailing = true;
          });
          await clock.sleep(gapMs, signal);
          await bell.wait(isFailing ? mqttBeatS * 1_000 : mqttBeatS * 1_000 - gapMs, signal);
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
}

function notThere(): AlertError {
  return new AlertError('Moonraker has no [mqtt], or is not connected', {
    ...{ code: 'ALERT_NOT_SENT', retry: 'soon' },
    hint: 'Add [mqtt] with the address of your broker to moonraker.conf, and restart Moonraker.',
  });
}
