// A few lines on each print in Moonraker's database (namespace `lookout`), for whoever reads Moonraker and not our files.
import * as v from 'valibot';
import type { Clock, Log } from '../core/ports.ts';
import type { PrintRecord } from '../core/track.ts';
import { createBell } from '../lib/bell.ts';
import { startDeadline } from '../lib/deadline.ts';
import type { MoonrakerConnection } from './connection.ts';

/** Keeps the summaries. */
export interface PrintSummaries {
  /** Queues a print that has ended. Returns at once. */
  add(print: PrintRecord): void;
  /** Writes what is queued until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** What it works with. */
export interface PrintSummariesDeps {
  readonly connection: Pick<MoonrakerConnection, 'call' | 'onState'>;
  readonly clock: Clock;
  readonly log: Log;
}

const namespace = 'lookout';
/** Our keys: the job's id in Moonraker's history, and its start in Unix seconds. */
const keyPattern = /^(?:[0-9A-F]{6,12}|none)-(\d{1,12})$/;
const maxKept = 500;
/** Each deletion is a commit on the printer's disk: what is too much goes little by little. */
const maxDeletions = 20;
/** Prints that wait for a Moonraker that is away. */
const maxQueued = 20;
/** Moonraker learns of the end as late as we do, and writes its history then. */
const settleMs = 2_000;
const retryMs = 60_000;
const limitMs = 30_000;
/** The start of a job as Moonraker saw it and as we did: one of us may have come late. */
const sameStartMs = 120_000;
const recentJobs = 20;

const jobSchema = v.object({ job_id: v.string(), filename: v.string(), start_time: v.number() });
const historySchema = v.object({ jobs: v.array(v.unknown()) });
const namespaceSchema = v.object({ value: v.record(v.string(), v.unknown()) });

/** Makes it. Nothing is written before `run`. */
export function createPrintSummaries({ connection, clock, log: parent }: PrintSummariesDeps): PrintSummaries {
  const log = parent.child('moonraker/print-summaries');
  const bell = createBell(clock);
  const queue: PrintRecord[] = [];

  const keyOf = async (print: PrintRecord, signal: AbortSignal): Promise<string> => {
    const history = await connection
      .call('server.history.list', { limit: recentJobs, order: 'desc' }, historySchema, { signal })
      .catch((error: unknown) => {
        signal.throwIfAborted();
        log.debug('there is no history to find the job in', { error });
        return { jobs: [] };
      });
    const jobs = history.jobs
      .flatMap((each) => {
        const job = v.safeParse(jobSchema, each);
        return job.success && job.output.filename === print.filename ? [job.output] : [];
      })
      .map(({ job_id, start_time }) => ({ job_id, start_time, apartMs: apart(start_time, print) }))
      .toSorted((a, b) => a.apartMs - b.apartMs);
    const job = jobs.find(({ apartMs }) => apartMs <= sameStartMs);
    const key = job === undefined ? null : `${job.job_id}-${Math.round(job.start_time)}`;
    return key !== null && keyPattern.test(key) ? key : `none-${Math.round(print.startedAtMs / 1000)}`;
  };

  const prune = async (signal: AbortSignal): Promise<void> => {
    const { value } = await connection.call('server.database.get_item', { namespace }, namespaceSchema, {
      signal,
    });
    const startOf = (key: string) => Number(keyPattern.exec(key)?.[1]);
    const keys = Object.keys(value).filter((key) => keyPattern.test(key));
    const surplus = keys.toSorted((a, b) => startOf(b) - startOf(a)).slice(maxKept);
    // The oldest first, the rest with the next print.
    for (const key of surplus.toReversed().slice(0, maxDeletions)) {
      await connection.call('server.database.delete_item', { namespace, key }, v.unknown(), { signal });
    }
  };

  const write = async (print: PrintRecord, signal: AbortSignal): Promise<void> => {
    const key = await keyOf(print, signal);
    const value = toValue(print);
    await connection.call('server.database.post_item', { namespace, key, value }, v.unknown(), { signal });
    log.debug('the summary of a print is in the database', { key });
    await prune(signal);
  };

  const writeQueue = async (signal: AbortSignal): Promise<void> => {
    for (let print = queue[0]; print !== undefined; print = queue[0]) {
      const deadline = startDeadline(limitMs, signal);
      try {
        await write(print, deadline.signal);
      } finally {
        deadline.done();
      }
      queue.shift();
    }
  };

  return {
    add: (print) => {
      queue.push(print);
      if (queue.length > maxQueued) queue.shift();
      bell.ring();
    },
    run: async (signal) => {
      const off = connection.onState(({ kind }) => {
        if (kind === 'up' && queue.length > 0) bell.ring();
      });
      try {
        while (!signal.aborted) {
          // Without anything to write it only waits to be rung for.
          await bell.wait(queue.length === 0 ? Number.MAX_SAFE_INTEGER : retryMs, signal);
          await clock.sleep(settleMs, signal);
          await writeQueue(signal).catch((error: unknown) => {
            signal.throwIfAborted();
            log.info('the summary of a print waits for Moonraker', { error, waiting: queue.length });
          });
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        off();
      }
    },
  };
}

/** Without nulls: Moonraker answers "ok" to one and stores nothing. */
function toValue({ filename, startedAtMs, endedAtMs, how, summary }: PrintRecord) {
  const { looks, calls, worstScore, worstQuality, incidents, failures } = summary;
  const seconds = (ms: number) => Math.round(ms / 1000);
  return {
    ...{
      version: 1,
      filename,
      started_at: seconds(startedAtMs),
      ended_at: seconds(endedAtMs ?? startedAtMs),
    },
    ...{ how: how ?? 'unknown', looks, calls, incidents, failures },
    ...(worstScore === null ? {} : { worst_score: Math.round(worstScore * 1000) / 1000 }),
    ...(worstQuality === null ? {} : { worst_quality: worstQuality }),
    ...{ failure_s: seconds(summary.failureMs), watched_s: seconds(summary.watchedMs) },
    ...{ blind_s: seconds(summary.blindMs), muted_s: seconds(summary.mutedMs) },
  };
}

function apart(startTime: number, { startedAtMs }: PrintRecord): number {
  return Math.abs(startTime * 1000 - startedAtMs);
}
