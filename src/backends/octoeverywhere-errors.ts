// What each of OctoEverywhere's error types means, and what is done about it.
import * as v from 'valibot';
import { BackendError } from '../core/errors.ts';
import type { Refusal } from './http.ts';
import { HttpCause, type Meaning } from './http-errors.ts';
import { refusalSchema } from './octoeverywhere-messages.ts';

/**
 * What a failure asks for. `stop`: no call until the configuration changes; `probe`: one call after a long wait;
 * `renew`: the request or its context is no good, so make another context, and wait long if that does not help;
 * `wait`: one interval.
 */
export type Reaction = 'stop' | 'probe' | 'renew' | 'wait';

/** An error with the reaction to it. */
export interface Failure {
  readonly kind: 'failed';
  readonly error: BackendError;
  readonly reaction: Reaction;
  /** The host is at fault, not our request: use the fallback from now on. */
  readonly isHostAtFault: boolean;
}

interface OwnMeaning extends Meaning {
  readonly reaction: Reaction;
}

const badKey = (says: string): OwnMeaning => ({
  code: 'BACKEND_BAD_KEY',
  retry: 'never',
  reaction: 'stop',
  says,
  hint: 'Put a valid api_key of octoeverywhere.com into the secrets file and restart.',
});
const badArgs: OwnMeaning = {
  code: 'BACKEND_BAD_REQUEST',
  retry: 'later',
  reaction: 'renew',
  says: 'the request is not accepted',
  hint: 'Check warning_confidence and pause_confidence; if they are right, report this with the message.',
};
const temporary = (says: string): OwnMeaning => ({
  code: 'BACKEND_BUSY',
  retry: 'soon',
  reaction: 'wait',
  says,
  hint: 'Nothing to do: it is asked again after the next interval.',
});

const meanings: Readonly<Record<string, OwnMeaning>> = {
  OE_BAD_ARGS: badArgs,
  OE_ARGS_PARSE_FAILED: badArgs,
  OE_CONTEXT_RATE_LIMITED: {
    code: 'BACKEND_RATE_LIMITED',
    retry: 'soon',
    reaction: 'wait',
    says: 'the last call was too short ago',
    hint: 'If this stays, another program uses the same context.',
  },
  OE_IMAGE_DECODE_FAILED: {
    code: 'BACKEND_BAD_FRAME',
    retry: 'soon',
    reaction: 'wait',
    says: 'the picture cannot be decoded',
    hint: 'If this stays, look at the pictures of the camera.',
  },
  OE_INVALID_API_KEY: badKey('the key is not valid'),
  OE_API_KEY_DISABLED: badKey('the key has been disabled and does not come back'),
  OE_API_KEY_BLOCKED_PAYMENT_FAILED: {
    code: 'BACKEND_PAYMENT',
    retry: 'later',
    reaction: 'probe',
    says: 'the key is blocked because a payment failed',
    hint: 'Settle the payment at octoeverywhere.com, then restart, or wait: it is tried again every 6 h.',
  },
  OE_BACKEND_THROTTLED: temporary('the service is overloaded'),
  OE_INTERNAL_ERROR: temporary('the service has a fault'),
};

/**
 * Reads a refusal of createcontext or process. Error types that are not in the reference are taken by their HTTP status.
 * @param what the request, for the message
 */
export function readRefusal(what: string, refusal: Refusal): Failure {
  const body = v.safeParse(refusalSchema, refusal.body);
  const meaning = body.success ? meanings[body.output.ErrorType] : undefined;
  if (!body.success || meaning === undefined) return readStatus(refusal);
  const details = refusal.quote(body.output.ErrorDetails);
  const { status, retryAfterMs } = refusal;
  return {
    kind: 'failed',
    error: new BackendError(
      `octoeverywhere: ${what} was refused: ${meaning.says}${details && ` (${details})`}`,
      {
        code: meaning.code,
        retry: meaning.retry,
        ...(retryAfterMs === null ? {} : { retryAfterMs }),
        hint: meaning.hint,
        cause: new HttpCause(`HTTP ${status}: ${body.output.ErrorType}`, { status }),
      },
    ),
    reaction: meaning.reaction,
    isHostAtFault: meaning.reaction === 'wait' && status >= 500,
  };
}

/** No words from the service itself: a gateway, or an answer that has changed. */
function readStatus({ usual: error, status }: Refusal): Failure {
  const react = (reaction: Reaction, isHostAtFault: boolean): Failure => ({
    kind: 'failed',
    error,
    reaction,
    isHostAtFault,
  });
  switch (error.code) {
    case 'BACKEND_BAD_KEY':
      return react('stop', false);
    case 'BACKEND_PAYMENT':
      return react('probe', false);
    case 'BACKEND_RATE_LIMITED':
      return react('wait', false);
    // 404 and the like: either this host is wrong or it does not know the context. The other host will tell.
    case 'BACKEND_BAD_REQUEST':
      return react('renew', status !== 400 && status !== 413);
    default:
      return react('wait', true);
  }
}
