// What the dashboard is handed of one watched printer: eyes and one way to act, nothing else.
import type { Glanced } from '../core/explain-glance.ts';
import type { Records } from '../core/ports.ts';
import type { Area } from '../core/regions.ts';
import type { Assessment, Frame, Mode } from '../core/types.ts';
import type { Effect, WatchInput } from '../core/watch-state.ts';
import type { BackendFacts, EvidenceFacts } from './view.ts';

/** What can be said of a watch at this moment. */
export interface Watched extends Glanced {
  readonly mode: Mode;
  readonly assessments: number;
  readonly calls: number;
}

/** The last picture that was judged, with its assessment. */
export interface Look {
  readonly frame: Frame;
  readonly assessment: Assessment;
  /** How long the backend took, ms. */
  readonly tookMs: number;
}

/** The areas that are not judged, as the configuration file has them. */
export interface MaskStore {
  /** Those in force, and the version of the file that they are to be changed in. Throws a ConfigError. */
  read(): { readonly areas: readonly Area[]; readonly version: string };
  /**
   * Writes the areas and puts them in force for the next picture.
   * @throws ConfigError CONFIG_CHANGED when the file is no longer of that version; CONFIG_INVALID, CONFIG_NOT_WRITTEN
   */
  save(areas: readonly Area[], version: string): Promise<void>;
}

/** One watched printer. */
export interface PrinterView {
  /** As in `[printer NAME]`; `printer` where there is only one. */
  readonly name: string;
  status(): Watched;
  /** Called after every input with what changed. Returns the way to stop listening. */
  onChange(listener: (status: Watched, input: WatchInput, effects: readonly Effect[]) => void): () => void;
  /** null before the first look. */
  lastLook(): Look | null;
  onLook(listener: (look: Look) => void): () => void;
  /** A fresh picture for whoever looks now. Rejects with a CameraError. */
  show(signal: AbortSignal): Promise<Frame>;
  /** What the evidence comes to; null for a backend that decides for itself. */
  evidence(): EvidenceFacts | null;
  /** Name of the camera in use. */
  cameraName(): string;
  /** Names and budget of the backend in use. */
  backend(): Pick<BackendFacts, 'name' | 'budget'>;
  /** In force now. */
  areas(): readonly Area[];
  readonly masks: MaskStore;
  /** What was kept of incidents and prints. */
  records(): Records;
  /** Names of what `call` takes. */
  methods(): readonly string[];
  /** The one command path. Rejects with an error that has a `code` and a `hint`. */
  call(method: string, params: unknown, signal: AbortSignal): Promise<unknown>;
}
