// Real servers of the Open Inference Protocol with the models of the tests: MLServer, which reads JSON, and KServe, which takes raw tensors too.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { ensureInferenceServers } from '../../scripts/inference-venv.mjs';
import { createChildServer, freePort } from './child-server.ts';
import { modelSide, onnxModels } from './onnx-models.ts';
import { whyNoVenv } from './why-no-venv.ts';

/** Which server. */
export type ServerKind = 'MLServer' | 'KServe';

/** A server on a port of its own. */
export interface RealInferenceServer {
  readonly url: string;
  start(): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it and removes its files. */
  close(): Promise<void>;
}

/** The scripts that run in them. */
const scripts = join(import.meta.dirname, 'inference');
/** Nothing is left beside the scripts, and no proxy is asked for the way to this very host. */
const env = {
  PYTHONPATH: scripts,
  PYTHONDONTWRITEBYTECODE: '1',
  PYTHONUNBUFFERED: '1',
  NO_PROXY: '127.0.0.1',
};

/** Why there can be none here, for the `skip` of a test; false when there can. Throws under `CI=true`. */
export function whyNoInferenceServers(): Promise<string | false> {
  return whyNoVenv(ensureInferenceServers);
}

/**
 * Starts a server with all models of onnx-models.ts and waits until it is ready.
 * @param more ONNX files by the names that they get there
 */
export async function startRealInferenceServer(
  kind: ServerKind,
  more: Readonly<Record<string, string>> = {},
): Promise<RealInferenceServer> {
  const { python } = await ensureInferenceServers();
  const folder = mkdtempSync(join(tmpdir(), 'lookout-oip-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const models = Object.entries(more).map(([name, path]) => [name, readFileSync(path)] as const);
  const files = [...Object.entries(onnxModels), ...models].map(([name, bytes]) => {
    const path = join(folder, name, 'model.onnx');
    mkdirSync(join(folder, name));
    writeFileSync(path, bytes);
    return { name, path };
  });
  const args =
    kind === 'MLServer'
      ? await mlServer(folder, files, port)
      : [join(scripts, 'kserve_onnx.py'), String(port), ...files.map(({ name, path }) => `${name}=${path}`)];
  const server = createChildServer({
    name: kind,
    command: python,
    args,
    env,
    cwd: folder,
    deadlineMs: 120_000,
    isReady: () => isReady(url),
  });
  const close = async () => {
    await server.stop('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await server.start();
  } catch (error) {
    await close();
    throw error;
  }
  return { url, start: server.start, stop: server.stop, close };
}

async function mlServer(
  folder: string,
  files: readonly { readonly name: string; readonly path: string }[],
  port: number,
): Promise<string[]> {
  for (const { name, path } of files) {
    const settings = {
      name,
      implementation: 'mlserver_onnx.OnnxModel',
      parameters: { uri: path, version: '1' },
    };
    writeFileSync(join(folder, name, 'model-settings.json'), JSON.stringify(settings));
  }
  const settings = {
    host: '127.0.0.1',
    http_port: port,
    grpc_port: await freePort(),
    metrics_endpoint: null,
    parallel_workers: 0,
    debug: false,
  };
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
  return ['-m', 'mlserver.cli.main', 'start', folder];
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/v2/health/ready`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

const referenceSchema = v.object({
  cells: v.array(v.number()),
  grid: v.number(),
  score: v.number(),
  yolo: v.number(),
});

/** What the models must say to a picture of `modelSide` pixels a side, by NumPy; raw RGB. */
export async function referenceScores(rgb: Uint8Array): Promise<v.InferOutput<typeof referenceSchema>> {
  const { python } = await ensureInferenceServers();
  const folder = mkdtempSync(join(tmpdir(), 'lookout-ref-'));
  try {
    const path = join(folder, 'picture.rgb');
    writeFileSync(path, rgb);
    const text = execFileSync(python, [join(scripts, 'reference.py'), String(modelSide), path], {
      env: { ...process.env, ...env },
      encoding: 'utf8',
    });
    return v.parse(referenceSchema, JSON.parse(text));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
