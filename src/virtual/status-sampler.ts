// Klipper's status queries: one sample each 250 ms answers all who ask, and subscribers hear what has changed since the last.
import { isDeepStrictEqual } from 'node:util';

/** What is asked for: object names, each with its fields or null for all. */
export type StatusRequest = Readonly<Record<string, readonly string[] | null>>;
/** Object → field → value, in Klipper's order. */
export type StatusTree = Record<string, Record<string, unknown>>;

/** One sample. */
export interface StatusReply {
  /** Seconds on CLOCK_MONOTONIC. */
  readonly eventtime: number;
  readonly status: StatusTree;
}

/** Answers queries and feeds subscriptions. */
export interface StatusSampler {
  /** Answers with the next sample. An unknown object reads `{}`, an unknown field null. */
  query(request: StatusRequest): Promise<StatusReply>;
  /** Replaces what `key` is subscribed to; an empty request ends it. Answers with the first sample. */
  subscribe(
    key: object,
    request: StatusRequest,
    onChange: (change: StatusReply) => void,
  ): Promise<StatusReply>;
  unsubscribe(key: object): void;
  /** Ends everything; open queries never answer. */
  close(): void;
}

interface Subscription {
  readonly request: StatusRequest;
  readonly onChange: (change: StatusReply) => void;
  last: StatusTree;
}

interface Query {
  readonly request: StatusRequest;
  readonly answer: (reply: StatusReply) => void;
}

/**
 * Makes a sampler.
 * @param read the fields of one object, null when there is no such object
 * @param now seconds, monotonic
 * @param sampleMs Klipper's own value is 250
 */
export function createStatusSampler(
  read: (object: string) => Record<string, unknown> | null,
  now: () => number,
  sampleMs: number,
): StatusSampler {
  const subscriptions = new Map<object, Subscription>();
  let queries: Query[] = [];
  let timer: NodeJS.Timeout | null = null;
  let isClosed = false;

  const sample = () => {
    const eventtime = now();
    // Everybody sees the same values of this moment: reading twice could move counters on.
    const seen = new Map<string, Record<string, unknown> | null>();
    const tree = (request: StatusRequest): StatusTree => {
      const status: StatusTree = {};
      for (const [name, fields] of Object.entries(request)) {
        if (!seen.has(name)) seen.set(name, structuredClone(read(name)));
        const all = seen.get(name) ?? null;
        if (all === null) status[name] = {};
        else if (fields === null) status[name] = { ...all };
        else status[name] = Object.fromEntries(fields.map((field) => [field, all[field] ?? null]));
      }
      return status;
    };
    const asked = queries;
    queries = [];
    for (const subscription of subscriptions.values()) {
      const status = tree(subscription.request);
      const change = difference(subscription.last, status);
      subscription.last = status;
      if (Object.keys(change).length > 0) subscription.onChange({ eventtime, status: change });
    }
    for (const query of asked) query.answer({ eventtime, status: tree(query.request) });
  };
  const run = () => {
    timer = null;
    if (isClosed) return;
    sample();
    if (subscriptions.size > 0 || queries.length > 0) timer = setTimeout(run, sampleMs);
  };
  const query = (request: StatusRequest) =>
    new Promise<StatusReply>((answer) => {
      if (isClosed) return;
      queries.push({ request, answer });
      timer ??= setTimeout(run, 0);
    });

  return {
    query,
    subscribe: async (key, request, onChange) => {
      const reply = await query(request);
      subscriptions.delete(key);
      if (Object.keys(request).length > 0) {
        subscriptions.set(key, { request, onChange, last: reply.status });
        timer ??= setTimeout(run, sampleMs);
      }
      return { eventtime: reply.eventtime, status: { ...reply.status } };
    },
    unsubscribe: (key) => {
      subscriptions.delete(key);
    },
    close: () => {
      isClosed = true;
      subscriptions.clear();
      queries = [];
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/** The fields of `next` that differ from `last`, each whole. */
function difference(last: StatusTree, next: StatusTree): StatusTree {
  const change: StatusTree = {};
  for (const [name, fields] of Object.entries(next)) {
    const before = last[name] ?? {};
    const changed = Object.entries(fields).filter(
      ([field, value]) => !isDeepStrictEqual(value, before[field]),
    );
    if (changed.length > 0) change[name] = Object.fromEntries(changed);
  }
  return change;
}
