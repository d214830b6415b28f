// Klipper's exclude_object: which parts the file names, which one is being printed, and which are left out.
import type { GcodeDispatch } from './gcode-dispatch.ts';
import { textParam, VirtualGcodeError } from './gcode-line.ts';

/** The module of one life. */
export interface ExcludeObject {
  /** True while the part that the file is in has been left out: its moves are skipped. */
  readonly isSkipping: boolean;
  reset(): void;
  status(): Record<string, unknown>;
}

interface Part {
  readonly name: string;
  readonly center?: number[];
  readonly polygon?: unknown;
}

/** Registers EXCLUDE_OBJECT and its companions. Unknown names are taken without a word, as Klipper does. */
export function createExcludeObject(gcode: GcodeDispatch): ExcludeObject {
  const parts = new Map<string, Part>();
  const excluded = new Set<string>();
  let current: string | null = null;

  const reset = () => {
    parts.clear();
    excluded.clear();
    current = null;
  };
  const readPart = (name: string, center: string | undefined, polygon: string | undefined): Part => {
    const numbers = center?.split(',').map(Number);
    let shape: unknown;
    try {
      shape = polygon === undefined ? undefined : JSON.parse(polygon);
    } catch {
      throw new VirtualGcodeError(`Malformed polygon of object ${name}`);
    }
    return {
      name,
      ...(numbers === undefined ? {} : { center: numbers }),
      ...(shape === undefined ? {} : { polygon: shape }),
    };
  };

  gcode.register('EXCLUDE_OBJECT_DEFINE', (command) => {
    if (command.params['RESET'] !== undefined) return reset();
    const name = textParam(command, 'NAME').toUpperCase();
    parts.set(name, readPart(name, command.params['CENTER'], command.params['POLYGON']));
  });
  gcode.register('EXCLUDE_OBJECT_START', (command) => {
    current = textParam(command, 'NAME').toUpperCase();
    if (!parts.has(current)) parts.set(current, { name: current });
  });
  gcode.register('EXCLUDE_OBJECT_END', () => {
    current = null;
  });
  gcode.register('EXCLUDE_OBJECT', (command) => {
    const name = command.params['NAME']?.toUpperCase();
    if (command.params['RESET'] !== undefined) {
      if (name === undefined) excluded.clear();
      else excluded.delete(name);
    } else if (name !== undefined) {
      excluded.add(name);
    } else if (command.params['CURRENT'] !== undefined) {
      if (current === null) throw new VirtualGcodeError('There is no current object to cancel');
      excluded.add(current);
    } else gcode.respondInfo(`Excluded objects: ${[...excluded].join(' ')}`);
  });

  return {
    get isSkipping() {
      return current !== null && excluded.has(current);
    },
    reset,
    status: () => ({
      objects: [...parts.values()],
      excluded_objects: [...excluded].sort(),
      current_object: current,
    }),
  };
}
