// What the OctoEverywhere backend must not forget when the process is started again: context, last call, calls of the month.
import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { noCalls } from '../core/budget.ts';
import type { Moment } from '../core/types.ts';
import type { BackendDeps } from './deps.ts';
import { createMemoryKeeper, type MemoryKeeper } from './memory.ts';
import { contextSchema } from './octoeverywhere-messages.ts';
import { afterRestart, lastCallSchema, momentEntries, storedMs } from './pace.ts';

function memorySchema(mayBeLocal: boolean) {
  return v.object({
    version: v.literal(1),
    /** Ticks below are of this boot. */
    bootId: v.string(),
    context: v.nullable(
      v.object({
        ...contextSchema(mayBeLocal).entries,
        /** The print that it belongs to. */
        job: v.object({ filename: v.string(), startTickMs: v.number() }),
        /** Key, host and confidence levels that it was made with. */
        madeWith: v.string(),
        madeAt: v.object(momentEntries),
        isOnFallback: v.boolean(),
        /** The wait that the last answer asked for; null before the first answer. */
        intervalMs: v.nullable(storedMs),
      }),
    ),
    /** The last process call. */
    lastCall: v.nullable(lastCallSchema),
    calls: v.object({ months: v.record(v.string(), storedMs), toldIn: v.nullable(v.string()) }),
  });
}

/** The document. */
export type Memory = v.InferOutput<ReturnType<typeof memorySchema>>;
/** One context: what the service knows of one print. */
export type Context = NonNullable<Memory['context']>;

/** Keeps the document in the store. `mayBeLocal` as for `contextSchema`. */
export function keepMemory(
  mayBeLocal: boolean,
  deps: Pick<BackendDeps, 'store' | 'clock' | 'log' | 'bootId'>,
): MemoryKeeper<Memory> {
  return createMemoryKeeper(
    {
      name: 'octoeverywhere',
      holds: 'context and call count',
      read: (stored, now) => readMemory(stored, now, deps.bootId, mayBeLocal),
    },
    deps,
  );
}

/** Reads the stored document; anything else than one of ours is nothing. */
function readMemory(document: unknown, now: Moment, bootId: string, mayBeLocal: boolean): Memory {
  const read = v.safeParse(memorySchema(mayBeLocal), document);
  if (!read.success) return { version: 1, bootId, context: null, lastCall: null, calls: noCalls };
  const { context, lastCall, calls } = read.output;
  const isSameBoot = read.output.bootId === bootId;
  return {
    version: 1,
    bootId,
    // The printer's clock began anew with ours: a context of another boot cannot be told to be of this print.
    context: isSameBoot ? context : null,
    lastCall: lastCall && afterRestart(lastCall, now, isSameBoot),
    calls,
  };
}

/** A short digest of everything that a context depends on. The key cannot be had back from it. */
export function fingerprint(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
}
