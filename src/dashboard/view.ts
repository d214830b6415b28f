// What the server tells the page and every other program: the shapes of the API's answers. Times are Unix ms.
import type { Usage } from '../core/budget.ts';
import type { Glance } from '../core/explain-glance.ts';
import type { Gate } from '../core/gates.ts';
import type { Area } from '../core/regions.ts';
import type { Answer, Mode, Print, Region, Verdict } from '../core/types.ts';

/** One printer at this moment. `GET /api/v1/state`, and each `state` event. */
export interface PrinterState {
  /** As in `[printer NAME]`; `printer` where there is only one. */
  readonly printer: string;
  /** When this was said, by the host's clock: what is older is so by this clock. */
  readonly nowMs: number;
  readonly glance: Glance;
  readonly print: PrintFacts;
  /** Why no picture is judged now, in words; null while pictures are judged. */
  readonly gate: { readonly kind: Gate['kind']; readonly text: string } | null;
  readonly verdict: Verdict;
  readonly look: LookFacts | null;
  /** null for a backend that decides for itself. */
  readonly evidence: EvidenceFacts | null;
  readonly incident: IncidentFacts | null;
  /** `shadow`: nothing is done. */
  readonly mode: Mode;
  /** What shadow mode wants to know now that its print is over; null while nothing is to be asked. */
  readonly question: QuestionFacts | null;
  /** Quiet until then after a resume; null while not. */
  readonly quietUntilMs: number | null;
  /** A person has asked for quiet, and it lasts. */
  readonly isMuted: boolean;
  readonly isOn: boolean;
  readonly camera: PartFacts;
  readonly backend: BackendFacts;
  /** Actions that can be asked for at all. */
  readonly can: readonly string[];
  /** What is wrong with the records; '' while they are kept. */
  readonly recordTrouble: string;
  /** Areas that are not judged. */
  readonly masks: readonly Area[];
  /** Since this process started. */
  readonly assessments: number;
}

/** The print as Klipper has it. */
export interface PrintFacts {
  readonly kind: Print['kind'];
  readonly filename: string | null;
  /** 0..1 by file position. */
  readonly progress: number | null;
  readonly layer: number | null;
  readonly totalLayer: number | null;
  readonly printDurationMs: number | null;
  /** Unix ms of its start. */
  readonly startedMs: number | null;
}

/** The last look. */
export interface LookFacts {
  readonly atMs: number;
  readonly backend: string;
  readonly score: number;
  readonly quality: number | null;
  readonly regions: readonly Region[];
}

/** What has built up, with the marks at which something happens. */
export interface EvidenceFacts {
  readonly ms: number;
  readonly warnMs: number;
  readonly failMs: number;
  /** `failure seen for 64 of the last 90 s`. */
  readonly text: string;
}

/** The open incident. */
export interface IncidentFacts {
  readonly id: string;
  readonly level: 'warning' | 'failing';
  readonly openedMs: number;
  readonly title: string;
  readonly lines: readonly string[];
  readonly answers: readonly Answer[];
  readonly answer: Answer | null;
}

/** A question with what can be answered. */
export type QuestionFacts = Pick<IncidentFacts, 'id' | 'title' | 'lines' | 'answers'>;

/** Health of the camera or the backend. */
export interface PartFacts {
  readonly name: string;
  /** `unknown` before anything was asked of it. */
  readonly health: 'good' | 'fault' | 'unknown';
  /** What is wrong and what to do; '' while it is good. */
  readonly message: string;
  /** When it last worked; null before that. */
  readonly lastGoodMs: number | null;
}

/** Health and cost of the backend. */
export interface BackendFacts extends PartFacts {
  /** How long its last answer took, ms. */
  readonly tookMs: number | null;
  /** Counted (paid) calls since this process started. */
  readonly calls: number;
  /** Counted calls of this month, what they may be, and their cost; null where nothing is counted. */
  readonly budget: Usage | null;
}

/** A look in the course of a print. */
export interface TrackPoint {
  readonly atMs: number;
  readonly score: number;
  readonly quality: number | null;
  readonly verdict: Verdict;
  readonly evidenceMs: number;
}

/** A time in which nothing was judged. */
export interface TrackBand {
  readonly fromMs: number;
  /** null while it lasts. */
  readonly toMs: number | null;
  /** Kind of the gate that was shut, or `blind`. */
  readonly kind: string;
}

/** Something that happened. */
export interface TrackMark {
  readonly atMs: number;
  readonly kind: 'warning' | 'failing' | 'closed';
  readonly incidentId: string;
}

/** The course of a print. `GET /api/v1/track`. */
export interface Track {
  readonly filename: string | null;
  readonly points: readonly TrackPoint[];
  readonly bands: readonly TrackBand[];
  readonly marks: readonly TrackMark[];
}

/** One setting in force, for reading only. A secret is `****`. */
export interface SettingFacts {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly origin: string;
  readonly isDefault: boolean;
}

/** What a page needs to act. `GET /api/v1/session`. */
export interface SessionFacts {
  /** To be sent as `X-Lookout-Token` with every action; null where a login is needed. */
  readonly token: string | null;
  /** A login of this browser is open. */
  readonly mayLogOut: boolean;
  readonly version: string;
  readonly printers: readonly string[];
}

/** Every refusal. */
export interface ErrorFacts {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}
