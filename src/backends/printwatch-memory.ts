// What the PrintWatch backend must not forget when the process is started again: who the printer is, its print and scores.
import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { isSameJob } from '../core/job.ts';
import type { JobRef, Moment } from '../core/types.ts';
import type { BackendDeps } from './deps.ts';
import { createMemoryKeeper, type MemoryKeeper } from './memory.ts';
import { afterRestart, lastCallSchema } from './pace.ts';

const id = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));

const memorySchema = v.object({
  /** Ticks below are of this boot. */
  bootId: v.string(),
  /** This printer, for good: a new one counts as another printer of the user's plan. */
  printerId: id,
  /** The print that was judged last; null before the first. */
  print: v.fallback(
    v.nullable(
      v.object({
        job: v.object({ filename: v.string(), startTickMs: v.number() }),
        /** Its name at the service; no other print ever has it. */
        ticketId: id,
        /** Of its pictures, newest last. */
        scores: v.array(v.number()),
        /** The moving average of the last answer, 0 before the first. */
        sma: v.number(),
      }),
    ),
    null,
  ),
  /** The last infer call. */
  lastCall: v.fallback(v.nullable(lastCallSchema), null),
  /** The last e-mail that was asked for. */
  mailed: v.fallback(
    v.nullable(v.object({ incidentId: v.string(), level: v.picklist(['warning', 'failing']) })),
    null,
  ),
});

/** The document. */
export type Memory = v.InferOutput<typeof memorySchema>;
/** What is known of a print that is or was judged. */
export type WatchedPrint = NonNullable<Memory['print']>;

/** The document in memory and on disk. */
export interface PrintWatchMemory extends MemoryKeeper<Memory> {
  /** Writes a printer id that was made just now. To be called before the service gets to see it. */
  keepPrinterId(): Promise<void>;
  /** The print of this job, if it is the one that was judged last. */
  printOf(job: JobRef): WatchedPrint | null;
  /** The print of this job; one that is not known yet gets its ticket, but is not written. */
  printFor(job: JobRef): WatchedPrint;
}

/** Keeps the document in the store. */
export function keepMemory(deps: Pick<BackendDeps, 'store' | 'clock' | 'log' | 'bootId'>): PrintWatchMemory {
  let isNew = false;
  const memory = createMemoryKeeper<Memory>(
    {
      name: 'printwatch',
      holds: 'printer id, ticket and scores',
      read: (stored, now) => {
        const known = v.safeParse(memorySchema, stored);
        isNew = !known.success;
        return known.success ? recall(known.output, now, deps.bootId) : nothingYet(deps.bootId);
      },
    },
    deps,
  );
  const printOf = (job: JobRef) => {
    const { print } = memory.now();
    return print !== null && isSameJob(print.job, job) ? print : null;
  };
  return {
    ...memory,
    keepPrinterId: async () => {
      memory.now();
      if (isNew) await memory.save({});
      isNew = false;
    },
    printOf,
    printFor: (job) => {
      const known = printOf(job);
      if (known !== null) return known;
      const { filename, startTickMs } = job;
      const fresh = { job: { filename, startTickMs }, ticketId: newId(), scores: [], sma: 0 };
      memory.change({ print: fresh });
      return fresh;
    },
  };
}

function recall(stored: Memory, now: Moment, bootId: string): Memory {
  const isSameBoot = stored.bootId === bootId;
  return {
    ...stored,
    bootId,
    // The printer's clock began anew with ours: a print of another boot cannot be told to be this one.
    print: isSameBoot ? stored.print : null,
    lastCall: stored.lastCall && afterRestart(stored.lastCall, now, isSameBoot),
  };
}

function nothingYet(bootId: string): Memory {
  return { bootId, printerId: newId(), print: null, lastCall: null, mailed: null };
}

/** 32 hex digits that nobody else has. */
export function newId(): string {
  return randomBytes(16).toString('hex');
}
