// Moonraker's webcam list, with every field filled in.
import { createHash } from 'node:crypto';
import type { MoonrakerHub } from './moonraker-hub.ts';
import { type RpcParams, refuse } from './moonraker-rpc.ts';

/** What a test or the demo says about a webcam: `name` is enough. */
export type VirtualWebcamEntry = { readonly name: string } & Readonly<Record<string, unknown>>;

/** The list. */
export interface MoonrakerWebcams {
  /** Replaces the list and tells the clients. */
  set(entries: readonly VirtualWebcamEntry[]): void;
}

/** Registers server.webcams.*. */
export function registerWebcamMethods(
  hub: MoonrakerHub,
  first: readonly VirtualWebcamEntry[],
): MoonrakerWebcams {
  let webcams = first.map(complete);
  const list = () => ({ webcams: webcams.map((webcam) => ({ ...webcam })) });
  const find = (params: RpcParams) => {
    const key = params.has('uid') ? 'uid' : 'name';
    const value = params.text(key);
    const webcam = webcams.find((one) => one[key] === value);
    if (webcam !== undefined) return webcam;
    throw refuse.notFound(key === 'uid' ? `Webcam with UID ${value} not found` : `Webcam ${value} not found`);
  };
  const changed = () => hub.notify('webcams_changed', [list()]);

  hub.register('server.webcams.list', list);
  hub.register('server.webcams.get_item', (params) => ({ webcam: { ...find(params) } }));
  hub.register('server.webcams.post_item', (params) => {
    const webcam = complete({ ...params.all, name: params.text('name'), source: 'database' });
    webcams = [...webcams.filter((one) => one.name !== webcam.name), webcam];
    changed();
    return { webcam };
  });
  hub.register('server.webcams.delete_item', (params) => {
    const webcam = find(params);
    webcams = webcams.filter((one) => one !== webcam);
    changed();
    return { webcam };
  });
  return {
    set: (entries) => {
      webcams = entries.map(complete);
      changed();
    },
  };
}

function complete(entry: VirtualWebcamEntry) {
  const hash = createHash('sha1').update(entry.name).digest('hex');
  return {
    ...{ name: '', enabled: true },
    icon: 'mdiWebcam',
    aspect_ratio: '4:3',
    target_fps: 15,
    target_fps_idle: 5,
    location: 'printer',
    service: 'mjpegstreamer',
    stream_url: '',
    snapshot_url: '',
    flip_horizontal: false,
    flip_vertical: false,
    rotation: 0,
    source: 'config',
    extra_data: {},
    uid: [
      hash.slice(0, 8),
      hash.slice(8, 12),
      hash.slice(12, 16),
      hash.slice(16, 20),
      hash.slice(20, 32),
    ].join('-'),
    ...entry,
  };
}
