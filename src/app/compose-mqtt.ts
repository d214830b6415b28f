// Joins MQTT to the parts that it speaks for and through.
import * as v from 'valibot';
import { createMqtt, type Mqtt } from '../alerts/mqtt.ts';
import type { StatusAnswer } from '../core/control.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { MoonrakerConnection } from '../moonraker/connection.ts';
import type { Watch } from './watch.ts';

/** What it takes. `watch` and `methods` are asked for when they are needed. */
export interface MqttParts {
  readonly connection: MoonrakerConnection;
  readonly watch: () => Pick<Watch, 'lastFrame'>;
  readonly status: () => StatusAnswer;
  readonly methods: () => readonly string[];
  readonly version: string;
  readonly prefix: string;
  readonly clock: Clock;
  readonly log: Log;
}

const configSchema = v.object({ config: v.record(v.string(), v.unknown()) });
const mqttSchema = v.object({
  instance_name: v.pipe(v.string(), v.minLength(1)),
  enable_moonraker_api: v.fallback(v.boolean(), true),
});

/** Makes it. */
export function composeMqtt(parts: MqttParts): Mqtt {
  const { connection } = parts;
  const mqtt = createMqtt({
    ...{ prefix: parts.prefix, version: parts.version, methods: parts.methods, clock: parts.clock },
    log: parts.log.child('alerts/mqtt'),
    isUp: () => connection.state.kind === 'up',
    publish: async (topic, payload, retain, signal) => {
      await connection.call('server.mqtt.publish', { topic, payload, retain }, v.unknown(), { signal });
    },
    readBroker: async (signal) => {
      const { config } = await connection.call('server.config', {}, configSchema, { signal });
      const mqttConfig = v.safeParse(mqttSchema, config['mqtt']);
      if (!mqttConfig.success) return null;
      return { instance: mqttConfig.output.instance_name, hasApi: mqttConfig.output.enable_moonraker_api };
    },
    state: () => publicState(parts.status()),
    lastFrame: () => parts.watch().lastFrame(),
  });
  connection.onState(({ kind }) => {
    if (kind === 'up') mqtt.reset();
  });
  return mqtt;
}

/** What a broker is told, without what changes by itself from one moment to the next. */
function publicState(status: StatusAnswer): Readonly<Record<string, unknown>> {
  const { gate, printer, print, mode, last, blind } = status;
  // Whoever acts on what a broker says must not act in shadow mode either.
  const isShadow = mode === 'shadow';
  const incident = isShadow ? null : status.incident;
  const verdict = isShadow && status.verdict !== 'clear' ? 'watching' : status.verdict;
  return {
    state: stateWord({ gate, blind, verdict, incident }),
    mode,
    text: status.text,
    ...{
      is_watching: status.is_watching,
      is_switched_on: status.is_switched_on && gate?.kind !== 'switched-off',
    },
    ...{ printer, verdict, gate: gate?.kind ?? null, blind: blind?.code ?? null },
    quality: last === null ? null : Math.round((1 - last.score) * 100),
    ...{ score: last?.score ?? null, backend: last?.backend ?? null },
    ...{ filename: print?.filename ?? null, layer: print?.layer ?? null },
    incident:
      incident === null ? null : { id: incident.id, level: incident.level, answers: incident.answers },
  };
}

function stateWord({
  gate,
  blind,
  verdict,
  incident,
}: Pick<StatusAnswer, 'gate' | 'blind' | 'verdict' | 'incident'>): string {
  if (incident !== null) return incident.level;
  if (blind !== null) return 'blind';
  return gate?.kind ?? verdict;
}
