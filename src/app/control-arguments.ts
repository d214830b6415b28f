// Reads the arguments of requests: untrusted, from macros as text, from programs as JSON.
import * as v from 'valibot';
import { ControlError } from '../core/errors.ts';

const isTrue = ['1', 'true', 'yes', 'on'];
const isFalse = ['0', 'false', 'no', 'off'];

/** True or False in JSON, or as Klipper's macros write them. */
export const flagArgument = v.pipe(
  v.union([v.boolean(), v.number(), v.string()], '1 or 0'),
  v.check((value) => [...isTrue, ...isFalse].includes(String(value).toLowerCase()), '1 or 0'),
  v.transform((value) => isTrue.includes(String(value).toLowerCase())),
);

/** A number from `min` to `max`, in JSON or as text. */
export function numberArgument(min: number, max: number) {
  const allowed = `a number from ${min} to ${max}`;
  return v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,9}(\.\d{1,3})?$/), v.transform(Number))], allowed),
    v.minValue(min, allowed),
    v.maxValue(max, allowed),
  );
}

/** One of a few words. */
export function wordArgument<const Words extends readonly string[]>(words: Words) {
  return v.picklist(words, words.join(', '));
}

/** The id of an incident. */
export const incidentArgument = v.pipe(
  v.string('an id such as 2s8n1'),
  v.regex(/^[a-z0-9-]{1,64}$/, 'an id such as 2s8n1'),
);

/** Longest piece of somebody's text that is shown back. */
const maxShown = 60;

/**
 * Reads the arguments of one method.
 * @throws ControlError CONTROL_BAD_ARGUMENT that names the first argument which is wrong
 */
export function readArguments<Schema extends v.GenericSchema>(
  method: string,
  schema: Schema,
  params: unknown,
): v.InferOutput<Schema> {
  // Moonraker leaves out empty arguments; a macro gives null for what is not set.
  const given = params ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw badArgument(`${method}: the arguments must be an object such as {"name": 1}`);
  }
  const result = v.safeParse(schema, given);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const name = shown(issue.path?.map(({ key }) => String(key)).join('.') ?? '');
  if (issue.type === 'strict_object') {
    const isMissing = issue.received === 'undefined';
    throw badArgument(
      isMissing ? `${method}: ${name} is missing` : `${method}: there is no argument ${name}`,
    );
  }
  throw badArgument(`${method}: ${name}: found ${found(issue.input)}, allowed: ${issue.message}`);
}

function found(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return shown(typeof value === 'string' ? JSON.stringify(value) : String(value));
}

function shown(text: string): string {
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
}

function badArgument(message: string): ControlError {
  return new ControlError(message, {
    code: 'CONTROL_BAD_ARGUMENT',
    retry: 'never',
    hint: 'docs/api.md lists every method with its arguments.',
  });
}
