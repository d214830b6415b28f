// A webcam server on loopback with the addresses of mjpg-streamer, which can be told to fail in all the usual ways.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { singleFlight } from '../lib/single-flight.ts';
import { createRandom } from './random.ts';
import { drawScene, type PictureSize, type VirtualScene } from './scene.ts';

/**
 * `dead` resets every connection, `hang` accepts and never answers, `frozen` repeats one picture, `dark` has no light,
 * `garbage` and `html` send something else with status 200, `truncated` half a picture, `huge` 100 MB.
 */
export type WebcamFault =
  | 'none'
  | 'dead'
  | 'frozen'
  | 'dark'
  | 'error-500'
  | 'hang'
  | 'garbage'
  | 'html'
  | 'truncated'
  | 'huge'
  | 'not-found';

/** What to serve and how. */
export interface VirtualWebcamOptions {
  /** Asked for each frame. */
  readonly scene: () => VirtualScene;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Frames a second, at most; default 5. Requests between two frames get the same bytes, as from a real camera. */
  readonly fps?: number;
  /** Default 1280 × 720. */
  readonly size?: PictureSize;
  /** Answers 401 to everybody else. */
  readonly basicAuth?: { readonly username: string; readonly password: string };
  /** PEM texts: serves https. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Parts of the stream without their length, as some servers write them. Default false. */
  readonly isLengthLess?: boolean;
}

/** A running webcam. */
export interface VirtualWebcam {
  readonly baseUrl: string;
  readonly snapshotUrl: string;
  readonly streamUrl: string;
  /** Holds for new requests and for streams that are open. */
  setFault(fault: WebcamFault): void;
  /** Requests since the start, whatever was answered; refused connections count nowhere. */
  requests(): { readonly snapshot: number; readonly stream: number };
  close(): Promise<void>;
}

const boundary = 'boundarydonotcross';
const hugeBytes = 100 * 1024 * 1024;
const page = '<!DOCTYPE html>\n<html><head><title>Webcam</title></head><body>Please log in.</body></html>\n';

/** Starts the server. Rejects with Node's error when the port is taken. */
export async function startVirtualWebcam(options: VirtualWebcamOptions): Promise<VirtualWebcam> {
  const webcam = new Webcam(options);
  await webcam.listen(options.port ?? 0);
  return webcam;
}

class Webcam implements VirtualWebcam {
  baseUrl = '';
  readonly #options: VirtualWebcamOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #closed = new AbortController();
  readonly #intervalMs: number;
  readonly #counts = { snapshot: 0, stream: 0 };
  #fault: WebcamFault = 'none';
  #frame: Uint8Array | null = null;
  #drawnAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: VirtualWebcamOptions) {
    this.#options = options;
    this.#intervalMs = 1_000 / (options.fps ?? 5);
    const handle = (request: IncomingMessage, response: ServerResponse) => this.#handle(request, response);
    this.#server = options.tls === undefined ? createServer(handle) : createTlsServer(options.tls, handle);
    this.#server.on('connection', (socket: Socket) => this.#accept(socket));
  }

  get snapshotUrl(): string {
    return `${this.baseUrl}/?action=snapshot`;
  }

  get streamUrl(): string {
    return `${this.baseUrl}/?action=stream`;
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new TypeError('the server has no port');
    this.baseUrl = `${this.#options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`;
  }

  setFault(fault: WebcamFault): void {
    this.#fault = fault;
    if (fault === 'dead') for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  requests(): { snapshot: number; stream: number } {
    return { ...this.#counts };
  }

  async close(): Promise<void> {
    this.#closed.abort();
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
    if (this.#fault === 'dead') socket.resetAndDestroy();
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => {});
    const kind = kindOf(request.url ?? '/');
    if (kind !== null) this.#counts[kind] += 1;
    this.#answer(kind, request, response).catch(() => response.destroy());
  }

  async #answer(
    kind: 'snapshot' | 'stream' | null,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    // Mainsail and Fluidd fetch from another origin.
    response.setHeader('Access-Control-Allow-Origin', '*');
    if (!this.#isAllowed(request)) {
      response.setHeader('WWW-Authenticate', 'Basic realm="webcam"');
      return sendPage(response, 401);
    }
    if (this.#fault === 'hang') return;
    if (this.#fault === 'not-found' || kind === null) return sendPage(response, 404);
    if (this.#fault === 'error-500') return sendPage(response, 500);
    if (this.#fault === 'html') return sendPage(response, 200);
    if (kind === 'stream') return await this.#stream(response);
    response.setHeader('Content-Type', 'image/jpeg');
    if (this.#fault === 'huge') return await sendHuge(response);
    const picture = await this.#picture();
    response.setHeader('Content-Length', picture.length);
    response.end(picture);
  }

  #isAllowed(request: IncomingMessage): boolean {
    const { basicAuth } = this.#options;
    if (basicAuth === undefined) return true;
    const expected = Buffer.from(`${basicAuth.username}:${basicAuth.password}`).toString('base64');
    return request.headers.authorization === `Basic ${expected}`;
  }

  async #stream(response: ServerResponse): Promise<void> {
    response.setHeader('Content-Type', `multipart/x-mixed-replace;boundary=${boundary}`);
    response.write(`--${boundary}\r\n`);
    while (!response.destroyed && !this.#closed.signal.aborted) {
      // A reader that is slow misses frames; it does not get old ones.
      if (!response.writableNeedDrain && this.#fault !== 'hang') {
        if (this.#fault === 'huge') {
          response.write('Content-Type: image/jpeg\r\n\r\n');
          return await sendHuge(response);
        }
        const picture = await this.#picture();
        const length = this.#options.isLengthLess === true ? '' : `Content-Length: ${picture.length}\r\n`;
        response.write(
          `Content-Type: image/jpeg\r\n${length}X-Timestamp: ${(Date.now() / 1_000).toFixed(6)}\r\n\r\n`,
        );
        response.write(picture);
        response.write(`\r\n--${boundary}\r\n`);
      }
      await delay(this.#intervalMs, undefined, { signal: this.#closed.signal });
    }
  }

  /** What the fault makes of the current frame. */
  async #picture(): Promise<Uint8Array> {
    if (this.#fault === 'garbage') return garbage(4_096);
    const frame = await this.#current();
    return this.#fault === 'truncated' ? frame.subarray(0, frame.length >> 1) : frame;
  }

  readonly #current = singleFlight(async (): Promise<Uint8Array> => {
    const isDue = performance.now() - this.#drawnAtMs >= this.#intervalMs && this.#fault !== 'frozen';
    if (this.#frame !== null && !isDue) return this.#frame;
    this.#drawnAtMs = performance.now();
    const scene = this.#options.scene();
    this.#frame = await drawScene(
      this.#fault === 'dark' ? { ...scene, isDark: true } : scene,
      this.#options.size,
    );
    return this.#frame;
  });
}

/** mjpg-streamer's query, or camera-streamer's paths; below any folder. */
function kindOf(url: string): 'snapshot' | 'stream' | null {
  const { pathname, searchParams } = new URL(url, 'http://webcam');
  const wanted = searchParams.get('action') ?? pathname.split('/').at(-1);
  return wanted === 'snapshot' || wanted === 'stream' ? wanted : null;
}

function sendPage(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Type': 'text/html' }).end(page);
}

/** Begins like a JPEG and does not say how long it is going to be. */
async function sendHuge(response: ServerResponse): Promise<void> {
  await pipeline(Readable.from(hugeBody(), { objectMode: false }), response);
}

function* hugeBody(): Generator<Buffer> {
  yield Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex');
  const block = Buffer.alloc(64 * 1024, 0x55);
  for (let sent = 0; sent < hugeBytes; sent += block.length) yield block;
}

function garbage(length: number): Uint8Array {
  const random = createRandom(length + Date.now());
  return Uint8Array.from({ length }, () => 128 + Math.floor(random() * 127));
}
