// Points about pictures and their judging that both `check` and `doctor` look at.
import type { Composed } from './compose.ts';
import { ok, type Points, point } from './finding.ts';

/** Takes a picture as a print would, and lets each backend in use confirm its key. */
export async function lookAtWatching(
  { camera, backends }: Pick<Composed, 'camera' | 'backends'>,
  points: Points,
): Promise<void> {
  await point(points, 'picture', async (limit) => {
    const { width, height, jpeg } = await camera.grab(limit);
    return ok(
      `${width}x${height}, ${Math.ceil(jpeg.length / 1024)} KiB, from ${camera.source ?? 'the webcam'}`,
    );
  });
  for (const backend of backends) {
    await point(points, `backend ${backend.name}`, async (limit) => {
      if (backend.confirm === undefined) return ok('nothing to confirm before a print');
      return ok(await backend.confirm(limit));
    });
  }
}
