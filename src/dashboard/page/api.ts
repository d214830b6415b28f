// Talks to the server that gave us this page: facts, pictures, actions, and news as they happen.
import type { ErrorFacts, PrinterState, SessionFacts } from '../view.ts';

/** What the server refused, or that it cannot be reached. */
export class ApiError extends Error {
  readonly code: string;
  readonly hint: string;
  constructor({ code, message, hint }: ErrorFacts['error']) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** The printer that this page is about; null where it is the only one, or all of them. */
export const printerName = new URLSearchParams(location.search).get('printer');
let session: SessionFacts | null = null;

/** The address of a route, for the printer that this page is about. */
export function route(path: string, query: Readonly<Record<string, string>> = {}): string {
  const all = new URLSearchParams(query);
  if (printerName !== null) all.set('printer', printerName);
  const text = all.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Who we are to the server. */
export async function openSession(): Promise<SessionFacts> {
  session = (await fetchJson('/api/v1/session')) as SessionFacts;
  return session;
}

/** Facts of one kind. Throws ApiError. */
export async function get<Facts>(path: string, query: Readonly<Record<string, string>> = {}): Promise<Facts> {
  return (await fetchJson(route(path, query))) as Facts;
}

/** Carries out an action and returns what it came to. A page that has grown old takes a new token once. Throws ApiError. */
export async function post<Result>(path: string, body: object): Promise<Result> {
  try {
    return await postOnce(path, body);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'BAD_TOKEN') throw error;
    await openSession();
    return postOnce(path, body);
  }
}

/** A picture of the camera and when it was taken. Throws ApiError. */
export async function fetchPicture(
  signal: AbortSignal,
): Promise<{ readonly blob: Blob; readonly atMs: number }> {
  const response = await reach(route('/api/v1/picture'), { signal });
  if (!response.ok) throw await readError(response);
  return { blob: await response.blob(), atMs: Number(response.headers.get('X-Frame-At') ?? 0) };
}

/** What is told as it happens. */
export interface News {
  onState(state: PrinterState): void;
  /** The course of the print has grown. */
  onTrack(): void;
  onConnected(isConnected: boolean): void;
}

/** Listens until the returned function is called. The browser connects again by itself. */
export function listen(news: News): () => void {
  const events = new EventSource(route('/api/v1/events'));
  events.addEventListener('open', () => news.onConnected(true));
  events.addEventListener('error', () => news.onConnected(false));
  events.addEventListener('state', ({ data }) => news.onState(JSON.parse(data) as PrinterState));
  events.addEventListener('track', () => news.onTrack());
  return () => events.close();
}

async function postOnce<Result>(path: string, body: object): Promise<Result> {
  const answer = (await fetchJson(route(path), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Lookout-Token': session?.token ?? '' },
    body: JSON.stringify(body),
  })) as { readonly result: Result };
  return answer.result;
}

async function fetchJson(url: string, init: RequestInit = {}): Promise<unknown> {
  const response = await reach(url, init);
  if (!response.ok) throw await readError(response);
  return response.json();
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, cache: 'no-store' });
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new ApiError({ code: 'AWAY', message: 'Lookout cannot be reached', hint: 'Trying again.' });
  }
}

async function readError(response: Response): Promise<ApiError> {
  try {
    return new ApiError(((await response.json()) as ErrorFacts).error);
  } catch {
    return new ApiError({
      code: String(response.status),
      message: `the server says ${response.status}`,
      hint: '',
    });
  }
}
