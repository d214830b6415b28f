// OctoEverywhere's AI failure detection: one context a print, one picture an interval, and the service's own verdict.
import { backoffMs } from '../core/backoff.ts';
import {
  callsInMonth,
  costOf,
  countCalls,
  isLow,
  isSpent,
  monthOf,
  msToNextMonth,
  type PriceStep,
} from '../core/budget.ts';
import { BackendError } from '../core/errors.ts';
import { isSameJob } from '../core/job.ts';
import type { KeyValues } from '../core/keys.ts';
import type { Backend } from '../core/ports.ts';
import { type Assessment, type Frame, type JobRef, toScore } from '../core/types.ts';
import { isLoopback } from '../lib/loopback.ts';
import { oneAtATime } from '../lib/one-at-a-time.ts';
import type { BackendDeps } from './deps.ts';
import { createGadgetApi } from './octoeverywhere-api.ts';
import type { Failure, Reaction } from './octoeverywhere-errors.ts';
import type { octoeverywhereKeys } from './octoeverywhere-keys.ts';
import { type Context, fingerprint, keepMemory, type Memory } from './octoeverywhere-memory.ts';
import { firstIntervalMs, intervalMs, type Judgement } from './octoeverywhere-messages.ts';
import { createHold, leftMs, noKeyError, sayAgainMs, waitOut, withWait } from './pace.ts';
import { paintedOut } from './painted.ts';

/** The settings of the section, and limits that only tests change. */
export interface OctoEverywhereOptions extends KeyValues<typeof octoeverywhereKeys> {
  /** Ms for the whole of createcontext; 30,000. */
  readonly createTimeoutMs?: number;
  /** Ms for the whole of process; 120,000. */
  readonly processTimeoutMs?: number;
}

const name = 'octoeverywhere';
const createTimeoutMs = 30_000;
const processTimeoutMs = 120_000;
/** As the service has published it (2026); there may be other terms for an account. */
const prices: readonly PriceStep[] = [
  { upTo: 5_000, eachUsd: 0 },
  { upTo: 1_000_000, eachUsd: 0.0004 },
  { upTo: 20_000_000, eachUsd: 0.00025 },
  { upTo: Number.POSITIVE_INFINITY, eachUsd: 0.00015 },
];
/** A context that could not be made is tried again after 30..60 s. */
const createBackoff = { firstMs: 60_000, maxMs: 60_000 };
/** A request that the service finds wrong is not sent again for 10 min. */
const refusedMs = 600_000;
/** An account that has not been paid is asked about every 6 h. */
const probeMs = 6 * 3_600_000;
/** The service forgets a context after 14 days. */
const contextLifeMs = (14 * 24 - 1) * 3_600_000;

/**
 * The OctoEverywhere backend. `assess` makes at most one process call, and none before the interval of the last one has
 * passed, whether that one succeeded or not and whoever has been started again since.
 * Codes: those of http-errors.ts, BACKEND_BAD_FRAME and BACKEND_BUDGET_SPENT.
 */
export function createOctoEverywhere(options: OctoEverywhereOptions, deps: BackendDeps): Backend {
  const { clock } = deps;
  const { apiKey, url, warningConfidence, pauseConfidence } = options;
  const log = deps.log.child('backends/octoeverywhere');
  const mayBeLocal = isLoopback(new URL(url));
  const memory = keepMemory(mayBeLocal, { ...deps, log });
  const api = createGadgetApi(
    { createTimeoutMs, processTimeoutMs, ...options, apiKey: apiKey ?? '', mayBeLocal },
    deps,
  );
  const madeWith = fingerprint([apiKey, url, warningConfidence, pauseConfidence]);
  const turn = oneAtATime();
  const hold = createHold(clock);
  let createFailures = 0;

  const refuseWhileHeld = () => {
    if (apiKey === null) throw noKeyError(name, 'octoeverywhere.com');
    hold.refuse();
    const { atMs } = clock.now();
    if (isSpent(memory.now().calls, atMs, options.monthlyCalls)) throw spent(options.monthlyCalls, atMs);
  };

  const isUsable = (context: Context, job: JobRef): boolean =>
    isSameJob(context.job, job) &&
    context.madeWith === madeWith &&
    clock.now().tickMs - context.madeAt.tickMs < contextLifeMs;

  const contextFor = async (job: JobRef, signal: AbortSignal): Promise<Context> => {
    const { context } = memory.now();
    if (context !== null && isUsable(context, job)) return context;
    const outcome = await api.createContext(signal);
    if (outcome.kind === 'failed') {
      createFailures += 1;
      const soonMs = backoffMs(createFailures, deps.random(), createBackoff);
      throw hold.start(longWaitMs(outcome.reaction) ?? soonMs, outcome.error);
    }
    createFailures = 0;
    const fresh: Context = {
      ...outcome.answer,
      job: { filename: job.filename, startTickMs: job.startTickMs },
      madeWith,
      madeAt: clock.now(),
      isOnFallback: false,
      intervalMs: null,
    };
    await memory.save({ context: fresh });
    log.info('made a context for this print');
    return fresh;
  };

  /** The print may have ended while the call was under way: then neither context nor wait are to come back. */
  const ifCurrent = (context: Context, change: Partial<Memory>): Partial<Memory> =>
    memory.now().context?.ContextId === context.ContextId ? change : {};

  /** Settles what a failed call means for the next one. Returns the error to throw. */
  const settleFailure = async (context: Context, failure: Failure, waitMs: number): Promise<BackendError> => {
    const { error, reaction } = failure;
    const isSwitching = failure.isHostAtFault && !context.isOnFallback;
    const isUseless = reaction === 'renew' && !isSwitching;
    if (isSwitching) log.warn('the rest of this print goes to the fallback host', { error });
    if (isUseless) log.warn('the context is of no use any more', { error });
    const nextInMs = Math.max(waitMs, error.retryAfterMs ?? 0);
    await memory.save(
      ifCurrent(context, {
        lastCall: { ...clock.now(), waitMs: nextInMs },
        context: isUseless ? null : { ...context, isOnFallback: context.isOnFallback || isSwitching },
      }),
    );
    // A context that has worked before may just have run out. One that never did will not be mended by another.
    const isHopeless = isUseless ? context.intervalMs === null : reaction !== 'renew';
    const longMs = isHopeless ? longWaitMs(reaction) : null;
    return longMs === null ? withWait(error, nextInMs) : hold.start(longMs, error);
  };

  const settleAnswer = async (context: Context, answer: Judgement): Promise<Assessment> => {
    const nextInMs = intervalMs(answer.NextProcessIntervalSec, options.minIntervalMs);
    const change = ifCurrent(context, {
      lastCall: { ...clock.now(), waitMs: nextInMs },
      context: { ...context, intervalMs: nextInMs },
    });
    if (context.intervalMs === nextInMs) memory.change(change);
    else await memory.save(change);
    return {
      backend: name,
      score: toScore(answer.Score / 100),
      quality: answer.PrintQuality,
      suggests: { isWarning: answer.WarningSuggested, isFailing: answer.PauseSuggested },
      regions: [],
      calls: 1,
      nextInMs,
    };
  };

  const judge = async (context: Context, frame: Frame, signal: AbortSignal): Promise<Assessment> => {
    const waitMs = Math.max(context.intervalMs ?? firstIntervalMs, options.minIntervalMs);
    const sent = clock.now();
    // On disk before it is sent: a process that dies in between must neither call too soon nor lose count.
    await memory.save({
      lastCall: { ...sent, waitMs },
      calls: countCalls(memory.now().calls, sent.atMs, 1),
    });
    let hasConnected = false;
    const onConnect = () => {
      hasConnected = true;
    };
    const target = context.isOnFallback ? context.FallbackProcessRequestUrl : context.ProcessRequestUrl;
    try {
      const outcome = await api.process(target, frame.jpeg, onConnect, signal);
      // The service counts from the arrival of the picture, so the wait begins now and not when we began to send.
      if (outcome.kind === 'failed') throw await settleFailure(context, outcome, waitMs);
      return await settleAnswer(context, outcome.answer);
    } catch (error) {
      if (signal.aborted) memory.change(ifCurrent(context, { lastCall: { ...clock.now(), waitMs } }));
      throw error;
    } finally {
      if (!hasConnected) memory.change({ calls: countCalls(memory.now().calls, sent.atMs, -1) });
      await tellWhenLow();
    }
  };

  const tellWhenLow = async () => {
    const { calls } = memory.now();
    const { atMs } = clock.now();
    if (!isLow(calls, atMs, options.monthlyCalls)) return;
    const text = `OctoEverywhere: ${callsInMonth(calls, atMs)} of ${options.monthlyCalls} calls of ${monthOf(atMs)} are used. At 100 % frames are no longer judged until the month ends.`;
    log.warn(text);
    await memory.save({ calls: { ...calls, toldIn: monthOf(atMs) } });
    deps.onNotice({ level: 'warning', text });
  };

  return {
    name,
    readyInMs: () => leftMs(memory.now().lastCall, clock.now()),
    assess: (frame, job, signal) =>
      turn(async () => {
        refuseWhileHeld();
        await waitOut(name, memory.now().lastCall, clock, signal);
        const seen = await paintedOut(name, frame, deps.ignored, signal);
        return judge(await contextFor(job, signal), seen, signal);
      }, signal),
    usage: () => {
      const { atMs } = clock.now();
      const used = callsInMonth(memory.now().calls, atMs);
      return {
        ...{ month: monthOf(atMs), used, costUsd: costOf(used, prices) },
        limit: options.monthlyCalls === 0 ? null : options.monthlyCalls,
      };
    },
    confirm: async (signal) => {
      if (apiKey === null) throw noKeyError(name, 'octoeverywhere.com');
      const outcome = await api.createContext(signal);
      if (outcome.kind === 'failed') throw outcome.error;
      hold.end();
      const used = callsInMonth(memory.now().calls, clock.now().atMs);
      const limit = options.monthlyCalls === 0 ? 'no limit' : `a limit of ${options.monthlyCalls}`;
      return `OctoEverywhere accepts the key. ${used} calls made this month, with ${limit}.`;
    },
    printEnded: (job) => {
      const { context } = memory.now();
      if (context !== null && isSameJob(context.job, job))
        void memory.save({ context: null, lastCall: null });
    },
  };
}

/** How long a reaction keeps us from calling at all; null for the next interval. */
function longWaitMs(reaction: Reaction): number | null {
  switch (reaction) {
    case 'stop':
      return Number.POSITIVE_INFINITY;
    case 'probe':
      return probeMs;
    case 'renew':
      return refusedMs;
    case 'wait':
      return null;
  }
}

function spent(limit: number, atMs: number): BackendError {
  return new BackendError(`octoeverywhere: all ${limit} calls of ${monthOf(atMs)} are used`, {
    code: 'BACKEND_BUDGET_SPENT',
    retry: 'later',
    // The wall clock may be set in the meantime.
    retryAfterMs: Math.min(msToNextMonth(atMs), sayAgainMs),
    hint: 'Raise monthly_calls, or wait for the next month (UTC).',
  });
}
