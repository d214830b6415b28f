// The connection to Moonraker that the settings ask for.
import { readFileSync } from 'node:fs';
import { ConfigError } from '../core/errors.ts';
import type { Clock, Log } from '../core/ports.ts';
import type { Credentials, Identity } from '../moonraker/auth.ts';
import { createMoonrakerConnection, type MoonrakerConnection } from '../moonraker/connection.ts';
import { type Endpoint, toEndpoint } from '../moonraker/endpoint.ts';
import type { Settings } from './settings.ts';

/** What the connection needs from the process. */
export interface ConnectDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in 0..1. */
  readonly random: () => number;
  /** Of this program, as told to Moonraker. */
  readonly version: string;
  /** `agent` for the service; `other` for a look beside it, which must not take the agent's name. */
  readonly clientType: 'agent' | 'other';
}

const agentName = 'lookout';
const projectUrl = 'https://github.com/OWNER/moonraker-lookout';

/** The connection, and what it was made of. */
export interface WayIn {
  readonly connection: MoonrakerConnection;
  readonly endpoint: Endpoint;
  readonly identity: Identity;
}

/** Makes it. Nothing is connected yet. Throws ConfigError for a `ca_file` that cannot be read. */
export function wayInFor({ moonraker }: Pick<Settings, 'moonraker'>, deps: ConnectDeps): WayIn {
  const endpoint = toEndpoint(moonraker.url, readAuthority(moonraker.caFile));
  const identity: Identity = {
    name: agentName,
    version: deps.version,
    type: deps.clientType,
    url: projectUrl,
  };
  const credentials = credentialsOf(moonraker);
  return {
    endpoint,
    identity,
    connection: createMoonrakerConnection({ endpoint, identity, credentials }, deps),
  };
}

function readAuthority(file: string | null): string | null {
  if (file === null) return null;
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`[moonraker] ca_file: ${file} cannot be read`, {
      code: 'CONFIG_UNREADABLE',
      retry: 'never',
      hint: 'Name a PEM file that this user may read, or leave ca_file out.',
      cause,
    });
  }
}

function credentialsOf(moonraker: Settings['moonraker']): Credentials {
  const { apiKey, username, password } = moonraker;
  if (apiKey !== null) return { kind: 'api-key', apiKey };
  if (username === null || password === null) return { kind: 'trusted' };
  return { kind: 'user', username, password, source: null };
}
