// The command `check`: tries everything once, as a print would, and says in plain words what to mend.
import * as v from 'valibot';
import { describeSettings } from '../config/settings.ts';
import { LookoutError } from '../core/errors.ts';
import { systemClock } from '../lib/clock.ts';
import { startDeadline } from '../lib/deadline.ts';
import type { MoonrakerConnection } from '../moonraker/connection.ts';
import { createLogService } from '../service/log.ts';
import { type Composed, compose } from './compose.ts';
import { readBootId } from './host.ts';
import type { RunOptions } from './run.ts';
import { loadSettings, type Settings } from './settings.ts';

/** How one point of the check went. `warn` leaves prints watched. */
interface Finding {
  readonly level: 'OK' | 'WARN' | 'FAIL';
  readonly about: string;
  readonly text: string;
  readonly hint: string;
}

/** ms for each point; a backend may take its time. */
const pointLimitMs = 20_000;

/** Checks everything. Exit code 0 only if a print would be watched, else 1; rejects with a ConfigError. */
export async function check({ file, env, version }: RunOptions, signal: AbortSignal): Promise<number> {
  const loaded = loadSettings(file, env);
  const say = (line: string) => process.stdout.write(`${line}\n`);
  for (const line of describeSettings(loaded.settings)) say(line);
  say('');
  const findings: Finding[] = [];
  const report = (finding: Finding) => {
    findings.push(finding);
    say(`${finding.level.padEnd(5)} ${finding.about}: ${finding.text}`);
    if (finding.hint !== '') say(`      ${finding.hint}`);
  };
  for (const warning of loaded.warnings) report(warn('configuration', warning));

  const service = createLogService(
    { level: 'error', file: null },
    { clock: systemClock, stdout: { write: () => true } },
  );
  service.registerSecrets(loaded.secrets);
  const composed = compose(loaded.config, {
    clock: systemClock,
    log: service.log,
    random: Math.random,
    version,
    bootId: readBootId(),
    clientType: 'other',
  });
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const running = composed.run(stop.signal);
  try {
    await checkAll(composed, loaded.config, report, stop.signal);
  } finally {
    stop.abort(new DOMException('the check is over', 'AbortError'));
    signal.removeEventListener('abort', onAbort);
    await running;
  }
  const isWatched = findings.every(({ level }) => level !== 'FAIL');
  say(
    isWatched
      ? '\nA print would be watched.'
      : '\nA print would NOT be watched. Mend what says FAIL, then check again.',
  );
  return isWatched ? 0 : 1;
}

async function checkAll(
  { connection, webcams, camera, backends, printer }: Composed,
  settings: Settings,
  report: (finding: Finding) => void,
  signal: AbortSignal,
): Promise<void> {
  if (!settings.detection.enabled) {
    report({
      level: 'FAIL',
      about: 'detection',
      text: 'switched off',
      hint: 'Set [detection] enabled: True.',
    });
  }
  const isUp = await point('Moonraker', report, signal, (limit) => connected(connection, limit));
  if (isUp) {
    await point('Klipper', report, signal, async (limit) => {
      const print = await firstPrint(printer, limit);
      if (print.kind !== 'not-ready') return ok(`ready, ${print.kind}`);
      return warn(
        'Klipper',
        `not ready: ${print.message.split('\n')[0] ?? ''}. Prints are watched as soon as it is`,
      );
    });
    await point('commands', report, signal, (limit) => checkCommands(connection, settings, limit));
    await point('webcams', report, signal, async (limit) => {
      const names = (await webcams.read(limit)).map(({ name, isEnabled }) =>
        isEnabled ? name : `${name} (disabled)`,
      );
      return ok(names.length === 0 ? 'Moonraker knows none' : names.join(', '));
    });
  }
  await point('picture', report, signal, async (limit) => {
    const { width, height, jpeg } = await camera.grab(limit);
    return ok(
      `${width}x${height}, ${Math.ceil(jpeg.length / 1024)} KiB, from ${camera.source ?? 'the webcam'}`,
    );
  });
  for (const backend of backends) {
    await point(`backend ${backend.name}`, report, signal, async (limit) => {
      if (backend.confirm === undefined) return ok('nothing to confirm before a print');
      return ok(await backend.confirm(limit));
    });
  }
}

/** Runs one point within its time; anything thrown is a FAIL with its own words. True unless it failed. */
async function point(
  about: string,
  report: (finding: Finding) => void,
  signal: AbortSignal,
  work: (limit: AbortSignal) => Promise<Omit<Finding, 'about'>>,
): Promise<boolean> {
  const deadline = startDeadline(pointLimitMs, signal);
  try {
    report({ ...(await work(deadline.signal)), about });
    return true;
  } catch (error) {
    signal.throwIfAborted();
    const isOurs = error instanceof LookoutError;
    const text = deadline.hasPassed()
      ? `no answer within ${pointLimitMs / 1000} s`
      : String(isOurs ? `${error.message} [${error.code}]` : error);
    report({ level: 'FAIL', about, text, hint: isOurs ? error.hint : '' });
    return false;
  } finally {
    deadline.done();
  }
}

async function connected(
  connection: MoonrakerConnection,
  limit: AbortSignal,
): Promise<Omit<Finding, 'about'>> {
  const state = await new Promise<MoonrakerConnection['state']>((resolve, reject) => {
    const done = (settle: () => void) => {
      off();
      limit.removeEventListener('abort', onAbort);
      settle();
    };
    const onAbort = () => done(() => reject(limit.reason));
    const off = connection.onState((next) => done(() => resolve(next)));
    limit.addEventListener('abort', onAbort, { once: true });
    if (connection.state.kind !== 'starting') done(() => resolve(connection.state));
  });
  if (state.kind === 'down') throw state.error;
  if (state.kind === 'starting') throw new TypeError('the connection has no outcome');
  return ok(`connected, version ${state.info.moonraker_version}`);
}

async function firstPrint(
  printer: Composed['printer'],
  limit: AbortSignal,
): Promise<Composed['printer']['print']> {
  const startedTickMs = systemClock.now().tickMs;
  // Klippy's state comes a moment after the connection.
  while (printer.print.kind === 'not-ready' && systemClock.now().tickMs - startedTickMs < 3_000) {
    await systemClock.sleep(100, limit);
  }
  return printer.print;
}

const commandsSchema = v.object({
  status: v.object({
    gcode: v.optional(v.object({ commands: v.optional(v.record(v.string(), v.unknown())) })),
  }),
});

/** Looks for the commands that pausing and alerts need. Klipper lists them since November 2023. */
async function checkCommands(
  connection: MoonrakerConnection,
  { action, alerts }: Settings,
  signal: AbortSignal,
): Promise<Omit<Finding, 'about'>> {
  const params = { objects: { gcode: ['commands'] } };
  const answer = await connection.call('printer.objects.query', params, commandsSchema, { signal });
  const commands = answer.status.gcode?.commands;
  if (commands === undefined) return warn('commands', 'this Klipper does not list its commands');
  if (action.onFailure === 'pause' && !('PAUSE' in commands)) {
    const hint = 'Add [pause_resume] to printer.cfg, or include mainsail.cfg or fluidd.cfg.';
    return { level: 'FAIL', text: 'there is no PAUSE: a failing print could not be paused', hint };
  }
  if ((alerts.prompt || alerts.console) && !('RESPOND' in commands)) {
    return {
      level: 'WARN',
      text: 'there is no RESPOND: alerts would not be shown',
      hint: 'Add [respond] to printer.cfg.',
    };
  }
  return ok('PAUSE and RESPOND are there');
}

function ok(text: string): Omit<Finding, 'about'> {
  return { level: 'OK', text, hint: '' };
}

function warn(about: string, text: string): Finding {
  return { level: 'WARN', about, text, hint: '' };
}
