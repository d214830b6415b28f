// The command line: reads the arguments, runs one command, and maps how it ended to an exit code.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ConfigError, LookoutError } from './core/errors.ts';

/** Exit codes: 0 fine, 1 failed, 64 wrong usage, 78 wrong configuration (sysexits.h; systemd must not restart on it). */
const exitCodes = { fine: 0, failed: 1, usage: 64, config: 78 } as const;

const usage = `moonraker-lookout: watches a Klipper print and pauses it when it fails

  moonraker-lookout [run] [--config FILE]    watch the printer, or all of them, until stopped
  moonraker-lookout check [--config FILE] [--printer NAME]
                                             try everything once and say what to mend
  moonraker-lookout doctor [--config FILE] [--printer NAME] [--prompt] [--bundle FILE.zip]
                                             look at everything around it and say what to mend;
                                             show a test dialog; write a zip for a bug report
  moonraker-lookout detect [--config FILE] [--printer NAME] [--backend NAME] [--json] [--draw FOLDER] PICTURE…
                                             have pictures judged, or all in a folder; with good/ and bad/
                                             in it also how well that went; draw what was seen
  moonraker-lookout detect --bench [PICTURE] time the built-in detector on this host
  moonraker-lookout incidents [--config FILE]
                                             what was recorded of warnings and failures
  moonraker-lookout export [--config FILE] ID [--out FILE.zip]
                                             write one of them as a zip
  moonraker-lookout replay INCIDENT.zip [--config FILE]
                                             take its decisions again, with these settings or its own
  moonraker-lookout migrate [--config FILE]  give settings their names of today, and keep a copy of the file
  moonraker-lookout scorecard [--config FILE] [--printer NAME]
                                             how often it was right, by what was answered
  moonraker-lookout demo [--seconds N] [--headless]
                                             a virtual print goes wrong and is paused
  moonraker-lookout --version | --help

FILE is ~/printer_data/config/moonraker-lookout.conf where not given. NAME is that of a [printer NAME] in it.
`;

const options = {
  config: { type: 'string' },
  seconds: { type: 'string' },
  headless: { type: 'boolean' },
  backend: { type: 'string' },
  printer: { type: 'string' },
  json: { type: 'boolean' },
  prompt: { type: 'boolean' },
  bundle: { type: 'string' },
  out: { type: 'string' },
  draw: { type: 'string' },
  bench: { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

class UsageError extends Error {}

async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { values, positionals } = read(args);
  if (values.help === true) return print(usage);
  if (values.version === true) return print(`${packageVersion()}\n`);
  const [command = 'run', ...rest] = positionals;
  if (command === 'detect' && rest.length === 0 && values.bench !== true)
    throw new UsageError('detect needs at least one picture');
  const [subject = ''] = rest;
  if (isAboutOne(command) && rest.length !== 1) throw new UsageError(`${command} needs one incident`);
  if (command !== 'detect' && !isAboutOne(command) && rest.length > 0)
    throw new UsageError(`one command at a time: ${positionals.join(' ')}`);
  const file = values.config ?? join(homedir(), 'printer_data/config/moonraker-lookout.conf');
  const version = packageVersion();
  const { printer = null } = values;
  switch (command) {
    case 'run': {
      const { run } = await import('./app/run.ts');
      return run({ file, env: process.env, version, pageFolder: pageFolder() }, signal);
    }
    case 'check': {
      const { check } = await import('./app/check.ts');
      return check({ file, env: process.env, version, printer }, signal);
    }
    case 'doctor': {
      const { doctor } = await import('./app/doctor.ts');
      const { bundle = null, prompt: isPrompting = false } = values;
      return doctor({ file, env: process.env, version, isPrompting, bundle, printer }, signal);
    }
    case 'detect': {
      const { detect } = await import('./app/detect.ts');
      const { backend = null, json: isJson = false, draw = null, bench: isBench = false } = values;
      const wanted = { backend, printer, pictures: rest, isJson, draw, isBench };
      return detect({ file, env: process.env, version, ...wanted }, signal);
    }
    case 'incidents': {
      const { incidents } = await import('./app/incidents.ts');
      return incidents({ file, env: process.env, version, printer });
    }
    case 'export': {
      const { exportIncident } = await import('./app/incidents.ts');
      const { out = null } = values;
      return exportIncident({ file, env: process.env, version, printer, id: subject, out }, signal);
    }
    case 'scorecard': {
      const { printScorecard } = await import('./app/scorecard.ts');
      return printScorecard({ file, env: process.env, version, printer });
    }
    case 'replay': {
      const { replayIncident } = await import('./app/replay.ts');
      return replayIncident({ incident: subject, config: values.config ?? null, printer, env: process.env });
    }
    case 'migrate': {
      const { migrate } = await import('./app/migrate.ts');
      return migrate({ file, env: process.env });
    }
    case 'demo': {
      const { demo } = await import('./app/demo.ts');
      return demo(
        {
          seconds: readSeconds(values.seconds),
          isHeadless: values.headless === true,
          version,
          pageFolder: pageFolder(),
        },
        signal,
      );
    }
    default:
      throw new UsageError(`there is no command "${command}"`);
  }
}

function read(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function isAboutOne(command: string): boolean {
  return command === 'export' || command === 'replay';
}

function readSeconds(text: string | undefined): number {
  const seconds = text === undefined ? 110 : Number(text);
  if (!(seconds >= 30 && seconds <= 3600)) throw new UsageError('--seconds takes a number from 30 to 3600');
  return seconds;
}

/** dist/main.js and src/main.ts are equally deep in the package. */
function pageFolder(): string {
  return fileURLToPath(new URL('../dist/page/', import.meta.url));
}

function packageVersion(): string {
  // dist/main.js and src/main.ts are equally deep in the package.
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const version: unknown = JSON.parse(text).version;
  return typeof version === 'string' ? version : 'unknown';
}

function print(text: string): number {
  process.stdout.write(text);
  return exitCodes.fine;
}

function tellFailure(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n\n${usage}`);
    return exitCodes.usage;
  }
  const hint = error instanceof LookoutError && error.hint !== '' ? `\n${error.hint}` : '';
  const text =
    error instanceof LookoutError
      ? `${error.message} [${error.code}]`
      : String(error instanceof Error ? error.stack : error);
  process.stderr.write(`${text}${hint}\n`);
  return error instanceof ConfigError ? exitCodes.config : exitCodes.failed;
}

/** What still holds the process after its work is done, such as a socket, must not keep systemd from a fresh start. */
const lingerMs = 2_000;

const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) {
  process.once(name, () => stop.abort(new DOMException(`stopped by ${name}`, 'AbortError')));
}
try {
  process.exitCode = await main(process.argv.slice(2), stop.signal);
} catch (error) {
  process.exitCode = tellFailure(error);
}
setTimeout(() => {
  // Node waits for its threads before it exits, and one that a dead disk holds never comes back.
  const isDiskStuck = process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));
  if (isDiskStuck) process.kill(process.pid, 'SIGKILL');
  process.exit();
}, lingerMs).unref();
