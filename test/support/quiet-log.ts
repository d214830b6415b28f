// A log that keeps its lines for the test to read.
import type { Log } from '../../src/core/ports.ts';

/** One line that was logged. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly component: string;
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

/** A log that writes nothing; `lines` grows with each call. */
export function createQuietLog(): Log & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (component: string): Log => {
    const add =
      (level: LogLine['level']) =>
      (message: string, fields: Record<string, unknown> = {}) => {
        lines.push({ level, component, message, fields });
      };
    return {
      debug: add('debug'),
      info: add('info'),
      warn: add('warn'),
      error: add('error'),
      child: (name) => at(name),
    };
  };
  return { ...at(''), lines };
}
