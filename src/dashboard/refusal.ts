// How a request is refused: a status, a code, a sentence, and one line in the log for a whole series of them.
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import * as v from 'valibot';
import type { Clock, Log } from '../core/ports.ts';
import type { ErrorFacts } from './view.ts';

interface Refusal {
  readonly status: ContentfulStatusCode;
  readonly message: string;
  readonly hint: string;
  /** Somebody does what they should not; the rest is usual. */
  readonly isLogged: boolean;
}

const refusals = {
  TOO_MANY_REQUESTS: { status: 429, message: 'too many requests', hint: 'Wait a moment.', isLogged: true },
  UNKNOWN_HOST: {
    status: 421,
    message: 'this host does not know itself by that name',
    hint: 'Open it by its IP address, or add the name to hosts in [dashboard].',
    isLogged: true,
  },
  NOT_LET_IN: {
    status: 401,
    message: 'a login is needed',
    hint: "Log in as a Moonraker user or with Moonraker's API key, or add this address to trusted_clients in [dashboard].",
    isLogged: true,
  },
  CANNOT_CHECK: {
    status: 503,
    message: 'Moonraker cannot be asked who this is',
    hint: 'Look whether Moonraker runs.',
    isLogged: false,
  },
  FOREIGN_PAGE: {
    status: 403,
    message: 'only a page of Lookout itself may do that',
    hint: "A program sends Moonraker's API key as X-Api-Key.",
    isLogged: true,
  },
  BAD_TOKEN: { status: 403, message: 'the page is too old', hint: 'Load it again.', isLogged: true },
  NOT_JSON: {
    status: 400,
    message: 'the body must be a JSON object',
    hint: 'Send it as application/json.',
    isLogged: true,
  },
  TOO_LARGE: { status: 413, message: 'the body is larger than 64 KiB', hint: '', isLogged: true },
  TOO_MANY_STREAMS: {
    status: 503,
    message: 'twenty streams are open already',
    hint: 'Close a page that nobody looks at.',
    isLogged: true,
  },
  NOT_FOUND: { status: 404, message: 'there is nothing of that name', hint: '', isLogged: false },
  FAILED: { status: 500, message: 'something went wrong; the log says what', hint: '', isLogged: false },
  NO_PICTURE: { status: 503, message: 'there is no picture', hint: '', isLogged: false },
} as const satisfies Record<string, Refusal>;

/** Why a request is refused. */
export type RefusalCode = keyof typeof refusals;

/** Answers with the refusal. */
export type Refuse = (c: Context, code: RefusalCode, client?: string, message?: string) => Response;

/** A series of refusals is said again after this long, with their number. */
const sayAgainMs = 600_000;

/** Refuses requests and notes them. */
export interface Refusals {
  readonly refuse: Refuse;
  /** A request of a flood was dropped without an answer of this kind. */
  noteFlood(client: string): void;
}

/** Makes the answerer; nothing that a client sends goes into the log but its address. */
export function createRefuse(log: Log, clock: Pick<Clock, 'now'>): Refusals {
  const said = new Map<RefusalCode, { tickMs: number; count: number }>();
  const note = (code: RefusalCode, client: string) => {
    const { tickMs } = clock.now();
    const last = said.get(code);
    if (last !== undefined && tickMs - last.tickMs <= sayAgainMs) {
      last.count += 1;
      return;
    }
    log.warn('requests to the dashboard were refused', { code, client, count: (last?.count ?? 0) + 1 });
    said.set(code, { tickMs, count: 0 });
  };
  return {
    noteFlood: (client) => note('TOO_MANY_REQUESTS', client),
    refuse: (c, code, client = '', message) => {
      const { status, hint, isLogged, ...usual }: Refusal = refusals[code];
      if (isLogged) note(code, client);
      return failure(c, status, { code, message: message ?? usual.message, hint });
    },
  };
}

/** An error as the API tells it. */
function failure(c: Context, status: ContentfulStatusCode, error: ErrorFacts['error']): Response {
  return c.json({ error } satisfies ErrorFacts, status);
}

const failureShape = v.object({
  code: v.string(),
  message: v.string(),
  hint: v.optional(v.string(), ''),
});
/** Endings of codes that say that the request was wrong, or came at the wrong moment. */
const statusOf = (code: string) => {
  if (/_(BAD|INVALID|UNKNOWN)(_|$)/.test(code)) return 400;
  if (/NOT_FOUND$/.test(code)) return 404;
  if (/^(MOONRAKER|KLIPPY|RECORD)_/.test(code)) return 503;
  return 409;
};

/** An error of ours as an answer. One without a code is a bug of ours. */
export function tellFailure(c: Context, error: unknown, log: Log): Response {
  const read = v.safeParse(failureShape, error);
  if (read.success) return failure(c, statusOf(read.output.code), read.output);
  log.error('a request to the dashboard failed', { error });
  return failure(c, 500, { code: 'BUG', message: 'something went wrong; the log says what', hint: '' });
}
