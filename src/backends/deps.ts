// What every backend is handed besides its settings.
import type { Clock, Log, Store } from '../core/ports.ts';
import type { Area } from '../core/regions.ts';
import type { Notice } from '../core/types.ts';
import type { Detectors } from './builtin/detectors.ts';

/** What a service's own app may ask of the printer. */
export type RemoteCommand = 'pause' | 'resume' | 'cancel';

/** The house as a backend sees it. */
export interface BackendDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Contexts, counts and waiting times that must survive a restart. */
  readonly store: Store;
  /** Uniform in 0..1. */
  readonly random: () => number;
  /** Differs after each boot of this host (`/proc/sys/kernel/random/boot_id`): monotonic times of another boot mean nothing. */
  readonly bootId: string;
  /** Says one sentence to the user, such as that a budget runs low. */
  readonly onNotice: (notice: Notice) => void;
  /** Areas of the picture in which nothing counts, in force now (painted.ts); absent: none. */
  readonly ignored?: () => readonly Area[];
  /** Of the program, for all its printers; absent: of this backend alone. */
  readonly detectors?: Detectors;
  /** Takes a command that came through the service and that the user has switched on. */
  readonly onCommand?: (command: RemoteCommand) => void;
}
