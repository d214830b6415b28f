// What the decision core remembers, what it hears and what it orders. All of it is JSON.
import type { Background } from './background.ts';
import type { BedCorners } from './bed.ts';
import type { Busy } from './busy.ts';
import { type Evidence, type EvidenceOptions, noEvidence } from './evidence.ts';
import { type Hold, noHold } from './hold.ts';
import type { Incident } from './incident.ts';
import type { BedObjects } from './objects.ts';
import type { Area } from './regions.ts';
import type { SceneGrid } from './scene-grid.ts';
import type { SceneView } from './scene-view.ts';
import { noShadow, type Shadow } from './shadow-state.ts';
import type {
  ActionOutcome,
  Alert,
  Answer,
  Assessment,
  FailureAction,
  Fault,
  Job,
  JobRef,
  Mode,
  Moment,
  Notice,
  OnFailure,
  PauseStep,
  Print,
  Score,
  Verdict,
} from './types.ts';

/** An outage of the camera or the backend. */
export interface Blindness {
  readonly since: Moment;
  readonly fault: Fault;
  readonly isTold: boolean;
}

/** What a person has looked at and let go on: a second pause needs it to clear once, or to grow. */
export interface AcceptedScene {
  readonly score: Score;
  readonly hasCleared: boolean;
  /** The user has been told once that the trouble is still there. */
  readonly isTold: boolean;
}

/** Everything that is known of the print being watched. Kept over a restart of this process. */
export interface WatchState {
  readonly job: JobRef | null;
  /** Frames of this moment count: it prints, and no macro in the file has paused it. */
  readonly isPrinting: boolean;
  /** The print was paused when it was last seen; kept while Klipper is not ready. */
  readonly wasPaused: boolean;
  /** When the file itself paused the print; null while it is not paused, or was paused otherwise. */
  readonly filePauseTickMs: number | null;
  readonly verdict: Verdict;
  /** The last look; `counted` is the part of its score that counts, without the learned background. */
  readonly last: { readonly assessment: Assessment; readonly counted: Score; readonly at: Moment } | null;
  /** When and where the present trouble was first seen; null while the print is clear. */
  readonly trouble: { readonly since: Moment; readonly layer: number | null } | null;
  /** What has built up with a backend that only scores. Starts afresh with each backend, print and resume. */
  readonly evidence: Evidence;
  /** What cameras always show, the last one first. Outlives prints. */
  readonly backgrounds: readonly Background[];
  /** Where the camera looks; null until a frame has told. Outlives prints, as what was learned of the view does. */
  readonly view: SceneView | null;
  readonly incident: Incident | null;
  readonly incidentCount: number;
  /** An alert is open that a restart, ours or Moonraker's, may have taken away: shown again once the print is seen. */
  readonly isAlertDue: boolean;
  readonly accepted: AcceptedScene | null;
  readonly quietUntilTickMs: number | null;
  readonly blind: Blindness | null;
  /** Areas that a person has drawn since the settings were read, in place of theirs; null for none. Outlives prints. */
  readonly drawn: readonly Area[] | null;
  /** What a person has asked for until further notice. Outlives prints and reboots. */
  readonly hold: Hold;
  /** What shadow mode wants to know. Outlives prints. */
  readonly shadow: Shadow;
  /** The host has too much to do, so that there are fewer looks. */
  readonly busy: Busy | null;
  /** Klipper's own idle timeout, to be put back when the print goes on or ends; null while it is not ours. */
  readonly idleTimeoutBeforeS: number | null;
}

/** What a person, a macro or a program can order at any time. */
export type WatchCommand =
  | {
      readonly kind: 'mute';
      readonly for:
        | { readonly kind: 'minutes'; readonly minutes: number }
        | { readonly kind: 'print' }
        | { readonly kind: 'file' };
    }
  | { readonly kind: 'unmute' }
  | { readonly kind: 'switch'; readonly isOn: boolean }
  | { readonly kind: 'pause' | 'resume' | 'cancel' };

/** What can happen. Past tense. */
export type WatchInput =
  | { readonly kind: 'print-changed'; readonly print: Print }
  | {
      readonly kind: 'frame-assessed';
      readonly assessment: Assessment;
      /** Name of the camera. */
      readonly camera: string;
      /** Of the frame; absent or null where its pixels were not looked at. */
      readonly grid?: SceneGrid | null;
      readonly job: Job;
      readonly layer: number | null;
    }
  | { readonly kind: 'frame-missed'; readonly fault: Fault }
  | { readonly kind: 'action-finished'; readonly incidentId: string; readonly outcome: ActionOutcome }
  | {
      readonly kind: 'answer-finished';
      readonly incidentId: string;
      readonly answer: Answer;
      readonly outcome: ActionOutcome;
    }
  | { readonly kind: 'commanded'; readonly command: WatchCommand }
  | { readonly kind: 'answered'; readonly answer: Answer; readonly incidentId: string | null }
  /** The idle timeout of a paused print was lengthened; `beforeS` is what it was. */
  | { readonly kind: 'idle-timeout-lengthened'; readonly beforeS: number }
  /** Something that follows a pause of ours has ended. */
  | { readonly kind: 'pause-step-finished'; readonly step: PauseStep }
  /** A person has drawn the areas of the picture in which nothing counts anew. */
  | { readonly kind: 'areas-changed'; readonly areas: readonly Area[] }
  /** Load of the host for each core; null where it could not be measured. */
  | { readonly kind: 'load-measured'; readonly load: number | null }
  /** Klipper's objects, as asked for; null where there are none, or Klipper did not say. */
  | { readonly kind: 'objects-read'; readonly incidentId: string; readonly objects: BedObjects | null }
  | { readonly kind: 'time-passed' }
  /** The state was read from disk: whatever was under way is no longer in our hands. */
  | { readonly kind: 'restarted' };

/** What is to be done. Imperative; performed in this order. */
export type Effect =
  | { readonly kind: 'take-action'; readonly incidentId: string; readonly action: FailureAction }
  | {
      readonly kind: 'do-answer';
      readonly incidentId: string;
      readonly answer: 'pause' | 'resume' | 'cancel';
    }
  /** Shadow mode: this would be done now, and is not. For the log and the record. */
  | { readonly kind: 'note-would-have'; readonly incidentId: string; readonly what: OnFailure }
  | { readonly kind: 'read-objects'; readonly incidentId: string }
  | { readonly kind: 'skip-object'; readonly incidentId: string; readonly object: string }
  | { readonly kind: 'raise-alert'; readonly alert: Alert }
  | { readonly kind: 'close-alert'; readonly incidentId: string }
  | { readonly kind: 'tell'; readonly notice: Notice }
  | { readonly kind: 'set-idle-timeout'; readonly seconds: number }
  /** Keep Klipper's idle timeout from cooling the bed of a print that was paused behind our back. */
  | { readonly kind: 'lengthen-idle-timeout' }
  | { readonly kind: 'end-print'; readonly job: JobRef };

/** A step of the core. */
export interface Decision {
  readonly state: WatchState;
  readonly effects: readonly Effect[];
}

/** What of the settings the core needs. All ms. */
export interface DecideOptions {
  /** `[action] mode`; absent, as in records from before there was one, is `act`. */
  readonly mode?: Mode;
  readonly onFailure: OnFailure;
  /** `[action] confirm_timeout`: how long a person is asked before the pause, with `confirm`. */
  readonly confirmMs?: number;
  readonly resumeMuteMs: number;
  readonly blindAfterMs: number;
  /** `[detection] busy_load`: the host is busy above this load for each core; 0 is never. */
  readonly busyLoad: number;
  /** For backends that only score. */
  readonly evidence: EvidenceOptions;
  /** Areas of the picture in which nothing counts, unless others were drawn. */
  readonly ignore: readonly Area[];
  /** `[camera] bed_corners`; absent where they are not given. */
  readonly bedCorners?: BedCorners;
}

/** Nothing is printing and nothing is known. */
export const initialWatchState: WatchState = {
  job: null,
  isPrinting: false,
  wasPaused: false,
  filePauseTickMs: null,
  verdict: 'clear',
  last: null,
  trouble: null,
  evidence: noEvidence,
  backgrounds: [],
  view: null,
  incident: null,
  incidentCount: 0,
  isAlertDue: false,
  accepted: null,
  quietUntilTickMs: null,
  blind: null,
  drawn: null,
  hold: noHold,
  shadow: noShadow,
  busy: null,
  idleTimeoutBeforeS: null,
};
