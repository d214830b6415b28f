// What Home Assistant is told of us (MQTT discovery): entities, where their values come from, and what their buttons send.

/** Who we are on the broker. */
export interface MqttIdentity {
  /** Moonraker's own name on the broker: `[mqtt] instance_name`. */
  readonly instance: string;
  /** Prefix of the discovery, `homeassistant` unless set otherwise there. */
  readonly prefix: string;
  readonly version: string;
  /** Methods of the agent `lookout` that can be asked for. */
  readonly methods: readonly string[];
  /** Whether Moonraker answers requests that come through the broker. */
  readonly hasApi: boolean;
}

/** One retained message. */
export interface MqttMessage {
  readonly topic: string;
  readonly payload: string;
}

/** Topics that we publish to. */
export interface MqttTopics {
  /** JSON, retained. */
  readonly state: string;
  /** A JPEG as base64, retained. */
  readonly picture: string;
  /** JSON of each alert and notice, not retained. */
  readonly alert: string;
  /** `online` or `offline`, retained. */
  readonly availability: string;
}

/** The topics below Moonraker's own. */
export function mqttTopics(instance: string): MqttTopics {
  const topic = (name: string) => `${instance}/lookout/${name}`;
  return {
    ...{ state: topic('state'), picture: topic('picture') },
    ...{ alert: topic('alert'), availability: topic('availability') },
  };
}

/** How often the state comes at least, s; a value that has not come for three times as long is unknown. */
export const mqttBeatS = 60;

/**
 * Every entity as a retained message. Commands go to Moonraker's own request topic, so that we need no connection to the
 * broker: Moonraker hands them to the agent `lookout` like any other request.
 */
export function discoveryMessages(who: MqttIdentity): readonly MqttMessage[] {
  const id = `lookout_${who.instance.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 60)}`;
  const topics = mqttTopics(who.instance);
  const common = {
    availability: [
      {
        ...{ topic: `${who.instance}/moonraker/status`, value_template: '{{ value_json.server }}' },
        ...{ payload_available: 'online', payload_not_available: 'offline' },
      },
      { topic: topics.availability, payload_available: 'online', payload_not_available: 'offline' },
    ],
    availability_mode: 'all',
    device: {
      identifiers: [id],
      ...{ name: `Lookout ${who.instance}`, model: 'moonraker-lookout', sw_version: who.version },
    },
    origin: { name: 'moonraker-lookout', sw_version: who.version },
  };
  const entity = (
    component: string,
    name: string,
    config: Readonly<Record<string, unknown>>,
  ): MqttMessage => ({
    topic: `${who.prefix}/${component}/${id}/${name}/config`,
    payload: JSON.stringify({ ...common, unique_id: `${id}_${name}`, ...config }),
  });
  const fromState = (template: string) => ({
    ...{ state_topic: topics.state, value_template: template, expire_after: 3 * mqttBeatS },
  });
  const request = (method: string, args: object = {}) =>
    JSON.stringify({
      ...{ jsonrpc: '2.0', method: 'server.extensions.request' },
      params: { agent: 'lookout', method: `lookout.${method}`, arguments: args },
      id: 7136,
    });
  const toMoonraker = { command_topic: `${who.instance}/moonraker/api/request`, qos: 1 };
  const canAsk = (method: string) => who.hasApi && who.methods.includes(method);
  const button = (method: string, name: string, icon: string, args: object = {}) =>
    canAsk(method)
      ? [entity('button', method, { name, icon, ...toMoonraker, payload_press: request(method, args) })]
      : [];
  return [
    entity('sensor', 'state', {
      ...{ name: 'State', icon: 'mdi:binoculars', ...fromState('{{ value_json.state }}') },
      ...{ json_attributes_topic: topics.state },
    }),
    entity('sensor', 'quality', {
      ...{ name: 'Print quality', icon: 'mdi:printer-3d-nozzle', unit_of_measurement: '%' },
      ...{ state_class: 'measurement', ...fromState('{{ value_json.quality }}') },
    }),
    entity('binary_sensor', 'problem', {
      ...{ name: 'Print failing', device_class: 'problem', payload_on: 'True', payload_off: 'False' },
      ...fromState('{{ value_json.incident is not none }}'),
    }),
    entity('image', 'picture', {
      ...{ name: 'Last picture', image_topic: topics.picture, image_encoding: 'b64' },
      content_type: 'image/jpeg',
    }),
    ...(canAsk('watch')
      ? [
          entity('switch', 'watch', {
            ...{ name: 'Watching', icon: 'mdi:eye', ...toMoonraker },
            state_topic: topics.state,
            value_template: "{{ 'ON' if value_json.is_switched_on else 'OFF' }}",
            ...{ state_on: 'ON', state_off: 'OFF' },
            payload_on: request('watch', { enable: true }),
            payload_off: request('watch', { enable: false }),
          }),
        ]
      : []),
    ...button('pause', 'Pause print', 'mdi:pause'),
    ...button('mute', 'Mute for 10 minutes', 'mdi:bell-sleep', { minutes: 10 }),
    ...button('check', 'Look now', 'mdi:eye-check'),
  ];
}
