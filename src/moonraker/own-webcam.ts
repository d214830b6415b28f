// The webcam entry "Lookout" in Moonraker's list: kept as it is set, and taken away when it is no longer wanted.
import * as v from 'valibot';
import type { Log } from '../core/ports.ts';
import type { MoonrakerConnection } from './connection.ts';
import { webcamListSchema } from './messages.ts';

/** How Mainsail and Fluidd are to show us. */
export type OwnWebcamKind = 'adaptive' | 'stream' | 'panel';

/** What is wanted. */
export interface OwnWebcamOptions {
  /** `off` takes the entry away. */
  readonly kind: OwnWebcamKind | 'off';
  /** Where browsers find the dashboard, without a slash at the end. */
  readonly url: string;
  /** Goes into the query of each address; null where there is only one printer. */
  readonly printer: string | null;
}

/** By it we know our entry again, whatever its name is by now; nothing shows it. */
const mark = { lookout: true };
const name = 'Lookout';

const entrySchema = v.object({
  name: v.string(),
  uid: v.string(),
  service: v.fallback(v.string(), ''),
  stream_url: v.fallback(v.string(), ''),
  snapshot_url: v.fallback(v.string(), ''),
  source: v.fallback(v.string(), 'database'),
  extra_data: v.fallback(v.record(v.string(), v.unknown()), {}),
});
type Entry = v.InferOutput<typeof entrySchema>;

/** True for the extra data of an entry of ours: our own drawing must never be judged. */
export function isOwnWebcam(extraData: Readonly<Record<string, unknown>>): boolean {
  return extraData['lookout'] === true;
}

/**
 * Brings the list in order once, and leaves an entry alone that somebody else has named so.
 * @throws MoonrakerError; the signal's reason
 */
export async function keepOwnWebcam(
  options: OwnWebcamOptions,
  { connection, log }: { readonly connection: Pick<MoonrakerConnection, 'call'>; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  const { webcams } = await connection.call('server.webcams.list', {}, webcamListSchema, { signal });
  const entries = webcams.flatMap((each) => {
    const read = v.safeParse(entrySchema, each);
    return read.success ? [read.output] : [];
  });
  const own = entries.find((entry) => entry.source === 'database' && isOwnWebcam(entry.extra_data));
  if (options.kind === 'off') {
    if (own === undefined) return;
    await connection.call('server.webcams.delete_item', { uid: own.uid }, v.unknown(), { signal });
    log.info('the webcam entry Lookout is taken away', { name: own.name });
    return;
  }
  if (own === undefined && entries.some((entry) => entry.name === name)) {
    log.warn('there is a webcam named Lookout already, which is left alone', {
      hint: 'Rename it in Mainsail or Fluidd, or set webcam: off in [dashboard].',
    });
    return;
  }
  const wanted = addressesOf(options.kind, options);
  if (own !== undefined && isSame(own, wanted)) return;
  const place = own === undefined ? { name } : { uid: own.uid };
  const params = { ...usual, ...place, ...wanted, extra_data: mark };
  await connection.call('server.webcams.post_item', params, v.unknown(), { signal });
  log.info('Mainsail and Fluidd show a webcam Lookout', { kind: options.kind, url: wanted.stream_url });
}

/** Does so after each connect, until the signal aborts. */
export function followOwnWebcam(
  options: OwnWebcamOptions,
  deps: { readonly connection: Pick<MoonrakerConnection, 'call' | 'state' | 'onState'>; readonly log: Log },
  signal: AbortSignal,
): void {
  const { connection } = deps;
  const log = deps.log.child('moonraker/own-webcam');
  const keep = () => {
    if (connection.state.kind !== 'up') return;
    keepOwnWebcam(options, { connection, log }, signal).catch((error: unknown) => {
      if (!signal.aborted) log.warn('the webcam entry Lookout could not be brought in order', { error });
    });
  };
  const off = connection.onState(keep);
  signal.addEventListener('abort', off, { once: true });
  keep();
}

const usual = {
  enabled: true,
  icon: 'mdiPrinter3d',
  aspect_ratio: '16:9',
  target_fps: 1,
  target_fps_idle: 1,
};

type Addresses = Pick<Entry, 'service' | 'stream_url' | 'snapshot_url'>;

function addressesOf(kind: OwnWebcamKind, { url, printer }: OwnWebcamOptions): Addresses {
  const query = printer === null ? '' : `?printer=${encodeURIComponent(printer)}`;
  const stream_url = `${url}/${kind === 'panel' ? 'panel' : 'stream'}${query}`;
  const snapshot_url = kind === 'panel' ? '' : `${url}/snapshot.jpg${query}`;
  const service = { adaptive: 'mjpegstreamer-adaptive', stream: 'mjpegstreamer', panel: 'iframe' }[kind];
  return { service, stream_url, snapshot_url };
}

function isSame(own: Entry, wanted: Addresses): boolean {
  const { service, stream_url, snapshot_url } = wanted;
  return own.service === service && own.stream_url === stream_url && own.snapshot_url === snapshot_url;
}
