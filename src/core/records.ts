// What is kept of incidents and prints, as it is shown to people.
import type { Incident } from './incident.ts';
import type { RecordedStep, TraceFrame } from './trace.ts';
import type { PrintRecord, TrackLook, TrackMark } from './track.ts';
import type { Answer } from './types.ts';

/** What ended an incident. */
export type ClosedHow = 'answered' | 'resumed' | 'cancelled' | 'print-ended' | 'went-away';

/** What a person has said of an incident, while it was open or later. */
export interface Label {
  readonly answer: Answer;
  /** Wall time. */
  readonly atMs: number;
  /** How it came in, such as `prompt`; null where that is not known. */
  readonly through: string | null;
}

/** An incident as a list shows it. JSON. */
export interface IncidentRecord {
  /** As the core knew it last. Its `id` names it everywhere. */
  readonly incident: Incident;
  /** It goes on now. */
  readonly isOpen: boolean;
  /** null while it is open, and where the process that recorded it has died. */
  readonly closed: { readonly atMs: number; readonly how: ClosedHow } | null;
  /** The oldest first. */
  readonly labels: readonly Label[];
  /** There is a `picture.jpg`: the frame that it opened with, or that called it failing, with the regions drawn. */
  readonly hasPicture: boolean;
  /** What could not be written: a disk that was full, or too slow. */
  readonly lostFrames: number;
  readonly lostSteps: number;
  /** Version of the program that recorded it. */
  readonly program: string;
}

/** An incident with everything but its pictures. JSON. */
export interface IncidentStory extends IncidentRecord {
  /** From ten minutes before it opened on; each look names its frame. */
  readonly steps: readonly RecordedStep[];
  /** The frames that are there; their names go to `picture`. */
  readonly frames: readonly TraceFrame[];
}

/** A print with its track. JSON. */
export interface PrintStory extends PrintRecord {
  readonly lines: readonly (TrackLook | TrackMark)[];
}

/** How it stands with the records. JSON. */
export interface RecordHealth {
  readonly isGood: boolean;
  /** The first trouble of this outage; null while all is well. */
  readonly trouble: {
    readonly sinceMs: number;
    readonly code: string;
    readonly message: string;
    readonly hint: string;
  } | null;
  /** Since the start of this process. */
  readonly lostFrames: number;
  readonly lostSteps: number;
}
