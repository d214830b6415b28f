// The scorecard as lines of text.
import type { Sensitivity } from './evidence.ts';
import { type Candidate, enoughAnswers, type Outcomes, type Scorecard, type Tally } from './scorecard.ts';

/** Prints named at most. */
const maxNamed = 10;

/** What the records show, and what is made of it. */
export function explainScorecard(card: Scorecard): string[] {
  const { warnings, failures, inShadow, missed, prints } = card;
  const row = (name: string, { right, unsaid, ...rest }: Tally) =>
    `  ${name.padEnd(10)}${cell(right)}${cell(rest['false-alarm'], 14)}${cell(unsaid)}`;
  const lines = [
    `${prints} prints.`,
    '',
    `  ${''.padEnd(10)}${'right'.padStart(10)}${'false alarm'.padStart(14)}${'not said'.padStart(10)}`,
    row('warnings', warnings),
    row('failures', failures),
    '',
    precision('warnings', warnings),
    precision('failures', failures),
  ];
  if (inShadow > 0) lines.push(`In shadow mode, where nothing was done about it: ${inShadow} of them.`);
  if (missed.length > 0) {
    const names = missed.slice(0, maxNamed).map(({ filename }) => JSON.stringify(filename));
    const more = missed.length > maxNamed ? `, and ${missed.length - maxNamed} more` : '';
    lines.push(
      `Cancelled or broken off without an alert, perhaps missed: ${missed.length} (${names.join(', ')}${more}).`,
    );
  }
  return lines;
}

/** What another sensitivity would have made of the same incidents. */
export function explainCandidates(
  all: readonly Candidate[],
  now: Sensitivity,
  proposal: Sensitivity | null,
): string[] {
  const said = (outcomes: Outcomes) => {
    const { acted, spared, unknown } = outcomes;
    const open = unknown === 0 ? '' : `, ${unknown} cannot be told`;
    return `${acted} of ${acted + spared + unknown}${open}`;
  };
  return [
    'Acted on with each sensitivity, as far as the records go (a print that was paused shows no more):',
    '',
    `    ${'sensitivity'.padEnd(14)}${'right'.padEnd(28)}false alarms`,
    ...all.map(({ sensitivity, right, falseAlarms }) => {
      const mark = sensitivity === now ? '*' : ' ';
      return `  ${mark} ${sensitivity.padEnd(14)}${said(right).padEnd(28)}${said(falseAlarms)}`;
    }),
    '',
    verdict(now, proposal),
  ];
}

function verdict(now: Sensitivity, proposal: Sensitivity | null): string {
  if (proposal === null) {
    return `There is nothing to propose before ${enoughAnswers} incidents of a backend that only scores have been answered.`;
  }
  if (proposal === now) return `sensitivity: ${now} is as good as any for these prints.`;
  return `Proposal: sensitivity: ${proposal} in [detection].`;
}

function precision(name: string, { right, ...rest }: Tally): string {
  const told = right + rest['false-alarm'];
  if (told === 0) return `Nobody has said of any of the ${name} whether it was right.`;
  return `Of the ${name} that were answered ${Math.round((right / told) * 100)} % were right (${right} of ${told}).`;
}

function cell(value: number, width = 10): string {
  return String(value).padStart(width);
}
