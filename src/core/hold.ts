// What a person has asked for until further notice: watching switched off, or muted for a time, a print or a file.
import { isSameJob } from './job.ts';
import type { JobRef, Moment } from './types.ts';

/** Nothing is judged until then, for this print, or for each print of this file. */
export type Mute =
  | { readonly kind: 'until'; readonly untilTickMs: number }
  | { readonly kind: 'print'; readonly job: JobRef }
  | { readonly kind: 'file'; readonly filename: string };

/** Kept over restarts of this process and of the host: who asked to be left alone is not to be paused by a reboot. */
export interface Hold {
  readonly isOff: boolean;
  readonly mute: Mute | null;
}

/** Nothing was asked for. */
export const noHold: Hold = { isOff: false, mute: null };

/** Ms for which this print is muted yet; null where no time ends it, 0 where it is not muted. */
export function mutedMs({ mute }: Hold, job: JobRef | null, now: Moment): number | null {
  if (mute === null || job === null) return 0;
  switch (mute.kind) {
    case 'until':
      return Math.max(0, mute.untilTickMs - now.tickMs);
    case 'print':
      return isSameJob(mute.job, job) ? null : 0;
    case 'file':
      return mute.filename === job.filename ? null : 0;
  }
}

/** True while nothing of this print counts. */
export function isHeld(hold: Hold, job: JobRef | null, now: Moment): boolean {
  return hold.isOff || mutedMs(hold, job, now) !== 0;
}

/**
 * What is left of it when a print has ended.
 * @param next the print that runs now: after a reboot it may be the very one that was muted; null where none does
 */
export function holdAfterPrint(hold: Hold, next: JobRef | null): Hold {
  const { mute } = hold;
  if (mute?.kind !== 'print' || (next !== null && isSameJob(mute.job, next))) return hold;
  return { ...hold, mute: null };
}

/**
 * What is left of it when this host has been started anew: its ticks began again, so the wall clock leads over. A clock
 * that is behind, as of a host without a battery, makes no mute longer than it was, and loses that of a print.
 * @param before the last moment of the other boot of which something is known; null where none is: then only what needs no clock is left
 */
export function holdAfterBoot({ isOff, mute }: Hold, before: Moment | null, now: Moment): Hold {
  if (mute === null || mute.kind === 'file') return { isOff, mute };
  if (before === null) return { isOff, mute: null };
  const shiftMs = now.tickMs - before.tickMs - (now.atMs - before.atMs);
  if (mute.kind === 'print') {
    const { filename, startTickMs } = mute.job;
    return { isOff, mute: { kind: 'print', job: { filename, startTickMs: startTickMs + shiftMs } } };
  }
  const latestTickMs = now.tickMs + Math.max(0, mute.untilTickMs - before.tickMs);
  return { isOff, mute: { kind: 'until', untilTickMs: Math.min(mute.untilTickMs + shiftMs, latestTickMs) } };
}
