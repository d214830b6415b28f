// Reads the body of an answer: JSON or text of one exact shape, or an error that says what came instead.
import * as v from 'valibot';
import { type Asked, badAnswer } from './http-errors.ts';

/** What an answer is written in. A function reads a format of the service's own: null where the body is not in it. */
export type AnswerFormat = 'json' | 'text' | ((body: AnswerBody) => { readonly value: unknown } | null);

/** The body of an answer with its headers. */
export interface AnswerBody {
  readonly bytes: Buffer;
  /** The body as UTF-8. */
  readonly text: string;
  /** A header by its name in lower case; null where there is none. */
  readonly header: (name: string) => string | null;
}

/** Parses JSON; null where it is none. */
export function parseJson(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
}

/** True for what looks like a web page: it was written by something in between, not by the service. */
export function isWebPage(contentType: string | null, text: string): boolean {
  return /html/i.test(contentType ?? '') || /^\s*</.test(text);
}

/**
 * Reads an answer that says yes.
 * @param schema gets the parsed JSON, the text without blanks at its ends, or what the format makes of the body
 * @throws BackendError BACKEND_BAD_ANSWER for a web page, nothing, broken JSON, or another shape
 */
export function readAnswer<Answer>(
  schema: v.GenericSchema<unknown, Answer>,
  format: AnswerFormat,
  body: AnswerBody,
  asked: Asked,
  status: number,
): Answer {
  const parsed = parse(format, body);
  if (parsed === null) throw badAnswer(asked, whatInstead(body.text, body.header('content-type')), status);
  const result = v.safeParse(schema, parsed.value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue) ?? 'the whole';
  const found = asked.quote(issue.received);
  throw badAnswer(
    asked,
    `${format === 'text' ? 'text' : 'JSON'} of the wrong shape: ${where} is ${found}, expected ${issue.expected ?? issue.message}`,
    status,
  );
}

function parse(format: AnswerFormat, body: AnswerBody): { readonly value: unknown } | null {
  if (typeof format === 'function') return format(body);
  return format === 'json' ? parseJson(body.text) : { value: body.text.trim() };
}

function whatInstead(text: string, contentType: string | null): string {
  if (isWebPage(contentType, text)) return 'a web page instead of JSON';
  return text.trim() === '' ? 'an empty body instead of JSON' : 'JSON that is cut off or broken';
}
