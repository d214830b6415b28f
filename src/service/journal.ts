// Tells whether standard output goes to systemd's journal, and marks lines with the priority that the journal understands.
import { fstatSync } from 'node:fs';

/** Priorities of syslog(3), as the journal takes them at the head of a line (sd-daemon(3)). */
const priorities: Readonly<Record<string, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

/**
 * Does this file descriptor lead to the journal? systemd says so in `JOURNAL_STREAM` as DEVICE:INODE, which everything that
 * is started from a service inherits, also behind a pipe or in a terminal: so the two are compared (systemd.exec(5)).
 */
export function isJournal(env: Readonly<Record<string, string | undefined>>, descriptor: number): boolean {
  const stream = env['JOURNAL_STREAM'];
  if (stream === undefined || stream === '') return false;
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** The line with its priority, so that `journalctl -p warning` finds it. The journal takes the mark away. */
export function journalLine(line: string, level: string): string {
  return `<${priorities[level] ?? priorities['info']}>${line}`;
}
