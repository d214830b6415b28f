// The API described for programs (OpenAPI 3.1). A test holds it against the routes that there are.

/** The document. */
export function openApi(version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'moonraker-lookout',
      version,
      description:
        "Pictures, states and actions of the prints being watched. Look from a trusted address; act with Moonraker's API key as X-Api-Key. Every path takes ?printer=NAME where several are watched.",
    },
    components: {
      securitySchemes: {
        moonrakerKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
        moonrakerToken: { type: 'http', scheme: 'bearer' },
      },
      schemas: { Error: errorSchema, State: stateSchema },
    },
    paths: Object.fromEntries(Object.entries(paths).map(([path, methods]) => [path, methods])),
  };
}

const errorSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'hint'],
      properties: { code: { type: 'string' }, message: { type: 'string' }, hint: { type: 'string' } },
    },
  },
};

const stateSchema = {
  type: 'object',
  required: ['printer', 'nowMs', 'glance', 'print', 'verdict', 'camera', 'backend'],
  properties: {
    printer: { type: 'string' },
    nowMs: { type: 'number', description: 'Unix ms by the clock of the host' },
    glance: {
      type: 'object',
      properties: {
        mood: { enum: ['fine', 'resting', 'watch-out', 'look-here', 'cannot-see'] },
        title: { type: 'string' },
        text: { type: 'string' },
      },
    },
    verdict: { enum: ['clear', 'watching', 'warning', 'failing'] },
    mode: { enum: ['act', 'shadow'] },
    question: {
      type: ['object', 'null'],
      description: 'What shadow mode wants to know now that its print is over: answer right or wrong',
      properties: {
        id: { type: 'string' },
        title: { type: 'string' },
        lines: { type: 'array', items: { type: 'string' } },
        answers: { type: 'array', items: { enum: ['right', 'wrong'] } },
      },
    },
    backend: {
      type: 'object',
      properties: {
        name: { type: 'string' },
        health: { enum: ['good', 'fault', 'unknown'] },
        budget: {
          type: ['object', 'null'],
          description: 'Counted calls of this month; null where the service does not count',
          properties: {
            month: { type: 'string', description: 'UTC, such as 2026-07' },
            used: { type: 'integer' },
            limit: { type: ['integer', 'null'], description: 'null: no limit is set' },
            costUsd: { type: ['number', 'null'], description: "By the service's list of prices" },
          },
        },
      },
    },
  },
};

const failureAnswer = {
  description: 'Refused or failed',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
};

function answers(type: string, description: string, schema: object = {}) {
  return { '200': { description, content: { [type]: { schema } } }, default: failureAnswer };
}

function read(summary: string, type = 'application/json', schema: object = {}) {
  return { get: { summary, responses: answers(type, summary, schema) } };
}

function act(summary: string, properties: object = {}, required: readonly string[] = []) {
  return {
    post: {
      summary,
      security: [{ moonrakerKey: [] }, { moonrakerToken: [] }],
      requestBody: {
        content: { 'application/json': { schema: { type: 'object', properties, required } } },
      },
      responses: answers('application/json', 'Done', { type: 'object' }),
    },
  };
}

const text = { type: 'string' };

const paths = {
  '/healthz': read('The server answers', 'text/plain'),
  '/metrics': read('Figures for Prometheus', 'text/plain'),
  '/snapshot.jpg': read(
    'The newest picture with what was found drawn in; with ?look the last that was judged',
    'image/jpeg',
  ),
  '/stream': read('Drawn pictures, one a second', 'multipart/x-mixed-replace'),
  '/api/v1/picture': read('The newest picture as the camera sends it', 'image/jpeg'),
  '/api/v1/state': read('One printer at this moment', 'application/json', {
    $ref: '#/components/schemas/State',
  }),
  '/api/v1/printers': read('All printers at this moment'),
  '/api/v1/track': read('The course of the print'),
  '/api/v1/incidents': read('Warnings and failures, the newest first'),
  '/api/v1/incidents/{id}': read('One of them with everything that was decided'),
  '/api/v1/incidents/{id}/export': read('Everything of it', 'application/zip'),
  '/api/v1/incidents/{id}/pictures/{name}': read('picture.jpg, or a frame by its name', 'image/jpeg'),
  '/api/v1/incidents/{id}/label': act('Say what an incident that is over really was', { answer: text }, [
    'answer',
  ]),
  '/api/v1/prints': read('Prints, the newest first'),
  '/api/v1/prints/{id}': read('A print and its course'),
  '/api/v1/masks': {
    ...read('Areas that are not judged, and the version of the file that holds them'),
    ...act('Change them', { areas: { type: 'array' }, version: text }, ['areas', 'version']),
  },
  '/api/v1/events': read('Changes as they happen: events `state` and `track`', 'text/event-stream'),
  '/api/v1/settings': read('Settings in force and where they come from; secrets are never shown'),
  '/api/v1/session': read('What a page needs to act'),
  '/api/v1/openapi.json': read('This document'),
  '/api/v1/login': act('Log in as a Moonraker user or with the API key', {
    username: text,
    password: text,
    apiKey: text,
  }),
  '/api/v1/logout': act('End the login of this browser'),
  '/api/v1/actions/mute': act('Say nothing and do nothing for some minutes, or for this print', {
    minutes: { type: 'number' },
    scope: text,
  }),
  '/api/v1/actions/unmute': act('End the mute'),
  '/api/v1/actions/watch': act('Switch watching on or off', { enable: { type: 'boolean' } }),
  '/api/v1/actions/pause': act('Pause the print'),
  '/api/v1/actions/resume': act('Resume the print'),
  '/api/v1/actions/cancel': act('Cancel the print'),
  '/api/v1/actions/answer': act('Answer an incident', { answer: text, incidentId: text }, ['answer']),
} as const;
