// The point about the clock, on which certificates and the times in logs depend: synchronised, and the same as Moonraker's.
import { Agent } from 'node:https';
import axios from 'axios';
import { systemClock } from '../../lib/clock.ts';
import type { Endpoint } from '../../moonraker/endpoint.ts';
import { type Outcome, ok, warn } from '../finding.ts';
import { askTool, type Env } from './tool.ts';

/** Somebody in this house who tells the time. A service is not asked: it is there to judge pictures. */
interface TimeSource {
  readonly name: string;
  /** http or https. */
  readonly url: string;
  /** PEM of a private authority; null trusts the system's. */
  readonly ca: string | null;
}

/** A clock that differs by more is told, ms. */
const toleratedMs = 30_000;
const timeoutMs = 5_000;
const maxBytes = 64 * 1024;

/** Moonraker as a time source; none behind a Unix socket, which is this host's own time anyway. */
export function moonrakerTime(endpoint: Endpoint): TimeSource[] {
  if (endpoint.kind === 'unix') return [];
  const url = endpoint.url.replace(/^ws/, 'http').replace(/\/websocket$/, '/server/info');
  return [{ name: 'Moonraker', url, ca: endpoint.ca }];
}

/** Compares this host's clock with all of them, one after the other. */
export async function lookAtClock(
  sources: readonly TimeSource[],
  env: Env,
  signal: AbortSignal,
): Promise<Outcome> {
  const synchronised = await askTool('timedatectl', ['show', '--property=NTPSynchronized', '--value'], env);
  const differences: { name: string; byMs: number }[] = [];
  for (const source of sources) {
    const byMs = await readDifference(source, signal);
    if (byMs !== null) differences.push({ name: source.name, byMs });
  }
  return clockOutcome(differences, synchronised?.trim() === 'no');
}

/** What the differences (ours minus theirs, ms) come to. */
export function clockOutcome(
  differences: readonly { readonly name: string; readonly byMs: number }[],
  isUnsynchronised: boolean,
): Outcome {
  const hint =
    'Switch the time service on: sudo timedatectl set-ntp true. On a host without internet name a time server in your network.';
  const wrong = differences.filter(({ byMs }) => Math.abs(byMs) > toleratedMs);
  if (wrong.length > 0) {
    const texts = wrong.map(({ name, byMs }) => {
      return `${Math.round(Math.abs(byMs) / 1000)} s ${byMs > 0 ? 'ahead of' : 'behind'} ${name}`;
    });
    return warn(`this host is ${texts.join(', ')}`, hint);
  }
  const names = differences.map(({ name }) => name).join(', ');
  const text = names === '' ? 'nobody to compare it with' : `agrees with ${names}`;
  return isUnsynchronised ? warn(`${text}, but it is not synchronised`, hint) : ok(text);
}

/** Ours minus theirs, by the Date header of any answer, be it an error; null where none comes. */
async function readDifference(source: TimeSource, signal: AbortSignal): Promise<number | null> {
  try {
    const { headers } = await axios.head(source.url, {
      signal,
      timeout: timeoutMs,
      maxRedirects: 0,
      maxContentLength: maxBytes,
      validateStatus: () => true,
      proxy: false,
      ...(source.ca === null ? {} : { httpsAgent: new Agent({ ca: source.ca }) }),
    });
    const theirs = Date.parse(String(headers['date'] ?? ''));
    return Number.isNaN(theirs) ? null : systemClock.now().atMs - theirs;
  } catch {
    signal.throwIfAborted();
    return null;
  }
}
