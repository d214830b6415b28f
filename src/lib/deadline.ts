// A signal that aborts with its parent or after a time limit, whichever comes first, and can be put away.

/** An abort signal with a time limit. `done()` must be called when the work has ended, or the timer lives on. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** True once the limit has passed; false when the parent aborted first. */
  readonly hasPassed: () => boolean;
  readonly done: () => void;
}

/**
 * Starts a deadline of `ms` below `parent`.
 * `AbortSignal.timeout` would do, but it cannot be cancelled: thousands of them would stay alive over a long print.
 */
export function startDeadline(ms: number, parent: AbortSignal): Deadline {
  const own = new AbortController();
  let passed = false;
  const timer = setTimeout(() => {
    passed = true;
    own.abort(new DOMException(`no answer within ${ms} ms`, 'TimeoutError'));
  }, ms);
  const onParent = () => own.abort(parent.reason);
  if (parent.aborted) onParent();
  else parent.addEventListener('abort', onParent, { once: true });
  return {
    signal: own.signal,
    hasPassed: () => passed,
    done: () => {
      clearTimeout(timer);
      parent.removeEventListener('abort', onParent);
    },
  };
}
