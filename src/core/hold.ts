// What a person has asked for until further notice: watching switched off, or muted for a time, a print or a file.
import { isSameJob } from './job.ts';
import type { JobRef, Moment } from './types.ts';

/** Nothing is judged until then, for this print, or for each print of this file. */
export type Mute =
  | { readonly kind: 'until'; readonly untilTickMs: number }
  | { readonly kind: 'print'; readonly job: JobRef }
  | { readonly kind: 'file'; readonly filename: string };

/** Kept over a restart of this process, not over one of the host: who forgets a switch is watched again then. */
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

/** What is left of it when a print has ended. */
export function holdAfterPrint(hold: Hold): Hold {
  return hold.mute?.kind === 'print' ? { ...hold, mute: null } : hold;
}
