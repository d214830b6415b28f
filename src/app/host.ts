// Facts about this host that parts are handed.
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';

/** Differs after each boot; '' where the system has none, and then nothing is carried over a restart of the host. */
export function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

/** Load of this host for each core, over a minute; 0 where the system does not say. */
export function readOwnLoad(): number {
  const [load = 0] = loadavg();
  return load / Math.max(1, cpus().length);
}
