// The Open Inference backend and the virtual server on one fake clock.
import { createOpenInference, type OpenInferenceOptions } from '../../src/backends/open-inference.ts';
import {
  startVirtualOpenInference,
  type VirtualOpenInferenceOptions,
} from '../../src/virtual/open-inference.ts';
import { createRig, startClock, type TestContext } from './rig.ts';

/** Every key at its default. */
export const openInferenceOptions: OpenInferenceOptions = {
  url: 'http://127.0.0.1:8000',
  model: null,
  version: null,
  token: null,
  card: null,
  minIntervalMs: 10_000,
  width: 0,
  height: 0,
  layout: 'nchw',
  colour: 'rgb',
  mean: 0,
  scale: 0.003921568627451,
  resize: 'letterbox',
  outputs: null,
  decoder: 'grid',
  activation: 'none',
  class: 0,
  threshold: 0.25,
  calibrationSlope: 1,
  calibrationOffset: 0,
  neutral: 0.2,
};

/** Everything that a test of the backend needs. */
export async function startRig(
  t: TestContext,
  change: Partial<OpenInferenceOptions> = {},
  server: VirtualOpenInferenceOptions = {},
) {
  const clock = startClock();
  const service = await startVirtualOpenInference({ ...server, now: () => clock.now().tickMs });
  t.after(service.close);
  const options = {
    ...openInferenceOptions,
    url: service.baseUrl,
    model: 'strands',
    timeoutMs: 5_000,
    ...change,
  };
  return Object.assign(createRig(createOpenInference, options, clock), {
    service,
    /** Kinds of the requests so far. */
    kinds: () =>
      service.calls.map((call) => (call.kind === 'infer' ? `infer as ${call.encoding}` : call.kind)),
  });
}
