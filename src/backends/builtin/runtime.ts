// Loads what runs the model: onnxruntime-node where it has a binary for this host, else its WebAssembly build.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as Ort from 'onnxruntime-node';
import { BackendError } from '../../core/errors.ts';
import type { RuntimeName } from './messages.ts';

/** A loaded runtime. */
export interface Runtime {
  /** With its version, for people. */
  readonly name: string;
  readonly InferenceSession: typeof Ort.InferenceSession;
  readonly Tensor: typeof Ort.Tensor;
}

/**
 * Loads the runtime that was asked for, or with `auto` the first that can be loaded.
 * @throws BackendError BACKEND_NO_RUNTIME with the reason of each
 */
export function loadRuntime(wanted: RuntimeName | 'auto', wasmFolder: string): Runtime {
  const reasons: string[] = [];
  for (const [name, load] of [
    ['native', loadNative],
    ['wasm', () => loadWasm(wasmFolder)],
  ] as const) {
    if (wanted !== 'auto' && wanted !== name) continue;
    try {
      return load();
    } catch (error) {
      reasons.push(`${name}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
    }
  }
  throw new BackendError(`builtin: nothing here can run a model (${reasons.join('; ')})`, {
    code: 'BACKEND_NO_RUNTIME',
    retry: 'never',
    hint: 'Run "npm ci --omit=dev" in the folder of moonraker-lookout and look at what it says, then restart.',
    cause: new Error(reasons.join('; ')),
  });
}

function loadNative(): Runtime {
  const ort: typeof Ort = createRequire(import.meta.url)('onnxruntime-node');
  const { env, InferenceSession, Tensor } = ort;
  return { name: `onnxruntime-node ${env.versions.node ?? ''} (native)`, InferenceSession, Tensor };
}

function loadWasm(folder: string): Runtime {
  const find = createRequire(join(folder, 'package.json'));
  const ort: typeof Ort = find('onnxruntime-web');
  // More threads would take longer in all, and the printer's host has other work.
  ort.env.wasm.numThreads = 1;
  const { env, InferenceSession, Tensor } = ort;
  return { name: `onnxruntime-web ${env.versions.web ?? ''} (WebAssembly)`, InferenceSession, Tensor };
}
