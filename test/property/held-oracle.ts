// What a person has asked for, written down once more: watching is off, or muted for a time, a print or a file.
import { isSameJob } from '../../src/core/job.ts';
import type { JobRef, Moment } from '../../src/core/types.ts';
import type { WatchCommand } from '../../src/core/watch-state.ts';

/** Follows the commands. */
export interface Held {
  hear(command: WatchCommand, job: JobRef | null, now: Moment): void;
  isHeld(job: JobRef | null, now: Moment): boolean;
  /** The print is over: what was muted for it is not. */
  endPrint(): void;
}

/** Nothing has been asked for. */
export function createHeld(): Held {
  let isOff = false;
  let untilTickMs = Number.NEGATIVE_INFINITY;
  let mutedPrint: JobRef | null = null;
  let mutedFile: string | null = null;
  const unmute = () => {
    untilTickMs = Number.NEGATIVE_INFINITY;
    mutedPrint = null;
    mutedFile = null;
  };
  return {
    hear: (command, job, now) => {
      if (command.kind === 'switch') isOff = !command.isOn;
      if (command.kind === 'unmute') unmute();
      if (command.kind !== 'mute') return;
      if (command.for.kind === 'minutes') {
        unmute();
        untilTickMs = now.tickMs + command.for.minutes * 60_000;
      } else if (job !== null) {
        unmute();
        if (command.for.kind === 'print') mutedPrint = job;
        else mutedFile = job.filename;
      }
    },
    isHeld: (job, now) =>
      isOff ||
      (job !== null &&
        (now.tickMs < untilTickMs ||
          mutedFile === job.filename ||
          (mutedPrint !== null && isSameJob(mutedPrint, job)))),
    endPrint: () => {
      mutedPrint = null;
    },
  };
}
