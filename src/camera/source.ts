// Decides which addresses may give a picture: from a webcam entry of Moonraker, or from the configuration.
import { CameraError } from '../core/errors.ts';
import type { WebcamEntry } from '../core/types.ts';
import type { View } from './pixels.ts';

/** One address to try, and how its picture has to be turned. */
export interface Source {
  /** Of the webcam, as the user named it. */
  readonly name: string;
  /** http or https; may hold a user name and password, so never print it but with `showUrl`. */
  readonly url: URL;
  readonly view: View;
}

/** The part of the configuration that says where pictures come from. */
export interface SourceOptions extends View {
  /** Name of the webcam in Moonraker; null: the first that can give a picture. */
  readonly webcam: string | null;
  /** Addresses that go before Moonraker's list; absolute, or a path below `baseUrl`. */
  readonly snapshotUrl: string | null;
  readonly streamUrl: string | null;
  /** What relative addresses are relative to: the web server of the printer's host. Moonraker's own port serves none. */
  readonly baseUrl: string;
}

/** Services whose stream is MJPEG, so that it can be read where there is no still picture. */
const mjpegServices = new Set(['mjpegstreamer', 'mjpegstreamer-adaptive', 'uv4l-mjpeg']);
/** Services that show a page or a camera of the browser. A snapshot address there is a left-over of the form. */
const pictureless = new Set(['iframe', 'device']);

/**
 * All addresses to try, best first.
 * @param webcams as Moonraker lists them; null while they have not been read
 * @throws CameraError CAMERA_NOT_FOUND where there is none; the message says why
 */
export function findSources(
  options: SourceOptions,
  webcams: readonly WebcamEntry[] | null,
): readonly Source[] {
  if (options.snapshotUrl !== null || options.streamUrl !== null) return configuredSources(options);
  if (webcams === null) {
    throw notFound(
      'the webcams have not been read from Moonraker yet',
      'Look whether Moonraker can be reached.',
    );
  }
  const wanted = options.webcam;
  const chosen = webcams.filter((entry) => (wanted === null ? entry.isEnabled : entry.name === wanted));
  if (chosen.length === 0) throw noSuchWebcam(wanted, webcams);
  const found = chosen.map((entry) => entrySources(entry, options.baseUrl));
  const sources = found.flatMap((one) => one.sources);
  if (sources.length === 0) {
    throw notFound(
      found.map((one) => one.why).join('; '),
      'Add a webcam of the service mjpegstreamer in Mainsail or Fluidd, fill in its snapshot address, or set snapshot_url in [camera].',
    );
  }
  return sources;
}

/**
 * The addresses of one webcam. Source: reference of the services that Mainsail and Fluidd know; a free string otherwise.
 * `why` says in words why there is none.
 */
function entrySources(entry: WebcamEntry, baseUrl: string): { sources: readonly Source[]; why: string } {
  const title = `webcam "${entry.name}"`;
  if (pictureless.has(entry.service)) {
    return { sources: [], why: `${title} is of the service ${entry.service}, which gives no pictures` };
  }
  const problems: string[] = [];
  const urls: URL[] = [];
  const add = (address: string) => {
    const url = readUrl(address, baseUrl);
    if (typeof url === 'string') problems.push(url);
    else if (!urls.some((other) => other.href === url.href)) urls.push(url);
  };
  if (entry.snapshotUrl !== '') add(entry.snapshotUrl);
  if (entry.streamUrl !== '') {
    for (const address of derivedSnapshots(entry.service, entry.streamUrl, baseUrl)) add(address);
    if (mjpegServices.has(entry.service)) add(entry.streamUrl);
  }
  const { rotation, flipHorizontal, flipVertical } = entry;
  return {
    sources: urls.map((url) => ({
      name: entry.name,
      url,
      view: { rotation, flipHorizontal, flipVertical },
    })),
    why: `${title} ${problems[0] ?? `of the service ${entry.service} has no snapshot address`}`,
  };
}

/** Snapshot addresses that the service is known to have beside its stream. */
function derivedSnapshots(service: string, streamUrl: string, baseUrl: string): readonly string[] {
  const url = readUrl(streamUrl, baseUrl);
  if (typeof url === 'string') return [];
  if (mjpegServices.has(service)) {
    const changed = new URL(url);
    changed.search = url.search.replace('action=stream', 'action=snapshot');
    changed.pathname = url.pathname.replace(/\/stream$/, '/snapshot');
    return changed.href === url.href ? [] : [changed.href];
  }
  if (service === 'webrtc-camerastreamer') {
    return ['?action=snapshot', 'snapshot'].map((tail) => new URL(tail, new URL('.', url)).href);
  }
  const name = url.searchParams.get('src');
  if (service === 'webrtc-go2rtc' && name !== null) {
    return [new URL(`api/frame.jpeg?src=${encodeURIComponent(name)}`, new URL('.', url)).href];
  }
  return [];
}

function configuredSources(options: SourceOptions): readonly Source[] {
  const { rotation, flipHorizontal, flipVertical } = options;
  return [options.snapshotUrl, options.streamUrl].flatMap((address) => {
    if (address === null) return [];
    const url = readUrl(address, options.baseUrl);
    if (typeof url === 'string') {
      throw notFound(
        `the camera ${url}`,
        'Set snapshot_url or stream_url in [camera] to an http:// or https:// address.',
      );
    }
    return [{ name: options.webcam ?? 'camera', url, view: { rotation, flipHorizontal, flipVertical } }];
  });
}

/** The address made absolute, or what is wrong with it. */
function readUrl(address: string, baseUrl: string): URL | string {
  let url: URL;
  try {
    url = URL.canParse(address) ? new URL(address) : new URL(address, baseUrl);
  } catch {
    return 'has an address that is no URL';
  }
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  return `has an address of the kind ${url.protocol}//, but only http:// and https:// can be read`;
}

function noSuchWebcam(wanted: string | null, webcams: readonly WebcamEntry[]): CameraError {
  const names = webcams.map((entry) => `"${entry.name}"`).join(', ');
  if (wanted !== null) {
    return notFound(
      `Moonraker has no webcam named "${wanted}"`,
      names === '' ? 'Add it in Mainsail or Fluidd.' : `Set webcam in [camera] to one of ${names}.`,
    );
  }
  return notFound(
    names === '' ? 'Moonraker has no webcam' : `all webcams are switched off: ${names}`,
    'Add or switch on a webcam in Mainsail or Fluidd, or set snapshot_url in [camera].',
  );
}

function notFound(message: string, hint: string): CameraError {
  return new CameraError(message, { code: 'CAMERA_NOT_FOUND', retry: 'soon', hint });
}
