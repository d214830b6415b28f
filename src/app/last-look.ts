// Remembers the last picture that was judged, with what was said of it, for whoever wants to see it.
import type { Backend, Clock } from '../core/ports.ts';
import type { Assessment, Frame } from '../core/types.ts';

/** A picture and its assessment. */
export interface Look {
  readonly frame: Frame;
  readonly assessment: Assessment;
  /** How long the backend took, ms. */
  readonly tookMs: number;
}

/** A backend that can be asked what it has judged last. */
export interface RememberingBackend {
  readonly backend: Backend;
  /** null before the first. */
  lastLook(): Look | null;
  /** Called after each assessment. Returns the way to stop listening. */
  onLook(listener: (look: Look) => void): () => void;
}

/** Wraps `backend`. One frame is held, at most 8 MiB. */
export function rememberLooks(backend: Backend, clock: Pick<Clock, 'now'>): RememberingBackend {
  const listeners = new Set<(look: Look) => void>();
  let last: Look | null = null;
  return {
    backend: {
      get name() {
        return backend.name;
      },
      assess: async (frame, job, signal) => {
        const startedTickMs = clock.now().tickMs;
        const assessment = await backend.assess(frame, job, signal);
        last = { frame, assessment, tookMs: clock.now().tickMs - startedTickMs };
        for (const listener of listeners) listener(last);
        return assessment;
      },
      readyInMs: () => backend.readyInMs?.() ?? 0,
      printEnded: (job) => backend.printEnded?.(job),
    },
    lastLook: () => last,
    onLook: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
