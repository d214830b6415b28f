// Maps answers of Moonraker that are no good to our errors.
import * as v from 'valibot';
import { MoonrakerError } from '../core/errors.ts';

/** Klipper's and Moonraker's texts can be long; nobody reads more than this. */
const maxTextLength = 400;

/**
 * The error for an RPC error answer.
 *
 * Moonraker has few codes: a refused login or key shares −32602 with bad parameters, and everything that Klipper
 * refuses is 400, so the text has to help.
 */
export function refused(method: string, code: number, message: string): MoonrakerError {
  const text = message.slice(0, maxTextLength).trim();
  const cause = { rpcCode: code, rpcMessage: text };
  if (isUnauthorized(method, code, text)) return unauthorized(text, cause);
  if (code === 400 && /already registered and connected/.test(text)) {
    return new MoonrakerError('another program is connected to Moonraker under our name', {
      code: 'MOONRAKER_NAME_TAKEN',
      retry: 'soon',
      retryAfterMs: 5_000,
      hint: 'Is a second lookout running? A connection that was cut is forgotten by Moonraker within 30 s.',
      cause,
    });
  }
  if (code === 503) {
    return new MoonrakerError(`Klipper is not there: ${text}`, {
      code: 'KLIPPY_NOT_READY',
      retry: 'soon',
      cause,
    });
  }
  return new MoonrakerError(`${method}: ${text}`, { code: 'MOONRAKER_REFUSED', retry: 'later', cause });
}

/**
 * Reads an answer with its schema.
 * @throws MoonrakerError MOONRAKER_BAD_ANSWER, which names the place but never the value: it could be a token
 */
export function readAnswer<Schema extends v.GenericSchema>(
  method: string,
  schema: Schema,
  answer: unknown,
): v.InferOutput<Schema> {
  const read = v.safeParse(schema, answer);
  if (read.success) return read.output;
  const issue = read.issues[0];
  throw new MoonrakerError(`${method}: Moonraker's answer has another shape than documented`, {
    code: 'MOONRAKER_BAD_ANSWER',
    retry: 'later',
    cause: { at: v.getDotPath(issue), expected: issue.expected },
  });
}

function isUnauthorized(method: string, code: number, text: string): boolean {
  // A login with a wrong password is 400; there and in identify −32602 can only mean that we are not let in.
  if (method === 'access.login') return code === 400 || code === -32602;
  if (method === 'server.connection.identify' || method === 'access.refresh_jwt') return code === -32602;
  return code === 401 || (code === -32602 && /unauthorized/i.test(text));
}

function unauthorized(text: string, cause: unknown): MoonrakerError {
  return new MoonrakerError(`Moonraker lets us connect but not in: ${text}`, {
    code: 'MOONRAKER_UNAUTHORIZED',
    retry: 'never',
    hint: unauthorizedHint(text),
    cause,
  });
}

function unauthorizedHint(text: string): string {
  if (/api key/i.test(text)) {
    return 'The API key is wrong or switched off: copy it anew from Mainsail or Fluidd, or remove ours if this host is trusted.';
  }
  if (/maximum login attempts/i.test(text))
    return 'Too many failed logins: Moonraker must be restarted first.';
  if (/password|user/i.test(text)) return 'Check the user and password for Moonraker.';
  return "Add this host to trusted_clients in moonraker.conf, or give us Moonraker's API key.";
}
