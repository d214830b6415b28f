// What the demo writes: plain lines, and one line at the bottom that is rewritten where the terminal can.

/** A terminal. */
export interface DemoTerminal {
  say(line: string): void;
  /** Rewrites the bottom line; without a terminal, writes it when it has changed and 5 s have passed. */
  live(line: string): void;
  /** Leaves the bottom line standing. */
  endLive(): void;
}

const headlessEveryMs = 5_000;

/** Writes to `stdout`; `isHeadless` forces plain lines. */
export function createDemoTerminal(stdout: NodeJS.WriteStream, isHeadless: boolean): DemoTerminal {
  const canRewrite = !isHeadless && stdout.isTTY === true;
  let lastLine = '';
  let lastMs = 0;
  return {
    say: (line) => {
      stdout.write(`${line}\n`);
    },
    live: (line) => {
      if (canRewrite) {
        const width = stdout.columns ?? 80;
        const fitting = line.length >= width ? `${line.slice(0, width - 2)}…` : line;
        stdout.write(`\r${fitting}\u001b[K`);
        return;
      }
      const nowMs = performance.now();
      if (line === lastLine || nowMs - lastMs < headlessEveryMs) return;
      lastLine = line;
      lastMs = nowMs;
      stdout.write(`${line}\n`);
    },
    endLive: () => {
      stdout.write(canRewrite ? '\n\n' : '\n');
    },
  };
}
