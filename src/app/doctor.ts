// The command `doctor`: looks at everything that a watched print depends on, and says of each point how it is and how to mend it.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { systemClock } from '../lib/clock.ts';
import { zip } from '../lib/zip.ts';
import { type Endpoint, toEndpoint } from '../moonraker/endpoint.ts';
import { createLogService } from '../service/log.ts';
import { createMask, type Mask } from '../service/mask.ts';
import { lookBeside } from './beside.ts';
import { cameraOptionsOf } from './camera-options.ts';
import type { Composed } from './compose.ts';
import { bundleEntries } from './doctor/bundle.ts';
import { lookAtClock, moonrakerTime } from './doctor/clock.ts';
import { lookAtHost, type WrittenFolder } from './doctor/host.ts';
import { lookAtKlipper } from './doctor/klipper.ts';
import { lookAtMoonraker, type MoonrakerFacts } from './doctor/moonraker.ts';
import { findService, reportService } from './doctor/service.ts';
import { promptLimitMs, showTestPrompt } from './doctor/test-prompt.ts';
import { lookAtWebcams, secretsOf } from './doctor/webcams.ts';
import { createReport, fail, inWords, ok, type Points, point, type Report, warn } from './finding.ts';
import { loadWithMoonrakerConf } from './moonraker-conf.ts';
import type { RunOptions } from './run.ts';
import { choosePrinters, type LoadedSettings, type Settings } from './settings.ts';
import { lookAtWatching } from './watching-points.ts';

/** What the command line gives besides the configuration. */
export interface DoctorOptions extends RunOptions {
  /** Shows a test dialog on the user's screens. */
  readonly isPrompting: boolean;
  /** A zip file to be written for a bug report; null for none. */
  readonly bundle: string | null;
  /** As in `[printer NAME]`; null looks at every printer. */
  readonly printer: string | null;
}

/** What belongs to one run. */
interface Visit {
  readonly options: DoctorOptions;
  readonly report: Report;
  readonly say: (line: string) => void;
  readonly mask: Mask;
}

/** Looks at everything. Exit code 0 when nothing has failed, else 1, also for a configuration that cannot be used. */
export async function doctor(options: DoctorOptions, signal: AbortSignal): Promise<number> {
  const mask = createMask();
  const said: string[] = [];
  const say = (text: string) => {
    const line = mask.hide(text);
    said.push(line);
    process.stdout.write(`${line}\n`);
  };
  const visit: Visit = { options, report: createReport(say), say, mask };
  const { report } = visit;
  const loaded = await readConfiguration(visit);
  say(`moonraker-lookout ${options.version}, ${new Date().toISOString()}, ${resolve(options.file)}\n`);
  if (loaded.settings !== null) await lookAtAll(loaded.settings, visit, signal);
  else {
    report.add('configuration', fail(...loaded.problem));
    lookAtHost(report, []);
    reportService(report, await findService(resolve(options.file), options.env), []);
  }
  say(report.isGood ? '\nNothing fails.' : '\nMend what says FAIL, then ask again.');
  if (options.bundle !== null) writeBundle(options.bundle, loaded.settings, visit, said);
  return report.isGood ? 0 : 1;
}

type Configuration =
  | { readonly settings: LoadedSettings }
  | { readonly settings: null; readonly problem: [text: string, hint: string] };

async function readConfiguration({ options, mask }: Visit): Promise<Configuration> {
  try {
    const settings = await loadWithMoonrakerConf(options);
    mask.add(settings.secrets);
    return { settings };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { settings: null, problem: inWords(error) };
  }
}

async function lookAtAll(loaded: LoadedSettings, visit: Visit, signal: AbortSignal): Promise<void> {
  const { options, report, say } = visit;
  const printers = choosePrinters(loaded, options.printer);
  for (const warning of loaded.warnings) report.add('configuration', warn(warning));
  if (loaded.warnings.length === 0) report.add('configuration', ok('can be used'));
  const folders = writtenFolders(printers.map(({ config }) => config));
  lookAtHost(report, folders);
  const service = await findService(loaded.file, options.env);
  reportService(report, service, folders);
  for (const { name, config } of printers) {
    if (name !== null) say(`\nprinter ${name}`);
    if (!config.detection.enabled) {
      report.add('detection', fail('switched off', 'Set [detection] enabled: True.'));
    }
    try {
      await lookBeside(config, loaded, options.version, (parts) =>
        lookAtParts(parts, { settings: config, service, version: options.version }, visit, signal),
      );
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      report.add('configuration', fail(...inWords(error)));
    }
  }
}

async function lookAtParts(
  parts: Composed,
  facts: MoonrakerFacts,
  visit: Visit,
  signal: AbortSignal,
): Promise<void> {
  const { report, say, mask, options } = visit;
  const { settings } = facts;
  const points: Points = { report, signal };
  const isUp = await lookAtMoonraker(parts, facts, points);
  await point(
    points,
    'clock',
    (limit) => lookAtClock(moonrakerTime(endpointOf(settings)), options.env, limit),
    {
      atWorst: warn,
    },
  );
  if (isUp) {
    await lookAtKlipper(parts, settings, points);
    await point(points, 'webcams', async (limit) => {
      const entries = await parts.webcams.read(limit);
      mask.add(secretsOf(entries));
      return ok(entries.length === 0 ? 'Moonraker knows none' : `Moonraker knows ${entries.length}`);
    });
    await lookAtWebcams(parts.webcams.current() ?? [], cameraOptionsOf(settings), silentLog(), points);
  }
  await lookAtWatching(parts, points);
  if (options.isPrompting && isUp) {
    const deps = { ...parts, clock: systemClock, say };
    await point(points, 'prompt', (limit) => showTestPrompt(deps, limit), { limitMs: promptLimitMs });
  }
}

function writtenFolders(all: readonly Settings[]): WrittenFolder[] {
  const logFile = all[0]?.log.file ?? null;
  const logs = logFile === null ? [] : [{ what: 'log', path: dirname(logFile) }];
  return [...all.map(({ records }) => ({ what: 'records', path: records.path })), ...logs];
}

function endpointOf({ moonraker: { url, caFile } }: Settings): Endpoint {
  return toEndpoint(url, caFile === null ? null : readFileSync(caFile, 'utf8'));
}

function silentLog(): Log {
  const deps = { clock: systemClock, stdout: { write: () => true } };
  return createLogService({ level: 'error', file: null }, deps).log;
}

function writeBundle(
  file: string,
  loaded: LoadedSettings | null,
  visit: Visit,
  said: readonly string[],
): void {
  const sources = {
    said,
    settings: loaded?.settings ?? null,
    logFile: loaded?.shared.log.file ?? null,
    records: (loaded?.printers ?? []).map(({ name, config }) => ({
      printer: name,
      folder: config.records.path,
    })),
  };
  try {
    // What is in it is for whoever it is sent to.
    writeFileSync(file, zip(bundleEntries(sources, visit.mask), new Date()), { mode: 0o600 });
    visit.say(
      `\nFor a bug report: ${resolve(file)}\nLook through it before you send it: names and addresses are not masked, keys are.`,
    );
  } catch (error) {
    visit.report.add('bundle', fail(`${file} could not be written: ${inWords(error)[0]}`));
  }
}
