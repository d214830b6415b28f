// The webcams that Moonraker lists, as entries of ours, and news of them.
import * as v from 'valibot';
import type { Log } from '../core/ports.ts';
import type { WebcamEntry } from '../core/types.ts';
import type { MoonrakerConnection } from './connection.ts';
import { createListeners } from './listeners.ts';
import { webcamListSchema, webcamSchema } from './messages.ts';
import { isOwnWebcam } from './own-webcam.ts';

/** Entries read at most. */
const maxWebcams = 50;

/** Where the camera learns which webcams there are. */
export interface WebcamSource {
  /**
   * The webcams as listed now, disabled ones too.
   * @throws MoonrakerError; the signal's reason
   */
  list(signal: AbortSignal): Promise<readonly WebcamEntry[]>;
  /** Called with the new list when somebody has changed it. Returns the way to stop listening. */
  onChanged(listener: (webcams: readonly WebcamEntry[]) => void): () => void;
}

/** Reads them through the connection. */
export function createWebcamSource(deps: {
  readonly connection: Pick<MoonrakerConnection, 'call' | 'onNotification'>;
  readonly log: Log;
}): WebcamSource {
  const log = deps.log.child('moonraker/webcams');
  const listeners = createListeners<readonly WebcamEntry[]>(log);
  deps.connection.onNotification('notify_webcams_changed', (params) => {
    const changed = v.safeParse(v.tuple([webcamListSchema]), params);
    if (changed.success) listeners.tell(readWebcams(changed.output[0].webcams, log));
  });
  return {
    list: async (signal) => {
      const answer = await deps.connection.call('server.webcams.list', {}, webcamListSchema, { signal });
      return readWebcams(answer.webcams, log);
    },
    onChanged: (listener) => listeners.add(listener),
  };
}

/** One entry that cannot be read must not hide the others; our own shows what we have drawn, and is none. */
function readWebcams(list: readonly unknown[], log: Log): readonly WebcamEntry[] {
  const entries: WebcamEntry[] = [];
  for (const item of list.slice(0, maxWebcams)) {
    const read = v.safeParse(webcamSchema, item);
    if (!read.success) {
      log.warn('a webcam entry cannot be read', { expected: read.issues[0].expected });
      continue;
    }
    const webcam = read.output;
    if (isOwnWebcam(webcam.extra_data)) continue;
    entries.push({
      name: webcam.name,
      service: webcam.service,
      isEnabled: webcam.enabled,
      snapshotUrl: webcam.snapshot_url,
      streamUrl: webcam.stream_url,
      rotation: webcam.rotation,
      flipHorizontal: webcam.flip_horizontal,
      flipVertical: webcam.flip_vertical,
      targetFps: webcam.target_fps,
    });
  }
  return entries;
}
