// Says in a sentence why Moonraker cannot be reached, and what to do about it.
import { MoonrakerError } from '../core/errors.ts';

const hints: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there: is Moonraker running, and is the port right?',
  ENOENT: 'There is no such socket: is Moonraker running, and is the path right?',
  EACCES: 'Only the user that runs Moonraker may open its socket: run as that user or use ws://.',
  ENOTFOUND: 'The host name is not known: check it, or use an IP address.',
  EHOSTUNREACH: 'The host cannot be reached: is it switched on and in this network?',
  ETIMEDOUT: 'The host does not answer: is it switched on and in this network?',
  ECONNRESET: 'The peer hung up: does it want wss:// instead of ws://?',
  EPROTO: 'The peer does not speak TLS: does it want ws:// instead of wss://?',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'The certificate is self-signed: give its authority as ca_file.',
  SELF_SIGNED_CERT_IN_CHAIN: 'The certificate has a private authority: give it as ca_file.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'The certificate has a private authority: give it as ca_file.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate is for another host name.',
};

/** Turns what a socket reported into our error. `where` must hold no secret. */
export function unreachable(where: string, cause: unknown): MoonrakerError {
  const code = readCode(cause);
  const status =
    cause instanceof Error ? /^Unexpected server response: (\d{3})$/.exec(cause.message)?.[1] : null;
  const said = status != null ? `HTTP ${status}` : (code ?? 'no connection');
  const hint = status != null ? statusHint(status) : code === null ? '' : (hints[code] ?? '');
  return new MoonrakerError(`cannot connect to Moonraker at ${where}: ${said}`, {
    code: 'MOONRAKER_UNREACHABLE',
    retry: 'soon',
    hint,
    cause,
  });
}

/** There was no answer to the connection attempt within its time. */
export function connectTimedOut(where: string, ms: number): MoonrakerError {
  return new MoonrakerError(`cannot connect to Moonraker at ${where}: no answer within ${ms} ms`, {
    code: 'MOONRAKER_UNREACHABLE',
    retry: 'soon',
    hint: hints['ETIMEDOUT'] ?? '',
  });
}

function statusHint(status: string): string {
  if (status === '404') return 'That is no Moonraker websocket: check the port and the route prefix.';
  if (status === '500') return 'Moonraker may have reached its limit of open websockets (50).';
  if (status === '502' || status === '503') return 'The proxy runs, but Moonraker behind it does not.';
  return 'Something else than Moonraker answers there.';
}

function readCode(cause: unknown): string | null {
  if (!(cause instanceof Error)) return null;
  // A host with an IPv4 and an IPv6 address fails with one error for each.
  if (cause instanceof AggregateError)
    return cause.errors.map(readCode).find((code) => code !== null) ?? null;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : null;
}
