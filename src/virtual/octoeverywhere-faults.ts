// What the virtual OctoEverywhere can be told to do wrong.
import type { ServerResponse } from 'node:http';

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

/**
 * Error types are sent as the service would. `bad-gateway` is a 502 with a web page, `not-found` a 404 with one, `html` a
 * web page with 200, `hang` never answers, `reset` closes the connection, `cut-json` stops in the middle,
 * `wrong-types` and `missing-field` are whole JSON of the wrong shape.
 */
export type ServiceFault =
  | 'none'
  | ErrorType
  | 'bad-gateway'
  | 'not-found'
  | 'html'
  | 'hang'
  | 'reset'
  | 'cut-json'
  | 'wrong-types'
  | 'missing-field';

const page = '<!doctype html><html><head><title>Oops</title></head><body>nothing here</body></html>';

/** An error in the service's own form. */
export function errorBody(type: ErrorType, details: string): { ErrorType: ErrorType; ErrorDetails: string } {
  return { ErrorType: type, ErrorDetails: details };
}

/** Sends JSON. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(value));
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
  const sendPage = (status: number) => {
    response.writeHead(status, { 'Content-Type': 'text/html' });
    response.end(page);
    return status;
  };
  switch (fault) {
    case 'bad-gateway':
      return sendPage(502);
    case 'not-found':
      return sendPage(404);
    case 'html':
      return sendPage(200);
    case 'hang':
      return null;
    case 'reset':
      response.destroy();
      return null;
    case 'cut-json': {
      const text = JSON.stringify(good);
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(text.slice(0, -4));
      return 200;
    }
    case 'wrong-types':
      sendJson(response, 200, Object.fromEntries(Object.entries(good).map(([key, value]) => [key, [value]])));
      return 200;
    case 'missing-field':
      sendJson(response, 200, Object.fromEntries(Object.entries(good).slice(1)));
      return 200;
    default:
      sendJson(response, errorStatus[fault], errorBody(fault, 'as it was told to'));
      return errorStatus[fault];
  }
}
