// Writes the table of docs/performance.md: on each track of scores, seconds to warning and to pause, ours and by Obico's rule.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { playObico, playTrack } from '../test/support/play-track.ts';
import { type ScoreTrack, scoreTracks } from '../test/support/score-tracks.ts';

const begin = '<!-- decisions -->';
const end = '<!-- /decisions -->';

/** The table as Markdown, padded as the formatter wants it. */
export function decisionTable(): string {
  const rows = scoreTracks.map((track) => {
    const [ours, theirs] = [playTrack(track), playObico(track)];
    const moments = [ours.warnedAt, ours.pausedAt, theirs.warnedAt, theirs.pausedAt];
    return [track.name, ...moments.map((moment) => say(track, moment))];
  });
  const head = ['track', 'warning', 'pause', "Obico's rule: warning", 'pause'];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Seconds after the print began to fail; for a good print the minute in which it was disturbed. */
function say({ failsAt }: ScoreTrack, moment: number | null): string {
  if (moment === null) return failsAt === null ? '-' : 'never';
  return failsAt === null ? `wrongly, minute ${Math.floor(moment / 60)}` : `${moment - failsAt} s`;
}

/** `page` with the table between its markers renewed. */
export function renewDecisions(page: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error(`${begin} and ${end} are not in the page`);
  return `${page.slice(0, from + begin.length)}\n${decisionTable()}\n${page.slice(to)}`;
}

if (import.meta.filename === process.argv[1]) {
  const file = join(import.meta.dirname, '../docs/performance.md');
  writeFileSync(file, renewDecisions(readFileSync(file, 'utf8')));
}
