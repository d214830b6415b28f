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
  /** One of a kind at most, the lasting ones first: ten minutes of quiet do not end that of the whole file. */
  readonly mutes: readonly Mute[];
}

/** Nothing was asked for. */
export const noHold: Hold = { isOff: false, mutes: [] };

const lastingFirst: readonly Mute['kind'][] = ['file', 'print', 'until'];

/** With one more mute, in place of an earlier one of its kind. */
export function withMute(hold: Hold, mute: Mute): Hold {
  const mutes = [...hold.mutes.filter(({ kind }) => kind !== mute.kind), mute];
  return {
    ...hold,
    mutes: mutes.toSorted((a, b) => lastingFirst.indexOf(a.kind) - lastingFirst.indexOf(b.kind)),
  };
}

/** The mute of this print that lasts longest; null while it is not muted. */
export function mutedBy({ mutes }: Hold, job: JobRef | null, now: Moment): Mute | null {
  if (job === null) return null;
  return mutes.find((mute) => holds(mute, job, now)) ?? null;
}

function holds(mute: Mute, job: JobRef, now: Moment): boolean {
  switch (mute.kind) {
    case 'until':
      return mute.untilTickMs > now.tickMs;
    case 'print':
      return isSameJob(mute.job, job);
    case 'file':
      return mute.filename === job.filename;
  }
}

/** Ms for which this print is muted yet; null where no time ends it, 0 where it is not muted. */
export function mutedMs(hold: Hold, job: JobRef | null, now: Moment): number | null {
  const mute = mutedBy(hold, job, now);
  if (mute === null) return 0;
  return mute.kind === 'until' ? mute.untilTickMs - now.tickMs : null;
}

/** True while nothing of this print counts. */
export function isHeld(hold: Hold, job: JobRef | null, now: Moment): boolean {
  return hold.isOff || mutedBy(hold, job, now) !== null;
}

/**
 * What is left of it when a print has ended.
 * @param next the print that runs now: after a reboot it may be the very one that was muted; null where none does
 */
export function holdAfterPrint(hold: Hold, next: JobRef | null): Hold {
  const isLeft = (mute: Mute) => mute.kind !== 'print' || (next !== null && isSameJob(mute.job, next));
  return hold.mutes.every(isLeft) ? hold : { ...hold, mutes: hold.mutes.filter(isLeft) };
}

/**
 * What is left of it when this host has been started anew: its ticks began again, so the wall clock leads over. A clock
 * that is behind, as of a host without a battery, makes no mute longer than it was, and loses that of a print.
 * @param before the last moment of the other boot of which something is known; null where none is: then only what needs no clock is left
 */
export function holdAfterBoot({ isOff, mutes }: Hold, before: Moment | null, now: Moment): Hold {
  if (before === null) return { isOff, mutes: mutes.filter(({ kind }) => kind === 'file') };
  return { isOff, mutes: mutes.map((mute) => moved(mute, before, now)) };
}

function moved(mute: Mute, before: Moment, now: Moment): Mute {
  const shiftMs = now.tickMs - before.tickMs - (now.atMs - before.atMs);
  switch (mute.kind) {
    case 'file':
      return mute;
    case 'print': {
      const { filename, startTickMs } = mute.job;
      return { kind: 'print', job: { filename, startTickMs: startTickMs + shiftMs } };
    }
    case 'until': {
      const latestTickMs = now.tickMs + Math.max(0, mute.untilTickMs - before.tickMs);
      return { kind: 'until', untilTickMs: Math.min(mute.untilTickMs + shiftMs, latestTickMs) };
    }
  }
}
