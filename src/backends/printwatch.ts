// PrintPal's PrintWatch: one ticket a print, the scores so far go along with each picture, and the service decides by levels.
import { BackendError } from '../core/errors.ts';
import type { KeyValues } from '../core/keys.ts';
import type { Backend, PrintView } from '../core/ports.ts';
import type { Assessment, Job, Print } from '../core/types.ts';
import { oneAtATime } from '../lib/one-at-a-time.ts';
import type { BackendDeps } from './deps.ts';
import { createHold, leftMs, noKeyError, waitOut } from './pace.ts';
import { paintedOut } from './painted.ts';
import { createPrintWatchApi, type Identity } from './printwatch-api.ts';
import { createCourse, tooYoung } from './printwatch-course.ts';
import { crowdedCauses, RefusedError, withSecondTry, wrongKind } from './printwatch-errors.ts';
import type { printwatchKeys } from './printwatch-keys.ts';
import { createMailChannel } from './printwatch-mail.ts';
import { keepMemory, newId, type WatchedPrint } from './printwatch-memory.ts';
import {
  firstIntervalMs,
  intervalMs,
  type Judgement,
  keyKindOf,
  levelOf,
  regionsOf,
  smaOf,
} from './printwatch-messages.ts';
import { keepPresence } from './printwatch-presence.ts';
import { hearAction } from './printwatch-remote.ts';

/** The settings of the section, and a limit that only tests change. */
export interface PrintWatchOptions extends KeyValues<typeof printwatchKeys> {
  /** Ms for the first try of an infer call; 10,000. Each failure in a row adds 5,000, up to 30,000. */
  readonly inferTimeoutMs?: number;
}

const name = 'printwatch';
const site = 'printpal.io';

/**
 * The PrintWatch backend. `assess` makes at most one infer call, or two where the service has just got to know the printer,
 * and none before the interval of the last one has passed, whoever has been started again since. `score` is the defect
 * level of the print (`smas[0][0]`, clamped to 0..1), not of the one picture.
 * Codes: those of http-errors.ts, BACKEND_BAD_FRAME and BACKEND_WAITING.
 */
export function createPrintWatch(options: PrintWatchOptions, deps: BackendDeps): Backend {
  const { clock } = deps;
  const log = deps.log.child('backends/printwatch');
  const apiKey = options.apiKey ?? '';
  const memory = keepMemory({ ...deps, log });
  const api = createPrintWatchApi({ ...options, apiKey }, deps);
  const hold = createHold(clock);
  const course = createCourse(options.inferTimeoutMs ?? 10_000, hold);
  const turn = oneAtATime();
  const switches = {
    pause: options.allowRemotePause,
    resume: options.allowRemoteResume,
    cancel: options.allowRemoteCancel,
  };
  /** A ticket for heartbeats and e-mails while there has been no print. */
  const noPrint = newId();
  let view: PrintView | null = null;
  let lastJob: Job | null = null;
  let askedMs: number | null = null;
  let toldTicket = '';

  const paceMs = () => Math.max(askedMs ?? firstIntervalMs(apiKey), options.minIntervalMs);

  const mayAsk = () => options.apiKey !== null && !hold.isOn();

  const refuse = () => {
    if (options.apiKey === null) throw noKeyError(name, site);
    hold.refuse();
  };

  const identity = (ticketId: string): Identity => ({ printerId: memory.now().printerId, ticketId });

  const who = async (): Promise<Identity> => {
    await memory.keepPrinterId();
    return identity(memory.now().print?.ticketId ?? noPrint);
  };

  const settleAnswer = (print: WatchedPrint, answer: Judgement, calls: number): Assessment => {
    course.succeeded();
    askedMs = intervalMs(answer) ?? askedMs;
    const scores = [...print.scores, answer.score].slice(-4 * options.bufferLength);
    const nextInMs = paceMs();
    memory.change({
      lastCall: { ...clock.now(), waitMs: nextInMs },
      print: { ...print, scores, sma: smaOf(answer) },
    });
    hearAction(answer.action, view?.print.kind ?? 'printing', switches, { ...deps, log });
    const [isWarning, isFailing] = answer.levels;
    // Few scores make a wild average: the service's own clients do not believe its levels before that.
    const isSettled = scores.length >= options.bufferLength;
    return {
      backend: name,
      score: levelOf(answer),
      quality: null,
      suggests: { isWarning: isSettled && isWarning, isFailing: isSettled && isFailing },
      regions: regionsOf(answer),
      calls,
      nextInMs,
    };
  };

  /** Settles what a failed call means for the next one. Returns the error to throw. */
  const settleFailure = async (failure: BackendError, job: Job): Promise<BackendError> => {
    const { error, waitMs, isCrowded } = course.failed(failure, job, paceMs());
    await memory.save({ lastCall: { ...clock.now(), waitMs } });
    const { ticketId } = memory.printFor(job);
    if (isCrowded && toldTicket !== ticketId) {
      toldTicket = ticketId;
      deps.onNotice({ level: 'warning', text: `PrintWatch does not judge this print: ${crowdedCauses}.` });
    }
    return error;
  };

  const judge = async (job: Job, jpeg: Uint8Array, signal: AbortSignal): Promise<Assessment> => {
    const print = memory.printFor(job);
    // On disk before it is sent: a process that dies in between must neither call too soon nor be another printer.
    await memory.save({ lastCall: { ...clock.now(), waitMs: paceMs() } });
    const me = identity(print.ticketId);
    const sight = { jpeg, job, scores: print.scores, sma: print.sma };
    let calls = 0;
    try {
      const answer = await withSecondTry(() => {
        calls += 1;
        return api.infer(me, sight, course.timeoutMs(), signal);
      });
      return settleAnswer(print, answer, calls);
    } catch (error) {
      if (signal.aborted) {
        memory.change({ lastCall: { ...clock.now(), waitMs: paceMs() } });
        throw error;
      }
      if (!(error instanceof BackendError)) throw error;
      throw await settleFailure(error, job);
    }
  };

  return {
    name,
    readyInMs: () => leftMs(memory.now().lastCall, clock.now()),
    assess: (frame, job, signal) =>
      turn(async () => {
        lastJob = job;
        refuse();
        await waitOut(name, memory.now().lastCall, clock, signal);
        if (job.printDurationMs < 1_000) throw tooYoung();
        const { jpeg } = await paintedOut(name, frame, deps.ignored, signal);
        return judge(job, jpeg, signal);
      }, signal),
    confirm: async (signal) => {
      if (options.apiKey === null) throw noKeyError(name, site);
      const kind = keyKindOf(apiKey);
      if (kind === null) throw wrongKind();
      const me = await who();
      try {
        await withSecondTry(() => api.heartbeat(me, 2, signal));
      } catch (error) {
        // Too early to judge a print, but not for the key.
        if (!(error instanceof RefusedError) || error.reaction !== 'early') throw error;
      }
      hold.end();
      return `PrintWatch accepts the key (${kind.name}: a picture every ${kind.intervalMs / 1_000} s).`;
    },
    run: async (printer, signal) => {
      if (options.apiKey === null) return;
      view = printer;
      const hear = (action: unknown, { kind }: Print) => hearAction(action, kind, switches, { ...deps, log });
      const knownOf = (job: Job) => {
        const print = memory.printOf(job);
        return print && { who: identity(print.ticketId), level: print.sma };
      };
      const onFailure = course.heartbeatFailed;
      await keepPresence(printer, { api, clock, log, who, knownOf, mayAsk, hear, onFailure }, signal);
      // The scores since the last call.
      await memory.save({});
    },
    channel:
      options.emailAddr === null
        ? null
        : createMailChannel({ api, memory, clock, who, refuse, job: () => jobOf(view?.print) ?? lastJob }),
  };
}

function jobOf(print: Print | undefined): Job | null {
  return print !== undefined && 'job' in print ? print.job : null;
}
