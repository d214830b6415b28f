// A place for the parts of one printer, which are made anew when they fail: whoever looks at them follows.

/** The place. */
export interface Seat<Parts> {
  /** The newest parts; null before the first. */
  current(): Parts | null;
  /** Puts parts in and tells. Returns them. */
  take(parts: Parts): Parts;
  /** Called with the parts that are there, and with each that come. */
  follow(listener: (parts: Parts) => void): void;
}

/** An empty place. */
export function createSeat<Parts>(): Seat<Parts> {
  const listeners: ((parts: Parts) => void)[] = [];
  let current: Parts | null = null;
  return {
    current: () => current,
    take: (parts) => {
      current = parts;
      for (const listener of listeners) listener(parts);
      return parts;
    },
    follow: (listener) => {
      listeners.push(listener);
      if (current !== null) listener(current);
    },
  };
}
