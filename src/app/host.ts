// Facts about this host that parts are handed.
import { readFileSync } from 'node:fs';

/** Differs after each boot; '' where the system has none, and then nothing is carried over a restart of the host. */
export function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
