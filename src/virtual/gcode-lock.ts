// The one G-code mutex: whoever waits gets it in the order of asking.

/** A first-come lock. */
export interface GcodeLock {
  /** True while somebody holds it. */
  readonly isHeld: boolean;
  /** Resolves with the way to let go; rejects with the reason once the lock is broken. */
  acquire(): Promise<() => void>;
  /** Resolves when nobody holds the lock or waits for it; at once if that is so now. */
  whenFree(): Promise<void>;
  /** Ends the lock: all who wait, and all who come, are rejected with `reason`. */
  break(reason: Error): void;
}

interface Waiter {
  readonly resolve: (release: () => void) => void;
  readonly reject: (reason: Error) => void;
}

/** Makes a lock that nobody holds. */
export function createGcodeLock(): GcodeLock {
  const waiting: Waiter[] = [];
  const watchers = new Set<() => void>();
  let held = false;
  let broken: Error | null = null;

  const grant = (): (() => void) => {
    held = true;
    let isMine = true;
    return () => {
      if (!isMine) return;
      isMine = false;
      const next = waiting.shift();
      if (next !== undefined) return next.resolve(grant());
      held = false;
      for (const watcher of watchers) watcher();
      watchers.clear();
    };
  };

  return {
    get isHeld() {
      return held;
    },
    acquire: () => {
      if (broken !== null) return Promise.reject(broken);
      if (!held) return Promise.resolve(grant());
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    whenFree: () => (held ? new Promise((resolve) => watchers.add(resolve)) : Promise.resolve()),
    break: (reason) => {
      broken = reason;
      for (const waiter of waiting.splice(0)) waiter.reject(reason);
      for (const watcher of watchers) watcher();
      watchers.clear();
    },
  };
}
