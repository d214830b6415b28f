// A real MQTT broker (mosquitto) on a free port of loopback, and somebody who hears everything on it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ensureMoonraker } from '../../scripts/moonraker-venv.mjs';
import { createChildServer, freePort } from './child-server.ts';
import { until } from './until.ts';

/** Debian keeps it out of the path of ordinary users. */
const program = '/usr/sbin/mosquitto';

/** What was published. */
export interface Published {
  readonly topic: string;
  readonly payload: string;
}

/** The broker with its listener. */
export interface RealBroker {
  readonly port: number;
  /** Everything that was published, oldest first. */
  readonly heard: readonly Published[];
  /** The last payload of this topic, read as JSON; undefined before the first. */
  last(topic: string): unknown;
  publish(topic: string, payload: string): void;
  close(): Promise<void>;
}

/** Why there can be no broker here, for the `skip` of a test; false when there can. Throws under `CI=true`. */
export function whyNoBroker(): string | false {
  if (existsSync(program)) return false;
  const why = `${program} is not there: bash scripts/ci-tools.sh`;
  if (process.env['CI'] === 'true') throw new Error(why);
  return why;
}

/** Starts both. */
export async function startRealBroker(): Promise<RealBroker> {
  const { python } = await ensureMoonraker();
  const folder = mkdtempSync(join(tmpdir(), 'lookout-mqtt-'));
  const port = await freePort();
  const conf = join(folder, 'mosquitto.conf');
  writeFileSync(conf, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
  const server = createChildServer({
    ...{ name: 'mosquitto', command: program, args: ['-c', conf], deadlineMs: 15_000 },
    isReady: () => isOpen(port),
  });
  const heard: Published[] = [];
  let client: ChildProcess | null = null;
  const close = async () => {
    if (client !== null && client.exitCode === null) {
      const gone = once(client, 'exit');
      client.kill('SIGKILL');
      await gone;
    }
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await server.start();
    const listener = spawn(python, [join(import.meta.dirname, 'mqtt_client.py'), String(port)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    client = listener;
    createInterface(listener.stdout).on('line', (line) => {
      const [topic, payload] = JSON.parse(line);
      heard.push({ topic, payload });
    });
    await until('the listener', () => heard.length > 0, 15_000);
    return {
      ...{ port, heard, close },
      last: (topic) => {
        const found = heard.findLast((each) => each.topic === topic);
        return found === undefined ? undefined : JSON.parse(found.payload);
      },
      publish: (topic, payload) => listener.stdin.write(`${JSON.stringify([topic, payload])}\n`),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.on('connect', () => done(true));
    socket.on('error', () => done(false));
  });
}
