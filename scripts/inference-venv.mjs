// Gets two real servers of the Open Inference Protocol for the end-to-end tests, MLServer and KServe, with ONNX Runtime to serve with.
import process from 'node:process';
import { ensureVenv, runAsScript } from './python-venv.mjs';

/**
 * Makes sure that the servers are installed: about 410 MB.
 * @returns {Promise<{ python: string }>} the interpreter; run it with `-m mlserver`
 * @throws {VenvUnavailable}
 */
export function ensureInferenceServers() {
  return ensureVenv({
    name: 'inference-servers',
    // The newest KServe that goes with this MLServer.
    packages: ['mlserver==1.7.1', 'kserve==0.16.0', 'onnxruntime'],
    least: 9,
    most: 12,
    // Compiling all of it would take longer than the tests run.
    pipOptions: ['--only-binary=:all:', '--no-compile'],
    // The two servers declare the same messages, so they cannot be loaded into one process.
    check: 'import mlserver, onnxruntime, importlib.util; assert importlib.util.find_spec("kserve")',
  });
}

if (process.argv[1] === import.meta.filename) await runAsScript(ensureInferenceServers);
