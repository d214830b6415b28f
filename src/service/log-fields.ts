// Turns whatever is handed to the log as fields into small, plain JSON values: errors flat, secrets out, nothing endless.
import { LookoutError } from '../core/errors.ts';

const maxTextLength = 1_000;
const maxItems = 20;
const maxDepth = 4;
const maxCauses = 5;

type Hide = (text: string) => string;

/** Fields ready to be serialised: no errors, no cycles, nothing that throws. */
export type PlainFields = Record<string, unknown>;

/**
 * Makes fields plain. An error under `error` becomes `error`, `code`, `hint` and `cause` (the chain, nearest first); under
 * another name these get that name in front. Texts are cut only after `hide` has taken the secrets out.
 */
export function plainFields(fields: Record<string, unknown>, hide: Hide): PlainFields {
  const plain: PlainFields = {};
  for (const name of Object.keys(fields).slice(0, maxItems)) {
    const value = read(fields, name);
    if (value === undefined) continue;
    const parts = value instanceof Error ? errorParts(name, value, hide) : { [name]: value };
    for (const [key, part] of Object.entries(parts)) {
      // What the caller says itself goes before what its error says.
      if (key !== name && Object.hasOwn(fields, key)) continue;
      plain[hide(key)] = toPlain(part, hide, 0);
    }
  }
  return plain;
}

/** The code that makes two lines the same trouble; '' when there is none. */
export function codeOf(fields: Record<string, unknown>): string {
  const error = read(fields, 'error');
  const code = read(fields, 'code') ?? (error instanceof Error ? ownCode(error) : undefined);
  return typeof code === 'string' || typeof code === 'number' ? String(code) : '';
}

function errorParts(name: string, error: Error, hide: Hide): Record<string, string> {
  const isUsual = name === 'error';
  const key = (part: string) => (isUsual ? part : `${name}.${part}`);
  const parts: Record<string, string> = { [name]: errorText(error) };
  const code = ownCode(error);
  if (code !== undefined) parts[key('code')] = code;
  if (error instanceof LookoutError && error.hint !== '') parts[key('hint')] = error.hint;
  const causes = causesOf(error, hide);
  if (causes.length > 0) parts[key('cause')] = causes.join(' ← ');
  // An error without a code is a defect of ours more often than not: say where.
  if (code === undefined) {
    const frame = error.stack?.split('\n').find((line) => /^\s+at /.test(line));
    if (frame !== undefined) parts[key('at')] = frame.trim().slice('at '.length);
  }
  return parts;
}

function errorText(error: Error): string {
  // Node reports "all addresses refused" as an AggregateError without a message of its own.
  const inner = error instanceof AggregateError ? error.errors[0] : undefined;
  const message = error.message === '' && inner instanceof Error ? inner.message : error.message;
  return error instanceof LookoutError ? message : `${error.name}: ${message}`;
}

function causesOf(error: Error, hide: Hide): string[] {
  const texts: string[] = [];
  let cause: unknown = error.cause;
  while (cause !== undefined && cause !== null && texts.length < maxCauses) {
    if (!(cause instanceof Error)) {
      texts.push(typeof cause === 'string' ? cause : JSON.stringify(toPlain(cause, hide, 0)));
      break;
    }
    const code = ownCode(cause);
    texts.push(code === undefined ? errorText(cause) : `${errorText(cause)} (${code})`);
    cause = cause.cause;
  }
  return texts;
}

function ownCode(error: Error): string | undefined {
  // A DOMException's code is a number that nobody knows; its name says the same.
  const code = 'code' in error && !(error instanceof DOMException) ? error.code : undefined;
  return typeof code === 'string' || typeof code === 'number' ? String(code) : undefined;
}

function toPlain(value: unknown, hide: Hide, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return cut(hide(value));
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
      return value;
    case 'bigint':
      return String(value);
    case 'object':
      return value === null ? null : objectToPlain(value, hide, depth);
    default:
      return `(${typeof value})`;
  }
}

function objectToPlain(value: object, hide: Hide, depth: number): unknown {
  if (value instanceof Error) return cut(hide([errorText(value), ...causesOf(value, hide)].join(' ← ')));
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} bytes)`;
  if (value instanceof URL) return cut(hide(value.href));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '(no date)' : value.toISOString();
  if (depth >= maxDepth) return '(deeper)';
  if (Array.isArray(value) || value instanceof Set) {
    return [...value].slice(0, maxItems).map((item) => toPlain(item, hide, depth + 1));
  }
  const plain: Record<string, unknown> = {};
  for (const name of Object.keys(value).slice(0, maxItems)) {
    const item = read(value, name);
    if (item !== undefined) plain[hide(name)] = toPlain(item, hide, depth + 1);
  }
  return plain;
}

/** A property's value; a getter that throws must not take the log down. */
function read(from: object, name: string): unknown {
  try {
    return Reflect.get(from, name);
  } catch {
    return '(unreadable)';
  }
}

function cut(text: string): string {
  return text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text;
}
