// Errors of the house: one class per boundary, a stable code each, and what to do about it.

/** May the same thing be tried again? `soon`: next interval; `later`: minutes; `never`: not before a person acts. */
export type Retry = 'never' | 'soon' | 'later';

/** Configuration: file, key or value. */
export type ConfigCode =
  | 'CONFIG_UNREADABLE'
  | 'CONFIG_INVALID'
  | 'CONFIG_SECRETS_OPEN'
  | 'CONFIG_NOT_WRITTEN'
  | 'CONFIG_CHANGED';

/** Moonraker: connection, authorization, requests. */
export type MoonrakerCode =
  | 'MOONRAKER_UNREACHABLE'
  | 'MOONRAKER_UNAUTHORIZED'
  | 'MOONRAKER_NAME_TAKEN'
  | 'MOONRAKER_CLOSED'
  | 'MOONRAKER_TIMEOUT'
  | 'MOONRAKER_REFUSED'
  | 'MOONRAKER_BAD_ANSWER'
  | 'KLIPPY_NOT_READY'
  | 'PAUSE_NOT_OBSERVED'
  | 'RESUME_NOT_OBSERVED'
  | 'CANCEL_NOT_OBSERVED'
  | 'SKIP_NOT_OBSERVED';

/** Camera: finding it, reaching it, and what it sent. */
export type CameraCode =
  | 'CAMERA_NOT_FOUND'
  | 'CAMERA_UNREACHABLE'
  | 'CAMERA_TIMEOUT'
  | 'CAMERA_HTTP_STATUS'
  | 'CAMERA_UNAUTHORIZED'
  | 'CAMERA_NOT_JPEG'
  | 'CAMERA_TRUNCATED'
  | 'CAMERA_TOO_LARGE'
  | 'CAMERA_REDIRECT'
  | 'CAMERA_STALE'
  | 'CAMERA_FROZEN'
  | 'CAMERA_UNDECODABLE'
  | 'CAMERA_BROKEN_PICTURE'
  | 'CAMERA_TOO_DARK'
  | 'CAMERA_OVEREXPOSED'
  | 'CAMERA_COVERED'
  | 'CAMERA_BLURRED';

/** Backend: the service that judges frames. */
export type BackendCode =
  | 'BACKEND_UNREACHABLE'
  | 'BACKEND_TIMEOUT'
  | 'BACKEND_HTTP_STATUS'
  | 'BACKEND_BAD_ANSWER'
  | 'BACKEND_TOO_LARGE'
  | 'BACKEND_REDIRECT'
  | 'BACKEND_BAD_KEY'
  | 'BACKEND_PAYMENT'
  | 'BACKEND_BAD_REQUEST'
  | 'BACKEND_RATE_LIMITED'
  | 'BACKEND_BAD_FRAME'
  | 'BACKEND_BAD_MODEL'
  | 'BACKEND_NO_RUNTIME'
  | 'BACKEND_BUSY'
  | 'BACKEND_BUDGET_SPENT'
  /** Not an error: the service does not judge yet; `retryAfterMs` says when. Never counts as blind. */
  | 'BACKEND_WAITING';

/** Alerts: a channel that could not reach anybody. */
export type AlertCode = 'ALERT_NOT_SENT';

/** Records: state and incidents on disk. */
export type RecordCode = 'RECORD_UNREADABLE' | 'RECORD_NOT_WRITTEN';

/** Control: what a person, a macro or another program asked of us. */
export type ControlCode =
  | 'CONTROL_UNKNOWN_METHOD'
  | 'CONTROL_BAD_ARGUMENT'
  | 'CONTROL_NOT_FOUND'
  | 'CONTROL_NOT_NOW';

/** Every error code there is. Documented in docs/troubleshooting.md; changed only with a migration. */
export type ErrorCode =
  | ConfigCode
  | MoonrakerCode
  | CameraCode
  | BackendCode
  | AlertCode
  | RecordCode
  | ControlCode;

/** What every error of ours carries. */
export interface ErrorDetails<Code extends ErrorCode> {
  readonly code: Code;
  readonly retry: Retry;
  /** At least this many ms before the next try; from Retry-After and the like. */
  readonly retryAfterMs?: number;
  /** One sentence that a user can act on. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Base of all errors that cross a boundary of ours. The message never holds a secret. */
export class LookoutError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code;
  readonly retry: Retry;
  readonly retryAfterMs: number | null;
  readonly hint: string;

  constructor(message: string, details: ErrorDetails<Code>) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = new.target.name;
    this.code = details.code;
    this.retry = details.retry;
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.hint = details.hint ?? '';
  }
}

/** The configuration cannot be used. Exit code 78. */
export class ConfigError extends LookoutError<ConfigCode> {}
/** Moonraker or Klipper could not be reached, refused, or answered nonsense. */
export class MoonrakerError extends LookoutError<MoonrakerCode> {}
/** There is no usable frame. */
export class CameraError extends LookoutError<CameraCode> {}
/** There is no usable assessment. */
export class BackendError extends LookoutError<BackendCode> {}
/** A channel did not reach anybody. */
export class AlertError extends LookoutError<AlertCode> {}
/** Something could not be read from or written to disk. */
export class RecordError extends LookoutError<RecordCode> {}
/** A request to us cannot be carried out. The message is for whoever asked: it holds nothing that is not theirs to know. */
export class ControlError extends LookoutError<ControlCode> {}
