// Points about the systemd service: whether it runs for this configuration, and whether its sandbox is the one it was made for.
import { fail, type Outcome, ok, type Report, warn } from '../finding.ts';
import type { WrittenFolder } from './host.ts';
import { askTool, type Env } from './tool.ts';

/** A unit as `systemctl show` tells it, by property. */
export type Unit = Readonly<Record<string, string>>;

/** What systemd knows of us. `elsewhere`: there are units, for other configurations. */
export type ServiceState =
  | { readonly kind: 'no-systemd' }
  | { readonly kind: 'none' }
  | { readonly kind: 'elsewhere'; readonly names: readonly string[] }
  | { readonly kind: 'found'; readonly name: string; readonly unit: Unit };

const properties = [
  ...['Id', 'LoadState', 'ActiveState', 'SubState', 'Result', 'ExecMainStatus', 'NRestarts', 'UnitFileState'],
  ...['NeedDaemonReload', 'Type', 'WatchdogUSec', 'ProtectSystem', 'NoNewPrivileges', 'ReadWritePaths'],
  ...['StatusText', 'ExecStart'],
];
const installHint = 'Run install.sh in the folder of moonraker-lookout.';

/** Finds the unit that runs this configuration. */
export async function findService(confFile: string, env: Env): Promise<ServiceState> {
  const patterns = ['moonraker-lookout.service', 'moonraker-lookout-*.service'];
  const args = ['show', '--no-pager', `--property=${properties.join(',')}`, ...patterns];
  const output = await askTool('systemctl', args, env);
  if (output === null) return { kind: 'no-systemd' };
  const units = readUnits(output).filter((unit) => unit['LoadState'] !== 'not-found');
  const unit = units.find((each) => runsConfig(each['ExecStart'] ?? '', confFile));
  if (unit !== undefined) return { kind: 'found', name: nameOf(unit), unit };
  return units.length === 0 ? { kind: 'none' } : { kind: 'elsewhere', names: units.map(nameOf) };
}

/** Says how it is. `folders` are those that it has to write to. */
export function reportService(report: Report, state: ServiceState, folders: readonly WrittenFolder[]): void {
  switch (state.kind) {
    case 'no-systemd':
      report.add('service', ok('no systemd here: how it is started is up to you'));
      return;
    case 'none':
      report.add('service', warn('not installed: nobody starts it with the host', installHint));
      return;
    case 'elsewhere':
      report.add(
        'service',
        warn(
          `none runs this configuration; there are: ${state.names.join(', ')}`,
          `Name theirs with --config FILE (systemctl cat ${state.names[0] ?? ''}), or run install.sh for this one.`,
        ),
      );
      return;
    case 'found':
      report.add('service', stateOutcome(state.name, state.unit));
      report.add('sandbox', sandboxOutcome(state.name, state.unit, folders));
  }
}

function stateOutcome(name: string, unit: Unit): Outcome {
  const { ActiveState: active = '', SubState: sub = '', StatusText: status = '' } = unit;
  const restarts = Number(unit['NRestarts'] ?? '0');
  if (unit['NeedDaemonReload'] === 'yes') {
    return warn(
      `${name} is ${active}, but its unit has changed since`,
      `sudo systemctl daemon-reload && sudo systemctl restart ${name}`,
    );
  }
  if (active === 'active') {
    const text = `${name} is active${status === '' ? '' : `: ${status}`}`;
    if (unit['UnitFileState'] === 'disabled') {
      return warn(`${text}; it does not start with the host`, `sudo systemctl enable ${name}`);
    }
    if (restarts === 0) return ok(text);
    return warn(`${text}; it was started anew ${restarts} times`, `journalctl -u ${name} -p warning -n 50`);
  }
  if (active === 'activating') return warn(`${name} is starting (${sub})`, `journalctl -u ${name} -n 20`);
  if (unit['ExecMainStatus'] === '78') {
    return fail(
      `${name} has ended because of its configuration`,
      `Mend what configuration says, then: sudo systemctl restart ${name}`,
    );
  }
  if (active === 'failed') {
    return fail(`${name} has failed (${unit['Result'] ?? ''})`, `What it said: journalctl -u ${name} -n 50`);
  }
  return fail(`${name} does not run`, `sudo systemctl start ${name}`);
}

function sandboxOutcome(name: string, unit: Unit, folders: readonly WrittenFolder[]): Outcome {
  const wanted = { Type: 'notify', ProtectSystem: 'strict', NoNewPrivileges: 'yes' };
  const odd = Object.entries(wanted)
    .filter(([property, value]) => unit[property] !== value)
    .map(([property]) => `${property}=${unit[property] ?? ''}`);
  const writable = (unit['ReadWritePaths'] ?? '').split(' ').map((path) => path.replace(/^[-+]*/, ''));
  // Paths with blanks cannot be told apart in this list.
  const shut = folders.filter(({ path }) => {
    const isListed = writable.some((root) => root !== '' && (path === root || path.startsWith(`${root}/`)));
    return unit['ProtectSystem'] === 'strict' && !isListed && !path.includes(' ');
  });
  if (shut.length > 0) {
    const places = shut.map(({ what, path }) => `the ${what} (${path})`).join(' and ');
    return fail(
      `the unit lets it not write to ${places}`,
      `sudo systemctl edit ${name}, and add under [Service]: ReadWritePaths=${shut.map(({ path }) => path).join(' ')}`,
    );
  }
  if (odd.length > 0) return warn(`the unit is not as installed: ${odd.join(', ')}`, installHint);
  return ok('Type=notify, writes only where it has to');
}

/** Blocks of `Name=value`, with an empty line between two units. */
function readUnits(output: string): Unit[] {
  return output
    .split(/\n{2,}/)
    .map((block) =>
      Object.fromEntries([...block.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value])),
    )
    .filter((unit) => unit['Id'] !== undefined);
}

/** `ExecStart={ path=… ; argv[]=… run --config FILE ; ignore_errors=no ; … }` */
function runsConfig(execStart: string, confFile: string): boolean {
  return execStart.includes(` --config ${confFile} ;`);
}

function nameOf(unit: Unit): string {
  return (unit['Id'] ?? '').replace(/\.service$/, '');
}
