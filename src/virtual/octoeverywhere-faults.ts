// What the virtual OctoEverywhere can be told to do wrong.
import type { ServerResponse } from 'node:http';
import { type AnswerFault, spoilAnswer } from './answer-faults.ts';
import { sendJson } from './loopback-service.ts';

/** HTTP status of each error type, as far as the reference gives one; it names the types only. */
export const errorStatus = {
  OE_BAD_ARGS: 400,
  OE_ARGS_PARSE_FAILED: 400,
  OE_CONTEXT_RATE_LIMITED: 429,
  OE_IMAGE_DECODE_FAILED: 400,
  OE_INVALID_API_KEY: 401,
  OE_API_KEY_DISABLED: 403,
  OE_API_KEY_BLOCKED_PAYMENT_FAILED: 402,
  OE_BACKEND_THROTTLED: 503,
  OE_INTERNAL_ERROR: 500,
} as const;

/** The service's own words for no. */
export type ErrorType = keyof typeof errorStatus;

/** Error types are sent as the service would. */
export type ServiceFault = 'none' | ErrorType | AnswerFault;

/** An error in the service's own form. */
export function errorBody(type: ErrorType, details: string): { ErrorType: ErrorType; ErrorDetails: string } {
  return { ErrorType: type, ErrorDetails: details };
}

/**
 * Answers in the manner of the fault.
 * @param good what would have been answered
 * @returns the status that was sent, or null when there was no whole answer
 */
export function misbehave(
  response: ServerResponse,
  fault: Exclude<ServiceFault, 'none'>,
  good: Readonly<Record<string, unknown>>,
): number | null {
  if (!isErrorType(fault)) return spoilAnswer(response, fault, good);
  sendJson(response, errorStatus[fault], errorBody(fault, 'as it was told to'));
  return errorStatus[fault];
}

function isErrorType(fault: Exclude<ServiceFault, 'none'>): fault is ErrorType {
  return fault in errorStatus;
}
