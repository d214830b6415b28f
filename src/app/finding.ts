// What a look at one point found, and how points are looked at: each within its time, and none keeps the next from being looked at.
import { LookoutError } from '../core/errors.ts';
import { startDeadline } from '../lib/deadline.ts';

/** How one point is. `WARN` leaves prints watched. */
export interface Finding {
  readonly level: 'OK' | 'WARN' | 'FAIL';
  readonly about: string;
  /** What was found, in words. */
  readonly text: string;
  /** What to do about it, or what follows from it; '' for nothing. */
  readonly hint: string;
}

/** A finding whose point is named by whoever looks. */
export type Outcome = Omit<Finding, 'about'>;

/** All is well. */
export function ok(text: string, hint = ''): Outcome {
  return { level: 'OK', text, hint };
}

/** Something to look at; prints are watched all the same. */
export function warn(text: string, hint = ''): Outcome {
  return { level: 'WARN', text, hint };
}

/** Prints are not watched before this is mended. */
export function fail(text: string, hint = ''): Outcome {
  return { level: 'FAIL', text, hint };
}

/** Takes findings as they come. */
export interface Report {
  add(about: string, outcome: Outcome): void;
  readonly findings: readonly Finding[];
  /** True while nothing has failed. */
  readonly isGood: boolean;
}

/** A report that says each finding at once: a line, and its hint below. */
export function createReport(say: (line: string) => void): Report {
  const findings: Finding[] = [];
  return {
    add: (about, outcome) => {
      findings.push({ about, ...outcome });
      say(`${outcome.level.padEnd(5)} ${about}: ${outcome.text}`);
      for (const line of outcome.hint.split('\n')) if (line !== '') say(`      ${line}`);
    },
    findings,
    get isGood() {
      return findings.every(({ level }) => level !== 'FAIL');
    },
  };
}

/** ms for each point; a backend may take its time. */
const pointLimitMs = 20_000;

/** Looks at points for one report, until the signal aborts. */
export interface Points {
  readonly report: Report;
  readonly signal: AbortSignal;
}

/**
 * Looks at one point. Anything thrown is a finding in its own words, at the level `atWorst`. True unless it failed.
 * Rejects with the signal's reason only.
 */
export async function point(
  { report, signal }: Points,
  about: string,
  look: (limit: AbortSignal) => Promise<Outcome>,
  {
    limitMs = pointLimitMs,
    atWorst = fail,
  }: { readonly limitMs?: number; readonly atWorst?: typeof fail } = {},
): Promise<boolean> {
  const deadline = startDeadline(limitMs, signal);
  try {
    const outcome = await look(deadline.signal);
    report.add(about, outcome);
    return outcome.level !== 'FAIL';
  } catch (error) {
    signal.throwIfAborted();
    report.add(
      about,
      deadline.hasPassed() ? atWorst(`no answer within ${limitMs / 1000} s`) : atWorst(...inWords(error)),
    );
    return false;
  } finally {
    deadline.done();
  }
}

/** An error as text and hint. */
export function inWords(error: unknown): [text: string, hint: string] {
  if (error instanceof LookoutError) return [`${error.message} [${error.code}]`, error.hint];
  return [String(error), ''];
}
