// The picture for a backend of whose answer nothing can be taken away afterwards: what is to be ignored is painted out before.
import type { Area } from '../core/regions.ts';
import { paintAreas } from '../lib/paint-areas.ts';
import { undecodable } from './bad-frame.ts';

/**
 * The same picture without what lies in ignored areas; untouched where there are none. A backend that says where things are,
 * by boxes or cells, has no need of it: there the core leaves them out.
 * @param name the backend's
 * @param picture a frame, or what has its size
 * @param ignored absent: nothing is ignored
 * @throws BackendError BACKEND_BAD_FRAME; the signal's reason
 */
export async function paintedOut<P extends { readonly jpeg: Uint8Array }>(
  name: string,
  picture: P,
  ignored: (() => readonly Area[]) | undefined,
  signal: AbortSignal,
): Promise<P> {
  const areas = ignored?.() ?? [];
  if (areas.length === 0) return picture;
  const jpeg = await paintAreas(picture.jpeg, areas).catch((cause: unknown) => {
    throw undecodable(name, cause);
  });
  signal.throwIfAborted();
  return { ...picture, jpeg };
}
