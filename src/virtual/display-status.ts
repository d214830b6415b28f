// Klipper's display_status and respond: M73, M117, and the lines that RESPOND and M118 put on the console.
import type { GcodeDispatch } from './gcode-dispatch.ts';
import { numberParam, textParam, VirtualGcodeError } from './gcode-line.ts';

/** What the module needs. */
export interface DisplayStatusDeps {
  readonly gcode: GcodeDispatch;
  readonly now: () => number;
  readonly isIdle: () => boolean;
  readonly fileProgress: () => number;
}

/** An M73 counts for this many seconds, and longer while the machine works. */
const progressHoldS = 5;

const prefixes: Readonly<Record<string, string>> = {
  echo: 'echo: ',
  command: '// ',
  error: '!! ',
  echo_no_space: 'echo:',
};

/** Registers M73, M117, SET_DISPLAY_TEXT, M118 and RESPOND; returns the status of `display_status`. */
export function createDisplayStatus(deps: DisplayStatusDeps): () => Record<string, unknown> {
  const { gcode } = deps;
  let message: string | null = null;
  let progress: number | null = null;
  let expiresS = 0;

  gcode.register('M73', (command) => {
    progress = Math.min(1, Math.max(0, numberParam(command, 'P', 0) / 100));
    expiresS = deps.now() + progressHoldS;
  });
  gcode.register('M117', (command) => {
    message = command.raw === '' ? null : command.raw;
  });
  gcode.register('SET_DISPLAY_TEXT', (command) => {
    const text = textParam(command, 'MSG', '');
    message = text === '' ? null : text;
  });
  gcode.register('M118', (command) => gcode.respondRaw(`echo: ${command.raw}`), '', true);
  gcode.register(
    'RESPOND',
    (command) => {
      const type = textParam(command, 'TYPE', 'echo').toLowerCase();
      const prefix = prefixes[type];
      if (prefix === undefined) {
        throw new VirtualGcodeError(
          `RESPOND TYPE '${type}' is invalid. Must be one of 'echo', 'command', or 'error'`,
        );
      }
      const own = command.params['PREFIX'];
      gcode.respondRaw(`${own === undefined ? prefix : `${own} `}${textParam(command, 'MSG', '')}`);
    },
    'Echo the message prepended with a prefix',
    true,
  );

  return () => {
    if (progress !== null && deps.now() > expiresS && deps.isIdle()) progress = null;
    return { progress: progress ?? deps.fileProgress(), message };
  };
}
