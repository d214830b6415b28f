// Where the files of the built-in detector are, for the built program and for its sources.
import { fileURLToPath } from 'node:url';

/** Sources lie three folders deep, what is built from them lies in dist/. */
const isSource = import.meta.url.endsWith('.ts');
const at = (path: string) =>
  fileURLToPath(new URL(`${isSource ? '../../../' : '../'}${path}`, import.meta.url));

/** The model that comes with the program. */
export const shippedModel = at('models/lookout-1.onnx');
/** The detector's own process. */
export const processFile = isSource ? at('src/backends/builtin/process.ts') : at('dist/detector.js');
/** What Node needs to run it. */
export const processArguments: readonly string[] = isSource ? ['--import', import.meta.resolve('tsx')] : [];
/** The folder with the WebAssembly runtime, where that is installed. */
export const wasmFolder = at('wasm-runtime/');
