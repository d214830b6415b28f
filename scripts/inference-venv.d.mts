// Types of inference-venv.mjs for the tests.

/** Makes sure that MLServer, KServe and ONNX Runtime are installed in .cache. Rejects with VenvUnavailable. */
export function ensureInferenceServers(): Promise<{ python: string }>;
