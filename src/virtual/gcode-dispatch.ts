// Runs G-code scripts one line after the other under the lock, as Klipper's dispatcher does, and speaks its output.
import { type GcodeCommand, parseGcodeLine, VirtualGcodeError } from './gcode-line.ts';
import { createGcodeLock, type GcodeLock } from './gcode-lock.ts';

/** What a command does. Refuses with a VirtualGcodeError. */
export type GcodeHandler = (command: GcodeCommand) => Promise<void> | void;

/** How a command is known. */
export interface GcodeEntry {
  readonly handler: GcodeHandler;
  /** Also works in `shutdown` and `error`. */
  readonly whenNotReady: boolean;
  /** As `gcode/help` shows it; '' for none. */
  readonly help: string;
}

/** The dispatcher of one life. */
export interface GcodeDispatch {
  readonly lock: GcodeLock;
  register(name: string, handler: GcodeHandler, help?: string, whenNotReady?: boolean): void;
  /** Moves a command to a new name, as `rename_existing` does. */
  rename(from: string, to: string): void;
  /** All commands that can be run now. */
  commands(): ReadonlyMap<string, GcodeEntry>;
  /** Runs a script under the lock. Rejects with VirtualGcodeError; the first error ends the script. */
  run(script: string): Promise<void>;
  /** Runs a script from inside a command: the lock is already held. */
  runInside(script: string): Promise<void>;
  /** One line of output as it is. */
  respondRaw(line: string): void;
  /** Output with `// ` before each line. */
  respondInfo(text: string): void;
}

/** What the dispatcher needs. */
export interface GcodeDispatchDeps {
  readonly onOutput: (line: string) => void;
  /** Klipper's state text while commands are refused; null while ready. */
  readonly refusal: () => string | null;
  /** Called for each command about to run. */
  readonly onCommand: (name: string) => void;
}

/** Makes a dispatcher without commands. */
export function createGcodeDispatch(deps: GcodeDispatchDeps): GcodeDispatch {
  const entries = new Map<string, GcodeEntry>();
  const lock = createGcodeLock();

  const respondRaw = (line: string) => deps.onOutput(line);
  const respondInfo = (text: string) => {
    const lines = text.trim().split('\n');
    respondRaw(`// ${lines.map((line) => line.trim()).join('\n// ')}`);
  };
  const respondError = (message: string) => {
    const lines = message.trim().split('\n');
    if (lines.length > 1) respondInfo(message);
    respondRaw(`!! ${(lines[0] ?? '').trim()}`);
  };

  const runLine = async (line: string) => {
    const command = parseGcodeLine(line);
    const entry = entries.get(command.name);
    const refusal = deps.refusal();
    if (refusal !== null && entry?.whenNotReady !== true && command.name !== 'M105') {
      throw new VirtualGcodeError(refusal);
    }
    if (command.name === '') return;
    deps.onCommand(command.name);
    if (entry !== undefined) return await entry.handler(command);
    respondInfo(`Unknown command:"${command.name}"`);
  };

  const runInside = async (script: string) => {
    for (const line of script.split('\n')) {
      try {
        await runLine(line);
      } catch (error) {
        // Every level that a refusal passes says it once more: so does Klipper.
        if (error instanceof VirtualGcodeError) respondError(error.message);
        throw error;
      }
    }
  };

  return {
    lock,
    register: (name, handler, help = '', whenNotReady = false) => {
      entries.set(name, { handler, whenNotReady, help });
    },
    rename: (from, to) => {
      const entry = entries.get(from);
      if (entry === undefined) throw new Error(`there is no command ${from} to rename`);
      entries.delete(from);
      entries.set(to, { ...entry, help: `Renamed builtin of '${from}'` });
    },
    commands: () => {
      if (deps.refusal() === null) return entries;
      return new Map([...entries].filter(([, entry]) => entry.whenNotReady));
    },
    run: async (script) => {
      const release = await lock.acquire();
      try {
        await runInside(script);
      } finally {
        release();
      }
    },
    runInside,
    respondRaw,
    respondInfo,
  };
}
