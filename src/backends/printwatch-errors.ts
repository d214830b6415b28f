// What each of PrintWatch's codes means, and what is done about it.
import * as v from 'valibot';
import { type BackendCode, BackendError } from '../core/errors.ts';
import type { Refusal } from './http.ts';
import { HttpCause, type Meaning } from './http-errors.ts';

/**
 * What a failure asks for. `stop`: no call until a person acts; `probe`: one call after a long wait; `pause`: our request
 * is no good, so it is not repeated soon; `early`: nothing is wrong, the print is too young; `again`: the same at once,
 * once; `crowded`: keep away, longer each time; `frame`: another picture, next time; `back-off`: the service is in trouble.
 */
export type Reaction = 'stop' | 'probe' | 'pause' | 'early' | 'again' | 'crowded' | 'frame' | 'back-off';

/** An error with the reaction to it. */
export class RefusedError extends BackendError {
  readonly reaction: Reaction;

  constructor(message: string, details: ConstructorParameters<typeof BackendError>[1], reaction: Reaction) {
    super(message, details);
    this.reaction = reaction;
  }
}

interface OwnMeaning extends Meaning {
  readonly reaction: Reaction;
}

/** The three causes of code 212, for the user. */
export const crowdedCauses =
  'either the key is not valid, or another program uses the id of this printer, or the service was asked too often';

/** The service's own codes (API reference, 2.0). */
const meanings: Readonly<Record<number, OwnMeaning>> = {
  210: {
    code: 'BACKEND_BAD_FRAME',
    retry: 'soon',
    reaction: 'frame',
    says: 'the picture cannot be read',
    hint: 'If this stays, look at the pictures of the camera.',
  },
  211: {
    code: 'BACKEND_BAD_REQUEST',
    retry: 'soon',
    reaction: 'back-off',
    says: 'the picture could not be judged',
    hint: 'If this stays, contact the support of PrintPal with this message.',
  },
  212: {
    code: 'BACKEND_RATE_LIMITED',
    retry: 'soon',
    reaction: 'crowded',
    says: `the settings check failed: ${crowdedCauses}`,
    hint: 'Check the key, and that nothing else (OctoPrint, a second moonraker-lookout) watches this printer with PrintWatch.',
  },
  213: {
    code: 'BACKEND_WAITING',
    retry: 'soon',
    reaction: 'early',
    says: 'it begins to judge five minutes into a print',
    hint: '',
  },
  214: {
    code: 'BACKEND_BUSY',
    retry: 'soon',
    reaction: 'again',
    says: 'it has just got to know this printer',
    hint: 'Nothing to do: it is asked again after the next interval.',
  },
  215: {
    code: 'BACKEND_BAD_REQUEST',
    retry: 'later',
    reaction: 'pause',
    says: 'something is missing in the request',
    hint: 'Set email_addr in [backend printwatch]; if that does not help, report this with the message.',
  },
  216: {
    code: 'BACKEND_BAD_KEY',
    retry: 'never',
    reaction: 'stop',
    says: 'there is neither a valid key nor a plan',
    hint: 'Look at your plan at printpal.io, then restart.',
  },
  217: {
    code: 'BACKEND_BAD_KEY',
    retry: 'never',
    reaction: 'stop',
    says: 'the key is not valid',
    hint: 'Put a valid api_key of PrintWatch into the secrets file and restart.',
  },
  218: {
    code: 'BACKEND_WAITING',
    retry: 'soon',
    reaction: 'early',
    says: 'the time of the print is not known to it yet',
    hint: '',
  },
};

/**
 * Reads a refusal of any request. Statuses that are not PrintWatch's own are taken as HTTP's.
 * @param what the request, for the message
 */
export function readRefusal(
  what: string,
  { status, body, retryAfterMs, usual, quote }: Refusal,
): RefusedError {
  const own = meanings[status];
  const { code, retry, hint } = own ?? usual;
  const said = quote(wordsIn(body));
  const details = {
    code,
    retry,
    hint,
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
    cause: own === undefined ? usual.cause : new HttpCause(`status ${status}`, { status }),
  };
  if (own?.reaction === 'early')
    return new RefusedError(`printwatch: not yet: ${own.says}`, details, 'early');
  const message =
    own === undefined ? usual.message : `printwatch: ${what} was refused with ${status}: ${own.says}`;
  return new RefusedError(`${message}${said && ` (${said})`}`, details, own?.reaction ?? reactionTo(code));
}

/** What an error asks for that is not a refusal: the network, the time limit, or an answer that makes no sense. */
export function reactionOf(error: BackendError): Reaction {
  return error instanceof RefusedError ? error.reaction : 'back-off';
}

/** Asks, and asks once more at once where the service has just got to know the printer (code 214). */
export function withSecondTry<T>(ask: () => Promise<T>): Promise<T> {
  return ask().catch((error: unknown) => {
    if (error instanceof RefusedError && error.reaction === 'again') return ask();
    throw error;
  });
}

/** The key is none that PrintWatch gives out. BACKEND_BAD_KEY. */
export function wrongKind(): BackendError {
  return new BackendError('printwatch: the key begins with neither sub_ nor fmu_', {
    code: 'BACKEND_BAD_KEY',
    retry: 'never',
    hint: 'Copy the whole api_key from the e-mail of PrintPal into the secrets file and restart.',
  });
}

/** No word from the service itself. */
function reactionTo(code: BackendCode): Reaction {
  switch (code) {
    case 'BACKEND_BAD_KEY':
      return 'stop';
    case 'BACKEND_PAYMENT':
      return 'probe';
    case 'BACKEND_BAD_REQUEST':
      return 'pause';
    default:
      return 'back-off';
  }
}

const wordsSchema = v.union([
  v.object({ message: v.string() }),
  v.object({ detail: v.string() }),
  v.object({ detail: v.array(v.object({ loc: v.array(v.unknown()), msg: v.string() })) }),
]);

/** Whatever explanation came along; FastAPI names each field that it does not like. */
function wordsIn(body: unknown): string {
  const read = v.safeParse(wordsSchema, body);
  if (!read.success) return '';
  if ('message' in read.output) return read.output.message;
  const { detail } = read.output;
  if (typeof detail === 'string') return detail;
  return detail.map(({ loc, msg }) => `${loc.map(String).join('.')}: ${msg}`).join('; ');
}
