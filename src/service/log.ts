// The log of the process: pino for levels and serialising, readable lines for people, secrets masked, repeats counted.
import { type Logger, pino } from 'pino';
import type { Clock, Log } from '../core/ports.ts';
import { journalLine } from './journal.ts';
import { codeOf, plainFields } from './log-fields.ts';
import { createLogFile } from './log-file.ts';
import { formatLine } from './log-line.ts';
import { createMask } from './mask.ts';
import { createRepeats } from './repeats.ts';

/** How important a line is. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Where the log goes. */
export interface LogOptions {
  /** The least important level that is written. */
  readonly level: LogLevel;
  /** Absolute path of a file that gets every line too; null for standard output only. */
  readonly file: string | null;
  /**
   * Standard output is systemd's journal: lines get its priorities, and what is in the file already goes there only if it is a
   * warning or an error. Default false.
   */
  readonly isJournal?: boolean;
}

/** What the log needs from outside. */
export interface LogDeps {
  readonly clock: Pick<Clock, 'now'>;
  /** Gets one finished line with its newline at a time. */
  readonly stdout: { write(text: string): unknown };
}

/** The log and what belongs to the process rather than to its parts. */
export interface LogService {
  readonly log: Log;
  /** Writes from this level on from now on, in every part. */
  setLevel(level: LogLevel): void;
  /** Masks these values from now on, wherever they appear. To be called as soon as a secret is read. */
  registerSecrets(values: readonly string[]): void;
  /** Writes the counts of repeats that are still open. The log can be used on. */
  flush(): void;
}

const importance: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

const repeatLimits = { windowMs: 600_000, maxKeys: 200 };

/** A line that may have to be written later, to say how often it came again. */
interface Trouble {
  readonly logger: Logger;
  readonly level: 'warn' | 'error';
  readonly message: string;
  readonly code: string;
}

/**
 * Makes the log. A warning or error that carries an error or a code is written once in ten minutes for each component, message, code and incident;
 * the next one after that says how often it came. Whatever the fields are, it does not throw.
 */
export function createLogService(
  { level: firstLevel, file, isJournal = false }: LogOptions,
  { clock, stdout }: LogDeps,
): LogService {
  const mask = createMask();
  const repeats = createRepeats<Trouble>(repeatLimits);
  let level = firstLevel;
  const isOn = (of: LogLevel) => importance[of] >= importance[level];

  const toStdout = (text: string, of: LogLevel) => stdout.write(isJournal ? journalLine(text, of) : text);
  const about = createPino(clock, (json) => {
    const { text, level: of } = formatRecord(json, mask.hide);
    toStdout(text, of);
  });
  const troubles: string[] = [];
  const logFile = file === null ? null : createLogFile(file, (text) => troubles.push(text));
  const root = createPino(clock, (json) => {
    const { text, level: of } = formatRecord(json, mask.hide);
    const isKept = logFile?.write(text) ?? false;
    const isTrouble = importance[of] >= importance.warn;
    if (!isJournal || !isKept || isTrouble) toStdout(text, of);
    for (const trouble of troubles.splice(0)) {
      if (isOn('warn')) about.warn({ component: 'service/log' }, trouble);
    }
  });

  const emit = (logger: Logger, at: LogLevel, message: string, fields: Record<string, unknown>) => {
    logger[at]({ fields: plainFields(fields, mask.hide) }, mask.hide(message));
  };
  const writeCounts = (tickMs: number) => {
    for (const { line, count } of repeats.takeExpired(tickMs)) {
      const fields = line.code === '' ? {} : { code: line.code };
      emit(line.logger, line.level, withCount(line.message, count), fields);
    }
  };

  const logOf = (logger: Logger, component: string): Log => {
    const at =
      (of: LogLevel) =>
      (message: string, fields: Record<string, unknown> = {}) => {
        if (!isOn(of)) return;
        const { tickMs } = clock.now();
        let count: number | null = 0;
        if ((of === 'warn' || of === 'error') && ('error' in fields || 'code' in fields)) {
          const code = codeOf(fields);
          const key = JSON.stringify([component, of, message, code, String(fields['incidentId'] ?? '')]);
          count = repeats.admit(key, { logger, level: of, message, code }, tickMs);
        }
        writeCounts(tickMs);
        if (count !== null) emit(logger, of, count === 0 ? message : withCount(message, count), fields);
      };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (name) => logOf(root.child({ component: name }), name),
    };
  };

  return {
    log: logOf(root, ''),
    setLevel: (next) => {
      level = next;
    },
    registerSecrets: mask.add,
    flush: () => writeCounts(Number.POSITIVE_INFINITY),
  };
}

/** Writes whatever it is given: children keep the level they were made with, so levels are seen to before it. */
function createPino(clock: Pick<Clock, 'now'>, write: (json: string) => void): Logger {
  return pino(
    {
      level: 'debug',
      base: null,
      timestamp: () => `,"time":${clock.now().atMs}`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
}

/** One line of pino's JSON as a line for people. It is our own JSON: only its shape is not known to the compiler. */
function formatRecord(json: string, hide: (text: string) => string): { text: string; level: LogLevel } {
  const record = JSON.parse(json) as {
    level: LogLevel;
    time: number;
    component?: string;
    msg: string;
    fields?: Record<string, unknown>;
  };
  const { level, time, component = '', msg, fields = {} } = record;
  return { level, text: `${formatLine({ atMs: time, level, component, message: msg, fields }, hide)}\n` };
}

function withCount(message: string, count: number): string {
  return `${message} (repeated ${count} ${count === 1 ? 'time' : 'times'})`;
}
