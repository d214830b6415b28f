// The detector as its users see it: one process for all printers, there only while pictures come.
import { freemem } from 'node:os';
import { backoffMs } from '../../core/backoff.ts';
import { BackendError } from '../../core/errors.ts';
import type { Clock, Log } from '../../core/ports.ts';
import { oneAtATime } from '../../lib/one-at-a-time.ts';
import type { Picture } from '../picture-tensor.ts';
import { type DetectorProcess, startDetectorProcess } from './detector-process.ts';
import { type Judged, judgedSchema, type Opened, openedSchema, type RuntimeName } from './messages.ts';

/** Which model, and what runs it. */
export interface DetectorOptions {
  /** Path of the ONNX file. */
  readonly model: string;
  /** Path of its card. */
  readonly card: string;
  readonly runtime: RuntimeName | 'auto';
  /** Ms to wait for one answer; 20,000. */
  readonly timeoutMs?: number;
  /** Ms without a picture after which the process ends; 90,000. */
  readonly idleMs?: number;
  /** Bytes of memory at which the process is replaced; 400 MiB. */
  readonly maxBytes?: number;
  /** Bytes that have to be free on this host before the process is started; 120 MiB. */
  readonly leastFreeBytes?: number;
}

/** A model that judges pictures in a process of its own. */
export interface Detector {
  /** Of the process; null while there is none. */
  readonly pid: number | null;
  /** The process has ended by itself since the last picture; the next one starts it again. */
  readonly hasEnded: boolean;
  /**
   * Judges one picture; starts the process where there is none. Those who ask meanwhile wait for their turn.
   * @param pictureFor the picture as this model is to see it
   * @param user whoever asks; told again to `leave`
   * @throws BackendError of the process and of the model; BACKEND_UNREACHABLE while it is not yet to be started again
   */
  judge(
    pictureFor: (opened: Opened) => Picture | Promise<Picture>,
    user: object,
    signal: AbortSignal,
  ): Promise<{ readonly opened: Opened; readonly judged: Judged }>;
  /** The user needs it no longer; the process ends with the last one. */
  leave(user: object): void;
}

/** What a detector needs from outside. */
export interface DetectorDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/** Loading takes longer than a picture: on an SD card that is busy, some seconds. */
const openMs = 60_000;
const mebi = 1024 * 1024;
const retry = { firstMs: 2_000, maxMs: 300_000 };

/** A detector; nothing runs before the first picture. */
export function createDetector(options: DetectorOptions, deps: DetectorDeps): Detector {
  const { timeoutMs = 20_000, idleMs = 90_000, maxBytes = 400 * mebi, leastFreeBytes = 120 * mebi } = options;
  const { clock } = deps;
  const log = deps.log.child('backends/builtin');
  const turn = oneAtATime();
  const users = new Set<object>();
  let running: { readonly process: DetectorProcess; readonly opened: Opened } | null = null;
  let starting: DetectorProcess | null = null;
  let failures = 0;
  let notBeforeTickMs = 0;
  let idle = new AbortController();

  const stop = () => {
    idle.abort();
    running?.process.kill();
    starting?.kill();
    running = null;
  };

  const stopWhenIdle = () => {
    idle.abort();
    idle = new AbortController();
    clock.sleep(idleMs, idle.signal).then(
      () => {
        users.clear();
        stop();
      },
      () => {},
    );
  };

  const start = async () => {
    const leftMs = notBeforeTickMs - clock.now().tickMs;
    if (leftMs > 0) throw notYet(leftMs);
    // Memory that is taken from Klipper ends prints; an unwatched one goes on.
    const freeBytes = freemem();
    if (freeBytes < leastFreeBytes) throw noMemory(freeBytes, leastFreeBytes);
    const startedTickMs = clock.now().tickMs;
    const process = startDetectorProcess();
    starting = process;
    try {
      const { model, card, runtime } = options;
      const opened = await process.ask({ kind: 'open', model, card, runtime }, openedSchema, openMs);
      const tookMs = Math.round(clock.now().tickMs - startedTickMs);
      log.info('the detector runs', {
        model: opened.name,
        runtime: opened.runtime,
        pid: process.pid,
        tookMs,
      });
      return { process, opened };
    } catch (error) {
      process.kill();
      throw error;
    } finally {
      starting = null;
    }
  };

  const judge = async (pictureFor: (opened: Opened) => Picture | Promise<Picture>) => {
    // One that has ended by itself since the last picture is no failure: it had grown, or somebody tidied up.
    if (running !== null && running.process.ended !== null) {
      log.info("the detector's process has ended and is started again", {
        why: running.process.ended.message,
      });
      running = null;
    }
    idle.abort();
    try {
      running ??= await start();
      const { jpeg, width, height } = await pictureFor(running.opened);
      const judged = await running.process.ask(
        { kind: 'judge', jpeg, width, height },
        judgedSchema,
        timeoutMs,
      );
      failures = 0;
      log.debug('judged', {
        decodeMs: judged.decodeMs,
        inferMs: judged.inferMs,
        cpuMs: judged.cpuMs,
        rssMb: judged.rssBytes / 1e6,
      });
      const { opened } = running;
      if (judged.rssBytes > maxBytes) {
        log.warn('the detector has grown too large; the next picture starts it anew', {
          rssMb: judged.rssBytes / 1e6,
        });
        stop();
      }
      return { opened, judged };
    } catch (error) {
      const isOver =
        error instanceof BackendError && ['BACKEND_UNREACHABLE', 'BACKEND_TIMEOUT'].includes(error.code);
      if (!isOver || error.retryAfterMs !== null) throw error;
      running = null;
      failures += 1;
      const waitMs = backoffMs(failures, deps.random(), retry);
      notBeforeTickMs = clock.now().tickMs + waitMs;
      throw error;
    } finally {
      if (running !== null) stopWhenIdle();
    }
  };

  return {
    get pid() {
      return running?.process.pid ?? null;
    },
    get hasEnded() {
      return running !== null && running.process.ended !== null;
    },
    judge: (pictureFor, user, signal) => {
      users.add(user);
      return turn(() => judge(pictureFor), signal);
    },
    leave: (user) => {
      users.delete(user);
      if (users.size === 0) stop();
    },
  };
}

function noMemory(freeBytes: number, leastFreeBytes: number): BackendError {
  const [free, least] = [freeBytes, leastFreeBytes].map((bytes) => Math.round(bytes / mebi));
  return new BackendError(`builtin: only ${free} MiB of memory are free, and the detector needs ${least}`, {
    code: 'BACKEND_BUSY',
    retry: 'later',
    hint: 'Find out what takes the memory (ps aux --sort=-rss | head), or choose another backend: it needs none here.',
    cause: new Error('not enough memory'),
  });
}

function notYet(leftMs: number): BackendError {
  return new BackendError('builtin: the detector is started again soon', {
    code: 'BACKEND_UNREACHABLE',
    retry: 'soon',
    retryAfterMs: leftMs,
    hint: 'If this stays, the host may be short of memory: look at "journalctl -k" and at the log.',
    cause: new Error('too soon after it ended'),
  });
}
