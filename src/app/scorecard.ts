// The command `scorecard`: how often it was right, by what people have answered, and what another sensitivity would change.
import { explainCandidates, explainScorecard } from '../core/explain-scorecard.ts';
import type { Records } from '../core/ports.ts';
import type { IncidentRecord } from '../core/records.ts';
import { candidates, propose, scorecard, type TracedIncident, truthOf } from '../core/scorecard.ts';
import { readIncidentFile } from '../records/incident-file.ts';
import { decideOptionsOf } from './decide-options.ts';
import { type IncidentsOptions, openRecords } from './incidents.ts';

/** Prints the scorecard of each printer. Exit code 0; rejects with a RecordError or a ConfigError. */
export async function printScorecard(options: IncidentsOptions): Promise<number> {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  for (const { name, config, records, folderOf } of openRecords(options)) {
    if (name !== null) say(`[printer ${name}]`);
    const incidents = await records.list();
    for (const line of explainScorecard(scorecard(incidents, await allPrints(records)))) say(line);
    const traced = await readTraces(incidents, folderOf);
    const decide = decideOptionsOf(config);
    const { sensitivity } = decide.evidence;
    const found = candidates(traced, decide);
    say('');
    for (const line of explainCandidates(found, sensitivity, propose(found, sensitivity))) say(line);
  }
  return 0;
}

/** Prints that run now are not told yet. */
async function allPrints(records: Records) {
  return (await records.prints()).filter(({ endedAtMs }) => endedAtMs !== null);
}

async function readTraces(
  incidents: readonly IncidentRecord[],
  folderOf: (id: string) => string,
): Promise<TracedIncident[]> {
  const traced: TracedIncident[] = [];
  for (const record of incidents) {
    const { incident } = record;
    const truth = truthOf(record);
    if (truth === 'unsaid') continue;
    // One that cannot be read says nothing, and must not keep the others from it.
    const file = await readIncidentFile(folderOf(incident.id)).catch(() => null);
    if (file !== null) traced.push({ truth, trace: file.trace });
  }
  return traced;
}
