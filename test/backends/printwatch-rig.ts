// The PrintWatch backend and the virtual service on one fake clock.
import { createPrintWatch, type PrintWatchOptions } from '../../src/backends/printwatch.ts';
import type { Job } from '../../src/core/types.ts';
import {
  startVirtualPrintWatch,
  type VirtualPrintWatch,
  type VirtualPrintWatchOptions,
} from '../../src/virtual/printwatch.ts';
import { printwatchSettings } from '../contract/printwatch.fixture.ts';
import { aJob } from '../support/parts.ts';
import { createRig, startClock, type TestContext } from './rig.ts';

export const apiKey = 'sub_4f0c1de5';

/** A print that the service is ready to judge. */
export const oldJob = (change: Partial<Job> = {}): Job => aJob({ printDurationMs: 400_000, ...change });

/** Everything that a test of the backend needs. The clock is the service's clock too. */
export async function startRig(
  t: TestContext,
  change: Partial<PrintWatchOptions> = {},
  serviceChange: Partial<VirtualPrintWatchOptions> = {},
) {
  const clock = startClock();
  const service = await startVirtualPrintWatch({
    apiKey: change.apiKey ?? apiKey,
    now: () => clock.now().tickMs,
    ...serviceChange,
  });
  t.after(service.close);
  const options: PrintWatchOptions = {
    ...printwatchSettings,
    apiKey,
    url: service.baseUrl,
    bufferLength: 4,
    inferTimeoutMs: 5_000,
    ...change,
  };
  const base = createRig(createPrintWatch, options, clock);
  const rig = Object.assign(base, {
    service,
    /** Requests of a kind so far. */
    callsOf: (kind: VirtualPrintWatch['calls'][number]['kind']) =>
      service.calls.filter((call) => call.kind === kind),
    /** One picture each interval. */
    judge: async (...pictures: Uint8Array[]) => {
      const assessments = [];
      for (const picture of pictures) {
        const assessment = await rig.assess(oldJob(), picture);
        assessments.push(assessment);
        await clock.advance(assessment.nextInMs);
      }
      return assessments;
    },
  });
  return rig;
}
