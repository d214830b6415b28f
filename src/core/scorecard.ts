// How often it was right: what people have answered to the incidents, and what another sensitivity would have made of them.
import type { Sensitivity } from './evidence.ts';
import { isShadow } from './incident.ts';
import type { IncidentRecord } from './records.ts';
import { replay } from './replay.ts';
import type { Trace } from './trace.ts';
import type { PrintRecord } from './track.ts';
import type { DecideOptions } from './watch-state.ts';

/** What the answers say of an incident. `unsaid`: no answer, or none that tells ("resume" may mean either). */
export type Truth = 'right' | 'false-alarm' | 'unsaid';

/** Incidents of one level by what was said of them. */
export type Tally = Readonly<Record<Truth, number>>;

/** What the records show. */
export interface Scorecard {
  readonly prints: number;
  readonly warnings: Tally;
  readonly failures: Tally;
  /** Of the incidents of both levels so many were in shadow mode. */
  readonly inShadow: number;
  /** Cancelled or failed without any alert before: perhaps a failure that was missed. The newest first. */
  readonly missed: readonly PrintRecord[];
}

/** What one sensitivity would have made of the incidents whose truth is known. */
export interface Candidate {
  readonly sensitivity: Sensitivity;
  readonly right: Outcomes;
  readonly falseAlarms: Outcomes;
}

/** Incidents by whether they would have been acted on. `unknown`: the record ends before it can be told. */
export interface Outcomes {
  readonly acted: number;
  readonly spared: number;
  readonly unknown: number;
}

/** An incident with its trace, as far as it was decided from scores. */
export interface TracedIncident {
  readonly truth: Truth;
  readonly trace: Trace;
}

/** Answers below this many say nothing about the next ones. */
export const enoughAnswers = 5;
/** After so long without being acted on, an incident would not have been. */
const sparedAfterMs = 180_000;
const sensitivities: readonly Sensitivity[] = ['low', 'medium', 'high'];

/** What the answers say; the last one that tells counts. A print that was cancelled past us was given up as well. */
export function truthOf({ labels, closed }: Pick<IncidentRecord, 'labels' | 'closed'>): Truth {
  for (const { answer } of labels.toReversed()) {
    if (answer === 'wrong' || answer === 'false-alarm' || answer === 'ignore') return 'false-alarm';
    if (answer === 'right' || answer === 'cancel' || answer === 'pause') return 'right';
    if (answer === 'skip-object') return 'right';
  }
  return closed?.how === 'cancelled' ? 'right' : 'unsaid';
}

/** Counts the records. */
export function scorecard(incidents: readonly IncidentRecord[], prints: readonly PrintRecord[]): Scorecard {
  const tally = (level: 'warning' | 'failing'): Tally => {
    const truths = incidents.filter(({ incident }) => incident.level === level).map(truthOf);
    const count = (truth: Truth) => truths.filter((each) => each === truth).length;
    return { right: count('right'), 'false-alarm': count('false-alarm'), unsaid: count('unsaid') };
  };
  return {
    prints: prints.length,
    warnings: tally('warning'),
    failures: tally('failing'),
    inShadow: incidents.filter(({ incident }) => isShadow(incident)).length,
    missed: prints.filter(({ how, summary }) => {
      return (how === 'cancelled' || how === 'error') && summary.incidents === 0 && summary.looks > 0;
    }),
  };
}

/** Takes the decisions of the incidents again with each sensitivity. Only where nothing but scores has decided. */
export function candidates(incidents: readonly TracedIncident[], options: DecideOptions): Candidate[] {
  const scored = incidents.filter(({ trace }) => isByScore(trace));
  return sensitivities.map((sensitivity) => {
    const settings = { ...options, evidence: { ...options.evidence, sensitivity } };
    const outcomes = (truth: Truth): Outcomes => {
      const found = scored
        .filter((each) => each.truth === truth)
        .map(({ trace }) => outcomeOf(trace, settings));
      const count = (outcome: keyof Outcomes) => found.filter((each) => each === outcome).length;
      return { acted: count('acted'), spared: count('spared'), unknown: count('unknown') };
    };
    return { sensitivity, right: outcomes('right'), falseAlarms: outcomes('false-alarm') };
  });
}

/**
 * The sensitivity that spares the most false alarms without losing a failure that is acted on now; null where there are too few
 * answers to tell.
 */
export function propose(all: readonly Candidate[], now: Sensitivity): Sensitivity | null {
  const current = all.find(({ sensitivity }) => sensitivity === now);
  if (current === undefined) return null;
  const total = ({ acted, spared, unknown }: Outcomes) => acted + spared + unknown;
  if (total(current.right) + total(current.falseAlarms) < enoughAnswers) return null;
  const good = all.filter(({ right }) => right.acted >= current.right.acted);
  // Where it makes no difference, what is set stays.
  return good.reduce((best, each) => (isBetter(each, best) ? each : best), current).sensitivity;
}

function isBetter(a: Candidate, b: Candidate): boolean {
  const fewerFalse = b.falseAlarms.acted - a.falseAlarms.acted;
  return fewerFalse > 0 || (fewerFalse === 0 && a.right.acted > b.right.acted);
}

function isByScore({ parts }: Trace): boolean {
  const looks = parts
    .flatMap(({ steps }) => steps)
    .flatMap(({ input }) => (input.kind === 'frame-assessed' ? [input.assessment] : []));
  return looks.length > 0 && looks.every(({ suggests }) => suggests === null);
}

function outcomeOf(trace: Trace, options: DecideOptions): keyof Outcomes {
  const rows = replay(trace, () => options);
  if (rows.some(({ now }) => now.level === 'failing')) return 'acted';
  const opened = rows.find(({ step }) => step.level !== null);
  const last = rows.findLast(({ step }) => step.input.kind === 'frame-assessed');
  if (opened === undefined || last === undefined) return 'unknown';
  const isOver = last.now.evidenceMs === 0;
  const isLong = last.step.at.tickMs - opened.step.at.tickMs >= sparedAfterMs;
  return isOver || isLong ? 'spared' : 'unknown';
}
