// The OctoEverywhere backend and the virtual service on one fake clock.
import { createOctoEverywhere, type OctoEverywhereOptions } from '../../src/backends/octoeverywhere.ts';
import { startVirtualOctoEverywhere } from '../../src/virtual/octoeverywhere.ts';
import { createRig, startClock, type TestContext } from './rig.ts';

export const apiKey = 'a-good-key';

/** Everything that a test of the backend needs. The clock is the service's clock too. */
export async function startRig(
  t: TestContext,
  change: Partial<OctoEverywhereOptions> = {},
  serviceIntervalSec = 40,
) {
  const clock = startClock();
  const service = await startVirtualOctoEverywhere({
    apiKey,
    intervalSec: serviceIntervalSec,
    now: () => clock.now().tickMs,
  });
  t.after(service.close);
  const options: OctoEverywhereOptions = {
    apiKey,
    url: service.baseUrl,
    warningConfidence: 3,
    pauseConfidence: 3,
    minIntervalMs: 20_000,
    monthlyCalls: 5_000,
    createTimeoutMs: 5_000,
    processTimeoutMs: 5_000,
    ...change,
  };
  return Object.assign(createRig(createOctoEverywhere, options, clock), {
    service,
    /** Requests so far, by kind. */
    count: (kind: 'createcontext' | 'process') => service.calls.filter((call) => call.kind === kind).length,
  });
}
