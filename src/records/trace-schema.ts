// Reads a trace back. It may be cut anywhere (a power cut, a killed process) or be anybody's file (a zip from a bug report).
import * as v from 'valibot';
import { RecordError } from '../core/errors.ts';
import type { RecordedStep, Trace, TraceFrame, TracePart } from '../core/trace.ts';
import type { DecideOptions, Effect, WatchState } from '../core/watch-state.ts';
import { inputSchema, optionFields, stateFields } from './core-schemas.ts';
import { frameNamePattern } from './files.ts';
import { momentSchema } from './incident-schemas.ts';
import { traceFormat } from './trace-lines.ts';

/** Lines of a trace at most: what a print of days makes in the longest ring stays far below. */
const maxLines = 200_000;

const begin = v.object({
  kind: v.literal('begin'),
  format: v.literal(traceFormat),
  why: v.picklist(['start', 'rotation', 'gap']),
  program: v.string(),
  bootId: v.string(),
  at: momentSchema,
  // What a later version has more of it takes from its own defaults.
  options: v.looseObject(v.partial(v.object(optionFields)).entries),
  state: v.looseObject(v.partial(v.object(stateFields)).entries),
});
const step = v.object({
  kind: v.literal('step'),
  at: momentSchema,
  input: inputSchema,
  effects: v.array(v.looseObject({ kind: v.string() })),
  gate: v.nullable(v.string()),
  verdict: stateFields.verdict,
  evidenceMs: v.number(),
  incident: v.nullable(v.string()),
  level: v.nullable(v.picklist(['warning', 'failing'])),
});
const frame = v.object({
  kind: v.literal('frame'),
  at: momentSchema,
  name: v.pipe(v.string(), v.regex(frameNamePattern)),
  width: v.number(),
  height: v.number(),
  camera: v.string(),
});
const line = v.variant('kind', [begin, step, frame]);

/**
 * The trace in this text. Lines that are cut off are counted and left out; a new part begins after them.
 * @param what names the file in an error
 * @throws RecordError RECORD_UNREADABLE for a line that is whole and yet none of ours, and where there is no step at all
 */
export function readTrace(text: string, what: string): Trace {
  const parts: { begin: TracePart['begin']; steps: RecordedStep[] }[] = [];
  const frames: TraceFrame[] = [];
  let cutLines = 0;
  let lastFrame: string | null = null;
  const lines = text.split('\n');
  if (lines.length > maxLines) throw unreadable(what, `it has more than ${maxLines} lines`);
  for (const [index, raw] of lines.entries()) {
    if (raw === '') continue;
    const value = parse(raw);
    if (value === undefined) {
      cutLines += 1;
      continue;
    }
    const read = v.safeParse(line, value);
    if (!read.success) throw unreadable(what, `line ${index + 1}: ${v.summarize(read.issues)}`);
    const { output } = read;
    switch (output.kind) {
      case 'begin':
        // A file of the ring that goes on where the one before it ended.
        if (output.why === 'rotation' && parts.length > 0) break;
        parts.push({ begin: toBegin(output), steps: [] });
        break;
      case 'frame':
        frames.push(output);
        lastFrame = output.name;
        break;
      case 'step':
        // Steps before the first state are of no use: nobody can tell what they came upon.
        parts.at(-1)?.steps.push({
          ...output,
          effects: output.effects as unknown as readonly Effect[],
          frame:
            output.input.kind === 'frame-assessed' || output.input.kind === 'frame-missed' ? lastFrame : null,
        });
        lastFrame = null;
        break;
    }
  }
  if (parts.every(({ steps }) => steps.length === 0)) throw unreadable(what, 'no step is recorded in it');
  return { parts, frames, cutLines };
}

/** Fields that are not there are left out rather than undefined: they must not hide the defaults. */
function toBegin(read: v.InferOutput<typeof begin>): TracePart['begin'] {
  return {
    ...read,
    options: read.options as Partial<DecideOptions>,
    state: read.state as Partial<WatchState>,
  };
}

function parse(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}

function unreadable(what: string, why: string): RecordError {
  return new RecordError(`${what} is no trace that can be read: ${why}`, {
    code: 'RECORD_UNREADABLE',
    retry: 'never',
    hint: 'It may be from another version of moonraker-lookout, or not from it at all.',
  });
}
