// Puts together what the page is told of one printer.
import { explainAlert, explainGate, explainSkip } from '../core/explain.ts';
import { explainGlance } from '../core/explain-glance.ts';
import { explainQuestion } from '../core/explain-shadow.ts';
import { mutedMs } from '../core/hold.ts';
import type { Job, Moment, Print } from '../core/types.ts';
import type { PrinterView, Watched } from './printer-view.ts';
import type {
  BackendFacts,
  IncidentFacts,
  LookFacts,
  PartFacts,
  PrinterState,
  PrintFacts,
  QuestionFacts,
} from './view.ts';

/** The state of a printer at `now`. */
export function printerState(view: PrinterView, now: Moment): PrinterState {
  const status = view.status();
  const { state, gate, print } = status;
  const isQuiet = state.quietUntilTickMs !== null && state.quietUntilTickMs > now.tickMs;
  return {
    printer: view.name,
    nowMs: now.atMs,
    glance: explainGlance(status, now),
    print: printFacts(print, now),
    gate: gate === null ? null : { kind: gate.kind, text: explainGate(gate) },
    verdict: state.incident?.level ?? state.verdict,
    look: lookFacts(view, status),
    evidence: view.evidence(),
    incident: incidentFacts(status, now),
    mode: status.mode,
    question: questionFacts(status, now),
    quietUntilMs: isQuiet ? now.atMs + (state.quietUntilTickMs ?? 0) - now.tickMs : null,
    isMuted: mutedMs(state.hold, jobOf(print), now) !== 0,
    isOn: gate?.kind !== 'switched-off',
    camera: cameraFacts(view, status),
    backend: backendFacts(view, status),
    can: view.methods(),
    recordTrouble: view.records().health.trouble?.message ?? '',
    masks: view.areas(),
    assessments: status.assessments,
  };
}

/** The job that the print is about; null while there is none. */
function jobOf(print: Print): Job | null {
  return 'job' in print ? print.job : null;
}

function printFacts(print: Print, now: Moment): PrintFacts {
  const job = jobOf(print);
  const facts = { kind: print.kind, filename: null, progress: null, layer: null, totalLayer: null };
  if (job === null) return { ...facts, printDurationMs: null, startedMs: null };
  const { filename, progress, layer, totalLayer, printDurationMs, totalDurationMs } = job;
  return {
    ...{ kind: print.kind, filename, progress, layer, totalLayer, printDurationMs },
    startedMs: now.atMs - totalDurationMs,
  };
}

/** The assessment that the verdict rests on; its picture may be gone. */
function lookFacts(view: PrinterView, { state }: Watched): LookFacts | null {
  const look = view.lastLook();
  const assessment = state.last?.assessment ?? null;
  if (assessment === null || state.last === null) return null;
  const { backend, score, quality, regions } = assessment;
  const atMs = look?.assessment === assessment ? look.frame.atMs : state.last.at.atMs;
  return { atMs, backend, score, quality, regions };
}

function incidentFacts({ state, print }: Watched, now: Moment): IncidentFacts | null {
  const { incident } = state;
  if (incident === null) return null;
  const { title, lines, answers, object } = explainAlert(incident, now, print.kind === 'paused');
  const { id, level, openedAt, answer } = incident;
  return {
    id,
    level,
    openedMs: openedAt.atMs,
    title: title.replace(/^Lookout: /, ''),
    lines: object === undefined ? lines : [...lines, explainSkip(object)],
    answers,
    answer,
  };
}

function questionFacts({ state }: Watched, now: Moment): QuestionFacts | null {
  const { questions } = state.shadow;
  const [first] = questions;
  if (first === undefined || state.job !== null) return null;
  const { title, lines, answers } = explainQuestion(first, questions.length - 1, now);
  return { id: first.id, title: title.replace(/^Lookout: /, ''), lines, answers };
}

function cameraFacts(view: PrinterView, { state }: Watched): PartFacts {
  const lastGoodMs = view.lastLook()?.frame.atMs ?? null;
  return { name: view.cameraName(), ...healthOf('camera', state, lastGoodMs) };
}

function backendFacts(view: PrinterView, { state, calls }: Watched): BackendFacts {
  const { name, budget } = view.backend();
  const lastGoodMs = state.last?.at.atMs ?? null;
  const tookMs = view.lastLook()?.tookMs ?? null;
  return { name, ...healthOf('backend', state, lastGoodMs), tookMs, calls, budget };
}

function healthOf(
  side: 'camera' | 'backend',
  { blind }: Watched['state'],
  lastGoodMs: number | null,
): Omit<PartFacts, 'name'> {
  if (blind?.fault.side === side) {
    const { message, hint } = blind.fault;
    return { health: 'fault', message: `${message}${hint === '' ? '' : `. ${hint}`}`, lastGoodMs };
  }
  return { health: lastGoodMs === null ? 'unknown' : 'good', message: '', lastGoodMs };
}
