// The small interfaces that the watch loop needs. Adapters implement them; nothing else crosses a room.
import type { Usage } from './budget.ts';
import type { BedObjects } from './objects.ts';
import type { IncidentRecord, IncidentStory, PrintStory, RecordHealth } from './records.ts';
import type { Step } from './trace.ts';
import type { PrintRecord } from './track.ts';
import type {
  ActionOutcome,
  Alert,
  Answer,
  Assessment,
  Frame,
  Job,
  JobRef,
  Moment,
  Notice,
  PauseStep,
  Print,
} from './types.ts';

/** Time. The only source of it, so that tests can drive it. */
export interface Clock {
  now(): Moment;
  /** Resolves after `ms` (0 or more); rejects with the signal's reason when aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Structured log. Fields must be JSON values; secrets registered with the service are masked. */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
  /** A log whose lines name this part, such as `camera/mjpeg`. */
  child(component: string): Log;
}

/** An answer that a person gave through any channel. */
export interface Answered {
  readonly answer: Answer;
  /** The incident that was answered; null when the way it came in cannot tell. */
  readonly incidentId: string | null;
  /** How it came in, for the record: `prompt`, `agent`. */
  readonly through: string;
}

/** The printer behind Moonraker. All methods reject with a MoonrakerError. */
export interface Printer {
  /** The print as last seen; follows Klipper within 250 ms while connected. */
  readonly print: Print;
  /** Connects and keeps connected until the signal aborts. Resolves then; a lost connection is not an error. */
  run(signal: AbortSignal): Promise<void>;
  /** Called on every change of `print`. Returns the way to stop listening. */
  onPrint(listener: (print: Print) => void): () => void;
  /** Called for each line of G-code output (`!! …`, `// …`, `echo: …`). Returns the way to stop listening. */
  onGcodeResponse(listener: (line: string) => void): () => void;
  /** Reads the fields that tick (durations, position, layer) once and returns the renewed print. */
  sample(signal: AbortSignal): Promise<Print>;
  /** The pause recipe (design §4). Resolves with what was observed; `delayed` may come first through `onDelay`. */
  pause(onDelay: (outcome: ActionOutcome) => void, signal: AbortSignal): Promise<ActionOutcome>;
  /** Resumes and waits until the state reads printing. */
  resume(signal: AbortSignal): Promise<ActionOutcome>;
  /**
   * Load of the host that Klipper runs on, for each core, over a minute, as last sampled; null where Klipper does not say.
   * Below 0.5 it may be that of the whole host.
   */
  hostLoad(signal: AbortSignal): Promise<number | null>;
  /** Cancels and waits until the state has left printing and paused. */
  cancel(signal: AbortSignal): Promise<ActionOutcome>;
  /**
   * Lengthens Klipper's idle timeout for a paused print, as the settings want it, and starts the steps that follow a pause.
   * @returns what it was before, s; null when nothing had to be changed, or it could not be (logged)
   */
  lengthenIdleTimeout(signal: AbortSignal): Promise<number | null>;
  /** The objects of the print and the bed that they stand on; null where Klipper knows of none. */
  bedObjects(signal: AbortSignal): Promise<BedObjects | null>;
  /** Leaves an object of the print out, and waits until Klipper says so. */
  skipObject(name: string, signal: AbortSignal): Promise<ActionOutcome>;
  /** Called for each step that follows a pause of ours, as it ends. Returns the way to stop listening. */
  onPauseStep(listener: (step: PauseStep) => void): () => void;
  /** True while a pause, resume, cancel or skip of ours is out: nothing else of ours should stand in Klipper's queue then. */
  readonly isActing: boolean;
  /** Runs G-code under Klipper's lock and waits for its end. One command a line. */
  runGcode(script: string, signal: AbortSignal): Promise<void>;
}

/** Where frames come from. */
export interface Camera {
  readonly name: string;
  /** One fresh, checked frame. Rejects with a CameraError; never returns the same picture as new. */
  grab(signal: AbortSignal): Promise<Frame>;
}

/** The print as a backend may follow it for work of its own. */
export interface PrintView {
  readonly print: Print;
  onPrint(listener: (print: Print) => void): () => void;
}

/** What judges frames. */
export interface Backend {
  readonly name: string;
  /** Judges one frame of one print. Rejects with a BackendError. The caller keeps `nextInMs`; so does the backend itself. */
  assess(frame: Frame, job: Job, signal: AbortSignal): Promise<Assessment>;
  /** Ms until the service may be asked again; 0 = now. Spares a frame that could not be judged anyway. */
  readyInMs?(): number;
  /** Calls of this month, where they are counted. Asks nobody. */
  usage?(): Usage;
  /** Asks the service to confirm the key where that costs nothing; the sentence says what was found out. */
  confirm?(signal: AbortSignal): Promise<string>;
  /** Work of its own beside assessing, such as heartbeats. Runs until the signal aborts, then says goodbye within 3 s. */
  run?(printer: PrintView, signal: AbortSignal): Promise<void>;
  /** The service's own way to reach people, such as its e-mails; null while not set up. */
  readonly channel?: Channel | null;
  /** Told once when a print has ended, so that contexts and tickets are dropped. */
  printEnded?(job: JobRef): void;
}

/** A way to reach a person. Rejects with an AlertError; the loop goes on either way. */
export interface Channel {
  readonly name: string;
  /** True where a question can be answered, or handed to who can; nobody else is sent one. */
  readonly takesQuestions?: boolean;
  /**
   * Shows the alert; a second call for the same incident replaces the first.
   * @param picture the frame that the alert is about; null where there is none
   */
  raise(alert: Alert, picture: Frame | null, signal: AbortSignal): Promise<void>;
  /** Takes the alert of this incident away, if it is still shown. */
  close(incidentId: string, signal: AbortSignal): Promise<void>;
  /** Says one sentence. */
  tell(notice: Notice, signal: AbortSignal): Promise<void>;
  /** Says that we stop, where somebody would else take the last state for the present one. */
  leave?(signal: AbortSignal): Promise<void>;
}

/** Small named documents that survive a restart and a power cut. Values are JSON. */
export interface Store {
  /** The document as last saved, unvalidated; null when there is none or it cannot be read (logged). */
  load(name: string): unknown;
  /** Writes the document atomically. Rejects with a RecordError. Calls for one name are done in order. */
  save(name: string, value: unknown): Promise<void>;
}

/**
 * Keeps what happened, so that it can be shown and replayed. Returns at once and never throws: what cannot be written
 * is counted, and watching goes on.
 */
export interface Recorder {
  /** A frame, right before the step that it leads to. `assessment` is null where it could not be judged. */
  frame(frame: Frame, assessment: Assessment | null): void;
  /** One step of the core. */
  step(step: Step): void;
}

/**
 * What was kept, for reading. Ids and names from outside are checked: none leads out of the records. All methods reject
 * with a RecordError RECORD_UNREADABLE where the disk does not let them, or does not answer within 10 s.
 */
export interface Records {
  readonly health: RecordHealth;
  /** The newest incidents first, 200 at most. */
  list(): Promise<readonly IncidentRecord[]>;
  /** null where there is none of this id. */
  read(id: string): Promise<IncidentStory | null>;
  /** A JPEG: `picture.jpg`, or a frame by its name. null where there is none. */
  picture(id: string, name: string): Promise<Uint8Array | null>;
  /** The whole incident as a zip, in pieces; null where there is none. It may be asked for once more. */
  export(id: string): Promise<AsyncIterable<Uint8Array> | null>;
  /** Keeps what somebody says of an incident that is over. False where there is none of this id, or it is still open. */
  label(id: string, answer: Answer, through: string): Promise<boolean>;
  /** The newest prints first, 200 at most; the one that runs is among them. */
  prints(): Promise<readonly PrintRecord[]>;
  /** null where there is none of this id. */
  print(id: string): Promise<PrintStory | null>;
}
