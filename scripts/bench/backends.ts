// What each backend costs in an hour of printing at its own pace: calls, bytes, and how large a picture it sends.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings, type Settings } from '../../src/app/settings.ts';
import { type BackendName, createBackend } from '../../src/backends/registry.ts';
import { inspectJpeg } from '../../src/camera/jpeg.ts';
import { applyView } from '../../src/camera/pixels.ts';
import type { Clock, Log } from '../../src/core/ports.ts';
import type { Assessment, Job } from '../../src/core/types.ts';
import { createStore } from '../../src/records/store.ts';
import { startLoopbackService, type WholeRequest } from '../../src/virtual/loopback-service.ts';
import { startVirtualMlApi } from '../../src/virtual/ml-api.ts';
import { startVirtualOctoEverywhere } from '../../src/virtual/octoeverywhere.ts';
import { startVirtualOpenInference } from '../../src/virtual/open-inference.ts';
import { startVirtualPrintWatch } from '../../src/virtual/printwatch.ts';
import { drawScene, type PictureSize } from '../../src/virtual/scene.ts';

/** One backend, per hour of printing. Bytes are those of bodies, without headers; MB are decimal. */
export interface BackendRow {
  readonly backend: string;
  readonly 'every s': number;
  readonly 'calls/h': number;
  readonly 'MB sent/h': number;
  readonly 'MB answered/h': number;
  /** Sent of a picture of 720p. */
  readonly 'of 720p': string;
  /** Sent of a picture of 2160p. */
  readonly 'of 2160p': string;
  /** No larger one is of use. */
  readonly 'at most': string;
}

interface Service {
  readonly baseUrl: string;
  close(): Promise<void>;
  /** Lines of its section. */
  readonly settings: string;
  /** Pixels of the picture that came with a request, and bytes that were fetched for it; null where none came. */
  pictureOf(request: WholeRequest): (PictureSize & { readonly fetchedBytes: number }) | null;
  /** The largest picture of which it has any use, as the settings have it. */
  largest(settings: Settings): Partial<PictureSize>;
}

const apiKey = 'sub_bench-key';
const windowS = 600;
const toCamera = ({ camera }: Settings) => ({ height: camera.maxHeight });

/** Every backend with a service; what the built-in detector costs is benched by itself. */
type ServiceName = Exclude<BackendName, 'builtin'>;

/** The compiler asks for each of them. */
const services: Readonly<Record<ServiceName, (now: () => number) => Promise<Service>>> = {
  octoeverywhere: async (now) => ({
    ...(await startVirtualOctoEverywhere({ apiKey, now })),
    settings: `api_key: ${apiKey}`,
    pictureOf: ({ body }) => {
      const at = body.indexOf(Buffer.from([0xff, 0xd8, 0xff]));
      return at < 0 ? null : { ...inspectJpeg(body.subarray(at)), fetchedBytes: 0 };
    },
    largest: toCamera,
  }),
  printwatch: async (now) => ({
    ...(await startVirtualPrintWatch({ apiKey, now })),
    settings: `api_key: ${apiKey}`,
    pictureOf: ({ body }) => {
      const { image_array: image }: { image_array?: string } = JSON.parse(body.toString());
      return image === undefined ? null : { ...inspectJpeg(Buffer.from(image, 'base64')), fetchedBytes: 0 };
    },
    largest: toCamera,
  }),
  obico: async (now) => {
    const service = await startVirtualMlApi({ now });
    return {
      ...service,
      settings: '',
      pictureOf: () => {
        const picture = service.calls.at(-1)?.picture ?? null;
        return picture && { ...picture, fetchedBytes: picture.bytes };
      },
      largest: () => ({ width: 416, height: 416 }),
    };
  },
  'open-inference': async (now) => {
    const side = 320;
    return {
      ...(await startVirtualOpenInference({ now, side })),
      settings: 'model: strands',
      pictureOf: ({ body, headers }) => {
        const length = Number(headers['inference-header-content-length'] ?? body.length);
        if (length === 0) return null;
        const { inputs }: { inputs: [{ shape: number[] }] } = JSON.parse(body.toString('utf8', 0, length));
        const [, , height = 0, width = 0] = inputs[0].shape;
        return { width, height, fetchedBytes: 0 };
      },
      largest: () => ({ width: side, height: side }),
    };
  },
};

/** All of them, one after the other. Throws when one sends a larger picture than it has any use for. */
export async function benchBackends(): Promise<BackendRow[]> {
  const rows: BackendRow[] = [];
  for (const name of Object.keys(services) as ServiceName[]) rows.push(await benchBackend(name));
  return rows;
}

async function benchBackend(name: ServiceName): Promise<BackendRow> {
  let tickMs = 1_000_000;
  const now = () => tickMs;
  const service = await services[name](now);
  const front = await startCounter(service);
  const folder = mkdtempSync(join(tmpdir(), 'lookout-bench-'));
  try {
    const settings = settingsFor(name, front.origin, service.settings, folder);
    const store = createStore({ folder: join(folder, 'lookout') }, { log: noLog });
    const clock = { now: () => ({ atMs: tickMs, tickMs }), sleep: sleepForever };
    const deps = { clock, log: noLog, store, random: () => 0.5, bootId: 'bench', onNotice: () => {} };
    const backend = createBackend(name, settings.backends, deps);

    const look = async (size: PictureSize): Promise<Assessment> => {
      const jpeg = await drawScene(scene, size);
      const view = { rotation: 0, flipHorizontal: false, flipVertical: false } as const;
      const picture = await applyView({ jpeg, ...size }, view, settings.camera.maxHeight);
      const frame = { ...picture, camera: 'bench', ...clock.now() };
      const assessment = await backend.assess(frame, jobAt(tickMs), new AbortController().signal);
      tickMs += Math.max(assessment.nextInMs, settings.detection.intervalMs);
      return assessment;
    };

    // What is asked once a print is not part of the pace.
    await look(hd);
    front.reset();
    const startMs = tickMs;
    let looks = 0;
    while (tickMs - startMs < windowS * 1_000) {
      await look(hd);
      looks += 1;
    }
    const passedS = (tickMs - startMs) / 1_000;
    const { calls, sentBytes, answeredBytes, picture } = { ...front.counts() };
    await look(uhd);
    const largest = service.largest(settings);
    for (const sent of [picture, front.counts().picture]) checkSize(name, sent, largest);
    const perHour = (count: number) => (count * 3_600) / passedS;
    const mb = (bytes: number) => Number((perHour(bytes) / 1e6).toFixed(3));
    return {
      backend: name,
      'every s': passedS / looks,
      'calls/h': perHour(calls),
      'MB sent/h': mb(sentBytes),
      'MB answered/h': mb(answeredBytes),
      'of 720p': sayPixels(picture),
      'of 2160p': sayPixels(front.counts().picture),
      'at most': sayPixels(largest),
    };
  } finally {
    await front.close();
    await service.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const hd = { width: 1280, height: 720 };
const uhd = { width: 3840, height: 2160 };
const scene = { isPrinting: true, grown: 0.5, gantry: 0.5, spaghetti: 0, isDark: false };

function jobAt(tickMs: number): Job {
  return {
    filename: 'long.gcode',
    startTickMs: 0,
    // PrintWatch does not judge the first five minutes.
    printDurationMs: tickMs,
    totalDurationMs: tickMs,
    progress: 0.5,
    layer: 12,
    totalLayer: 400,
  };
}

function settingsFor(name: BackendName, url: string, lines: string, folder: string): Settings {
  mkdirSync(join(folder, 'config'));
  const file = join(folder, 'config/moonraker-lookout.conf');
  writeFileSync(
    file,
    `[backend]\nuse: ${name}\n[backend ${name}]\nurl: ${url}\n${lines}\n[log]\nfile: none\n`,
  );
  return loadSettings(file, {}).printers[0].config;
}

/** Stands in front of a service, hands everything on, and counts. */
async function startCounter(service: Service) {
  let counts = { calls: 0, sentBytes: 0, answeredBytes: 0, picture: null as PictureSize | null };
  const front = await startLoopbackService({
    port: 0,
    now: () => performance.now(),
    handle: async (request, response) => {
      const { bytes, picture } = await handOn(request, response, service, front.origin);
      counts = {
        calls: counts.calls + 1,
        sentBytes: counts.sentBytes + request.body.length + (picture?.fetchedBytes ?? 0),
        answeredBytes: counts.answeredBytes + bytes,
        picture: picture ?? counts.picture,
      };
      response.end();
    },
  });
  return {
    ...front,
    counts: () => counts,
    reset: () => {
      counts = { calls: 0, sentBytes: 0, answeredBytes: 0, picture: null };
    },
  };
}

/** Returns the size of the answer. The response is written but not ended: who waits for its end must find all counted. */
async function handOn(request: WholeRequest, response: ServerResponse, service: Service, origin: string) {
  const { method, path, headers, body } = request;
  const passed = [
    'content-type',
    'authorization',
    'x-api-key',
    'user-agent',
    'inference-header-content-length',
  ];
  const answer = await fetch(`${service.baseUrl}${path}`, {
    method,
    headers: passed.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
    ...(method === 'GET' ? {} : { body }),
  });
  const picture = service.pictureOf(request);
  let bytes = Buffer.from(await answer.arrayBuffer());
  const type = answer.headers.get('content-type') ?? '';
  // A service says where its next request goes: here again.
  if (type.includes('json')) bytes = Buffer.from(bytes.toString().replaceAll(service.baseUrl, origin));
  const length = answer.headers.get('inference-header-content-length');
  response.writeHead(answer.status, {
    'Content-Type': type,
    'Content-Length': bytes.length,
    ...(length === null ? {} : { 'Inference-Header-Content-Length': length }),
  });
  response.write(bytes);
  return { bytes: bytes.length, picture };
}

function checkSize(name: BackendName, sent: PictureSize | null, largest: Partial<PictureSize>): void {
  assert.ok(sent !== null, `${name} sent no picture`);
  const { width = Number.POSITIVE_INFINITY, height = Number.POSITIVE_INFINITY } = largest;
  const says = `${name} sends ${sayPixels(sent)}, and ${sayPixels(largest)} is all that is of use`;
  assert.ok(sent.width <= width && sent.height <= height, says);
}

function sayPixels(size: Partial<PictureSize> | null): string {
  return `${size?.width ?? 'any'} × ${size?.height ?? 'any'}`;
}

/** The bench moves the clock between two pictures only; what waits for longer than a picture takes waits in vain. */
const sleepForever: Clock['sleep'] = (_ms, signal) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

const noLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => noLog,
};
