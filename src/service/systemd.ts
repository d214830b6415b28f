// Tells systemd how the service is: READY, STATUS, and a WATCHDOG ping while the work makes progress. Silent elsewhere.
import { execFile } from 'node:child_process';
import type { Log } from '../core/ports.ts';

/** The way to systemd. Every method returns at once and does nothing where no systemd listens. */
export interface SystemdNotify {
  /** How often systemd wants a sign of life, ms; null where it wants none. */
  readonly watchdogMs: number | null;
  /** The service is up. */
  ready(status: string): void;
  /** A sign of life, with one line for `systemctl status`. */
  alive(status: string): void;
  /** The service is about to end. */
  stopping(): void;
}

/** What it needs from outside. */
export interface SystemdDeps {
  /** With `NOTIFY_SOCKET` and `WATCHDOG_USEC` as systemd sets them, and the `PATH`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
}

const sendLimitMs = 5_000;
const maxStatusChars = 200;

/**
 * Node cannot open the datagram socket that systemd listens on, so the messages go through `systemd-notify`, which is on
 * every host that has systemd. The unit needs `NotifyAccess=all` for it.
 */
export function createSystemdNotify({ env, log: parentLog }: SystemdDeps): SystemdNotify {
  const log = parentLog.child('service/systemd');
  const socket = env['NOTIFY_SOCKET'] ?? '';
  const watchdogUs = Number(env['WATCHDOG_USEC'] ?? '');
  const send = (...messages: string[]) => {
    if (socket === '') return;
    execFile('systemd-notify', messages, { timeout: sendLimitMs, env }, (error) => {
      if (error !== null) log.warn('systemd could not be told', { error, code: 'NOTIFY' });
    });
  };
  return {
    watchdogMs: socket !== '' && watchdogUs > 0 ? watchdogUs / 1000 : null,
    ready: (status) => send('READY=1', statusOf(status)),
    alive: (status) => send('WATCHDOG=1', statusOf(status)),
    stopping: () => send('STOPPING=1'),
  };
}

function statusOf(text: string): string {
  // A line end would begin another message.
  return `STATUS=${text.replace(/\s+/g, ' ').slice(0, maxStatusChars)}`;
}
