// The answer to `status`: the state of one watch as anybody may see it.
import type { IncidentSummary, QuestionSummary, StandingMute, StatusAnswer } from '../core/control.ts';
import { explainAlert, explainGate } from '../core/explain.ts';
import type { Hold } from '../core/hold.ts';
import type { Incident } from '../core/incident.ts';
import type { RecordHealth } from '../core/records.ts';
import type { Moment, Print } from '../core/types.ts';
import { liveLine } from './live-line.ts';
import type { WatchStatus } from './watch.ts';

/** The answer at this moment. */
export function statusAnswer(
  status: WatchStatus,
  health: RecordHealth,
  version: string,
  now: Moment,
): StatusAnswer {
  const { state, gate, print } = status;
  const { blind, last, incident } = state;
  return {
    text: `Lookout: ${liveLine(status, now.tickMs)}.`,
    version,
    at: seconds(now.atMs),
    is_watching: gate === null,
    gate: gate === null ? null : { kind: gate.kind, text: explainGate(gate) },
    printer: print.kind,
    print: printOf(print),
    mode: status.mode,
    verdict: state.incident?.level ?? state.verdict,
    last:
      last === null
        ? null
        : {
            backend: last.assessment.backend,
            score: last.assessment.score,
            quality: last.assessment.quality,
            regions: last.assessment.regions,
            at: seconds(last.at.atMs),
          },
    incident: incident === null ? null : incidentSummary(incident, now, state.wasPaused),
    questions: state.shadow.questions.map(questionSummary),
    blind:
      blind === null
        ? null
        : {
            code: blind.fault.code,
            message: blind.fault.message,
            hint: blind.fault.hint,
            since: seconds(blind.since.atMs),
          },
    host_busy:
      state.busy === null
        ? null
        : { load: Math.round(state.busy.load * 100) / 100, since: seconds(state.busy.since.atMs) },
    is_switched_on: !state.hold.isOff,
    mute: mutesOf(state.hold, now)[0] ?? null,
    mutes: mutesOf(state.hold, now),
    records: health.trouble === null ? null : troubleOf(health.trouble),
    quiet_for: Math.max(0, Math.round(((state.quietUntilTickMs ?? 0) - now.tickMs) / 1000)),
    assessments: status.assessments,
    calls: status.calls,
  };
}

function mutesOf({ mutes }: Hold, now: Moment): StatusAnswer['mutes'] {
  return mutes.flatMap((mute): StandingMute[] => {
    if (mute.kind !== 'until') return [{ kind: mute.kind, until: null }];
    const leftMs = mute.untilTickMs - now.tickMs;
    return leftMs <= 0 ? [] : [{ kind: mute.kind, until: seconds(now.atMs + leftMs) }];
  });
}

function troubleOf({ code, message, hint, sinceMs }: NonNullable<RecordHealth['trouble']>) {
  return { code, message, hint, since: seconds(sinceMs) };
}

/** The incident in short. */
function incidentSummary(incident: Incident, now: Moment, isPaused: boolean): IncidentSummary {
  const { id, level, openedAt, layer, backend, score, quality, action, answer } = incident;
  return {
    ...{ id, level, layer, backend, score, quality, answer },
    opened_at: seconds(openedAt.atMs),
    action: action === null ? null : { what: action.what, state: action.state, message: action.message },
    would_have: wouldHaveOf(incident.wouldHave),
    object: incident.object ?? null,
    answers: answer === null ? explainAlert(incident, now, isPaused).answers : [],
  };
}

function questionSummary({ id, job, level, openedAt, layer, wouldHave }: Incident): QuestionSummary {
  return {
    ...{ id, level, layer, filename: job.filename, opened_at: seconds(openedAt.atMs) },
    would_have: wouldHaveOf(wouldHave),
  };
}

/** Of an incident of shadow mode that is failing; null for any other. */
export function wouldHaveOf(wouldHave: Incident['wouldHave']): { what: string; at: number } | null {
  return wouldHave == null ? null : { what: wouldHave.what, at: seconds(wouldHave.at.atMs) };
}

function printOf(print: Print): StatusAnswer['print'] {
  if (!('job' in print)) return null;
  const { filename, progress, layer, totalLayer, printDurationMs } = print.job;
  return { filename, progress, layer, total_layer: totalLayer, print_duration: seconds(printDurationMs) };
}

/** Seconds with milliseconds, as Moonraker gives them. */
function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
