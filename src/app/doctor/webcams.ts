// Points about every webcam that Moonraker lists: each address tried, what came, and what to write to use it.
import { type CameraOptions, createCamera } from '../../camera/camera.ts';
import { showUrl } from '../../camera/show-url.ts';
import { findSources, type Source } from '../../camera/source.ts';
import { secretsInUrl } from '../../config/urls.ts';
import type { Log } from '../../core/ports.ts';
import type { WebcamEntry } from '../../core/types.ts';
import { systemClock } from '../../lib/clock.ts';
import { inWords, type Outcome, ok, type Points, point, warn } from '../finding.ts';

/** ms for a webcam with all of its addresses. */
const limitMs = 30_000;
/** A camera that gives the very same bytes after this time hangs, ms. Slower ones than one picture in 2 s are rare. */
const againAfterMs = 2_500;

/** Looks at each of them. None is a failure: `picture` says whether the one in use works. */
export async function lookAtWebcams(
  entries: readonly WebcamEntry[],
  camera: CameraOptions,
  log: Log,
  points: Points,
): Promise<void> {
  for (const entry of entries) {
    await point(
      points,
      `webcam "${entry.name}"`,
      async (limit) => {
        const outcome = await tryEntry(entry, camera, log, limit);
        return entry.isEnabled ? outcome : warn(`switched off in Moonraker; ${outcome.text}`, outcome.hint);
      },
      { limitMs, atWorst: warn },
    );
  }
}

/** Passwords and keys that stand in the addresses of webcams. */
export function secretsOf(entries: readonly WebcamEntry[]): string[] {
  return entries
    .flatMap(({ snapshotUrl, streamUrl }) => [snapshotUrl, streamUrl])
    .flatMap((text) => {
      if (!URL.canParse(text)) return secretsInUrl(text);
      const { password } = new URL(text);
      // As written and, through a query, decoded; a password that is no valid percent-encoding stays as it is.
      return [password, new URLSearchParams(`p=${password}`).get('p') ?? '', ...secretsInUrl(text)];
    });
}

async function tryEntry(
  entry: WebcamEntry,
  camera: CameraOptions,
  log: Log,
  signal: AbortSignal,
): Promise<Outcome> {
  // The addresses of this entry alone, whatever the configuration prefers.
  const own = { ...camera, webcam: entry.name, snapshotUrl: null, streamUrl: null };
  const failures: string[] = [];
  let lastHint = '';
  for (const source of findSources(own, [entry])) {
    try {
      const seen = await takeTwo(source, camera, log, signal);
      const before = failures.length === 0 ? '' : `; before it ${failures.join('; ')}`;
      if (!seen.isMoving) {
        return warn(
          `${seen.text}${before}; the same picture after ${againAfterMs / 1000} s: it may hang`,
          frozenHint,
        );
      }
      return ok(`${seen.text}${before}`, configHint(entry, camera));
    } catch (error) {
      signal.throwIfAborted();
      const [text, hint] = inWords(error);
      const address = showUrl(source.url);
      failures.push(text.includes(address) ? text : `${address}: ${text}`);
      if (lastHint === '') lastHint = hint;
    }
  }
  return warn(failures.join('; '), lastHint);
}

const frozenHint =
  'Restart the camera server (usually crowsnest), or unplug the camera and plug it in again.';

/** Two pictures from one address, a while apart. Rejects with a CameraError. */
async function takeTwo(
  source: Source,
  settings: CameraOptions,
  log: Log,
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly isMoving: boolean }> {
  const options = {
    ...settings,
    ...source.view,
    webcam: source.name,
    snapshotUrl: source.url.href,
    streamUrl: null,
  };
  const camera = createCamera(options, { clock: systemClock, log, webcams: () => null });
  try {
    const { jpeg, width, height, tickMs } = await camera.grab(signal);
    const ageMs = Math.round(systemClock.now().tickMs - tickMs);
    const text = `${showUrl(source.url)} gives ${width}x${height}, ${Math.ceil(jpeg.length / 1024)} KiB, at most ${ageMs} ms old`;
    await systemClock.sleep(againAfterMs, signal);
    const again = await camera.grab(signal);
    return { text, isMoving: Buffer.compare(jpeg, again.jpeg) !== 0 };
  } finally {
    camera.close();
  }
}

/** What to write so that this one is used. */
function configHint(entry: WebcamEntry, { webcam, snapshotUrl, streamUrl }: CameraOptions): string {
  if (snapshotUrl !== null || streamUrl !== null) {
    return `To use it, in [camera]: webcam: ${entry.name}, without snapshot_url and stream_url`;
  }
  return webcam === entry.name ? '' : `To use it and no other, in [camera]: webcam: ${entry.name}`;
}
