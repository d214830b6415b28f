// What any virtual service can be told to do wrong with an answer.
import type { ServerResponse } from 'node:http';
import { sendJson } from './loopback-service.ts';

/**
 * `bad-gateway` is a 502 with a web page, `not-found` a 404 with one, `html` a web page with 200, `hang` never answers,
 * `reset` closes the connection, `cut-json` stops in the middle, `wrong-types` and `missing-field` are whole JSON of the
 * wrong shape.
 */
export type AnswerFault =
  | 'bad-gateway'
  | 'not-found'
  | 'html'
  | 'hang'
  | 'reset'
  | 'cut-json'
  | 'wrong-types'
  | 'missing-field';

const page = '<!doctype html><html><head><title>Oops</title></head><body>nothing here</body></html>';

/**
 * Answers in the manner of the fault.
 * @param good what would have been answered
 * @returns the status that was sent, or null when there was no whole answer
 */
export function spoilAnswer(
  response: ServerResponse,
  fault: AnswerFault,
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
  }
}
