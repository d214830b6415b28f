// One request in flight, shared by everybody who asks while it runs.

/** Wraps `work` so that calls made while one is running get that one's promise. */
export function singleFlight<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null;
  return () => {
    running ??= work().finally(() => {
      running = null;
    });
    return running;
  };
}
