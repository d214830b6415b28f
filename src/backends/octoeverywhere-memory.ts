// What the OctoEverywhere backend must not forget when the process is started again: context, last call, calls of the month.
import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { noCalls } from '../core/budget.ts';
import type { Moment } from '../core/types.ts';
import type { BackendDeps } from './deps.ts';
import { contextSchema } from './octoeverywhere-messages.ts';

/** Name of the document in the store. */
const documentName = 'octoeverywhere';
/**
 * Added to the wait after a restart: what is on disk is when the last call began, and the service counts from the
 * moment when it arrived.
 */
const restartMarginMs = 5_000;

const moment = { atMs: v.number(), tickMs: v.number() };
const ms = v.pipe(v.number(), v.minValue(0));

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
        madeAt: v.object(moment),
        isOnFallback: v.boolean(),
        /** The wait that the last answer asked for; null before the first answer. */
        intervalMs: v.nullable(ms),
      }),
    ),
    /** The last process call, and how long after it the next one may be made. */
    lastCall: v.nullable(v.object({ ...moment, waitMs: ms })),
    calls: v.object({ months: v.record(v.string(), ms), toldIn: v.nullable(v.string()) }),
  });
}

/** The document. */
export type Memory = v.InferOutput<ReturnType<typeof memorySchema>>;
/** One context: what the service knows of one print. */
export type Context = NonNullable<Memory['context']>;
/** The parts of the document that change. */
export type MemoryChange = Partial<Pick<Memory, 'context' | 'lastCall' | 'calls'>>;

/** The document in memory and on disk. */
export interface MemoryKeeper {
  /** As it is now; read from disk at the first call. */
  now(): Memory;
  /** Changes it here only, for what the next `save` may write as well. */
  change(change: MemoryChange): void;
  /** Changes it and writes it. Never rejects: a disk that is full must not end the watch (logged once). */
  save(change: MemoryChange): Promise<void>;
}

/** Keeps the document in the store. `mayBeLocal` as for `contextSchema`. */
export function createMemoryKeeper(
  mayBeLocal: boolean,
  deps: Pick<BackendDeps, 'store' | 'clock' | 'log' | 'bootId'>,
): MemoryKeeper {
  let memory: Memory | null = null;
  let isFailing = false;
  const now = () => {
    memory ??= readMemory(deps.store.load(documentName), deps.clock.now(), deps.bootId, mayBeLocal);
    return memory;
  };
  const change = (next: MemoryChange) => {
    memory = { ...now(), ...next };
  };
  return {
    now,
    change,
    save: async (next) => {
      change(next);
      try {
        await deps.store.save(documentName, memory);
        isFailing = false;
      } catch (error) {
        if (!isFailing)
          deps.log.error('context and call count cannot be saved: a restart loses them', { error });
        isFailing = true;
      }
    },
  };
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
    lastCall: lastCall && {
      ...now,
      waitMs: Math.max(lastCall.waitMs + restartMarginMs - passedMs(lastCall, now, isSameBoot), 0),
    },
    calls,
  };
}

/** Time since a stored moment. Over a reboot only the wall clock can tell, and one that ran backwards tells nothing. */
function passedMs(then: Moment, now: Moment, isSameBoot: boolean): number {
  return Math.max(isSameBoot ? now.tickMs - then.tickMs : now.atMs - then.atMs, 0);
}

/** A short digest of everything that a context depends on. The key cannot be had back from it. */
export function fingerprint(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
}
