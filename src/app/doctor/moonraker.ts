// Points about Moonraker: version, how we are let in, what it warns of, whether the service is connected, and updates.
import * as v from 'valibot';
import { MoonrakerError } from '../../core/errors.ts';
import { describeEndpoint, toEndpoint } from '../../moonraker/endpoint.ts';
import type { Composed } from '../compose.ts';
import { fail, type Outcome, ok, type Points, point, warn } from '../finding.ts';
import { connected } from '../printer-points.ts';
import type { Settings } from '../settings.ts';
import type { ServiceState } from './service.ts';

/** What is known before Moonraker is asked. */
export interface MoonrakerFacts {
  readonly settings: Settings;
  readonly service: ServiceState;
  /** Of this program. */
  readonly version: string;
}

type Connection = Composed['connection'];

const troublesSchema = v.object({
  failed_components: v.fallback(v.array(v.string()), []),
  warnings: v.fallback(v.array(v.string()), []),
});
const agentsSchema = v.object({
  agents: v.array(v.object({ name: v.string(), version: v.fallback(v.string(), 'unknown') })),
});
const updatesSchema = v.object({
  version_info: v.record(
    v.string(),
    v.object({
      version: v.fallback(v.string(), 'unknown'),
      remote_version: v.fallback(v.string(), 'unknown'),
      is_valid: v.fallback(v.boolean(), true),
      is_dirty: v.fallback(v.boolean(), false),
      commits_behind_count: v.fallback(v.number(), 0),
      warnings: v.fallback(v.array(v.string()), []),
      anomalies: v.fallback(v.array(v.string()), []),
    }),
  ),
});

const agentName = 'lookout';
const programName = 'moonraker-lookout';
/** Warnings shown at most. */
const maxShown = 5;

/** Looks at Moonraker. False when there is no connection, so that nothing behind it can be looked at. */
export async function lookAtMoonraker(
  { connection }: Pick<Composed, 'connection'>,
  facts: MoonrakerFacts,
  points: Points,
): Promise<boolean> {
  const { settings } = facts;
  const isUp = await point(points, 'Moonraker', async (limit) => {
    const info = await connected(connection, limit);
    const where = describeEndpoint(toEndpoint(settings.moonraker.url));
    const { moonraker_version: version, api_version_string: api } = info;
    return ok(`version ${version}, API ${api}, at ${where}, let in ${howLetIn(settings)}`);
  });
  if (!isUp) return false;
  await point(points, "Moonraker's warnings", (limit) => lookAtTroubles(connection, limit), {
    atWorst: warn,
  });
  await point(points, 'agent', (limit) => lookAtAgent(connection, facts, limit), { atWorst: warn });
  await point(points, 'updates', (limit) => lookAtUpdates(connection, facts.service, limit), {
    atWorst: warn,
  });
  return true;
}

function howLetIn({ moonraker }: Settings): string {
  const { url, apiKey, username, password } = moonraker;
  if (toEndpoint(url).kind === 'unix') return 'through its Unix socket';
  if (apiKey !== null) return 'with the API key';
  return username !== null && password !== null ? `as user ${username}` : 'because it trusts this host';
}

async function lookAtTroubles(connection: Connection, signal: AbortSignal): Promise<Outcome> {
  const info = await connection.call('server.info', {}, troublesSchema, { signal });
  const failed = info.failed_components.map((name) => `the component ${name} has failed`);
  const all = [...failed, ...info.warnings.map((text) => text.replace(/\s+/g, ' ').trim())];
  if (all.length === 0) return ok('none');
  const more = all.length > maxShown ? [`… and ${all.length - maxShown} more`] : [];
  return warn(
    [...all.slice(0, maxShown), ...more].join('; '),
    'Moonraker says so itself, in moonraker.log and in the notifications of Mainsail and Fluidd.',
  );
}

async function lookAtAgent(
  connection: Connection,
  { service, version }: MoonrakerFacts,
  signal: AbortSignal,
): Promise<Outcome> {
  const { agents } = await connection.call('server.extensions.list', {}, agentsSchema, { signal });
  const ours = agents.find(({ name }) => name === agentName);
  const restart = service.kind === 'found' ? `sudo systemctl restart ${service.name}` : 'Restart it.';
  if (ours !== undefined) {
    if (ours.version === version) return ok(`${agentName} is connected, version ${version}`);
    return warn(`${agentName} is connected with version ${ours.version}, and this is ${version}`, restart);
  }
  if (service.kind === 'found' && service.unit['ActiveState'] === 'active') {
    return fail(
      `${service.name} runs but is not connected to this Moonraker`,
      `Look into its log for MOONRAKER_…; after a change of the configuration: ${restart}`,
    );
  }
  return warn(`${agentName} is not connected: nobody watches this printer now`, 'Start the service.');
}

async function lookAtUpdates(
  connection: Connection,
  service: ServiceState,
  signal: AbortSignal,
): Promise<Outcome> {
  const name = service.kind === 'found' ? service.name : programName;
  const hint = `Run install.sh, or add [update_manager ${name}] to moonraker.conf as in moonraker.conf.example.`;
  let answer: v.InferOutput<typeof updatesSchema>;
  try {
    answer = await connection.call('machine.update.status', { refresh: false }, updatesSchema, { signal });
  } catch (error) {
    if (!(error instanceof MoonrakerError && error.code === 'MOONRAKER_REFUSED')) throw error;
    return warn(`Moonraker's update manager does not answer: ${error.message}`, hint);
  }
  const entry = answer.version_info[name];
  if (entry === undefined) return warn(`Moonraker does not update ${name}`, hint);
  const text = `version ${entry.version}`;
  const troubles = [...entry.warnings, ...entry.anomalies].slice(0, maxShown);
  if (!entry.is_valid || entry.is_dirty) {
    const state = entry.is_valid ? 'files of the checkout have been changed' : 'not a valid checkout';
    return warn(
      [`${text}: ${state}`, ...troubles].join('; '),
      'In the folder of moonraker-lookout: git status. Recover it under Machine, Update Manager; changes of your own are lost then.',
    );
  }
  if (entry.commits_behind_count > 0) {
    return ok(
      `${text}, ${entry.remote_version} can be had`,
      'Update it in Mainsail or Fluidd when nothing prints.',
    );
  }
  return troubles.length === 0 ? ok(`${text}, valid and up to date`) : warn([text, ...troubles].join('; '));
}
