// Server-sent events: what changes goes out to every open page, made once for all; a page that does not read is dropped.
import type { ServerResponse } from 'node:http';

/** Open answers that go on for as long as somebody looks. */
export interface OpenStreams {
  /** True while another one may be opened. */
  hasRoom(): boolean;
  /** Counts the answer until it ends. */
  add(response: ServerResponse): void;
  readonly count: number;
  /** Ends them all. */
  close(): void;
}

/** Event streams and picture streams together. */
export const maxStreams = 20;
/** Bytes that wait for one page; a phone that has gone to sleep does not fill our memory. */
const maxWaitingBytes = 512 * 1024;
const keepAliveMs = 15_000;
/** Changes come in bursts: what happens within this time goes out as one. */
const gatherMs = 100;

/** No stream is open. */
export function createOpenStreams(): OpenStreams {
  const open = new Set<ServerResponse>();
  return {
    hasRoom: () => open.size < maxStreams,
    add: (response) => {
      open.add(response);
      response.once('close', () => open.delete(response));
    },
    get count() {
      return open.size;
    },
    close: () => {
      for (const response of open) response.destroy();
    },
  };
}

/** An event as it goes out. `data` is called once for all pages, and not at all while there is none. */
export interface PageEvent {
  readonly name: string;
  readonly data: () => unknown;
}

/** The event streams of one printer. */
export interface EventFeed {
  /** Takes over the answer and begins it with these events. */
  open(response: ServerResponse, first: readonly PageEvent[]): void;
  /** Sends the event to everybody soon; a later one of the same name replaces it until then. */
  send(event: PageEvent): void;
  close(): void;
}

/** Feeds that keep no timer while nobody looks. */
export function createEventFeed(): EventFeed {
  const open = new Set<ServerResponse>();
  const waiting = new Map<string, PageEvent>();
  let gathering: NodeJS.Timeout | null = null;
  let alive: NodeJS.Timeout | null = null;

  const writeAll = (text: string) => {
    for (const response of open) {
      if (response.writableLength > maxWaitingBytes) response.destroy();
      else response.write(text);
    }
  };
  const flush = () => {
    gathering = null;
    const events = [...waiting.values()];
    waiting.clear();
    if (open.size > 0) writeAll(events.map(eventText).join(''));
  };
  const leave = (response: ServerResponse) => {
    open.delete(response);
    if (open.size > 0 || alive === null) return;
    clearInterval(alive);
    alive = null;
  };
  return {
    open: (response, first) => {
      open.add(response);
      response.once('close', () => leave(response));
      response.on('error', () => {});
      alive ??= setInterval(() => writeAll(': alive\n\n'), keepAliveMs).unref();
      response.writeHead(200, {
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-store',
        // nginx holds events back otherwise.
        'X-Accel-Buffering': 'no',
      });
      response.write(`retry: 2000\n\n${first.map(eventText).join('')}`);
    },
    send: (event) => {
      if (open.size === 0) return;
      waiting.set(event.name, event);
      gathering ??= setTimeout(flush, gatherMs).unref();
    },
    close: () => {
      if (gathering !== null) clearTimeout(gathering);
      if (alive !== null) clearInterval(alive);
      for (const response of open) response.destroy();
    },
  };
}

function eventText({ name, data }: PageEvent): string {
  return `event: ${name}\ndata: ${JSON.stringify(data())}\n\n`;
}
