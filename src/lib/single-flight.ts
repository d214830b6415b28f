// One request in flight, shared by everybody who asks while it runs.

/** Wraps `work` so that calls made while one is running get that one's promise; what they were called with does not count. */
export function singleFlight<Given extends unknown[], T>(
  work: (...given: Given) => Promise<T>,
): (...given: Given) => Promise<T> {
  let running: Promise<T> | null = null;
  return (...given) => {
    running ??= work(...given).finally(() => {
      running = null;
    });
    return running;
  };
}
