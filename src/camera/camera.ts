// The camera port: finds a webcam that works, grabs a picture, checks it, and turns it as the user sees it.
import { CameraError } from '../core/errors.ts';
import type { Camera, Clock, Log } from '../core/ports.ts';
import type { Frame, WebcamEntry } from '../core/types.ts';
import { startDeadline } from '../lib/deadline.ts';
import { createFreezeWatch } from './freeze.ts';
import { type CameraHttpOptions, createCameraHttp } from './http.ts';
import { inspectJpeg } from './jpeg.ts';
import { createLookOver } from './look-over.ts';
import { createSourcePicker } from './picker.ts';
import { applyView } from './pixels.ts';
import { shareWork } from './share-work.ts';
import { showUrl } from './show-url.ts';
import { takeSnapshot } from './snapshot.ts';
import { findSources, type Source, type SourceOptions } from './source.ts';

/** The `[camera]` section. */
export interface CameraOptions extends SourceOptions, CameraHttpOptions {
  /** Pixels; higher pictures are scaled down. */
  readonly maxHeight: number;
  /** Limit for one `grab`, ms, over all addresses that it tries. */
  readonly timeoutMs: number;
  /** Refuse pictures in which nothing can be seen. */
  readonly qualityCheck: boolean;
}

/** What the camera needs from outside. */
export interface CameraDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** The webcams as Moonraker lists them now; null while they are not known. Not asked when the options hold an address. */
  readonly webcams: () => readonly WebcamEntry[] | null;
}

/** A camera that can be closed. */
export interface WebCamera extends Camera {
  /** Address in use, without its secrets; null until a picture has come. */
  readonly source: string | null;
  /**
   * A fresh picture for a person to look at: dark, blurred or still, it is what the camera sees, and nothing is learned
   * from it. Rejects with a CameraError.
   */
  show(signal: AbortSignal): Promise<Frame>;
  /** Closes kept connections. */
  close(): void;
}

/** Pixels a side. */
const maxSide = 8_192;
/** A picture that is older when it has arrived is not worth judging. */
const maxAgeMs = 10_000;

/** Makes the camera; connects to nothing before the first `grab`. */
export function createCamera(options: CameraOptions, deps: CameraDeps): WebCamera {
  const log = deps.log.child('camera/camera');
  const http = createCameraHttp(options);
  const picker = createSourcePicker();
  const freeze = createFreezeWatch();
  const lookOver = createLookOver();
  let webcams: readonly WebcamEntry[] | null = null;
  let current: Source | null = null;

  const grabFrom = async (source: Source, isJudged: boolean, signal: AbortSignal): Promise<Frame> => {
    const { bytes, ...moment } = await takeSnapshot(source.url, { http, clock: deps.clock }, signal);
    const { width, height, length } = inspectJpeg(bytes);
    if (width > maxSide || height > maxSide) throw tooManyPixels(width, height);
    const jpeg = bytes.subarray(0, length);
    const grid = isJudged && options.qualityCheck ? lookOver.look(jpeg, source.view, moment) : null;
    // After it: in the dark some cameras send the same black file each time, and that is not the camera's fault.
    if (isJudged) freeze.check(jpeg);
    const picture = await applyView({ jpeg, width, height }, source.view, options.maxHeight);
    const ageMs = deps.clock.now().tickMs - moment.tickMs;
    if (ageMs > maxAgeMs) throw tooOld(ageMs);
    return { ...picture, ...moment, camera: source.name, grid };
  };

  /** One address within its share of the time; an overrun becomes CAMERA_TIMEOUT. */
  const tryOne = async (
    source: Source,
    isJudged: boolean,
    limitMs: number,
    signal: AbortSignal,
  ): Promise<Frame> => {
    const deadline = startDeadline(limitMs, signal);
    try {
      return await grabFrom(source, isJudged, deadline.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof CameraError) throw error;
      if (deadline.hasPassed()) throw tooSlow(source, limitMs);
      throw error;
    } finally {
      deadline.done();
    }
  };

  const take = async (isJudged: boolean, signal: AbortSignal): Promise<Frame> => {
    const startMs = deps.clock.now().tickMs;
    // The list is unknown while Moonraker is away; the webcams are still where they were.
    webcams = deps.webcams() ?? webcams;
    const plan = picker.plan(findSources(options, webcams));
    const failures: CameraError[] = [];
    for (const [index, source] of plan.entries()) {
      const leftMs = options.timeoutMs - (deps.clock.now().tickMs - startMs);
      try {
        const frame = await tryOne(source, isJudged, Math.max(leftMs / (plan.length - index), 1), signal);
        if (picker.worked(source)) {
          log.info('the camera gives pictures', { camera: source.name, url: showUrl(source.url) });
        }
        current = source;
        return frame;
      } catch (error) {
        if (!(error instanceof CameraError)) throw error;
        picker.failed(source);
        failures.push(error);
      }
    }
    throw allFailed(failures, plan);
  };

  return {
    get name() {
      return current?.name ?? options.webcam ?? 'camera';
    },
    get source() {
      return current === null ? null : showUrl(current.url);
    },
    grab: shareWork((signal) => take(true, signal)),
    show: shareWork((signal) => take(false, signal)),
    close: () => http.close(),
  };
}

/** Of several failures the first is told, because its address is the one the user means; other webcams are added to it. */
function allFailed(failures: readonly CameraError[], plan: readonly Source[]): CameraError {
  const [first, ...rest] = failures;
  if (first === undefined) throw new RangeError('no address was tried');
  const names = new Set(plan.map((source) => source.name));
  if (rest.length === 0 || names.size === 1) return first;
  const told = [...names].map((name) => {
    const index = plan.findIndex((source) => source.name === name);
    return `${name}: ${failures[index]?.message ?? ''}`;
  });
  return new CameraError(`no webcam gives a picture: ${told.join('; ')}`, {
    code: first.code,
    retry: first.retry,
    hint: first.hint,
    cause: first,
  });
}

function tooSlow(source: Source, limitMs: number): CameraError {
  return new CameraError(`no picture within ${(limitMs / 1_000).toFixed(1)} s (${showUrl(source.url)})`, {
    code: 'CAMERA_TIMEOUT',
    retry: 'soon',
    hint: 'Restart the camera server if it hangs; raise timeout in [camera] if the network is slow.',
  });
}

function tooManyPixels(width: number, height: number): CameraError {
  return new CameraError(`the picture is ${width} × ${height} pixels, more than ${maxSide} a side`, {
    code: 'CAMERA_TOO_LARGE',
    retry: 'later',
    hint: 'Lower the resolution of the camera.',
  });
}

function tooOld(ageMs: number): CameraError {
  return new CameraError(`the picture is ${Math.round(ageMs / 1_000)} s old`, {
    code: 'CAMERA_STALE',
    retry: 'soon',
    hint: 'The network or the camera is too slow: lower the resolution of the camera.',
  });
}
