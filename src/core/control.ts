// What a person, a macro or another program may ask of us, and the shapes of the answers, as they go over the wire.
import type { Mode, Print, Region, Verdict } from './types.ts';

/** Every answer: `text` is a plain sentence for a console. */
export interface ControlAnswer {
  readonly text: string;
}

/** The open incident. Times are Unix seconds. */
export interface IncidentSummary {
  readonly id: string;
  readonly level: 'warning' | 'failing';
  readonly opened_at: number;
  readonly layer: number | null;
  readonly backend: string;
  /** 0 to 1. */
  readonly score: number;
  /** 1 (failure) to 10 (perfect); null where the backend has no such scale. */
  readonly quality: number | null;
  readonly action: { readonly what: string; readonly state: string; readonly message: string } | null;
  readonly answer: string | null;
  /** In shadow mode, once it is failing: what would have been done, and when; else null. */
  readonly would_have: { readonly what: string; readonly at: number } | null;
  /** What `skip-object` would leave out, by Klipper's name; null where it is not known. */
  readonly object: string | null;
  /** What can be answered now; empty once answered. */
  readonly answers: readonly string[];
}

/** An incident of shadow mode that is to be judged with `right` or `wrong`. */
export interface QuestionSummary {
  readonly id: string;
  readonly filename: string;
  readonly level: 'warning' | 'failing';
  readonly opened_at: number;
  readonly layer: number | null;
  readonly would_have: { readonly what: string; readonly at: number } | null;
}

/** What a person has asked for: `until` in Unix seconds, null where no time ends it. */
export interface StandingMute {
  readonly kind: 'until' | 'print' | 'file';
  readonly until: number | null;
}

/** `status`. Times are Unix seconds, durations seconds. */
export interface StatusAnswer extends ControlAnswer {
  readonly version: string;
  readonly at: number;
  /** True while pictures are judged. */
  readonly is_watching: boolean;
  /** Why not, else null. `kind` is stable, `text` is for people. */
  readonly gate: { readonly kind: string; readonly text: string } | null;
  readonly printer: Print['kind'];
  readonly print: {
    readonly filename: string;
    readonly progress: number;
    readonly layer: number | null;
    readonly total_layer: number | null;
    readonly print_duration: number;
  } | null;
  /** `shadow`: nothing is done. */
  readonly mode: Mode;
  readonly verdict: Verdict;
  /** The last judged picture of this print. Regions in picture fractions. */
  readonly last: {
    readonly backend: string;
    readonly score: number;
    readonly quality: number | null;
    readonly regions: readonly Region[];
    readonly at: number;
  } | null;
  readonly incident: IncidentSummary | null;
  /** What shadow mode wants to know of this print, or the last one; the oldest first, at most 5. */
  readonly questions: readonly QuestionSummary[];
  /** Why nothing can be judged although it should be, else null. */
  readonly blind: {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
    readonly since: number;
  } | null;
  /** The host has too much to do, so that there are fewer looks: its load for each core, and since when; else null. */
  readonly host_busy: { readonly load: number; readonly since: number } | null;
  /** True unless a person has switched watching off; the settings may have it off all the same. */
  readonly is_switched_on: boolean;
  /** The mute that lasts longest; null while not muted. */
  readonly mute: StandingMute | null;
  /** Every mute that stands, the lasting ones first. */
  readonly mutes: readonly StandingMute[];
  /** Why no pictures and records are kept, else null. Watching goes on. */
  readonly records: {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
    readonly since: number;
  } | null;
  /** Seconds for which nothing is alerted after a resume; 0 while not. */
  readonly quiet_for: number;
  /** Since the start of the process. */
  readonly assessments: number;
  readonly calls: number;
}

/** `snapshot`. */
export interface SnapshotAnswer extends ControlAnswer {
  readonly camera: string;
  readonly at: number;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  /** Where the last picture can be seen; null while the dashboard is off. */
  readonly url: string | null;
  /** The JPEG; null unless asked for. */
  readonly jpeg_base64: string | null;
}

/** `check`: what was said of one picture. */
export interface CheckAnswer extends ControlAnswer {
  readonly camera: string;
  readonly at: number;
  readonly backend: string;
  readonly score: number;
  readonly quality: number | null;
  readonly says: Verdict;
  readonly regions: readonly Region[];
  /** True when the picture was one of the running print and counts for it. */
  readonly is_counted: boolean;
}

/** An incident as it was recorded. Times are Unix seconds. */
export interface RecordedIncident {
  readonly id: string;
  readonly filename: string;
  readonly level: 'warning' | 'failing';
  readonly opened_at: number;
  readonly is_open: boolean;
  /** `how`: answered, resumed, cancelled, print-ended, went-away. null while it is open, and where its end was not seen. */
  readonly closed: { readonly at: number; readonly how: string } | null;
  readonly layer: number | null;
  readonly backend: string;
  readonly score: number;
  readonly quality: number | null;
  readonly action: { readonly what: string; readonly state: string; readonly message: string } | null;
  /** In shadow mode, once it was failing: what would have been done, and when; else null. */
  readonly would_have: { readonly what: string; readonly at: number } | null;
  /** What people have said of it, the oldest first. */
  readonly answers: readonly {
    readonly answer: string;
    readonly at: number;
    readonly through: string | null;
  }[];
}

/** `incidents`, the newest first. */
export interface IncidentsAnswer extends ControlAnswer {
  readonly incidents: readonly RecordedIncident[];
}

/** `incident`: one with its looks, from ten minutes before it opened on. */
export interface IncidentAnswer extends ControlAnswer {
  readonly incident: RecordedIncident;
  readonly looks: readonly {
    readonly at: number;
    readonly score: number;
    readonly quality: number | null;
    readonly verdict: Verdict;
    /** Seconds of failure that had built up. */
    readonly evidence: number;
    /** Name of its picture; null where there is none. */
    readonly frame: string | null;
  }[];
}
